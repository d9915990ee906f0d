"""An invitation opens once, within a day, and takes effect with all that it sets or not at all."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone

from clinic_site.access.invitations import (
    Used,
    accept_invitation,
    find_invitation,
    invite,
    invite_first,
    reset_access,
)
from clinic_site.access.models import Invitation, InvitationReason, RecoveryCode, TotpDevice, User
from clinic_site.access.roles import Role, make_roles
from clinic_site.actor import SHELL, Actor
from clinic_site.audit.models import AuditEvent
from clinic_site.logs import WithoutTokens
from clinic_site.mail.models import MailState, NotWanted, OutboxMessage
from clinic_site.mail.worker import make_mail
from tests.audit import remove_triggers
from tests.make import (
    PASSWORD,
    app_of,
    code_now,
    make_account,
    make_signer,
    signed_in,
    with_password,
)

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

NAMES = {"username": "jo", "first_name": "Jo", "last_name": "Lee"}
TYPED = {**NAMES, "password": PASSWORD, "repeated": PASSWORD}


def new(user: User | None = None, reason: InvitationReason = InvitationReason.NEW) -> str:
    user = user or make_account("new", "editor")
    return invite(user=user, by=Actor(SHELL), reason=reason)


def page_of(token: str) -> str:
    return f"/admin/invitation/{token}/"


def secret_on(page: Any) -> tuple[str, str]:
    """What the page carries for the form, and what one types into an app."""
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.text)
    key = re.search(r'class="key">([A-Z2-7 ]+)<', page.text)
    assert sealed
    assert key
    return sealed[1], key[1].replace(" ", "")


def accept(token: str, client: Client | None = None, **typed: str) -> Any:
    """Open it, set up the app, and send the form."""
    client = client or Client()
    sealed, secret = secret_on(client.get(page_of(token)))
    return client.post(
        page_of(token), {**TYPED, "sealed": sealed, "code": code_now(secret), **typed}
    )


@time_machine.travel(dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC), tick=False)  # one code
def test_it_sets_everything_signs_in_and_shows_the_codes_once(client: Client) -> None:
    token = new()
    answer = accept(token, client)

    assert answer.status_code == 200
    codes = re.findall(r"<li>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</li>", answer.text)
    assert len({*codes}) == 8
    assert "Codes work together with a password" not in answer.text
    assert answer["Cache-Control"].endswith("no-store, must-revalidate, private")
    assert client.get("/admin/").status_code == 200
    user = User.objects.get()
    assert (user.username, user.get_full_name(), user.roles) == ("jo", "Jo Lee", {Role.EDITOR})
    assert user.check_password(PASSWORD)
    # The name, the app and the codes open it from now on; the code of the page is used up.
    again = Client()
    again.post("/admin/login/", {"username": "jo", "password": PASSWORD})
    app = TotpDevice.objects.get()
    assert again.post("/admin/login/code/", {"code": code_now(app.secret)}).status_code == 200
    assert again.post("/admin/login/code/", {"code": codes[7]}).status_code == 303
    done = AuditEvent.objects.order_by("pk").values_list("actor", "action", "references")
    assert [*done][:3] == [
        ("(shell)", "invited", "new"),
        ("jo", "enrolled", "jo"),
        ("jo", "signed_in", "jo"),
    ]


def test_to_open_it_uses_nothing_and_sets_no_cookie_of_a_session(client: Client) -> None:
    token = new()
    for _time in range(3):
        assert client.get(page_of(token)).status_code == 200

    assert Invitation.objects.get().used_at is None
    assert set(client.cookies) == {"clinic_csrf"}
    assert not User.objects.get().has_usable_password()


def test_after_one_use_a_day_or_a_newer_one_it_is_over(client: Client) -> None:
    user = make_account("new")
    first = new(user)
    second = new(user)
    assert client.get(page_of(first)).status_code == 404
    with time_machine.travel(timezone.now() + dt.timedelta(hours=24, minutes=1)):
        over = client.get(page_of(second))
        assert over.status_code == 404
        assert "605-217-5617" in over.text
    with time_machine.travel(timezone.now() + dt.timedelta(hours=23, minutes=59)):
        assert accept(second).status_code == 200

        for answer in (client.get(page_of(second)), client.post(page_of(second), TYPED)):
            assert answer.status_code == 404
    assert client.get(page_of("x")).status_code == 404
    assert client.get("/admin/invitation/nul%00/").status_code == 404


def test_one_of_a_closed_account_is_over(client: Client) -> None:
    token = new()
    User.objects.update(is_active=False)

    assert client.get(page_of(token)).status_code == 404


WRONG = {
    "no name": ({"username": ""}, "This field is required"),
    "a name with a space": ({"username": "jo lee"}, "valid username"),
    "somebody's name": ({"username": "eva"}, "Somebody else has this name"),
    "somebody's name in capitals": ({"username": "EVA"}, "Somebody else has this name"),
    "a long name": ({"first_name": "A" * 119}, "too long to stand under a page"),
    "a short password": ({"password": "tr0ub4dor&3", "repeated": "tr0ub4dor&3"}, "too short"),
    "digits": ({"password": "910283746510", "repeated": "910283746510"}, "entirely numeric"),
    "a common one": ({"password": "q1w2e3r4t5y6", "repeated": "unbelievable"}, "common"),
    "their name": ({"username": "jolee-jolee-jolee", "password": "jolee-jolee-jolee"}, "similar"),
    "two passwords": ({"repeated": "horse correct battery"}, "The two passwords differ"),
    "no password": ({"password": "", "repeated": ""}, "This field is required"),
    "a wrong code": ({"code": "000000"}, "This is not the code of now"),
    "no code": ({"code": ""}, "This field is required"),
}


@pytest.mark.parametrize(("typed", "told"), WRONG.values(), ids=WRONG)
def test_with_a_mistake_nothing_is_set_and_the_same_app_still_fits(
    client: Client, typed: dict[str, str], told: str
) -> None:
    make_account("eva")
    token = new()
    sealed, secret = secret_on(client.get(page_of(token)))
    typed = {"repeated": typed.get("password", PASSWORD), **typed}
    sent = {**TYPED, "sealed": sealed, "code": code_now(secret), **typed}
    answer = client.post(page_of(token), sent)

    assert answer.status_code == 200
    assert told in answer.text
    assert secret_on(answer)[1] == secret
    assert PASSWORD not in answer.text
    assert (TotpDevice.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert Invitation.objects.get().used_at is None
    assert client.post(page_of(token), {**sent, **TYPED, "code": code_now(secret)}).context["codes"]


def test_the_secret_of_another_invitation_is_not_taken(client: Client) -> None:
    other, _secret = secret_on(client.get(page_of(new(make_account("eva")))))
    token = new()

    for sealed in (other, "", "x", TYPED["password"]):
        answer = accept(token, sealed=sealed)
        assert "This is not the code of now" in answer.text


@pytest.mark.needs_postgresql  # SQLite has but one writer at a time
@pytest.mark.django_db(transaction=True)
def test_of_several_who_accept_at_once_one_does() -> None:
    make_roles(None)
    found = find_invitation(new())
    assert found

    def try_to(number: int) -> bool:
        try:
            accept_invitation(
                invitation=found,
                names={"username": f"jo{number}"},
                password=PASSWORD,
                add_factor=app_of,
            )
        except Used:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(try_to, range(4))].count(True) == 1
    assert (TotpDevice.objects.count(), RecoveryCode.objects.count()) == (1, 8)
    remove_triggers()  # they come back after the flush


def test_it_is_undone_as_a_whole_where_the_factor_cannot_be_stored() -> None:
    found = find_invitation(new())
    assert found

    def fail(user: User) -> TotpDevice:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        accept_invitation(invitation=found, names=NAMES, password=PASSWORD, add_factor=fail)

    assert User.objects.get().username == "new"
    assert Invitation.objects.get().used_at is None


def test_the_first_account_has_all_roles_and_is_invited_anew_until_someone_signed_in() -> None:
    first, second = invite_first(), invite_first()
    assert first
    assert second
    assert first != second
    user = User.objects.get()
    assert (user.roles, user.is_superuser, user.has_usable_password()) == ({*Role}, False, False)

    accept(second)

    assert User.objects.get().username == "jo"
    assert invite_first() is None


def test_after_a_reset_the_name_stays_and_every_earlier_way_in_is_gone() -> None:
    mia, ana = make_account("mia", "manager"), with_password("ana", "editor", first_name="Ana")
    make_signer(ana, "Ana")
    browser = signed_in(ana)
    token = reset_access(
        user=ana, by=Actor("mia", mia, "192.0.2.1"), reason=InvitationReason.MISUSE
    )

    assert browser.get("/admin/").status_code == 302
    ana.refresh_from_db()
    assert not ana.has_usable_password()
    assert not ana.signs_as  # whoever opens the link could be another
    assert not TotpDevice.objects.filter(user=ana).exists()
    answer = accept(token, username="other", first_name="Other")
    assert answer.context["codes"]
    ana.refresh_from_db()
    assert (ana.username, ana.first_name) == ("ana", "Ana")
    done = AuditEvent.objects.filter(action__in=["reset", "invited"]).order_by("pk")
    assert [(each.actor, each.action, each.detail) for each in done] == [
        ("mia", "reset", "misuse"),
        ("mia", "invited", "misuse"),
    ]


def test_a_copy_of_the_database_opens_no_invitation_and_no_factor(client: Client) -> None:
    token = new(make_account("new", email="jo@clinic.example"))
    (mail,) = OutboxMessage.objects.raw("SELECT id, secret FROM clinic_site_outboxmessage")
    rows = [*Invitation.objects.values(), *OutboxMessage.objects.values(), mail.__dict__]
    assert token not in str(rows)
    assert client.get(page_of(Invitation.objects.get().hash)).status_code == 404
    accept(token)

    app = TotpDevice.objects.get()
    stored = TotpDevice.objects.values().get()
    assert len(app.secret) == 32
    assert app.secret not in str(stored)


def test_the_mail_holds_the_link_until_it_is_sent() -> None:
    token = new(make_account("new", email="jo@clinic.example"))
    mail = OutboxMessage.objects.lease_next()
    assert mail

    text = make_mail(mail)
    assert text.to == ["jo@clinic.example"]
    assert f"http://localhost/admin/invitation/{token}/" in text.body
    assert mail.settle(MailState.SENT)
    assert OutboxMessage.objects.get().secret == ""


def test_a_mail_of_an_invitation_that_is_over_is_not_sent() -> None:
    user = make_account("new", email="jo@clinic.example")
    new(user)
    accept(new(user))

    for mail in OutboxMessage.objects.all():
        with pytest.raises(NotWanted):
            make_mail(mail)


def test_no_log_holds_the_token(client: Client, caplog) -> None:
    client.get(page_of("a-token-of-old"))

    assert [record.getMessage() for record in caplog.records] == [
        "Not Found: /admin/invitation/a-token-of-old/"
    ]
    assert "a-token" not in WithoutTokens().format(caplog.records[0])
