"""Who opens which page of the admin, and does what there: one table, whose changes are read.

It stands in tests/admin_table.txt. RENEW=1 in the environment writes it anew. `make test` tries GET
and POST by turns, from one address to the next; `make soak` tries both on each.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver

from appointments.models import AppointmentRequest
from clinic_site.access.models import User
from clinic_site.access.roles import Role
from clinic_site.models import AuditEvent, Clinic, OutboxMessage, Picture
from tests.generated import SOAK
from tests.make import PASSWORD, app_of, make_account, make_one_of_each, signed_in, with_password

pytestmark = pytest.mark.on_sqlite

TABLE = Path(__file__).parent / "admin_table.txt"
WHO = [*Role, "superuser", "no role"]
# They are the same for everybody, signed in or not.
OF_ALL = ("login/", "logout/", "invitation/", "still-here/", "jsi18n/", "r/")
ASKED = {
    "compare": "?from=1&to=2",
    "autocomplete": "?app_label=conditions&model_name=condition&field_name=related",
}


def addresses(patterns: list[URLPattern | URLResolver], start: str = "") -> Iterator[str]:
    """Every address of the admin, as it is written in its list of addresses."""
    for each in patterns:
        text = str(each.pattern)
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, start + text)
        elif "app_label" in text:
            yield from (f"{label}/" for label in re.findall(r"[a-z_]{3,}(?=[|)])", text))
        elif not text.endswith(("<path:object_id>/", "(?P<url>.*)$")):  # which lead elsewhere
            yield start + text


def filled(address: str, rows: dict[str, object]) -> str:
    """The address of a row that is there."""
    for model, row in rows.items():
        if address.startswith(model):
            address = re.sub(r"<(\w+:)?(object_id|pk)>", str(row), address)
    values = {"number": "1", **{name: str(rows[name]) for name in ("reference", "hash")}}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda name: values[name[1]], address)


def opens(client: Client, method: str, path: str) -> bool:
    """Whether it is done for them; whatever it does is undone."""
    with transaction.atomic():
        answer = client.generic(method, path, content_type="application/x-www-form-urlencoded")
        transaction.set_rollback(True)
    assert answer.status_code < 500, path
    to_sign_in = answer.headers.get("Location", "").startswith("/admin/login/")
    return answer.status_code < 400 and not to_sign_in


@pytest.mark.django_db
def test_the_table_says_who_does_what(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")  # that takes the time
    call_command("load_content", "conditions/content", verbosity=0)
    made = make_one_of_each()
    OutboxMessage.objects.create(kind="new_request", user=User.objects.get(username="staff"))
    AuditEvent.objects.create(action="viewed", actor="staff")
    rows: dict[str, object] = {
        **{f"conditions/{name}/": made[name] for name in ("condition", "treatment")},
        **{f"clinic_site/{name}/": made[name] for name in ("picture", "user", "notice")},
        "clinic_site/physician/": made["physician"],
        "clinic_site/clinic/": Clinic.objects.get().pk,
        "clinic_site/auditevent/": AuditEvent.objects.latest("pk").pk,
        "clinic_site/outboxmessage/": OutboxMessage.objects.latest("pk").pk,
        "appointments/appointmentrequest/": made["request"],
        "reference": AppointmentRequest.objects.get(pk=made["request"]).reference,
        "hash": Picture.objects.get().hash,
    }
    people = {
        who: make_account(who.replace(" ", "-"), who, is_superuser=who == "superuser")
        for who in WHO
    }
    browsers = {who: signed_in(user) for who, user in people.items()}
    cookies = {who: browser.cookies.output() for who, browser in browsers.items()}
    half_in = Client()  # by the right password, and no second factor
    app_of(with_password("half-in", *Role, is_superuser=True))
    right = half_in.post("/admin/login/", {"username": "half-in", "password": PASSWORD})
    assert right.headers["Location"] == "/admin/login/code/"
    lines = []
    kept = {key(each): each for each in TABLE.read_text().splitlines()}
    found = [*dict.fromkeys(addresses(admin.site.urls[0]))]
    for number, address in enumerate(each for each in found if not each.startswith(OF_ALL)):
        asked = ASKED.get(address.rpartition("/")[0].rpartition("/")[2], "")
        path = f"/admin/{filled(address, rows)}{asked}"
        for turn, method in enumerate(("GET", "POST")):
            if not (SOAK or os.environ.get("RENEW") or turn == number % 2):
                lines.append(kept.get((method, address), f"{address} is new"))
                continue
            for nobody in (Client(), half_in):
                assert not opens(nobody, method, path), path
            who_does = []
            for who, browser in browsers.items():
                browser.cookies.load(cookies[who].replace("Set-Cookie: ", ""))
                if opens(browser, method, path):
                    who_does.append(who)
            lines.append(line(method, address, who_does))
    for model, its_admin in admin.site._registry.items():
        done: dict[str, list[str]] = {}
        for who, user in people.items():
            request = RequestFactory().get("/")
            request.user = user
            for action in its_admin.get_actions(request):
                done.setdefault(action, []).append(who)
        start = f"{model._meta.app_label}/{model._meta.model_name}/"
        lines += [line("do", f"{start} {action}", done[action]) for action in sorted(done)]
    table = "\n".join([*lines, ""])
    if os.environ.get("RENEW"):
        TABLE.write_text(table)

    assert table == TABLE.read_text(), "RENEW=1 writes the table anew: read what has changed."


def key(line: str) -> tuple[str, str]:
    return line[:5].strip(), line.rpartition("  ")[2]


def line(method: str, address: str, who_does: list[str]) -> str:
    columns = [who if who in who_does else "-" * len(who) for who in WHO]
    return f"{method:5}{'  '.join(columns)}  {address}"
