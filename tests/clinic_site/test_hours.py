"""Hours and closed days: typed as people type them, shown to patients in words."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from clinic_site.clinic import Remembered
from clinic_site.forms import read_hour
from clinic_site.models import Clinic, ClosedDay, OpeningHours
from tests.forms import sent_for
from tests.make import sign_in_as

pytestmark = pytest.mark.sqlite_first

CLINIC = "/admin/clinic_site/clinic/1/change/"


@pytest.mark.parametrize(
    ("typed", "time"),
    [
        *(("8:00 am", "08:00"), ("8am", "08:00"), ("8 a.m.", "08:00"), ("8 A. M.", "08:00")),
        *(("08:30", "08:30"), ("8:30", "08:30"), ("8.30 AM", "08:30"), ("0830", "08:30")),
        *(("830", "08:30"), ("8h30", "08:30"), ("8", "08:00"), ("8 o'clock", "08:00")),
        *(("17.00", "17:00"), ("17:00 pm", "17:00"), ("1700", "17:00"), ("17h", "17:00")),
        *(("5p", "17:00"), ("5:15\u202fPM", "17:15"), ("５：１５ ｐｍ", "17:15")),
        *(("noon", "12:00"), ("12 Noon", "12:00"), ("12 pm", "12:00"), ("12:00", "12:00")),
        *(("midnight", "00:00"), ("12 am", "00:00"), ("01:00", "01:00"), ("08:30:00", "08:30")),
    ],
)
def test_an_hour_is_read_as_people_type_it(typed: str, time: str) -> None:
    assert f"{read_hour(typed):%H:%M}" == time


@pytest.mark.parametrize(
    "typed",
    ["25:00", "8:60", "17 am", "0 am", "8:00 to 5:00", "morning", "8:5", "24:00", "8:00:30", "-8"],
)
def test_what_is_no_hour_is_told(typed: str) -> None:
    with pytest.raises(ValidationError, match="Write it as 8:00 am"):
        read_hour(typed)


@pytest.mark.parametrize("typed", ["1:00", "5", "630"])
def test_an_hour_of_the_morning_or_the_afternoon_is_asked(typed: str) -> None:
    with pytest.raises(ValidationError, match="Write .* am or .* pm"):
        read_hour(typed)


@pytest.mark.django_db
def test_a_manager_types_hours_and_closed_days_and_patients_read_them() -> None:
    Clinic.objects.create(pk=1)
    manager, patient = sign_in_as("manager"), Client()
    assert "Days when we are closed" not in patient.get("/contact/").text
    form = sent_for(manager, CLINIC)
    form |= {"opening_hours-0-weekday": "0", "opening_hours-0-opens": "8 a.m."}

    wrong = {"opening_hours-0-closes": "5", "closed_days-0-day": "12/25/2206"}
    told = manager.post(CLINIC, form | wrong).text
    assert "Write 5:00 am or 5:00 pm." in told
    assert "This is Thursday, December 25, 2206, years away. Mend the year" in told
    for typed in ('value="8 a.m."', 'value="5"', 'value="12/25/2206"'):
        assert typed in told
    manager.post(CLINIC, form | wrong | {"closed_days-0-day": "soon"})
    assert not OpeningHours.objects.exists()

    within = {"opening_hours-1-weekday": "0", "opening_hours-1-opens": "9 am"}
    within |= {"opening_hours-1-closes": "10 am", "opening_hours-TOTAL_FORMS": "2"}
    told = manager.post(CLINIC, form | {"opening_hours-0-closes": "5pm"} | within).text
    link = '<a href="#id_opening_hours-1-opens">Opening hours 2: Opens</a>'
    assert f"{link}: Other hours of this day overlap with these." in told
    assert not OpeningHours.objects.exists()

    today = timezone.localdate()
    manager.post(CLINIC, form | {"opening_hours-0-closes": "5pm", "closed_days-0-day": str(today)})

    assert str(OpeningHours.objects.get()) == "Monday 08:00 to 17:00"
    assert 'value="8:00 AM"' in manager.get(CLINIC).text
    for remembered in Remembered.everything:
        remembered.forget()
    page = patient.get("/contact/").text
    assert "8:00 AM to 5:00 PM" in page
    assert f"<li>{today:%A, %B} {today.day}, {today.year}</li>" in page


@pytest.mark.django_db
@time_machine.travel("2026-12-25T03:00:00Z", tick=False)  # the evening before, at the clinic
def test_patients_read_the_next_twelve_closed_days() -> None:
    clinic = Clinic.objects.create(pk=1, time_zone="America/Chicago")
    for day in (23, 24, *range(26, 32)):
        ClosedDay.objects.create(clinic=clinic, day=dt.date(2026, 12, day))
    for month in range(1, 9):
        ClosedDay.objects.create(clinic=clinic, day=dt.date(2027, month, 1))

    page = Client().get("/contact/").text

    section = page[page.index('id="closed"') :].partition("</section>")[0]
    assert section.count("<li>") == 12
    assert "<li>Thursday, December 24, 2026</li>" in section
    assert "December 23" not in section
    assert "<li>Saturday, May 1, 2027</li>" in section
