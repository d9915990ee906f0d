"""Every journey with the keyboard alone; wherever it stops, the focus is seen."""

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.journeys import State, show
from tests.generated import SOAK
from tests.make import PASSWORD, code_now
from tests.running import Site
from tests.test_every_page import SAMPLE

PHONE = State(height=640)  # low enough for a fixed bar to matter
DESK = State(width=1280, height=720)

# What is wrong with where the keyboard is: "" for nothing, null for nowhere or where it has been.
# Covered (WCAG 2.4.11): of the middle and four corners, three must show the element itself.
LOOK = """async () => {
  const element = document.activeElement;
  window.stops ??= new Set();
  if (!element || element === document.body || stops.has(element)) return null;
  stops.add(element);
  const style = getComputedStyle(element), faults = [];
  const marks = () => [style.borderColor, style.borderWidth, style.boxShadow].join();
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) {
    const focused = marks();
    element.blur();
    if (marks() === focused) faults.push("has no visible focus");
    element.focus();
  }
  const place = () => {
    const seen = [...element.getClientRects()].map(box => ({
      left: Math.max(box.left, 0), right: Math.min(box.right, innerWidth),
      top: Math.max(box.top, 0), bottom: Math.min(box.bottom, innerHeight),
    })).filter(box => box.right - box.left > 1 && box.bottom - box.top > 1);
    if (!seen.length) return "is out of sight";
    const { left, right, top, bottom } = seen[0];
    const dx = Math.min(4, (right - left) / 4), dy = Math.min(4, (bottom - top) / 4);
    const points = [[(left + right) / 2, (top + bottom) / 2], [left + dx, top + dy],
      [right - dx, top + dy], [left + dx, bottom - dy], [right - dx, bottom - dy]];
    const shown = points.map(([x, y]) => document.elementFromPoint(x, y)).filter(hit => hit
      && (hit.contains(element) || element.contains(hit) || hit.closest("label")?.control === element));
    return shown.length < 3 ? "is covered" : "";
  };
  const frame = () => new Promise(requestAnimationFrame);
  if (place()) { await frame(); await frame(); }  // the page scrolls there with the next picture
  if (place()) faults.push(place());
  return faults.map(fault => `${element.outerHTML.slice(0, 150)} ${fault}`).join("\\n");
}"""

# What can be used by a pointer, and where the keyboard has not been. Of radios that belong
# together the keyboard stops at one; arrow keys lead to the others.
MISSED = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter(each => each.checkVisibility({ visibilityProperty: true }) && each.tabIndex >= 0)
  .filter(each => !stops.has(each) && !(each.type === "radio"
    && [...stops].some(stop => stop.type === "radio" && stop.name === each.name)))
  .map(each => each.outerHTML.slice(0, 150))"""


def walk(page: Page, key: str) -> None:
    """Press `key` from one end of the page to the other; fail where the focus is not seen."""
    page.evaluate("window.stops = new Set()")
    faults: list[str] = []
    nothing_new = 0
    while nothing_new < 2:  # once where the page ends, so that it may begin in its middle
        page.keyboard.press(key)
        fault = page.evaluate(LOOK)
        nothing_new = nothing_new + 1 if fault is None else 0
        faults += [fault] if fault else []
    assert not faults, f"{key} on {page.url}:\n" + "\n".join(faults)
    assert page.evaluate(MISSED) == [], f"{key} on {page.url} does not lead there"


def go_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press `key` until the focus is there; it must be seen at each stop."""
    element = target.element_handle()
    for _ in range(400):  # a page with many sources is a long form
        page.keyboard.press(key)
        fault, there = page.evaluate(
            f"async target => {{ window.stops = new Set(); return [await ({LOOK})(), target === document.activeElement]; }}",
            element,
        )
        assert not fault, fault
        if there:
            return
    raise AssertionError(f"{key} does not lead to {target}")


def enter(page: Page) -> None:
    """Press Enter, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def land(page: Page) -> None:
    """Wait until Tab goes on from the part of the page that its address names (#…)."""
    page.wait_for_load_state()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def follow(page: Page, name: str | re.Pattern[str], key: str = "Tab") -> None:
    """Go to the first link of this name, and follow it."""
    go_to(page, page.get_by_role("link", name=name, exact=True).first, key)
    enter(page)


def write(page: Page, label: str, text: str) -> None:
    """Go to the field of this label, and write over what is there."""
    optional = page.get_by_label(f"{label} (optional)", exact=True)
    go_to(page, page.get_by_label(label, exact=True).or_(optional))
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(text)


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.address, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


# For patients no page has a script.
@pytest.fixture(
    params=["with JavaScript", pytest.param("without JavaScript", marks=pytest.mark.soak)]
)
def patient(request, chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=site.address,
        viewport={"width": PHONE.width, "height": PHONE.height},
        reduced_motion="reduce",
        java_script_enabled=request.param == "with JavaScript",
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


# One of them for each page; `make soak` tries both ways on both.
WALKS = [(PHONE, ["Tab"]), (DESK, ["Shift+Tab"])]
if SOAK:
    WALKS = [(state, ["Tab", "Shift+Tab"]) for state in (PHONE, DESK)]
WALKED = SAMPLE[:: 1 if SOAK else 2]


@pytest.mark.parametrize("path", WALKED)
def test_the_keyboard_reaches_everything_and_is_seen(page: Page, path: str) -> None:
    page.goto(path)
    for state, keys in WALKS if SOAK else [WALKS[WALKED.index(path) % 2]]:
        show(page, state)
        for key in keys:
            walk(page, key)


def test_the_keyboard_on_a_form_with_errors(page: Page) -> None:
    for state, keys in WALKS:
        page.goto("/appointments/request/")
        show(page, state)
        page.get_by_role("button", name="Send the request").press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        for key in keys:
            walk(page, key)


def assert_no_script(page: Page) -> None:
    """What search engines read is no script that runs."""
    assert page.locator("script:not([type='application/ld+json'])").count() == 0


def test_a_patient_asks_for_an_appointment(patient: Page) -> None:
    page = patient
    # Given someone without a mouse who reads the page and goes on to the form,
    page.goto("/")
    assert_no_script(page)
    follow(page, "Spinal compression fractures")
    expect(page.get_by_role("heading", level=1)).to_have_text("Spinal compression fractures")
    assert_no_script(page)
    follow(page, "Ask for an appointment")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask for an appointment")

    # when they send it with three mistakes,
    go_to(page, page.get_by_label("An appointment"))
    page.keyboard.press("Space")
    expect(page.get_by_label("An appointment")).to_be_checked()
    write(page, "Phone number", "555")
    write(page, "What would you like us to know?", f"My back hurts. {secrets.token_hex(4)}")
    go_to(page, page.get_by_text("Help us prepare (optional)"))
    page.keyboard.press("Enter")
    write(page, "Month", "2")
    write(page, "Day", "30")
    write(page, "Year", "1950")
    go_to(page, page.get_by_role("button", name="Send the request"))
    enter(page)

    # then the focus is on the summary, and its links lead to each mistake.
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("listitem")).to_have_count(3)
    assert_no_script(page)
    follow(page, re.compile("full name"))
    expect(page.get_by_label("Patient's full name")).to_be_focused()
    assert not page.evaluate(LOOK)
    page.keyboard.type("Keyboard Only")
    follow(page, re.compile("date of birth"), "Shift+Tab")
    expect(page.get_by_label("Month")).to_be_focused()
    write(page, "Day", "28")
    follow(page, re.compile("phone number", re.IGNORECASE), "Shift+Tab")
    expect(page.get_by_label("Phone number")).to_be_focused()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("605-555-0142")
    enter(page)

    # With these mended, they get a reference.
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    expect(page.get_by_text(re.compile(r"VIS-\w{4}-\w{4}"))).to_be_visible()
    assert_no_script(page)
    go_to(page, page.locator("a[href^='tel:']").last)


def test_a_patient_searches(patient: Page) -> None:
    page = patient
    page.goto("/")
    follow(page, "Search")
    go_to(page, page.get_by_role("searchbox").or_(page.get_by_role("textbox")))
    page.keyboard.type("bone cement")
    enter(page)
    expect(page).to_have_url(re.compile(r"\?q=bone"))
    follow(page, "Kyphoplasty")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kyphoplasty")
    assert_no_script(page)


def test_staff_answer_a_request_and_edit_a_page(page: Page, site: Site) -> None:
    show(page, DESK)
    # Given a request, and a member of staff who signs in,
    site.manage("shell", "--verbosity=0", "-c", "from tests.make import *; make_request()")
    code = "from tests.make import *; app_of(with_password('kim', *Role))"
    site.shell(f"from clinic_site.access.roles import Role; {code}")
    page.goto("/admin/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("kim")
    write(page, "Password", PASSWORD)
    enter(page)
    write(page, "Code", code_now())
    enter(page)

    # when they follow the first of their tasks, and open the request that waits longest,
    follow(page, re.compile("requests? waits?"))
    follow(page, re.compile("^VIS-"))
    land(page)
    go_to(page, page.get_by_label("No call"))
    for _option in ("Wrote an email", "Left a voicemail"):
        page.keyboard.press("ArrowUp")
    write(page, "Note", "Left my name, as Kim.")
    go_to(page, page.get_by_role("button", name="Save", exact=True))
    enter(page)

    # then the call is on record.
    expect(page.get_by_text("Noted.")).to_be_visible()
    expect(page.get_by_text("Left my name, as Kim.")).to_be_visible()

    # When they change a page and look at it as patients would,
    follow(page, "Home")
    follow(page, "Treatments")
    follow(page, "Kyphoplasty")
    follow(page, re.compile("^What it is"))
    go_to(page, page.get_by_role("textbox", name="Text", exact=True))
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("\n\nWritten without a mouse.")
    go_to(page, page.get_by_role("button", name="Save"))
    enter(page)
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    go_to(page, page.get_by_role("button", name="Preview"))
    enter(page)

    # then the draft shows it.
    expect(page.get_by_text("Written without a mouse.")).to_be_visible()
    follow(page, "Back to editing")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kyphoplasty")
