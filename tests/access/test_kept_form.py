"""What staff send after their session ended, or from an old page, comes back; nobody else's does.

None of it needs JavaScript.
"""

import datetime as dt
import html
import re
from collections.abc import Mapping
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services.work import work_on
from clinic_site.access import kept, site
from clinic_site.access.models import KeptForm, User
from clinic_site.actor import Actor
from clinic_site.admin import PhysicianAdmin
from clinic_site.mail.worker import sweep_what_is_over
from clinic_site.models import Notice, OutboxMessage, Physician, Picture
from conditions.content.document import Section, Source
from tests.forms import form_in, sent_by, sent_by_page, sent_for
from tests.make import (
    form_answers,
    make_account,
    make_condition,
    make_picture,
    make_request,
    picture_file,
    signed_in,
)
from tests.running import Site, make_attempt

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

ADD = "/admin/clinic_site/physician/add/"
KEPT = "/admin/kept/"
QUOTED = KEPT.replace("/", "%2F")
BIO = 'She said: "<b>5 & more</b>"\r\n\r\n  ü, \u202e and 😀'
TYPED = {
    "name": "Dr. Jane Doe",
    "slug": "jane-doe",
    "specialty": "Radiology",
    "bio": BIO,
    "position": "0",
    "active": "on",
    "_save": "Save",
}


class Browser(Client):
    """One that is asked for CSRF tokens, and says where a form comes from, as all of them do."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)

    def sign_in(self, user: User) -> None:
        """Begin a session, with which comes a new token; and look at the first page."""
        self.cookies.pop(settings.CSRF_COOKIE_NAME, None)
        for name, cookie in signed_in(user).cookies.items():
            self.cookies[name] = cookie.value
        assert self.get("/admin/").status_code == 200

    def end_session(self) -> None:
        """As after ten hours: its row is gone, its cookie is not."""
        self.session.delete()

    def token(self) -> str:
        return self.token_at(ADD)

    def token_at(self, path: str) -> str:
        return self.get(path).context["csrf_token"]

    def send(self, token, typed=TYPED, *, path=ADD, origin=settings.SITE_URL, **headers):
        sent = {"csrfmiddlewaretoken": token, **typed}
        return self.post(path, sent, headers={"Origin": origin, **headers})

    def send_again(self, page, number=0):
        """Press a button of the page that shows what is kept, the first one unless told."""
        forms = re.finditer(
            r'(?s)<form method="post"\s+action="([^"]*)"\s+class="module".*?</form>', page
        )
        form = [*forms][number]
        fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0])
        sent = {name: html.unescape(value) for name, value in fields}
        return self.send(sent.pop("csrfmiddlewaretoken"), sent, path=html.unescape(form[1]))


@pytest.fixture
def ana():
    return make_account("ana", "editor")


@pytest.fixture
def browser(ana):
    browser = Browser()
    browser.sign_in(ana)
    return browser


def test_a_form_sent_after_the_end_comes_back_after_the_sign_in(browser, ana) -> None:
    token = browser.token()
    browser.end_session()

    answer = browser.send(token)

    assert answer.status_code == 303
    assert answer["Location"] == f"/admin/login/?next={KEPT}"
    assert "It is kept for an hour: sign in, and it comes back." in html.unescape(
        browser.get(answer["Location"]).text
    )
    assert not Physician.objects.exists()
    (row,) = KeptForm.objects.all()
    assert "Jane" in row.sent
    assert "Jane" not in str(KeptForm.objects.values("sent").get()["sent"])
    assert browser.get(KEPT).status_code == 302  # to the sign-in

    browser.sign_in(ana)
    page = browser.get(KEPT)

    assert "Nothing was done with it yet." in page.text
    assert html.escape(BIO.replace("\r\n", "\n").split("\n")[0]) in page.text
    assert page["Cache-Control"].count("no-store") == 1
    assert not Physician.objects.exists()  # shown, never done

    assert browser.send_again(page.text).status_code == 302

    physician = Physician.objects.get()
    assert (physician.name, physician.bio) == ("Dr. Jane Doe", BIO.strip().replace("\r\n", "\n"))
    assert browser.get(KEPT)["Location"] == "/admin/"  # it is sent, so it is let go
    assert not KeptForm.objects.exists()


def test_a_form_with_an_old_token_comes_back_at_once(browser, ana) -> None:
    old = browser.token()
    browser.sign_in(ana)  # in another tab

    answer = browser.send(old)

    assert answer["Location"] == KEPT
    assert not Physician.objects.exists()
    assert browser.send_again(browser.get(KEPT).text).status_code == 302
    assert Physician.objects.exists()


def test_an_old_form_is_sent_after_a_second_session_ended_as_well(browser, ana) -> None:
    old = browser.token()
    browser.sign_in(ana)
    browser.end_session()

    browser.send(old)

    browser.sign_in(ana)
    assert "Dr. Jane Doe" in browser.get(KEPT).text


def test_nobody_else_gets_it_in_the_same_browser(browser, ana) -> None:
    token = browser.token()
    browser.end_session()
    browser.send(token)

    browser.sign_in(make_account("ben", "editor"))

    assert browser.get(KEPT)["Location"] == "/admin/"
    browser.sign_in(ana)
    assert "Dr. Jane Doe" in browser.get(KEPT).text


@pytest.mark.parametrize("then", ["stays", "signs out", "comes back"])
def test_a_page_of_the_account_before_is_not_kept_for_the_next_one(browser, ana, then: str) -> None:
    old, now = browser.token(), timezone.now()
    browser.end_session()
    ben = make_account("ben", "editor")
    browser.sign_in(ben)
    if then == "signs out":
        token = browser.get("/admin/").context["csrf_token"]
        assert browser.send(token, {}, path="/admin/logout/").status_code == 200
    elif then == "comes back":
        browser.end_session()
        browser.sign_in(ben)

    answer = browser.send(old)

    assert KEPT not in answer["Location"]
    assert "It could not be kept." in browser.get(answer["Location"]).text
    browser.end_session()
    browser.send(old)
    assert not KeptForm.objects.exists()
    assert not Physician.objects.exists()
    # The next day Ana's session is over, so that an old page is Ben's own.
    with time_machine.travel(now + dt.timedelta(hours=11)):
        browser.sign_in(ben)
        old = browser.token()
        browser.sign_in(ben)
        assert browser.send(old)["Location"] == KEPT


def test_another_browser_gets_nothing_of_it(browser, ana) -> None:
    token = browser.token()
    browser.end_session()
    browser.send(token)
    other = Browser()
    other.sign_in(ana)

    assert other.get(KEPT)["Location"] == "/admin/"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://localhost.evil"])
def test_a_strangers_page_leaves_nothing(browser, ana, origin: str) -> None:
    browser.end_session()

    answer = browser.send("forged", origin=origin)

    assert answer.status_code == 403
    browser.sign_in(ana)
    assert browser.send("forged", origin=origin).status_code == 403
    assert not KeptForm.objects.exists()
    assert not Physician.objects.exists()


def test_a_form_is_kept_only_where_the_browser_says_that_it_is_ours(browser) -> None:
    token = browser.token()
    browser.end_session()

    browser.post(ADD, {"csrfmiddlewaretoken": token, **TYPED})  # as no browser sends it

    assert not KeptForm.objects.exists()


def test_who_was_never_signed_in_here_leaves_nothing() -> None:
    stranger = Browser()
    token = stranger.get("/admin/login/").context["csrf_token"]
    forged = Browser()
    forged.cookies["clinic_kept"] = '{"user": 1, "same": true, "browser": "x"}'

    assert stranger.send(token).status_code == 303
    assert forged.send("none").status_code == 303
    assert not KeptForm.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        {**TYPED, "password": "correct horse"},
        {**TYPED, "bio": "ü" * (settings.KEPT_MOST // 2)},
    ],
    ids=["a password", "too long"],
)
def test_what_is_not_kept_is_said_not_to_be(browser, ana, typed) -> None:
    token = browser.token()
    browser.end_session()

    answer = browser.send(token, typed)

    assert answer.status_code == 303
    assert "It could not be kept." in browser.get(answer["Location"]).text
    assert not KeptForm.objects.exists()


def test_of_a_form_with_a_file_the_words_are_kept_and_the_file_is_asked_for(browser, ana) -> None:
    token = browser.token()
    browser.end_session()
    add = "/admin/clinic_site/picture/add/"

    def sent() -> dict[str, Any]:
        file = SimpleUploadedFile("spine.png", picture_file().read())
        return {"alt": "A spine from the side", "file": file, "_save": "Save"}

    browser.send(token, sent(), path=add)
    browser.sign_in(ana)

    page = browser.get(KEPT).text
    assert "A spine from the side" in page
    assert "The file could not be kept." in page
    again = browser.send_again(page).text
    assert "This field is required." in again
    assert 'value="A spine from the side"' in again

    browser.send(browser.token_at(add), sent(), path=add)
    assert Picture.objects.get().alt == "A spine from the side"
    assert not KeptForm.objects.exists()


def test_a_long_page_is_kept(browser) -> None:
    token = browser.token()
    browser.end_session()

    browser.send(token, {**TYPED, "bio": "ü" * (settings.KEPT_MOST // 2 - 500)})

    assert KeptForm.objects.count() == 1


def named(name: str, bio: str = "x") -> dict[str, str]:
    return {**TYPED, "name": name, "slug": name.lower(), "bio": bio}


def test_of_two_forms_both_come_back_and_each_is_sent_by_itself(browser, ana) -> None:
    token = browser.token()
    browser.end_session()
    browser.send(token, named("Anne"))
    browser.send(token, named("Beth"))
    browser.send(token, named("Beth"))  # a second click
    browser.send(token, named("Script"), **{"X-Background": "1"})

    browser.sign_in(ana)
    page = browser.get(KEPT).text

    assert re.findall('typed">(Anne|Beth|Script)<', page) == ["Beth", "Anne"]
    assert page.count("Physicians, sent at ") == 2
    assert KeptForm.objects.count() == 1
    browser.send_again(page, 1)
    assert [each.name for each in Physician.objects.all()] == ["Anne"]
    assert re.findall('typed">(Anne|Beth)<', browser.get(KEPT).text) == ["Beth"]
    assert f'href="{KEPT}"' in browser.get("/admin/").text
    browser.send_again(browser.get(KEPT).text)
    assert Physician.objects.count() == 2
    assert not KeptForm.objects.exists()
    assert KEPT not in browser.get("/admin/").text


def test_one_whose_row_was_deleted_meanwhile_is_still_there(browser, ana) -> None:
    picture, token = make_picture(), browser.token()
    browser.end_session()
    address = f"/admin/clinic_site/picture/{picture.pk}/change/"
    browser.send(token, {"alt": "All that I typed", "_save": "Save"}, path=address)
    picture.delete()
    browser.sign_in(ana)

    gone = browser.send_again(browser.get(KEPT).text)
    assert gone.status_code == 404
    assert "This is not there any more" in gone.text
    assert "All that I typed" in gone.text
    assert "All that I typed" in browser.get(KEPT).text


def test_a_second_click_that_came_first_is_no_fault(browser, ana) -> None:
    token = browser.token()
    browser.end_session()
    browser.send(token)
    browser.sign_in(ana)
    page, look = browser.get(KEPT).text, kept.forms_kept

    def before_the_other_click(request):
        found = look(request)
        KeptForm.objects.all().delete()
        return found

    with mock.patch.object(kept, "forms_kept", before_the_other_click):
        assert browser.send_again(page).status_code == 302

    assert Physician.objects.get().name == "Dr. Jane Doe"


def test_what_a_manager_sent_is_kept_until_they_have_a_second_device(browser) -> None:
    browser.sign_in(make_account("mia", "manager", "editor"))
    token = browser.token()
    with mock.patch.object(site, "needs_another_factor", return_value=True):
        answer = browser.send(token)
        told = browser.get(answer["Location"]).text

    assert "Nothing was done yet with what you sent. It is kept for an hour: add a device" in told
    assert "Dr. Jane Doe" in browser.get(KEPT).text
    assert not Physician.objects.exists()


@pytest.mark.parametrize("fault", [RuntimeError, OperationalError])
def test_one_that_fails_when_it_is_sent_again_is_still_there(browser, ana, fault) -> None:
    token = browser.token()
    browser.end_session()
    browser.send(token)
    browser.sign_in(ana)
    browser.raise_request_exception = False

    with mock.patch.object(PhysicianAdmin, "save_model", side_effect=fault):
        assert browser.send_again(browser.get(KEPT).text).status_code >= 500

    page = browser.get(KEPT).text
    assert "Dr. Jane Doe" in page
    assert browser.send_again(page).status_code == 302
    assert Physician.objects.get().name == "Dr. Jane Doe"
    assert not KeptForm.objects.exists()


def test_one_that_has_faults_or_has_to_wait_is_still_there(browser) -> None:
    token = browser.token()
    browser.end_session()
    browser.send(token, named(""))
    browser.send(token, {"username": "eva"}, path="/admin/clinic_site/user/add/")
    browser.sign_in(make_account("ana", "editor", "manager"))
    session = browser.session
    session["proved_at"] = 0
    session.save()

    page = browser.get(KEPT).text
    faulty, waiting = browser.send_again(page, 1), browser.send_again(page, 0)

    assert (faulty.status_code, waiting["Location"]) == (200, f"/admin/again/?next={QUOTED}")
    assert re.findall('typed">(eva|x)<', browser.get(KEPT).text) == ["eva", "x"]


def test_what_fits_no_more_beside_the_first_is_said_not_to_be_kept(browser, ana) -> None:
    token, half = browser.token(), "x" * (settings.KEPT_MOST // 2)
    browser.end_session()
    browser.send(token, named("Anne", half))

    answer = browser.send(token, named("Beth", half))

    assert "It could not be kept." in browser.get(answer["Location"]).text
    browser.sign_in(ana)
    assert re.findall('typed">(Anne|Beth)<', browser.get(KEPT).text) == ["Anne"]


def test_each_form_is_kept_for_an_hour(browser, ana) -> None:
    token, now = browser.token(), timezone.now()
    browser.end_session()
    for minutes, name in ((0, "Anne"), (50, "Beth")):
        with time_machine.travel(now + dt.timedelta(minutes=minutes)):
            browser.send(token, named(name))

    with time_machine.travel(now + dt.timedelta(minutes=61)):
        sweep_what_is_over(timezone.localtime(), lambda: True)
        browser.sign_in(ana)
        assert re.findall('typed">(Anne|Beth)<', browser.get(KEPT).text) == ["Beth"]


def test_two_at_one_desk_each_get_back_their_own(browser, ana) -> None:
    ben = make_account("ben", "editor")
    for user, name in ((ana, "Anne"), (ben, "Beth")):
        browser.sign_in(user)
        token = browser.token()
        browser.end_session()
        browser.send(token, named(name))

    for user, name in ((ana, "Anne"), (ben, "Beth")):
        browser.sign_in(user)
        assert re.findall('typed">(Anne|Beth)<', browser.get(KEPT).text) == [name]


def test_it_is_kept_for_an_hour(browser, ana) -> None:
    token = browser.token()
    browser.end_session()
    browser.send(token)

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=59)):
        browser.sign_in(ana)
        assert "Dr. Jane Doe" in browser.get(KEPT).text
        sweep_what_is_over(timezone.localtime(), lambda: True)
        assert KeptForm.objects.exists()
    with time_machine.travel(timezone.now() + dt.timedelta(days=2)):  # swept once a day
        browser.sign_in(ana)
        assert browser.get(KEPT)["Location"] == "/admin/"
        sweep_what_is_over(timezone.localtime(), lambda: True)
    assert not KeptForm.objects.exists()


def test_signing_in_twice_is_no_403(browser) -> None:
    anew = Browser()
    old = anew.get("/admin/login/").context["csrf_token"]
    anew.cookies.pop(settings.CSRF_COOKIE_NAME)  # another tab was the first

    answer = anew.send(old, {"username": "ana", "password": "x"}, path=f"/admin/login/?next={KEPT}")

    assert (answer.status_code, answer["Location"]) == (
        303,
        f"/admin/login/?next={QUOTED}",
    )
    assert "This page was too old. Please try once more." in anew.get("/admin/login/").text
    assert browser.send("old", {}, path="/admin/logout/")["Location"] == "/admin/"
    assert browser.send("old", {}, path="/admin/login/").status_code == 303


def test_what_a_colleague_saved_meanwhile_is_told_after_the_sign_in(browser, ana) -> None:
    values = {"slug": "jane", "name": "Dr. Jane Doe", "specialty": "Radiology", "bio": "Old."}
    physician = Physician.objects.create(**values)
    change = f"/admin/clinic_site/physician/{physician.pk}/change/"
    form, token = sent_for(browser, change), browser.token()
    browser.end_session()
    Physician.objects.update(bio="A colleague's.")
    browser.send(token, {**form, "bio": BIO}, path=change)
    browser.sign_in(ana)

    page = browser.get(KEPT).text
    assert "_opened" in page
    assert "Opened" not in page  # nobody typed that
    told = browser.send_again(page).text

    assert "Somebody saved this while it was open here." in told
    assert html.escape("A colleague's.") in told
    assert sent_by_page(told)["bio"] == BIO.replace("\r\n", "\n")
    assert Physician.objects.get().bio == "A colleague's."


def test_what_came_from_the_editor_of_a_page_is_named_in_words(browser, ana) -> None:
    page = make_condition(
        sections=[Section(kind="see_doctor", heading="Call us", body="If it aches.")],
        sources=[Source(key="aafp-2016", title="A guide", year="2016")],
        key_points=["It heals."],
    )
    change = f"/admin/conditions/condition/{page.pk}/change/"
    sent = dict(sent_by(form_in(browser.get(change).text, "edit")))
    browser.end_session()
    browser.send(sent.pop("csrfmiddlewaretoken"), sent, path=change)
    browser.sign_in(ana)

    shown = dict(
        re.findall(r"<dt>(.*?)</dt>\s*<dd>\s*<span[^>]*>(.*?)</span>", browser.get(KEPT).text)
    )

    assert shown["Title"] == "Sore back"
    assert shown["Section see doctor: heading"] == "Call us"
    assert shown["Section see doctor: body"] == "If it aches."
    assert shown["Source aafp-2016: title"] == "A guide"
    assert shown["Source aafp-2016: year"] == "2016"
    assert not any(re.search(r"_|\w-[a-z]", name) for name in shown)


def test_what_came_from_a_list_is_named_by_its_number(browser, ana) -> None:
    notice = Notice.objects.create(slug="language-help", title="Language help")
    token = browser.token()
    browser.end_session()
    typed = {"lines-0-text": "Hablamos.", "lines-11-text": "Wir sprechen."}
    browser.send(token, typed, path=f"/admin/clinic_site/notice/{notice.pk}/change/")
    browser.sign_in(ana)

    page = browser.get(KEPT).text

    assert "<dt>Lines 1: text</dt>" in page
    assert "<dt>Lines 12: text</dt>" in page


FIND = "/admin/appointments/appointmentrequest/find/"


@pytest.mark.parametrize("what", ["Lopez", "x" * 2000])
def test_a_search_that_was_made_is_let_go(browser, sam, what: str) -> None:
    browser.sign_in(sam)
    token = browser.token_at(FIND)
    browser.end_session()
    browser.send(token, {"what": what}, path=FIND)
    browser.sign_in(sam)

    answer = browser.send_again(browser.get(KEPT).text)

    assert answer.status_code == 200
    assert KeptForm.objects.exists() == ("Nothing found" not in answer.text)


@pytest.fixture
def sam():
    return make_account("sam", "scheduler")


def kept_of(browser, user: User, path: str, typed: Mapping[str, str | None]) -> str:
    """The page of what is kept, after this was sent without a session; None unticks a box."""
    browser.sign_in(user)
    opened = dict(sent_by(form_in(browser.get(path).text)))
    browser.end_session()
    sent = {name: value for name, value in {**opened, **typed}.items() if value is not None}
    browser.send(sent.pop("csrfmiddlewaretoken"), sent, path=path)
    browser.sign_in(user)
    return browser.get(KEPT).text


def send_on(browser, page: str, path: str, **typed: object) -> int:
    """Send the form of the page that came in between."""
    sent = {**dict(sent_by(form_in(page))), **typed}
    return browser.send(sent.pop("csrfmiddlewaretoken"), sent, path=path).status_code


def request_page(row: AppointmentRequest) -> str:
    return f"/admin/appointments/appointmentrequest/{row.pk}/change/"


def test_one_that_was_looked_at_first_and_done_there_is_let_go(browser, sam) -> None:
    path = request_page(make_request())
    page = kept_of(browser, sam, f"{path}?tab=waiting", {"text": "Call after 5.", "do": "save"})
    assert f'href="{path}"' in page  # where no tab is named

    assert send_on(browser, browser.get(path).text, path, text="Call after 5.", do="save") == 303

    assert not KeptForm.objects.exists()


def test_one_that_was_done_after_a_warning_is_let_go(browser, sam) -> None:
    # Given a visit today, which is kept,
    row = make_request()
    path, today = request_page(row), f"{timezone.localdate()}"
    visit = {"next": "schedule", "visit_on": today, "visit_time": "23:59", "visit_place": "Room 1"}
    page = kept_of(browser, sam, path, {**visit, "do": "save"})

    # when it is sent again, warned of, and scheduled anyway,
    warned = browser.send_again(page).text
    assert "Schedule it anyway" in warned
    assert KeptForm.objects.exists()
    assert send_on(browser, warned, path, do="save") == 303

    # then it is done, and nothing says that it is not.
    row.refresh_from_db()
    assert row.status == "scheduled"
    assert not KeptForm.objects.exists()


@pytest.mark.parametrize("typed", [{"next": "contacting", "do": "save"}, {"do": "acknowledge"}])
def test_one_that_was_done_once_the_news_were_read_is_let_go(browser, sam, typed) -> None:
    row = make_request(change_requested_at=timezone.now())
    page = kept_of(browser, sam, request_page(row), typed)
    AppointmentRequest.objects.update(version=row.version + 1)

    news = browser.send_again(page).text
    assert "This request has changed since you opened it" in news
    assert KeptForm.objects.exists()

    assert send_on(browser, news, request_page(row), do=typed["do"]) == 303
    assert not KeptForm.objects.exists()


def test_one_that_was_done_after_a_colleague_set_a_visit_is_let_go(browser, sam) -> None:
    # Given a request that is to be closed, which is kept, and a visit that a colleague set,
    row = make_request()
    closes = {"text": "She rang.", "next": "close", "close_reason": "other", "do": "save_next"}
    page = kept_of(browser, sam, request_page(row), closes)
    by = Actor("kim", account=make_account("kim", "scheduler"))
    at = timezone.now() + dt.timedelta(days=2)
    work_on(pk=row.pk, version=row.version, by=by, step="schedule", visit_at=at)

    # when it is sent again, told of the visit, which stands in the form now, and sent once more,
    news = browser.send_again(page).text
    assert "This request has changed since you opened it" in news
    assert send_on(browser, news, request_page(row), do="save") == 303

    # then it is let go, as all that was typed is done.
    row.refresh_from_db()
    assert row.status == "closed"
    assert not KeptForm.objects.exists()


def test_one_that_was_done_once_what_was_missing_is_there_is_let_go(browser, ana) -> None:
    page = kept_of(browser, ana, ADD, named(""))

    told = browser.send_again(page).text

    assert send_on(browser, told, ADD, name="Anne", slug="anne") == 302
    assert Physician.objects.get().name == "Anne"
    assert not KeptForm.objects.exists()


def test_one_whose_words_were_not_sent_stays(browser, sam) -> None:
    row = make_request()
    page = kept_of(browser, sam, request_page(row), {"text": "She rang.", "do": "save"})
    assert "She rang." in page

    opened = browser.get(request_page(row)).text
    assert send_on(browser, opened, request_page(row), text="He rang.", do="save") == 303
    assert send_on(browser, opened, request_page(row), do="take") == 303

    assert "She rang." in browser.get(KEPT).text


def test_a_button_that_was_not_pressed_stays(browser, sam) -> None:
    row = make_request()
    kept_of(browser, sam, request_page(row), {"do": "take"})

    opened = browser.get(request_page(row)).text
    assert send_on(browser, opened, request_page(row), text="He rang.", do="save") == 303

    assert KeptForm.objects.exists()


def test_a_box_that_was_unticked_and_not_sent_stays(browser, ana) -> None:
    values = {"slug": "jane", "name": "Dr. Jane Doe", "specialty": "Radiology", "bio": "Old."}
    change = f"/admin/clinic_site/physician/{Physician.objects.create(**values).pk}/change/"
    page = kept_of(browser, ana, change, {"active": None, "_save": "Save"})

    assert send_on(browser, browser.get(change).text, change) == 302

    assert KeptForm.objects.exists()
    assert browser.send_again(page).status_code == 302
    assert not Physician.objects.get().active
    assert not KeptForm.objects.exists()


def test_of_mails_that_are_to_go_once_more_each_is_let_go_by_itself(browser, sam) -> None:
    first, other = (OutboxMessage.objects.create(kind="received", reference=r) for r in "ab")
    path = "/admin/clinic_site/outboxmessage/"
    again = {"action": "try_again", "select_across": "0", "index": "0"}
    browser.sign_in(sam)
    token = browser.token_at(path)
    browser.end_session()
    browser.send(token, {**again, "_selected_action": first.pk}, path=path)
    browser.sign_in(sam)
    token = browser.token_at(path)

    assert browser.send(token, {**again, "_selected_action": other.pk}, path=path).status_code < 400

    page = browser.get(KEPT).text
    assert "<dt>Selected action</dt>" in page
    browser.send_again(page)
    assert not KeptForm.objects.exists()


def test_suspected_spam_is_let_go_once_it_is_closed(browser, sam) -> None:
    make_request(status="quarantined")
    path = "/admin/appointments/appointmentrequest/spam/"
    browser.sign_in(sam)
    token = browser.token_at(FIND)
    browser.end_session()
    browser.send(token, {"which": "all"}, path=path)
    browser.sign_in(sam)

    asked = browser.send_again(browser.get(KEPT).text).text

    assert KeptForm.objects.exists()
    assert send_on(browser, asked, path, sure="yes") == 303
    assert AppointmentRequest.objects.get().status == "closed"
    assert not KeptForm.objects.exists()


def test_what_was_asked_of_a_caller_is_let_go_once_it_is_entered(browser, sam) -> None:
    enter = "/admin/appointments/appointmentrequest/enter/"
    browser.sign_in(sam)
    token = browser.token_at(enter)
    typed = form_answers(make_attempt())
    browser.end_session()
    browser.send(token, typed, path=f"{enter}same/")
    browser.sign_in(sam)

    found = browser.send_again(browser.get(KEPT).text)

    assert found.status_code == 200
    assert "Attempt" not in browser.get(KEPT).text
    sent = {**typed, "attempt": found.context["form"]["attempt"].value()}
    token = found.context["csrf_token"]
    assert browser.send(token, sent, path=enter).status_code == 303
    assert not KeptForm.objects.exists()


def headings(browser) -> list[str]:
    """What the page of what is kept says of each form, above what was typed."""
    page = browser.get(KEPT).text
    found = re.findall('(?s)<h2 id="sent-.*?>(.*?), sent at .*?</h2>(.*?)<button', page)
    return [f"{about} {re.sub('<[^>]*>', '', more).strip()}".strip() for about, more in found]


def test_each_says_whom_it_is_about_and_what_it_is_to_do(browser) -> None:
    # Given what a manager sent about several people,
    mia, path = make_account("mia", "manager"), "/admin/clinic_site/user/{}/{}/"
    kim, pat, gone = (make_account(name, "editor") for name in ("kim", "<pat>", "gone"))
    browser.sign_in(mia)
    token = browser.token_at("/admin/account/")
    browser.end_session()
    browser.send(token, {"do": "reset", "reason": "lost"}, path=path.format(kim.pk, "way-in"))
    browser.send(token, {"do": "invite"}, path=path.format(pat.pk, "way-in"))
    browser.send(token, {"post": "yes"}, path=path.format(gone.pk, "delete"))
    browser.send(token, {"username": "new"}, path=path.format(kim.pk, "change"))
    for nobody in ("9" * 40, "x", "-1/way-in"):
        browser.send(token, {"username": "x"}, path=path.format(nobody, "change"))
    browser.send(token, {"name": "Mine"}, path=ADD)
    gone.delete()

    # when they see it again,
    browser.sign_in(mia)

    # then each says about whom it is, by what button, and where to look first.
    assert headings(browser) == [
        "Physicians",
        *["Users"] * 3,
        "Users: kim",
        "Users This is to delete it.",
        "Users: &lt;pat&gt; This is to invite them.",
        "Users: kim This is to take every way in away from them, and invite them anew.",
    ]
    page = browser.get(KEPT).text
    assert "<dt>Post</dt>" not in page
    assert page.count(f'href="{path.format(kim.pk, "change")}"') == 2
    assert path.format(gone.pk, "change") not in page


def test_what_is_about_a_row_names_it_only_to_whom_may_open_it(browser, sam) -> None:
    # Given what was sent about a request, a page of the site, and a colleague,
    row, page, ana = make_request(), make_condition(), User.objects.get(username="ana")
    change = f"/admin/conditions/condition/{page.pk}/publish/"
    sam.groups.add(*ana.groups.all())
    browser.sign_in(sam)
    token = browser.token_at(FIND)
    browser.end_session()
    browser.send(token, {"do": "take"}, path=f"{request_page(row)}?tab=waiting")
    browser.send(token, {"clinical_change": "no"}, path=change)
    browser.send(token, {"do": "end"}, path=f"/admin/clinic_site/user/{ana.pk}/way-in/")
    browser.sign_in(sam)
    assert headings(browser) == [
        "Users This is to sign them out everywhere.",
        f"Conditions: {page} This is to publish it.",
        f"Requests: {row.reference} This is to take it.",
    ]

    # when they may open neither of them any more,
    sam.groups.clear()
    browser.sign_in(User.objects.get(pk=sam.pk))

    # then none of them is named.
    assert not any(":" in each for each in headings(browser))


AT_ONCE = """
import concurrent.futures, logging, threading
from django.conf import settings
from django.db import connection
from django.test import Client
from tests.make import make_account, signed_in
logging.disable()
here = {"host": "localhost", "Origin": settings.SITE_URL}
browser = signed_in(make_account("tabs", "editor"))
assert browser.get("/admin/", headers=here).status_code == 200
browser.session.delete()
start = threading.Barrier(4)
def send(number):
    tab = Client()
    tab.cookies.load({name: each.value for name, each in browser.cookies.items()})
    start.wait()
    try:
        sent = {"name": f"Tab {number}"}
        tab.post("/admin/clinic_site/physician/add/", sent, headers=here)
    finally:
        connection.close()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    list(pool.map(send, range(4)))
after = signed_in(make_account("tabs", "editor"))
after.cookies["clinic_kept"] = browser.cookies["clinic_kept"].value
print(sorted(re.findall('typed">(Tab .)<', after.get("/admin/kept/", headers=here).text)))
"""


def test_what_several_tabs_send_at_the_same_moment_is_all_kept(site: Site) -> None:
    said = site.shell("import re\n" + AT_ONCE)

    assert said.splitlines()[-1] == str([f"Tab {number}" for number in range(4)])
