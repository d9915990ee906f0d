"""axe-core, in a real Chromium, on every public page and every kind of page of the admin.

All its rules for WCAG 2.0 to 2.2, levels A and AA, and its best practices; in the states of STATES.
On its way it sees to it that no page does what its Content-Security-Policy forbids.
"""

import json
from collections.abc import Iterable, Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.template.loader import get_template
from playwright.sync_api import Browser, Page, expect

from clinic_site.models import Clinic
from clinic_site.security_headers import page_headers
from clinic_site.static_files import site_style
from tests.browser.journeys import STATES, State, show, sign_in
from tests.generated import SOAK
from tests.make import PASSWORD
from tests.running import Site, Visitor
from tests.test_every_page import SAMPLE

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,  # of sound and film, which no page has
}


NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", event =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


def open_page(browser: Browser, site: Site) -> Page:
    """A page that notes what its Content-Security-Policy forbids."""
    page = browser.new_context(base_url=site.address).new_page()
    page.set_default_timeout(10_000)
    page.add_init_script(NOTE_VIOLATIONS)
    return page


def assert_accessible(page: Page, states: Iterable[str | State] = STATES) -> None:
    """Fail with each rule that the open page breaks, where, in which states, and what mends it."""
    page.wait_for_load_state()
    assert page.evaluate("window.violations") == [], page.url
    page.evaluate(AXE_SCRIPT)
    # What is far down would be laid out only as somebody comes near.
    page.evaluate(
        "for (const e of document.querySelectorAll('.rest > *')) e.style.contentVisibility = 'visible'"
    )
    found: dict[str, list[str]] = {}
    for name in states:
        show(page, name if isinstance(name, State) else STATES[name])
        for broken in page.evaluate(
            "options => axe.run(options).then(results => results.violations)", OPTIONS
        ):
            for node in broken["nodes"]:
                where = f"{broken['id']} at {' '.join(map(str, node['target']))}"
                what = f"{broken['help']}. {node['failureSummary']}\n{node['html']}"
                found.setdefault(f"{where}\n{what}", []).append(str(name))
    show(page, STATES["on a phone"])
    faults = [f"[{', '.join(states)}] {fault}" for fault, states in found.items()]
    assert not faults, f"{page.url} breaks these rules:\n\n" + "\n\n".join(faults)


# In `make soak` each page in all states; in `make test` the longest in two, each other in one, by
# turns, as they are many and alike.
LONGEST = "/conditions/spinal-compression-fractures/"
# The form of the status page is looked at with that page's own stories.
# What another page of the sample has, too.
ALIKE = {
    "/appointments/status/",
    "/contact/",
    "/conditions/",
    "/notices/privacy/",
    "/search/?q=bone",
}
AXED = [path for path in SAMPLE if SOAK or path not in ALIKE]


def by_turns(number: int) -> list[str]:
    return list(STATES) if SOAK else [list(STATES)[number % len(STATES)]]


# What patients see


@pytest.fixture(scope="module")
def reader(chromium: Browser, site: Site) -> Iterator[Page]:
    """A browser in which nobody is signed in."""
    page = open_page(chromium, site)
    yield page
    page.context.close()


@pytest.mark.parametrize("path", AXED)
def test_a_public_page(reader: Page, path: str) -> None:
    reader.goto(path)

    more = by_turns(0) if path == LONGEST and not SOAK else []
    assert_accessible(reader, [*by_turns(AXED.index(path) - 1), *more])


@pytest.mark.parametrize("code", [400, 403, 404, 408, 410, 413, 500, 503][:: 1 if SOAK else 3])
def test_an_error_page(reader: Page, site: Site, code: int) -> None:
    # The page as the site writes it, under an address of the site: not all errors come on demand.
    notices = [("/notices/privacy/", "Privacy on this site")]
    body = get_template(f"{code}.html").render(
        {"clinic": Clinic(), "notice_links": notices, "site_style": site_style}
    )
    headers = {"Content-Type": "text/html; charset=utf-8", **page_headers()}
    reader.route("**/error", lambda route: route.fulfill(status=code, body=body, headers=headers))
    reader.goto("/error")
    reader.unroute("**/error")

    expect(reader.get_by_role("heading", level=1)).to_be_visible()
    assert_accessible(reader, by_turns(code))


def test_the_form_with_errors_and_the_confirmation(reader: Page) -> None:
    reader.goto("/appointments/request/")
    send = reader.get_by_role("button", name="Send the request")
    # Empty,
    send.click()
    expect(reader.get_by_role("alert")).to_be_visible()
    assert_accessible(reader, by_turns(4))

    # then with what cannot be,
    reader.get_by_label("An appointment").check()
    reader.get_by_label("Patient's full name").fill("Axe Core")
    reader.get_by_label("Phone number").fill("555")
    reader.get_by_text("Help us prepare (optional)").click()
    assert_accessible(reader, by_turns(0))
    reader.get_by_label("Month").fill("2")
    reader.get_by_label("Day", exact=True).fill("30")
    reader.get_by_label("Year").fill("1950")
    reader.get_by_label("Email", exact=True).check()
    reader.get_by_label("Email address").fill("no address")
    send.click()
    expect(reader.get_by_role("alert").get_by_role("listitem")).to_have_count(3)
    assert_accessible(reader, by_turns(1))

    # then from a page that is not ours,
    reader.get_by_label("Phone number").fill("605-555-0142")
    reader.get_by_label("Day", exact=True).fill("28")
    reader.get_by_label("Email address").fill("ana@example.com")
    reader.evaluate("document.querySelector('[name=attempt]').value = 'forged'")
    send.click()
    expect(reader.get_by_role("alert")).to_contain_text("came from our page")
    assert_accessible(reader, by_turns(2))

    # and at last as it should be.
    send.click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("We have your request")
    assert_accessible(reader, by_turns(3))


# What staff see


@pytest.fixture(scope="module")
def rows(site: Site) -> Iterator[dict[str, int]]:
    """The number of a row of each kind, so that no page of the admin is empty."""
    shell = ("shell", "--verbosity=0", "-c")
    yield json.loads(
        site.manage(
            *shell,
            "import json; from tests.make import make_one_of_each; print(json.dumps(make_one_of_each()))",
        )
    )
    site.manage(
        *shell,
        "from conditions.models import Condition; from conditions.publishing.publish import unpublish;"
        "unpublish(page=Condition.objects.get(slug='sore-back'), by=None)",
    )


@pytest.fixture(scope="module")
def staff(chromium: Browser, site: Site, rows: dict[str, int]) -> Iterator[Page]:
    """A browser in which a member of staff is signed in, and has saved something."""
    page = open_page(chromium, site)
    site.shell("from tests.make import with_password; with_password('staff')")
    sign_in(page, site)
    page.goto(f"/admin/conditions/condition/{rows['condition']}/change/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    yield page
    page.context.close()


def test_what_a_page_may_not_do_is_noticed(reader: Page) -> None:
    reader.goto("/contact/")
    reader.evaluate("document.body.setAttribute('onclick', 'alert(1)')")
    reader.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://a.example/'}))")

    with pytest.raises(AssertionError, match="script-src-attr inline"):
        assert_accessible(reader)
    assert "img-src https://a.example" in str(reader.evaluate("window.violations"))


def test_no_policy_of_the_admin_lets_a_page_write_its_own_script_or_style(visitor: Visitor) -> None:
    policy = visitor.get("/admin/login/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_signing_in_with_a_wrong_password(reader: Page) -> None:
    reader.goto("/admin/")
    assert_accessible(reader, by_turns(1))

    reader.get_by_label("Username").fill("staff")
    reader.get_by_label("Password").fill("wrong")
    reader.get_by_role("button", name="Sign in", exact=True).click()
    expect(reader.get_by_text("do not belong together")).to_be_visible()
    assert_accessible(reader, by_turns(2))


def test_the_second_page_of_the_sign_in(reader: Page, site: Site) -> None:
    site.shell("from tests.make import *; app_of(with_password('zoe'))")
    reader.goto("/admin/")
    reader.get_by_label("Username").fill("zoe")
    reader.get_by_label("Password").fill(PASSWORD)
    reader.get_by_role("button", name="Sign in", exact=True).click()
    expect(reader.get_by_role("heading", name="One more step")).to_be_visible()
    assert_accessible(reader, by_turns(2))

    reader.get_by_label("Code").fill("000000")
    reader.get_by_role("button", name="Go on").click()
    expect(reader.get_by_text("This code was not taken")).to_be_visible()
    assert_accessible(reader, by_turns(3))


def test_an_invitation(reader: Page, site: Site) -> None:
    reader.goto(site.manage("invite", "newcomer").strip())
    assert_accessible(reader, by_turns(4))

    reader.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    reader.get_by_role("button", name="Finish with the app").click()
    expect(reader.get_by_text("Please correct what is marked")).to_be_visible()
    assert_accessible(reader, by_turns(5))

    reader.goto("/admin/invitation/of-old/")
    expect(reader.get_by_role("heading", name="This invitation is over")).to_be_visible()
    assert_accessible(reader, by_turns(6))


def go(staff: Page, site: Site, path: str) -> int:
    """Open a page of the admin; return its status."""
    for _time in range(2):
        answer = staff.goto(f"/admin/{path}")
        assert answer is not None
        assert "unsafe" not in answer.headers["content-security-policy"]
        if "/again/?" not in staff.url:
            return answer.status
        sign_in(staff, site)  # all of this takes longer than a proof lasts
    return 0


# Two by two, of which the second is much like the first; `make test` looks at one of eight.
ADMIN_PAGES = [
    *("", "conditions/"),
    *("account/", "again/"),
    *("conditions/condition/", "conditions/treatment/"),
    *("conditions/condition/?q=nothing", "conditions/condition/?o=-1.2"),
    *("conditions/condition/{condition}/change/", "conditions/condition/add/"),
    *("conditions/treatment/{treatment}/change/", "conditions/treatment/add/"),
    "conditions/condition/{condition}/change/?overview#section-overview",
    "conditions/condition/{condition}/change/?links#linked",
    "conditions/condition/{condition}/change/?sources#cited",
    "conditions/condition/{condition}/change/?picture#look",
    *("conditions/treatment/{treatment}/change/?rows#beside", "clinic_site/user/add/"),
    *("conditions/condition/{condition}/preview/", "conditions/condition/{condition}/history/"),
    *("conditions/condition/{condition}/publish/", "conditions/treatment/{treatment}/publish/"),
    *("conditions/condition/{condition}/discard/", "conditions/condition/{condition}/unpublish/"),
    "conditions/condition/{condition}/revisions/",
    "conditions/treatment/{treatment}/revisions/",
    "conditions/condition/{condition}/revisions/1/",
    "conditions/condition/{condition}/revisions/1/take/",
    *("conditions/condition/{condition}/sign/", "conditions/treatment/{treatment}/delete/"),
    "appointments/appointmentrequest/",
    "appointments/appointmentrequest/?tab=spam",
    *("appointments/appointmentrequest/{request}/change/", "clinic_site/user/{user}/change/"),
    *("appointments/appointmentrequest/find/", "appointments/appointmentrequest/enter/"),
    *("appointments/appointmentrequest/visits/", "appointments/appointmentrequest/report/"),
    *("appointments/appointmentrequest/record/VIS-7K3M-9RQF/", "clinic_site/auditevent/"),
    *("clinic_site/outboxmessage/", "clinic_site/notice/"),
    *("clinic_site/mailchoice/", "clinic_site/user/"),
    *("clinic_site/clinic/1/change/", "clinic_site/clinic/"),
    *("clinic_site/physician/{physician}/change/", "clinic_site/physician/add/"),
    *("clinic_site/picture/", "clinic_site/physician/"),
    *("clinic_site/picture/{picture}/change/", "clinic_site/picture/add/"),
    *("clinic_site/picture/{picture}/delete/", "clinic_site/user/{user}/history/"),
    *("clinic_site/notice/add/", "clinic_site/notice/{notice}/change/"),
][:: 1 if SOAK else 8]


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_a_page_of_the_admin(staff: Page, site: Site, rows: dict[str, int], path: str) -> None:
    assert go(staff, site, path.format(**rows)) == 200
    assert_accessible(staff, by_turns(ADMIN_PAGES.index(path)))
    assert staff.evaluate("document.documentElement.scrollWidth") <= STATES["on a phone"].width


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("conditions/condition/add/", {}),
        ("conditions/condition/{condition}/sign/", {"next_due": ""}),
        ("clinic_site/clinic/1/change/", {"name": "", "phone": "555", "time_zone": "Moon"}),
        ("clinic_site/notice/add/", {}),
        ("clinic_site/physician/add/", {}),
        ("clinic_site/picture/add/", {}),
        ("clinic_site/user/add/", {"username": "no name"}),
        ("account/", {}),
        ("again/", {}),
        ("appointments/appointmentrequest/find/", {}),
    ][:: 1 if SOAK else 5],
)
def test_a_form_of_the_admin_with_errors(
    staff: Page, site: Site, rows: dict[str, int], path: str, values: dict[str, str]
) -> None:
    go(staff, site, path.format(**rows))
    for name, value in values.items():
        staff.evaluate(
            "([name, value]) => { document.getElementsByName(name)[0].value = value }",
            [name, value],
        )
    # Sent as by a browser that does not check forms itself.
    staff.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    staff.locator("main form input[type=submit]:visible:not(#toolbar *)").first.click()

    expect(staff.locator(":is(.errorlist, .errornote):visible").first).to_be_visible()
    assert_accessible(staff, by_turns(len(path)))


@pytest.mark.parametrize(
    ("roles", "path", "words"),
    [
        ([], "", "Your account has no role yet"),
        (["scheduler"], "conditions/condition/add/", "It is for the role editor."),
        (["clinician"], "conditions/condition/{condition}/sign/", "You cannot sign yet"),
        (["manager"], "clinic_site/user/{clinician}/change/", "Nobody has confirmed it yet"),
        (["manager"], "clinic_site/user/{clinician}/way-in/", "They have not signed in yet."),
    ][:: 1 if SOAK else 5],
)
def test_what_somebody_may_not_do_yet(
    chromium: Browser, site: Site, rows: dict[str, int], roles: list[str], path: str, words: str
) -> None:
    page = open_page(chromium, site)
    site.sign_in_as(page.context, *roles, name="-".join(["new", *roles]))
    if "{clinician}" in path:
        made = "u = make_account('clio', 'clinician', first_name='Clio'); print(u.pk)"
        rows["clinician"] = int(site.shell(f"from tests.make import make_account; {made}"))

    page.goto("/admin/" + path.format(**rows))

    expect(page.locator("main")).to_contain_text(words)
    assert_accessible(page, by_turns(len(words)))
    assert page.evaluate("document.documentElement.scrollWidth") <= STATES["on a phone"].width
    page.context.close()


def test_the_editor_says_what_to_mend_and_shows_two_peoples_texts(
    staff: Page, chromium: Browser, site: Site, rows: dict[str, int]
) -> None:
    address = f"/admin/conditions/condition/{rows['condition']}/change/"
    other = open_page(chromium, site)
    site.sign_in_as(other.context, "editor", name="other")
    other.goto(address)
    staff.goto(address)
    other.get_by_role("textbox", name="Title").fill("")
    other.get_by_role("button", name="Publish …").click()
    expect(other.get_by_text("thing to mend before patients can see it")).to_be_visible()
    assert_accessible(other, by_turns(1))
    assert other.evaluate("document.activeElement.id || 'body'") in {"errors", "body"}

    staff.get_by_role("textbox", name="Title").fill("A back that hurts")
    staff.get_by_role("button", name="Save").click()
    expect(staff.locator("#clashes")).to_contain_text("saved by other while you typed")
    expect(staff.get_by_role("button", name="Take theirs")).to_be_visible()
    assert_accessible(staff, by_turns(2))
    staff.get_by_role("button", name="Save").click()
    other.context.close()


def fits_and_is_accessible(page: Page, number: int) -> None:
    assert_accessible(page, by_turns(number))
    assert page.evaluate("document.documentElement.scrollWidth") <= STATES["on a phone"].width


@pytest.mark.soak
def test_a_colleagues_way_in_is_taken_away_and_given_anew(staff: Page, site: Site) -> None:
    making = "signed_in(make_account('lost')); print(make_account('lost').pk)"
    lost = int(site.shell(f"from tests.make import *; {making}"))
    made = int(site.shell("from tests.make import *; print(make_account('unused').pk)"))

    go(staff, site, f"clinic_site/user/{lost}/way-in/")
    fits_and_is_accessible(staff, 0)
    staff.get_by_role("button", name="Take it all away").click()
    expect(staff.get_by_text("Choose why.").first).to_be_visible()
    fits_and_is_accessible(staff, 1)
    staff.get_by_label("Why?").select_option("lost")
    staff.get_by_role("button", name="Take it all away").click()
    expect(staff.locator(".codes")).to_contain_text("/admin/invitation/")
    fits_and_is_accessible(staff, 2)

    go(staff, site, f"clinic_site/user/{made}/delete/")
    expect(staff.get_by_role("button", name="Yes, I’m sure")).to_be_visible()
    fits_and_is_accessible(staff, 3)


def test_codes_that_are_shown_once(staff: Page, site: Site) -> None:
    go(staff, site, "account/")
    staff.locator("button[value=codes]").click()

    expect(staff.get_by_role("heading", name="Keep these codes")).to_be_visible()
    fits_and_is_accessible(staff, 4)


@pytest.mark.soak
def test_a_superuser_is_told_what_is_not_for_them(chromium: Browser, site: Site) -> None:
    page = open_page(chromium, site)
    site.shell("from tests.make import *; make_account('root', is_superuser=True)")
    site.sign_in_as(page.context, name="root")

    page.goto("/admin/appointments/appointmentrequest/")

    expect(page.locator("main")).to_contain_text("An account of a superuser does not have it.")
    fits_and_is_accessible(page, 0)
    page.context.close()


@pytest.mark.soak
def test_two_forms_that_are_still_here(chromium: Browser, site: Site) -> None:
    first = open_page(chromium, site)
    site.sign_in_as(first.context, "editor", name="eva")
    second = first.context.new_page()
    for number, page in enumerate((first, second), start=1):
        page.goto("/admin/clinic_site/physician/add/")
        page.locator("[name=name]").fill(f"Dr. Number {number}")
        page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    first.context.clear_cookies(name="clinic_session")
    for page in (first, second):
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("It is kept for an hour").first).to_be_visible()

    site.sign_in_as(first.context, "editor", name="eva")
    first.goto("/admin/kept/")

    expect(first.get_by_text("Dr. Number")).to_have_count(2)
    fits_and_is_accessible(first, 1)
    first.context.close()


def test_a_saved_form_of_the_admin(staff: Page, rows: dict[str, int]) -> None:
    staff.goto(f"/admin/conditions/condition/{rows['condition']}/change/")
    staff.get_by_role("button", name="Save").click()

    expect(staff.get_by_text("Saved as a draft.")).to_be_visible()
    assert_accessible(staff, by_turns(0))
