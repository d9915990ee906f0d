"""Managers invite colleagues, take away what was lost, and end sessions; each is on record."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic_site.access.invitations import find_invitation
from clinic_site.access.models import User
from clinic_site.mail.models import NotWanted
from clinic_site.mail.worker import make_mail
from clinic_site.models import AuditEvent, OutboxMessage
from tests.access.test_people import sent
from tests.make import make_account, sign_in_as, signed_in, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]


@pytest.fixture
def mia() -> Client:
    return sign_in_as("manager", name="mia")


def page_of(user: User) -> str:
    return f"/admin/clinic_site/user/{user.pk}/way-in/"


def on_record() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(subject_kind="account").order_by("pk")
    return [(row.action, row.detail) for row in rows]


def change(mia: Client, user: User, **typed: str) -> None:
    address = page_of(user).replace("way-in", "change")
    assert mia.post(address, sent(user, **typed)).status_code == 302


def shown_token(page: str) -> str:
    found = re.search(r"/admin/invitation/([^/\s<]+)/", page)
    assert found
    return found[1]


def test_a_new_colleague_is_invited_by_a_link_that_is_shown_once(mia: Client) -> None:
    new = make_account("new")
    assert "They have not signed in yet." in mia.get(page_of(new)).text

    answer = mia.post(page_of(new), {"do": "invite"})
    again = mia.post(page_of(new), {"do": "invite"})

    assert "no-store" in answer["Cache-Control"]
    assert find_invitation(shown_token(answer.text)) is None  # the later one took its place
    invitation = find_invitation(shown_token(again.text))
    assert invitation is not None
    assert invitation.user == new
    assert "/admin/invitation/" not in mia.get(page_of(new)).text
    assert on_record() == [("invited", "new")] * 2


def test_where_there_is_an_address_the_link_goes_there_alone(mia: Client) -> None:
    new = make_account("new", email="new@clinic.example")

    answer = mia.post(page_of(new), {"do": "invite"})

    assert "new@clinic.example" in answer.text
    assert "/admin/invitation/" not in answer.text
    assert OutboxMessage.objects.filter(kind="invitation", user=new).count() == 1


def test_a_lost_factor_is_taken_away_with_all_else_for_a_reason(mia: Client) -> None:
    kim = with_password("kim", "scheduler", last_login=timezone.now())
    desk = signed_in(kim)

    refused = mia.post(page_of(kim), {"do": "reset", "reason": ""})
    assert "Choose why." in refused.text
    assert desk.get("/admin/").status_code == 200
    answer = mia.post(page_of(kim), {"do": "reset", "reason": "lost"})

    kim.refresh_from_db()
    assert not kim.has_usable_password()
    assert not kim.totpdevice_set.exists()
    assert desk.get("/admin/").status_code == 302
    assert find_invitation(shown_token(answer.text)) is not None
    assert on_record() == [("reset", "lost"), ("invited", "lost")]


def mails() -> list[Any]:
    """Each mail that waits, as it is sent."""
    return [make_mail(mail) for mail in OutboxMessage.objects.order_by("pk")]


def test_who_is_reset_or_gets_another_address_hears_of_it_at_the_one_before(mia: Client) -> None:
    # Given somebody with an address,
    kim = with_password("kim", "scheduler", last_login=timezone.now(), email="kim@clinic.example")

    # when a manager changes it and then resets the account,
    change(mia, kim, email="other@evil.example")
    mia.post(page_of(kim), {"do": "reset", "reason": "lost"})
    assert "evil" not in str([*OutboxMessage.objects.values()])  # both are kept encrypted

    # then the mails go to the address of the moment, and say what to do,
    changed, reset, invitation = mails()
    assert (changed.to, reset.to) == (["kim@clinic.example"], ["other@evil.example"])
    assert invitation.subject == "Your account at Vascular & Interventional Specialists"
    for mail, told in ((changed, "no longer has this email address"), (reset, "was reset")):
        assert mail.subject == "Your account at Vascular & Interventional Specialists was changed"
        assert told in mail.body
        assert "The account kim " in mail.body
        assert "call 605-217-5617" in mail.body
    # and every other manager reads of it on the front page.
    told = "the access of kim was reset by mia"
    assert told in sign_in_as("manager", name="max").get("/admin/").text
    assert told not in mia.get("/admin/").text
    assert told not in sign_in_as("editor", name="ed").get("/admin/").text


def test_an_invitation_opens_nothing_once_the_address_is_another(mia: Client) -> None:
    new = make_account("new", "scheduler")
    token = shown_token(mia.post(page_of(new), {"do": "invite"}).text)

    # A link that was handed over went to no address: a first one ends it not, another one does.
    change(mia, new, email="new@clinic.example")
    assert find_invitation(token) is not None
    new.refresh_from_db()
    change(mia, new, email="other@clinic.example")

    assert find_invitation(token) is None
    over = Client().get(f"/admin/invitation/{token}/").text
    assert "a manager has changed the account" in over


def test_where_there_was_no_address_nobody_is_told_by_mail(mia: Client) -> None:
    kim = with_password("kim", "scheduler", last_login=timezone.now())

    mia.post(page_of(kim), {"do": "reset", "reason": "lost"})

    assert mails() == []


def test_a_mail_whose_address_was_kept_until_it_was_given_up_goes_nowhere(mia: Client) -> None:
    kim = with_password("kim", last_login=timezone.now(), email="kim@clinic.example")
    mia.post(page_of(kim), {"do": "reset", "reason": "lost"})
    OutboxMessage.objects.update(secret="")

    with pytest.raises(NotWanted):
        mails()


def test_a_colleague_is_signed_out_everywhere_and_keeps_the_password(mia: Client) -> None:
    kim = with_password("kim", "scheduler", last_login=timezone.now())
    desk = signed_in(kim)

    answer = mia.post(page_of(kim), {"do": "end"})

    assert answer.status_code == 303
    assert desk.get("/admin/").status_code == 302
    kim.refresh_from_db()
    assert kim.has_usable_password()
    assert on_record() == [("sessions_ended", "")]


@pytest.mark.parametrize("do", ["invite", "reset", "end"])
def test_only_a_manager_does_it_and_not_to_oneself_nor_to_a_superuser(mia: Client, do: str) -> None:
    root = make_account("root", is_superuser=True, last_login=timezone.now())
    kim = with_password("kim", "scheduler", last_login=timezone.now())
    before = {user.pk: (user.password, user.epoch) for user in User.objects.all()}
    sent = {"do": do, "reason": "lost"}

    answers = [
        mia.post(page_of(root), sent),
        mia.post(page_of(User.objects.get(username="mia")), sent),
        sign_in_as("editor", name="ed").post(page_of(kim), sent),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    told = ["Nobody can do this here", "Another manager can.", "for the role"]
    assert all(words in answer.text for words, answer in zip(told, answers, strict=True))
    after = {user.pk: (user.password, user.epoch) for user in User.objects.filter(pk__in=before)}
    assert after == before
    assert {action for action, _detail in on_record()} == {"refused"}


def test_whoever_has_not_shown_lately_who_they_are_is_asked_first(mia: Client) -> None:
    kim = with_password("kim", "scheduler", last_login=timezone.now())
    session = mia.session
    session["proved_at"] = 0
    session.save()

    answer = mia.post(page_of(kim), {"do": "reset", "reason": "lost"})

    assert answer.status_code == 303
    assert answer["Location"].startswith("/admin/again/?")
    kim.refresh_from_db()
    assert kim.has_usable_password()


def test_nobody_is_invited_to_an_account_that_is_closed(mia: Client) -> None:
    gone = make_account("gone", is_active=False)

    answer = mia.post(page_of(gone), {"do": "invite"})

    assert "This account is closed" in answer.text
    assert on_record() == []
