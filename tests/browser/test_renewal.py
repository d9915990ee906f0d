"""What shows on the desk's pages stays true while staff look at it, or at something else."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from clinic_site.access.roles import Role
from tests.browser.test_accessibility import assert_accessible, by_turns, open_page
from tests.running import Site

MINE = "/admin/appointments/appointmentrequest/?tab=mine"
COMES = """
from tests.make import make_account, make_request
row = make_request(patient_name={name!r}, taken_by=make_account("watcher", "scheduler"))
print(row.pk)
"""
OPENS = """
from appointments.models import Presence
from tests.make import make_account
Presence.objects.note(R.objects.get(pk={pk}), make_account("colleague", "scheduler"))
"""
SIGN_OUT = """
from clinic_site.access.models import User
from django.contrib.sessions.models import Session
user = str(User.objects.get(username="watcher").pk)
for row in Session.objects.all():
    if row.get_decoded().get("_auth_user_id") == user:
        row.delete()
"""


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    page = open_page(chromium, site)
    page.clock.install()
    site.sign_in_as(page.context, Role.SCHEDULER, name="watcher")
    yield page
    page.context.close()


def wait(page: Page) -> None:
    """Do nothing until the page has asked."""
    with page.expect_response(lambda told: told.request.method == "POST"):
        page.clock.fast_forward(20_000)


def test_the_queue_renews_itself_but_not_under_ones_hands(page: Page, site: Site) -> None:
    page.goto(MINE)
    expect(page.get_by_text("You have taken none that waits.")).to_be_visible()
    page.get_by_label("Reference, name, phone or email").fill("half a na")

    pk = site.shell(COMES.format(name="First Comer"))
    site.shell(OPENS.format(pk=pk))
    wait(page)

    expect(page.get_by_text("First Comer")).to_be_visible()
    expect(page.get_by_text("colleague has it open")).to_be_visible()
    expect(page.get_by_label("Reference, name, phone or email")).to_be_focused()
    expect(page.get_by_label("Reference, name, phone or email")).to_have_value("half a na")
    mine = page.get_by_role("navigation", name="Lists of requests").get_by_text("Mine 1")
    expect(mine).to_be_visible()

    # Who is about to click in the list is told, and finds everything where it was.
    link = page.get_by_role("link", name=re.compile("VIS-"))
    link.focus()
    site.shell(COMES.format(name="Second Comer"))
    wait(page)
    news = page.get_by_role("status").get_by_role("link", name="There is news: show it")
    expect(news).to_be_visible()
    expect(link).to_be_focused()
    expect(page.get_by_text("Second Comer")).to_be_hidden()
    assert_accessible(page, by_turns(0))
    news.click()
    expect(page.get_by_text("Second Comer")).to_be_visible()
    expect(news).to_be_hidden()

    # Who is signed out is not asked for any more.
    site.shell(SIGN_OUT)
    page.get_by_role("heading", name="Requests", exact=True).hover()
    wait(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.clock.fast_forward(60_000)
    page.wait_for_load_state("networkidle")
    assert "POST" not in asked
    expect(page.get_by_text("Second Comer")).to_be_visible()


def test_a_request_in_a_tab_out_of_sight_is_still_open_and_the_queue_there_rests(
    page: Page, site: Site
) -> None:
    pk = site.shell("from tests.make import make_request; print(make_request().pk)")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    hide = "Object.defineProperty(document, 'hidden', {get: () => true})"
    page.goto(MINE)
    page.evaluate(hide)
    page.clock.fast_forward(20_000)
    page.wait_for_load_state("networkidle")
    page.goto(f"/admin/appointments/appointmentrequest/{pk}/change/")
    page.evaluate(hide)
    assert "POST" not in asked
    wait(page)


def test_what_shows_below_a_number_that_is_typed_is_of_this_number(page: Page, site: Site) -> None:
    site.shell("from tests.make import make_request; make_request(phone='605-555-0171')")
    page.goto("/admin/appointments/appointmentrequest/enter/")
    phone = page.get_by_label("Caller’s phone")
    known = page.get_by_text("1 request with this number")
    resting = page.get_by_text("Requests with this number, or its last four digits, show here.")
    failed = page.get_by_text("Could not look: try the button.")

    def type_and_wait(number: str) -> None:
        with page.expect_request("**/same/"):
            phone.fill(number)
            page.clock.fast_forward(400)

    type_and_wait("605-555-0171")
    expect(known).to_be_visible()
    phone.press("Backspace")
    expect(known).to_be_hidden()
    expect(resting).to_be_visible()
    phone.press("1")
    expect(known).to_be_visible()

    # An answer that comes late, and one that does not come.
    held: list[Route] = []

    def answer(route: Route) -> None:
        if "0171" in str(route.request.post_data):
            held.append(route)
        else:
            route.abort()

    page.route("**/same/", answer)
    type_and_wait("0171")
    expect(resting).to_be_visible()
    type_and_wait("605-555-0172")
    expect(failed).to_be_visible()
    with page.expect_response("**/same/") as late:
        held[0].continue_()
    late.value.finished()
    expect(failed).to_be_visible()
    page.unroute("**/same/")
    page.get_by_role("button", name="Have we got them already?").click()
    expect(page.get_by_text("No request with this number")).to_be_visible()


def test_a_number_that_is_typed_before_the_script_is_there_is_looked_for(
    page: Page, site: Site
) -> None:
    site.shell("from tests.make import make_request; make_request(phone='605-555-0173')")
    scripts: list[Route] = []
    page.route(re.compile(r"/js/enter\b.*\.js$"), lambda route: scripts.append(route))  # noqa: PLW0108
    page.goto("/admin/appointments/appointmentrequest/enter/", wait_until="commit")

    page.get_by_label("Caller’s phone").fill("605-555-0173")
    for _step in range(200):
        if scripts:
            break
        page.wait_for_timeout(50)
    scripts[0].continue_()

    expect(page.get_by_text("1 request with this number")).to_be_visible()
