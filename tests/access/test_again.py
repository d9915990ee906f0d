"""Before what matters for the safety of the site, people show anew who they are; nothing is lost."""

import html
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from clinic_site.access.models import KeptForm, User
from clinic_site.models import Clinic
from tests.access.test_kept_form import KEPT, Browser
from tests.access.test_people import page_of, sent
from tests.make import PASSWORD, make_account, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

AGAIN = "/admin/again/"
CLINIC = "/admin/clinic_site/clinic/1/change/"


class Desk(Browser):
    """A browser in which somebody showed a while ago who they are."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.sign_in(user)
        self.wait()

    def wait(self) -> None:
        """As after ten minutes."""
        session = self.session
        session["proved_at"] = time.time() - 601
        session.save()

    def do(self, path: str, typed: Mapping[str, object]):
        return self.send(self.get(AGAIN).context["csrf_token"], typed, path=path)

    def prove(self, to: str):
        return self.do(AGAIN, {"password": PASSWORD, "next": to})


@pytest.fixture
def mia() -> Desk:
    return Desk(with_password("mia", "manager"))


@pytest.fixture
def eva() -> User:
    return make_account("eva", "editor", first_name="Eva", last_name="Roe")


def asked_before(answer) -> str:
    """The page that comes once they have shown who they are."""
    address = urlsplit(answer["Location"])
    assert (answer.status_code, address.path) == (303, AGAIN)
    return parse_qs(address.query)["next"][0]


def test_who_opens_the_page_of_an_account_is_asked_then(mia: Desk, eva: User) -> None:
    pages = [page_of(eva), page_of(eva).replace("change", "delete"), "/admin/clinic_site/user/add/"]
    for page in pages:
        assert asked_before(mia.get(page)) == page

    assert mia.prove(page_of(eva))["Location"] == page_of(eva)

    for page in pages:
        assert mia.get(page).status_code == 200
    assert mia.do(page_of(eva), sent(eva, groups=["clinician"])).status_code == 302
    assert User.objects.get(pk=eva.pk).roles == {"clinician"}


def test_to_read_the_list_and_a_superusers_page_nobody_is_asked(mia: Desk) -> None:
    Clinic.objects.create(pk=1)
    root = make_account("root", is_superuser=True)

    for page in ("/admin/clinic_site/user/", page_of(root), CLINIC):
        assert mia.get(page, follow=True).redirect_chain == []


def test_whom_a_page_is_not_open_to_is_told_that_and_not_asked(eva: User, mia: Desk) -> None:
    desk = Desk(eva)
    root = make_account("root", is_superuser=True)

    assert desk.get(page_of(eva)).status_code == 403
    assert mia.do(page_of(root), sent(root)).status_code == 403
    assert mia.do(page_of(eva), {**sent(eva), "is_superuser": "on"}).status_code == 403
    assert not KeptForm.objects.exists()


CHANGES = {
    "roles": lambda eva: (page_of(eva), sent(eva, groups=["manager"])),
    "deactivated": lambda eva: (page_of(eva), sent(eva, is_active=None)),
    "deleted": lambda eva: (page_of(eva).replace("change", "delete"), {"post": "yes"}),
    "name confirmed": lambda eva: (
        page_of(eva).replace("change", "confirm-name"),
        {"name": "Eva Roe"},
    ),
    "access reset": lambda eva: (
        page_of(eva).replace("change", "way-in"),
        {"do": "end"},
    ),
}


def state_of(user: User) -> object:
    now = User.objects.filter(pk=user.pk).first()
    return now and (now.roles, now.is_active, now.confirmed_name, now.epoch)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_sent_too_late_is_not_done_and_not_lost(mia: Desk, eva: User, change) -> None:
    if change is CHANGES["access reset"]:
        User.objects.filter(pk=eva.pk).update(last_login="2026-01-01T00:00Z")
    path, typed = change(eva)
    before = state_of(eva)

    assert asked_before(mia.do(path, typed)) == KEPT

    assert state_of(eva) == before
    asked = html.unescape(mia.get(AGAIN).text)
    assert "It is kept for an hour: show that it is you, and it comes back." in asked
    assert mia.prove(KEPT)["Location"] == KEPT
    page = mia.get(KEPT).text
    assert "Nothing was done with it yet." in page
    assert state_of(eva) == before

    assert mia.send_again(page).status_code in {302, 303}

    assert state_of(eva) != before
    assert not KeptForm.objects.exists()


@pytest.mark.parametrize("do", ["invite", "reset"])
def test_what_shows_a_link_for_an_answer_is_let_go_as_well(mia: Desk, eva: User, do: str) -> None:
    # Given what a manager sent too late,
    if do == "reset":
        User.objects.filter(pk=eva.pk).update(last_login="2026-01-01T00:00Z")
    way_in = page_of(eva).replace("change", "way-in")
    mia.do(way_in, {"do": do, "reason": "lost" if do == "reset" else ""})
    mia.prove(KEPT)

    # when they send it now,
    answer = mia.send_again(mia.get(KEPT).text)

    # then they get the link, and nothing is left that would take its place.
    assert "/admin/invitation/" in answer.text
    assert not KeptForm.objects.exists()


def test_a_reset_that_was_not_done_stays(mia: Desk, eva: User) -> None:
    way_in = page_of(eva).replace("change", "way-in")
    mia.do(way_in, {"do": "reset", "reason": "none of them"})
    mia.prove(KEPT)

    mia.send_again(mia.get(KEPT).text)

    assert KeptForm.objects.exists()


def test_what_comes_back_too_late_once_more_is_kept_once_more(mia: Desk, eva: User) -> None:
    mia.do(page_of(eva), sent(eva, groups=["manager"]))
    mia.prove(KEPT)
    page = mia.get(KEPT).text
    assert '<span class="typed">manager</span>' in page
    mia.wait()

    assert asked_before(mia.send_again(page)) == KEPT

    assert User.objects.get(pk=eva.pk).roles == {"editor"}
    mia.prove(KEPT)
    mia.send_again(mia.get(KEPT).text)
    assert User.objects.get(pk=eva.pk).roles == {"manager"}


def test_a_password_is_not_kept_which_is_said(mia: Desk) -> None:
    typed = {"do": "password", "password": "purple monkey dish", "repeated": "purple monkey dish"}

    assert asked_before(mia.do("/admin/account/", typed)) == "/admin/account/"

    assert "It could not be kept." in mia.get(AGAIN).text
    assert not KeptForm.objects.exists()
    assert User.objects.get(username="mia").check_password(PASSWORD)


def clinic_page(desk: Desk) -> dict[str, object]:
    """What a browser sends for the clinic's page, as it stands."""
    form = desk.get(CLINIC).context["adminform"].form
    inlines = desk.get(CLINIC).context["inline_admin_formsets"]
    sent = {name: form[name].value() for name in form.fields}
    for inline in inlines:
        management = inline.formset.management_form
        sent |= {management[name].html_name: management[name].value() for name in management.fields}
    return {name: "" if value is None else value for name, value in sent.items()}


@pytest.mark.parametrize("days", ["30", ""])
def test_before_requests_are_erased_at_another_day_one_is_asked(mia: Desk, days: str) -> None:
    Clinic.objects.create(pk=1, keep_requests_days=None if days else 90)
    typed = clinic_page(mia)

    assert mia.do(CLINIC, {**typed, "short_name": "VIS"}).status_code == 302  # nobody is asked
    answer = mia.do(CLINIC, {**typed, "short_name": "VI", "keep_requests_days": days})

    assert asked_before(answer) == KEPT
    assert Clinic.objects.get().short_name == "VIS"
    mia.prove(KEPT)
    assert mia.send_again(mia.get(KEPT).text).status_code == 302
    clinic = Clinic.objects.get()
    assert (clinic.short_name, clinic.keep_requests_days) == ("VI", int(days) if days else None)
