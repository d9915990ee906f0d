"""Two people edit the clinic, a physician, a notice or a picture at once: no word is lost unseen."""

import datetime as dt
import html
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connections
from django.test import Client

from clinic_site.access.roles import make_roles
from clinic_site.models import (
    Clinic,
    ClosedDay,
    LanguageLine,
    Notice,
    OpeningHours,
    Physician,
    Picture,
)
from tests.audit import remove_triggers
from tests.forms import save, sent_by_page, sent_for
from tests.make import make_picture, sign_in_as

CLINIC = "/admin/clinic_site/clinic/1/change/"
pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]


@pytest.fixture
def anna() -> Client:
    return sign_in_as("manager", "editor", name="anna")


@pytest.fixture
def bo() -> Client:
    return sign_in_as("manager", "editor", name="bo")


@pytest.fixture
def clinic() -> Clinic:
    return Clinic.objects.create(pk=1, city="Sioux Falls", time_zone="America/Chicago")


def told(page: str) -> dict[str, tuple[str, str]]:
    """What a page tells of what others saved: by the name of it, what it is, and what stands."""
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    cells = [[name, *re.findall(r"<td.*?>(.*?)</td>", rest, re.DOTALL)] for name, rest in rows]
    words = [
        [" ".join(html.unescape(re.sub("<.*?>", "", c)).split()) for c in row] for row in cells
    ]
    return {name: (theirs, stands) for name, theirs, stands in words}


def test_the_later_of_two_sees_what_the_other_saved_and_keeps_what_they_typed(
    anna: Client, bo: Client, clinic: Clinic
) -> None:
    annas, bos = sent_for(anna, CLINIC), sent_for(bo, CLINIC)
    long = "Bring your list of medicines.\r\n\r\nAnd <your> glasses."

    assert save(anna, CLINIC, annas | {"city": "Brandon", "street": "1 Main St"}) == "saved"
    page = save(bo, CLINIC, bos | {"city": "Tea", "before_visit": long})

    assert "anna saved this while it was open here." in page
    assert told(page) == {
        "Street": ("1 Main St", "what was saved"),
        "City": ("Brandon", "what you typed"),
    }
    assert Clinic.objects.get().city == "Brandon"
    again = sent_by_page(page)
    assert (again["street"], again["city"]) == ("1 Main St", "Tea")
    assert again["before_visit"] == long.replace("\r\n", "\n")
    # A third change in between is told anew.
    save(anna, CLINIC, sent_for(anna, CLINIC) | {"city": "Harrisburg"})
    page = save(bo, CLINIC, again)
    assert told(page) == {"City": ("Harrisburg", "what you typed")}

    assert save(bo, CLINIC, sent_by_page(page)) == "saved"
    clinic = Clinic.objects.get()
    assert (clinic.city, clinic.street) == ("Tea", "1 Main St")
    assert clinic.before_visit == long.replace("\r\n", "\n")


def test_rows_that_others_added_changed_and_removed_are_told(
    anna: Client, bo: Client, clinic: Clinic
) -> None:
    for day in range(3):
        OpeningHours.objects.create(
            clinic=clinic, weekday=day, opens=dt.time(8), closes=dt.time(17)
        )
    annas, bos = sent_for(anna, CLINIC), sent_for(bo, CLINIC)

    annas |= {"opening_hours-0-opens": "9 am", "opening_hours-1-DELETE": "on"}
    annas |= {"opening_hours-2-closes": "4 pm", "closed_days-0-day": "12/25/2026"}
    assert save(anna, CLINIC, annas) == "saved"
    bos |= {"opening_hours-1-closes": "6 pm", "opening_hours-2-closes": "3 pm"}
    bos |= {"closed_days-0-day": "12/24/2026"}
    page = save(bo, CLINIC, bos)

    monday, tuesday, wednesday = (
        f"Opening hours {day}, 8:00 AM, 5:00 PM" for day in ("Monday", "Tuesday", "Wednesday")
    )
    assert told(page) == {
        f"{monday}: Opens": ("9:00 AM", "what was saved"),
        tuesday: ("removed", "what you typed"),
        f"{wednesday}: Closes": ("4:00 PM", "what you typed"),
        "Closed day 2026-12-25": ("added", "what was saved"),
    }
    for anchor in re.findall(r'<a href="#(id_[^"]+)">', page):
        assert f'id="{anchor}"' in page
    assert save(bo, CLINIC, sent_by_page(page)) == "saved"
    assert [str(row) for row in OpeningHours.objects.all()] == [
        "Monday 09:00 to 17:00",
        "Tuesday 08:00 to 18:00",
        "Wednesday 08:00 to 15:00",
    ]
    assert [str(row) for row in ClosedDay.objects.all()] == ["2026-12-24", "2026-12-25"]


def test_a_row_removed_here_and_changed_there_is_told_before_it_goes(
    anna: Client, bo: Client
) -> None:
    notice = Notice.objects.create(slug="n", title="Help", body="Call.")
    for language in ("es", "ar"):
        LanguageLine.objects.create(notice=notice, language=language, text=language)
    address = f"/admin/clinic_site/notice/{notice.pk}/change/"
    annas, bos = sent_for(anna, address), sent_for(bo, address)

    save(anna, address, annas | {"lines-1-text": "Llame"})
    page = save(bo, address, bos | {"lines-1-DELETE": "on"})

    assert list(told(page).values()) == [("Llame", "what was saved")]
    assert notice.lines.count() == 2
    assert save(bo, address, sent_by_page(page)) == "saved"
    assert [line.language for line in notice.lines.all()] == ["ar"]


def test_what_is_sent_twice_is_saved_once(anna: Client, clinic: Clinic) -> None:
    ClosedDay.objects.create(clinic=clinic, day="2026-12-24")
    form = sent_for(anna, CLINIC) | {"city": "Brandon", "closed_days-0-DELETE": "on"}
    form["closed_days-1-day"] = "12/25/2026"

    assert save(anna, CLINIC, form) == "saved"
    assert save(anna, CLINIC, form) == "saved"  # Back, and the button again

    assert [str(row) for row in ClosedDay.objects.all()] == ["2026-12-25"]
    page = save(anna, CLINIC, form | {"city": "Tea"})
    assert "You, in another tab or before you went back, saved this" in page
    assert told(page) == {"City": ("Brandon", "what you typed")}


def test_who_changed_nothing_undoes_nothing(anna: Client, bo: Client) -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    make_picture()
    fields: dict[Any, str] = {
        Clinic: "city",
        Physician: "interests",
        Notice: "title",
        Picture: "alt",
    }
    for model, change in fields.items():
        row = model.objects.all()[0]
        address = f"/admin/clinic_site/{model._meta.model_name}/{row.pk}/change/"
        untouched = sent_for(bo, address)
        lines = {name: value.replace("\n", "\r\n") for name, value in untouched.items()}
        assert save(bo, address, lines) == "saved"
        assert "No fields changed" in LogEntry.objects.latest("pk").get_change_message(), model
        save(anna, address, sent_for(anna, address) | {change: "New"})

        page = save(bo, address, lines)

        assert list(told(page).values()) == [("New", "what was saved")]
        assert save(bo, address, sent_by_page(page)) == "saved"
        assert getattr(model.objects.get(pk=row.pk), change) == "New"


def test_an_error_keeps_what_was_typed_and_leads_to_it(
    anna: Client, bo: Client, clinic: Clinic
) -> None:
    typed = {
        "name": "A clinic with a very long name " * 9,
        "postal_code": "no",
        "phone": "unlisted",
        "answer_within_hours": "0",
        "keep_requests_days": "",
        "idle_minutes": "4",
    }
    typed |= {"opening_hours-0-weekday": "1", "opening_hours-0-opens": "in the morning"}
    form = sent_for(bo, CLINIC)
    assert 'maxlength="' not in bo.get(CLINIC).text  # a browser would cut what is pasted
    save(anna, CLINIC, sent_for(anna, CLINIC) | {"phone": "605-555-0100"})

    page = save(bo, CLINIC, form | typed)
    assert told(page) == {"Phone": ("605-555-0100", "what you typed")}
    page = save(bo, CLINIC, sent_by_page(page))

    assert told(page) == {}
    wrong = dict(re.findall(r'<li><a href="#(\w[^"]*)">(.*?)</li>', page))
    for name in ("id_answer_within_hours", "id_idle_minutes"):
        assert wrong[name].partition("</a>: ")[2].startswith("Enter ")
    for name in ("id_name", "id_phone", "id_opening_hours-0-opens", "id_opening_hours-0-closes"):
        assert f'id="{name}"' in page
        assert name in wrong
    assert wrong["id_postal_code"] == "ZIP code</a>: Use five digits, or nine: 57104-1234."
    again = sent_by_page(page)
    assert {name: again[name] for name in typed} == {**typed, "name": typed["name"]}


def test_a_form_that_says_nothing_sensible_of_what_it_showed_is_no_fault_of_the_site(
    anna: Client, clinic: Clinic
) -> None:
    for opened in (
        "",
        "{",
        "[]",
        "3",
        '{"fields": 3, "log": 1}',
        '{"fields": {"": []}, "log": "x"}',
    ):
        form = sent_for(anna, CLINIC) | {"_opened": opened, "city": f"Brandon {opened}"}
        assert save(anna, CLINIC, form) == "saved" or "Somebody" in save(anna, CLINIC, form)


@pytest.mark.needs_postgresql  # SQLite has but one writer at a time
@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_the_same_moment_one_is_told() -> None:
    make_roles(None)
    Clinic.objects.create(pk=1)
    browsers = {name: sign_in_as("manager", name=name) for name in ("anna", "bo", "cy")}
    forms = {name: sent_for(client, CLINIC) for name, client in browsers.items()}
    ready = threading.Barrier(len(browsers))

    def save_at_once(name: str) -> str:
        ready.wait()
        try:
            return save(browsers[name], CLINIC, forms[name] | {"city": name})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(browsers)) as pool:
        said = dict(zip(browsers, pool.map(save_at_once, browsers), strict=True))

    (first,) = (name for name in said if said[name] == "saved")
    assert Clinic.objects.get().city == first
    for name in browsers.keys() - {first}:
        assert told(said[name]) == {"City": (first, "what you typed")}
    remove_triggers()  # they come back after the flush
