"""Marked names, numbers and words go every way through the site, and are then looked for everywhere.

They may stand in pages that the right person asked for, and encrypted in the database. Nowhere else.
"""

import base64
import contextlib
import re
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.appointments.office import SUMMER_VISIT
from tests.environment import pg_dump, postgresql_log
from tests.make import form_answers
from tests.running import Site, Visitor, free_port, run_sql, start_site, started_before, stop_site

pytestmark = pytest.mark.on_postgresql

FORM = "/appointments/request/"
MARKS = {
    "condition": "zyxmark-condition",
    "patient_name": "Zyxmark Canaryname",
    "contact_name": "Zyxmark Contactname",
    "message": "Zyxmark canarymessage",
    "email": "zyxmark@canary.example",
    "phone": "605-555-0167",
    "interpreter_language": "Zyxmarkish",
    "access_needs": "Zyxmark canaryneeds",
    "date_of_birth_year": "1917",
    "date_of_birth_month": "3",
    "date_of_birth_day": "19",
}
# What would tell of them, however it is written. A birth date's parts alone are no one's.
TRACES = [b"zyxmark", b"canaryname", b"canaryneeds", b"6055550167", b"605-555-0167", b"1917-03-19"]
STAFF = """
from clinic_site.models import MailChoice
from tests.make import make_account
staff = make_account("staff", "scheduler", "manager", email="desk@clinic.example")
for kind in ("new_request", "change", "digest"):
    MailChoice.objects.create(user=staff, kind=kind)
"""
LONG_AGO = """
import datetime as dt
from appointments.models import AppointmentRequest
AppointmentRequest.objects.filter(status="closed").update(status_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
"""
# Answers as a newer release would store them, which this one cannot show; and back again.
AS_SCHEMA = """
from appointments import answers
from appointments.models import AppointmentRequest
answers.SCHEMA = {before}
opened = [(row, row.answers) for row in AppointmentRequest.objects.all()]
answers.SCHEMA = {after}
for row, row.answers in opened:
    row.save(update_fields=["answers"])
"""
ALL_TABLES = """
from django.apps import apps
for model in apps.get_models(include_auto_created=True):
    if model._meta.managed and model.__name__ != "AppointmentRequest":
        for row in model._base_manager.values_list():
            print(model.__name__, row)
from django.contrib.sessions.models import Session
for session in Session.objects.all():
    print("decoded", session.get_decoded())
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site of its own, with a member of staff who gets mail."""
    environment = {**started_before(tmp_path / "var"), "REQUESTS_AN_HOUR_OF_ONE_SENDER": "100"}
    site = start_site(tmp_path / "var", environment, free_port())
    site.manage("shell", "--verbosity=0", "-c", STAFF)
    yield site
    stop_site(site)


def assert_nothing_in(what: str, where: bytes, tokens: list[str]) -> None:
    lower = where.lower()
    for trace in [*TRACES, *(token.encode().lower() for token in tokens)]:
        place = lower.find(trace)
        assert place == -1, f"{what}: …{where[max(0, place - 200) : place + 60]!r}"


@contextlib.contextmanager
def gone(site: Site, table: str) -> Iterator[None]:
    """The database without one of its tables."""
    for old, new in ((table, "gone"), ("gone", table)):
        run_sql(site.environment, f"ALTER TABLE {old} RENAME TO {new}")
        if new == "gone":
            yield


def drive(site: Site, browser: Browser) -> tuple[list[str], list[str], list[bytes]]:
    """Send the marks every way; return tokens, addresses that browsers were shown, cookies."""
    visitor = Visitor(site.address)
    # A patient sends it, with a mistake, from elsewhere, twice, with a fault of the database,
    marked = {**MARKS, "email_ok": "on", "asking_for": "on"}
    visitor.post(FORM, form_answers(site.attempt(), **{**marked, "phone": "605-555-01"}))
    visitor.post(FORM, form_answers("forged", **marked))
    visitor.post(FORM, form_answers(site.attempt(), **marked), Origin="https://elsewhere.example")
    with gone(site, "appointments_nameword"):
        broken = visitor.post(FORM, form_answers(site.attempt(), **marked))
        assert broken.status == 503
        assert "Zyxmark" in broken.text
    attempt = site.attempt()
    answer = visitor.post(FORM, form_answers(attempt, **marked))
    again = visitor.post(FORM, form_answers(attempt, **{**marked, "message": "Zyxmark other"}))
    assert answer.status == 303
    assert again.status == 200
    received = visitor.get(answer.headers["Location"])
    reference = re.search(r"VIS-\w{4}-\w{4}", received.words)
    status = re.search(r'href="(/appointments/status/[^/"]+/)"', received.text)
    assert reference
    assert status
    # looks where it stands, by a wrong pair and by the right one, asks for a change, takes it back;
    find = "/appointments/status/"
    visitor.post(find, {"reference": reference[0], "phone": "605-555-0168"})
    right = visitor.post(find, {"reference": reference[0], "phone": MARKS["phone"]})
    assert right.status == 303
    # reads a copy of it, by the wrong number and by the right one, also by the link of a mail;
    site.manage("send_notifications", "--once")
    mail, deadline = None, time.monotonic() + 10
    while mail is None:  # the site's own worker may have it in hand
        assert time.monotonic() < deadline
        mails = "".join(path.read_text() for path in (site.var / "mail").glob("*"))
        mail = re.search(r"/appointments/mail/[^/\s]+/", mails)
    for page in (status[1] + "copy/", mail[0]):
        assert visitor.get(page).status == 200
        assert visitor.post(page, {"phone": "605-555-0168"}).status == 200
        shown = visitor.post(page, {"phone": MARKS["phone"]})
        assert ("Zyxmark canarymessage" in shown.text) == page.endswith("/copy/")
        assert shown.headers["Cache-Control"] == "no-store"
    with gone(site, "clinic_site_counter"):
        broken = visitor.post(status[1] + "copy/", {"phone": MARKS["phone"]})
        assert broken.status == 503
        assert "Zyxmark" not in broken.text
    visitor.post(
        status[1] + "change/", {"change_request": "Zyxmark canarychange", "text": "Zyxmark"}
    )
    visitor.post(status[1] + "cancel/", {})
    with gone(site, "clinic_site_auditevent"):
        assert visitor.get(status[1]).status in {500, 503}
    # staff list, read, find, note, close it, make a mistake, and print who saw it.
    context = browser.new_context(base_url=site.address)
    page = context.new_page()
    page.set_default_timeout(10_000)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    addresses = work_as_staff(page, site, reference[0])
    cookies = [cookie for answer in answers for cookie in cookies_of(answer)]
    assert any(b"Entered as VIS-" in cookie for cookie in cookies)
    context.close()
    site.manage("send_notifications", "--once")
    tokens = [path.split("/")[-2] for path in (answer.headers["Location"], status[1], mail[0])]
    return tokens, [*addresses, answer.headers["Location"].replace(tokens[0], "")], cookies


def cookies_of(answer: Response) -> list[bytes]:
    """The cookies that an answer set, and what is packed in them as Django packs it."""
    found = []
    for line in (answer.header_value("set-cookie") or "").splitlines():
        value = line.partition("=")[2].partition(";")[0].strip('"')
        found.append(value.encode())
        payload = value.partition(":")[0]
        packed = base64.urlsafe_b64decode(
            payload.lstrip(".") + "=" * (-len(payload.lstrip(".")) % 4)
        )
        found.append(zlib.decompress(packed) if payload.startswith(".") else packed)
    return found


def work_as_staff(page: Page, site: Site, reference: str) -> list[str]:
    """Do in the admin what staff do; return the addresses that the browser showed."""
    addresses: list[str] = []
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    site.sign_in_as(page.context, "scheduler", "manager", name="staff")
    page.goto("/admin/appointments/appointmentrequest/find/")
    for what in ("Zyxmark", MARKS["phone"], MARKS["email"], reference):
        page.get_by_label("Reference, name, phone or email").fill(what)
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("link", name=reference)).to_be_visible()
    opened = page.get_by_role("link", name=reference).get_attribute("href")
    assert opened
    site.manage("shell", "--verbosity=0", "-c", AS_SCHEMA.format(before=1, after=2))
    answer = page.goto(opened)
    assert answer
    assert answer.status == 200
    expect(page.get_by_text("cannot be read").first).to_be_visible()
    site.manage("shell", "--verbosity=0", "-c", AS_SCHEMA.format(before=2, after=1))
    page.reload()
    expect(page.get_by_text("Zyxmark canarymessage")).to_be_visible()
    page.get_by_label("Note").fill("Zyxmark canarynote")
    save = page.get_by_role("button", name="Save", exact=True)
    save.click()
    page.get_by_label("Take it up again").check()
    save.click()
    page.get_by_label("Schedule a visit").check()
    page.get_by_label("Day", exact=True).fill(f"{SUMMER_VISIT:%Y-%m-%d}")
    page.get_by_label("Time").fill("14:30")
    page.get_by_label("Place").fill("Zyxmark canaryplace")
    save.click()
    page.get_by_label("Close it").check()
    page.get_by_label("Because").select_option("canceled by the patient")
    save.click()
    page.goto("/admin/appointments/appointmentrequest/enter/")
    page.get_by_label("Patient’s full name").fill("Zyxmark Canaryname")
    page.get_by_role("button", name="Enter the request").click()
    page.get_by_label("An appointment").check()
    page.get_by_label("Caller’s phone").fill(MARKS["phone"])
    expect(page.get_by_role("status").get_by_role("link", name=reference)).to_be_visible()
    page.get_by_role("button", name="Enter the request").click()
    expect(page.get_by_text("Entered as VIS-")).to_be_visible()
    page.goto("/admin/appointments/appointmentrequest/")
    expect(page.get_by_text("Zyxmark Canaryname").first).to_be_visible()
    page.goto("/admin/clinic_site/outboxmessage/")
    page.goto("/admin/clinic_site/auditevent/")
    page.goto("/admin/")
    return addresses


def test_no_mark_and_no_token_is_found_where_it_does_not_belong(
    site: Site, chromium: Browser, tmp_path: Path
) -> None:
    tokens, addresses, cookies = drive(site, chromium)

    mails = sorted((site.var / "mail").iterdir())
    assert len(mails) >= 5  # received, changed, scheduled and closed went to the patient
    for mail in mails:
        text = mail.read_bytes()
        # The patient's own mail has the patient's address, once, as where it goes to.
        own = f"To: {MARKS['email']}".encode()
        assert text.count(own) <= 1
        assert_nothing_in("a mail", text.replace(own, b""), tokens[:2])  # the third is its own
    assert_nothing_in("an address", "\n".join(addresses).encode(), [])
    assert_nothing_in("a cookie", b"\n".join(cookies), tokens)
    tables = site.manage("shell", "--verbosity=0", "-c", ALL_TABLES)
    for name in ("AuditEvent", "OutboxMessage", "Session", "Note"):
        assert name in tables
    assert_nothing_in("a row", tables.replace("Ciphertext", "").encode(), tokens)
    # In the end one of them is erased.
    site.manage("shell", "--verbosity=0", "-c", LONG_AGO)
    assert site.manage("purge", "--days", "1").endswith(": 1\n")
    log = (site.var.parent / f"{site.var.name}.log").read_bytes()
    assert b"RequestFormView failed" in log
    assert_nothing_in("the log", log, tokens)
    if "DATABASE_URL" in site.environment:
        dump = subprocess.run(
            [pg_dump(), site.environment["DATABASE_URL"]], capture_output=True, check=True
        ).stdout
        assert b"appointments_appointmentrequest" in dump
        assert_nothing_in("the dump", dump, tokens)
        own_log = postgresql_log()
        assert b'relation "appointments_nameword" does not exist' in own_log
        assert_nothing_in("PostgreSQL's own log", own_log, tokens)
    else:
        for path in site.var.glob("db.sqlite3*"):
            assert_nothing_in(path.name, path.read_bytes(), tokens)
