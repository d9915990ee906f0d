"""Dates, phone numbers, addresses and names as people type them, through the real form."""

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client

from appointments.models import AppointmentRequest
from tests.appointments.office import QUEUE, address
from tests.generated import SOAK
from tests.make import form_answers, make_request
from tests.running import make_attempt

FORM = "/appointments/request/"
pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


def send(client: Client, **answers: object) -> AppointmentRequest:
    answer = client.post(FORM, form_answers(make_attempt(), **answers))
    assert answer.status_code == 303, re.findall(r'class="error".*', answer.text)
    return AppointmentRequest.objects.latest("pk")


def refused(client: Client, **answers: object) -> str:
    answer = client.post(FORM, form_answers(make_attempt(), **answers))
    assert answer.status_code == 200
    return answer.text


def born(month: str = "", day: str = "", year: str = "") -> dict[str, str]:
    return {
        "date_of_birth_month": month,
        "date_of_birth_day": day,
        "date_of_birth_year": year,
    }


@pytest.mark.parametrize(
    "typed",
    [
        ("4", "27", "1950"),
        ("April", "27th", "1950"),
        ("APR.", "27.", "1950 "),
        ("apr", "the 27th", "１９５０"),
        ("04", "٢٧", "1950\u200b"),
        ("04/27/1950",),
        ("", "4-27-1950"),
        ("", "", "1950-04-27"),
        ("4.27.1950",),
        ("04 – 27 – 1950",),
        ("27/04/1950",),
        ("April 27, 1950",),
        ("Apr 27th 1950",),
        ("27 April 1950",),
        ("the 27th of April, 1950",),
        ("April 27 th, 1950",),
        ("1950/4/27",),
        ("04271950",),
        ("19500427",),
    ],
)
def test_a_date_of_birth_is_read_as_it_is_typed(client: Client, typed: tuple[str, ...]) -> None:
    row = send(client, **born(*typed))

    given = row.answers["date_of_birth"]
    assert (given.value, given.words) == ("1950-04-27", "April 27, 1950")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("4", "27", ""), "Enter the year of birth too"),
        (("4/27",), "Enter the day of birth too"),
        (("", "27th", "1950"), "Enter the month of birth too"),
        (("Spring", "27", "1950"), "Enter the month of birth as a number or a name"),
        (("13", "27", "1950"), "Enter the month of birth as a number or a name"),
        (("4", "twenty", "1950"), "Enter the day of birth in digits"),
        (("4", "27", "50"), "with all four digits"),
        (("4/27/50",), "with all four digits"),
        (("4", "31", "1950"), "there is no such date"),
        (("2", "29", "1951"), "there is no such date"),
        (("4", "27", "2050"), "it is in the future"),
        (("12/31/2026",), "it is in the future"),
        (("4", "27", "1850"), "it is too long ago"),
        (("1", "1", "0001"), "it is too long ago"),
        (("1", "1", "0000"), "there is no such date"),
    ],
)
@time_machine.travel(dt.datetime(2026, 12, 30, 12, tzinfo=dt.UTC), tick=False)
def test_a_date_that_is_none_is_told_and_kept(
    client: Client, typed: tuple[str, ...], said: str
) -> None:
    page = refused(client, **born(*typed))

    assert page.count(said) == 2  # in the summary, and at the field
    assert '<a href="#id_date_of_birth_0">' in page
    assert "<details" in page
    assert re.search(r"<details[^>]* open", page)
    for text in typed:
        assert not text or f'value="{text}"' in page
    assert len(re.findall(r"<input[^>]*date_of_birth[^>]*aria-invalid", page)) == 3


@pytest.mark.parametrize(
    ("typed", "number", "beside"),
    [
        ("605-555-0142", "+16055550142", ""),
        ("605-555-0142 cell", "+16055550142", "cell"),
        ("605-555-0142 (wife's cell)", "+16055550142", "wife's cell"),
        ("605-555-0142 or 605-555-0143", "+16055550142", "or 605-555-0143"),
        ("home 605 555 0142 605 555 0143", "+16055550142", "home 605 555 0143"),
        ("605 5550142 9am-5pm", "+16055550142", "9am-5pm"),
        ("call me at 605.555.0142.", "+16055550142", "call me at"),
        ("555-0100 or 605-555-0142", "+16055550142", "555-0100 or"),
        ("605_555_0142", "+16055550142", ""),
        ("+1_605_555_0142", "+16055550142", ""),
        ("(605) 555\u20110142\u200e", "+16055550142", ""),
        ("\u202a+1\u00a0605\u00a0555\u00a00142\u202c", "+16055550142", ""),
        ("٦٠٥٥٥٥٠١٤٢", "+16055550142", ""),
        ("+605-555-0142", "+16055550142", ""),  # here it is far likelier ours than Malaysian
        ("(+605) 555 0142 cell", "+16055550142", "cell"),
        ("+507 217-5617", "+5072175617", ""),
        ("+361 234 5678", "+3612345678", ""),
        ("+60 5-555 0142", "+6055550142", ""),
        ("605-555-0142 ext. 7", "+16055550142;ext=7", ""),
        ("605-555-0142 x7 work", "+16055550142;ext=7", "work"),
        ("tel:+16055550142", "+16055550142", ""),
        ("983-555-0142", "+19835550142", ""),  # area codes that lists may not have yet
        ("(235) 555-0142 new", "+12355550142", "new"),
        ("+52 1 55 1234 5678", "+525512345678", ""),
        ("+5216141234567 cel", "+526141234567", "cel"),
        ("011 52 1 614 123 4567", "+526141234567", ""),
        ("+52 614 123 4567", "+526141234567", ""),
        ("0044 20 7946 0958", "+442079460958", ""),
        ("+44 (0)20 7946 0958", "+442079460958", ""),
    ],
)
def test_a_phone_number_is_what_staff_can_dial_and_nothing_beside_it_is_lost(
    client: Client, sam: Client, typed: str, number: str, beside: str
) -> None:
    row = send(client, phone=typed)

    assert row.answer("phone") == {"number": number, "beside": beside}
    if SOAK or beside == "work":
        assert f'<a href="tel:{number}">' in sam.get(address(row)).text
    # Both that whole text and the last four digits find it.
    for what in (typed, number.partition(";")[0][-4:]):
        assert row.reference in sam.post(f"{QUEUE}find/", {"what": what}).text


@pytest.mark.parametrize(
    "typed",
    [
        *("555-0142", "call me", "605-555-014", "1605555014", "+1 605 555 014", "911", "-"),
        *("0605 555 0142 0", "1234567890123456", "+999 614 123 4567", "04/27/1950"),
    ],
)
def test_what_nobody_can_dial_is_told_and_kept(client: Client, typed: str) -> None:
    page = refused(client, phone=typed)

    assert "Enter a full phone number with the area code" in page
    assert f'value="{typed}"' in page


def test_only_staff_are_warned_of_a_number_that_no_list_knows(client: Client, sam: Client) -> None:
    odd, usual = send(client, phone="605-155-0142"), send(client, phone="605-555-0142")

    assert "it may be mistyped" in sam.get(address(odd)).text
    assert "it may be mistyped" not in sam.get(address(usual)).text


@pytest.mark.parametrize(
    "typed",
    [
        "ana@example.com",
        "ana@exam\u200bple.com",
        "\ufeffana@example.com\u200e ",
        "a\u00adna@example.com",
    ],
)
def test_an_address_is_taken_without_what_nobody_sees(
    client: Client, sam: Client, typed: str
) -> None:
    row = send(client, email=typed, email_ok="on")

    assert row.answer("email") == "ana@example.com"
    assert row.reference in sam.post(f"{QUEUE}find/", {"what": typed}).text


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Đặng Thị Ánh", ["Dang", "đặng thi anh", "DANG ANH"]),
        ("Wałęsa", ["walesa", "Wałęsa", "WAŁĘSA"]),
        ("Jens Sørensen", ["sorensen", "Sørensen jens"]),
        ("Işık Ægir Þórðardóttir", ["isik", "aegir", "thordardottir", "Þórðardóttir"]),
        ("Anna Weiß", ["weiss", "WEISS", "Weiß"]),
        ("J.R. Ewing", ["JR", "J.R.", "J. R. Ewing", "jr ewing", "J R"]),
        ("JR Ewing", ["JR", "J.R.", "J. R. Ewing"]),
        ("J. R. Ewing", ["JR", "J.R.", "jr ewing"]),
        ("O' Brien", ["O'Brien", "OBrien", "O’ Brien", "O`Brien", "o brien"]),
        ("Pat O'Brien", ["obrien", "O' Brien", "O Brien", "brien pat"]),
        ("Pat O Brien", ["O'Brien", "O’ Brien"]),
        ("Mary Smith-D’Angelo", ["smith", "dangelo", "D'Angelo-Smith", "Smith D’ Angelo"]),
        ("A\u200bna\u00ad Ló\u2060pez\ufeff", ["ana lopez", "An\u200da López"]),
        ("ＡＮＡ ﬁnn", ["ana", "finn"]),
    ],
)
def test_a_name_is_found_however_it_is_written(sam: Client, name: str, asked: list[str]) -> None:
    row = make_request(patient_name=name)
    make_request(patient_name="Somebody Else")

    for what in asked:
        found = sam.post(f"{QUEUE}find/", {"what": what}).text
        assert re.findall(r"VIS-\w{4}-\w{4}(?=</a>)", found) == [row.reference], what
