"""A patient looks after their own request, over HTTP on the running site."""

import concurrent.futures
import re
import uuid

import pytest

from tests.appointments.office import FIND, NEXT_YEAR, SUMMER_VISIT, Patient
from tests.running import Answer, Site, Visitor

pytestmark = pytest.mark.sqlite_first

PHONE = "(605) 555-0142"
CANNOT_FIND = "We cannot find a request with this reference and this phone number."


@pytest.fixture
def patient(site: Site) -> Patient:
    return Patient(site)


def find(visitor: Visitor, reference: str, phone: str, **headers: str) -> Answer:
    return visitor.post(FIND, {"reference": reference, "phone": phone}, **headers)


def assert_keeps_to_itself(answer: Answer) -> None:
    answer.assert_valid_html()
    assert "605-217-5617" in answer.words
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "csrfmiddlewaretoken" not in answer.text
    assert len(re.findall(r"<h1[ >]", answer.text)) == 1


def test_the_confirmation_leads_to_a_page_that_shows_nothing_typed(site: Site) -> None:
    patient = Patient(site, message="Marked message", email="marked@example.com")

    page = patient.get(patient.page)

    assert page.status == 200
    assert_keeps_to_itself(page)
    assert "We have your request" in page.words
    assert patient.reference in page.words
    assert "What happens next" in page.words
    for typed in ("López", "0142", "Marked", "marked"):
        assert typed not in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    # The token is in no address that another page's log could show as where it came from.
    assert '<meta name="referrer" content="no-referrer">' in page.text
    assert '<meta name="referrer" content="no-referrer">' in patient.confirmation.text
    assert patient.reference not in patient.page


@pytest.mark.parametrize(
    "written",
    [str, str.lower, lambda r: r[4:].replace("-", " "), " {} ".format, "Reference: {}.".format],
)
def test_reference_and_phone_lead_there_however_they_are_written(patient, written) -> None:
    answer = find(patient, written(patient.reference), "1 605.555.0142")

    assert answer.status == 303
    assert answer.headers["Location"] == patient.page
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert patient.get(answer.headers["Location"]).status == 200


def test_a_number_with_an_extension_is_found_with_and_without_it(site: Site) -> None:
    patient = Patient(site, phone="605 555 0142 ext 12")

    for phone in ("605 555 0142 ext 12", PHONE):
        assert find(patient, patient.reference, phone).status == 303


def without_what_was_typed(answer: Answer) -> str:
    return re.sub(r'value="[^"]*"', "", answer.text)


def test_nobody_can_tell_what_is_wrong_with_a_pair(patient: Patient) -> None:
    wrong = [
        find(patient, patient.reference, "605-555-0199"),  # a request, but not this number
        find(patient, "VIS-2222-2222".replace("2", "3"), PHONE),  # no such request
        find(patient, "VIS-4444-4444", "605-555-0199"),
    ]

    for answer in wrong:
        assert answer.status == 200
        assert_keeps_to_itself(answer)
        assert "<title>Error: Check your request" in answer.text
        assert 'role="alert"' in answer.text
        assert answer.words.count(CANNOT_FIND) == 1
        assert "After several tries, wait an hour, or call us at 605-217-5617." in answer.words
    assert len({without_what_was_typed(answer) for answer in wrong}) == 1
    assert wrong[0].value_of("reference") == patient.reference
    assert wrong[0].value_of("phone") == "605-555-0199"


MISTAKES = {
    "nothing": ("", "", ["Enter your reference.", "Enter the phone number you gave us."]),
    "no reference": ("my back", PHONE, ["Enter your reference as we gave it to you"]),
    "no number": ("VIS-7K3M-9RQF", "call me", ["Enter a full phone number"]),
}


@pytest.mark.parametrize(("reference", "phone", "told"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_at_its_field(visitor, reference, phone, told) -> None:
    answer = find(visitor, reference, phone)

    assert answer.status == 200
    assert_keeps_to_itself(answer)
    assert "<title>Error: " in answer.text
    for message in told:
        assert answer.words.count(message) == 2  # in the summary, and at the field
    assert answer.value_of("reference") == reference


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_another_sites_form_changes_nothing(patient: Patient, headers) -> None:
    found = find(patient, patient.reference, PHONE, **headers)
    cancelled = patient.post(patient.page + "cancel/", {}, **headers)
    changed = patient.post(patient.page + "change/", {"text": "Mine <now>"}, **headers)

    for answer in (found, cancelled, changed):
        assert answer.status == 200
        assert "send it once more" in answer.words
        assert_keeps_to_itself(answer)
    assert "Mine &lt;now&gt;" in changed.text
    assert patient.row("print(r.status, repr(r.change_request))") == "new ''"


def test_after_ten_wrong_tries_a_sender_waits_an_hour(patient: Patient, site: Site) -> None:
    for _n in range(10):
        guess = "VIS-" + "-".join(uuid.uuid4().hex[:4].translate(HEX) for _half in "ab")
        assert CANNOT_FIND in find(patient, guess, PHONE).words

    assert CANNOT_FIND in find(patient, patient.reference, PHONE).words
    patient.ip = "203.0.113.9"  # someone else is not kept waiting
    assert find(patient, patient.reference, PHONE).status == 303


HEX = str.maketrans("0123456789abcdef", "234679CDFGHJKMNP")


def test_after_ten_wrong_tries_for_a_reference_everyone_waits_but_the_link_works(
    patient: Patient,
) -> None:
    for n in range(10):
        patient.ip = f"198.51.100.{n}"
        assert CANNOT_FIND in find(patient, patient.reference, f"605-555-02{n:02}").words
    patient.ip = "198.51.100.200"

    assert CANNOT_FIND in find(patient, patient.reference, PHONE).words
    assert patient.get(patient.page).status == 200


def test_a_visit_is_shown_in_the_clinics_time_and_can_be_kept_in_a_calendar(patient) -> None:
    assert patient.get(patient.page + "visit.ics").status == 404
    patient.becomes(
        "scheduled",
        visit_at=SUMMER_VISIT,
        visit_minutes=45,
        visit_place="Suite 2; 1 Main St, floor \\ 3",
    )

    page = patient.get(patient.page)

    assert_keeps_to_itself(page)
    assert "Your visit is set" in page.words
    assert f"{SUMMER_VISIT:%A}, July 6, {NEXT_YEAR}" in page.words
    assert "2:30 PM to 3:15 PM, Central time (CDT)" in page.words
    assert "Suite 2; 1 Main St, floor \\ 3" in page.words
    assert patient.page + "visit.ics" in page.links()
    file = patient.get(patient.page + "visit.ics")
    assert file.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert file.headers["Content-Disposition"] == 'attachment; filename="visit.ics"'
    assert file.headers["Cache-Control"] == "no-store"
    assert f"\r\nDTSTART:{NEXT_YEAR}0706T193000Z\r\nDTEND:{NEXT_YEAR}0706T201500Z\r\n" in file.text
    assert "\r\nSUMMARY:Appointment\r\n" in file.text
    assert "605-217-5617" in file.text
    for telling in ("Vascular", "VIS", "López", patient.reference[4:]):
        assert telling not in file.text.partition("LOCATION")[0]


def test_a_change_reaches_staff_and_the_page_says_so(patient: Patient) -> None:
    answer = patient.post(patient.page + "change/", {"text": "Could it be <Tuesday>?"})

    assert answer.status == 303
    assert answer.headers["Location"] == patient.page
    page = patient.get(patient.page)
    assert "You asked for a change on" in page.words
    assert "We have what you wrote." in page.words
    assert "Tuesday" not in page.text
    assert patient.row("print(r.change_request)") == "Could it be <Tuesday>?"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Write what you would like to change."),
        (" \n\u202e ", "Write what you would like to change."),
        ("x" * 1001, "Shorten “What would you like to change?” to 1,000 characters. It has 1,001."),
    ],
    ids=["empty", "nothing to see", "long"],
)
def test_a_change_that_cannot_be_taken_is_shown_again(patient, text: str, told: str) -> None:
    answer = patient.post(patient.page + "change/", {"text": text})

    assert answer.status == 200
    assert_keeps_to_itself(answer)
    assert "<title>Error: " in answer.text
    assert answer.words.count(told) == 2
    assert text in answer.text
    assert patient.row("print(r.change_requested_at)") == "None"


def test_a_request_can_be_cancelled_once_it_was_asked(patient: Patient) -> None:
    question = patient.get(patient.page + "cancel/")
    assert_keeps_to_itself(question)
    assert "Cancel your request?" in question.words
    assert patient.row("print(r.status)") == "new"

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _n: patient.post(patient.page + "cancel/", {}), range(12)))

    assert {(each.status, each.headers["Location"]) for each in answers} == {(303, patient.page)}
    page = patient.get(patient.page)
    assert_keeps_to_itself(page)
    assert "You canceled this request" in page.words
    assert "/appointments/request/" in page.links()
    assert "<form" not in page.text
    done = "print(r.status, [(c.from_status, c.to_status) for c in r.changes.all()])"
    assert patient.row(done) == "cancelled [('', 'new'), ('new', 'cancelled')]"
    again = patient.get(patient.page + "cancel/")
    assert (again.status, again.headers["Location"]) == (303, patient.page)


def test_a_change_to_a_request_that_ended_is_told_and_still_there(patient: Patient) -> None:
    patient.becomes("closed", close_reason="not_reached")

    answer = patient.post(patient.page + "change/", {"text": "Please call after five"})

    assert answer.status == 200
    assert "This request has ended. Call us, or send a new one." in answer.words
    assert "Please call after five" in answer.words
    assert "<form" not in answer.text  # it could never be sent
    assert "/appointments/request/" in answer.links()
    page = patient.get(patient.page)
    assert "This request is closed" in page.words
    assert "We tried to reach you and could not. Please call us." in page.words
    assert find(patient, patient.reference, PHONE).status == 303


@pytest.mark.parametrize("rest", ["", "visit.ics", "cancel/", "change/"])
def test_a_forged_link_helps_and_opens_nothing(patient: Patient, rest: str) -> None:
    token = patient.page.removeprefix(FIND).strip("/")
    other = token[:-1] + ("a" if token[-1] != "a" else "b")
    for forged in ("forged", other, "%ff%00"):
        answer = patient.get(f"{FIND}{forged}/{rest}")
        assert answer.status == 404
        assert_keeps_to_itself(answer)
        assert "We cannot find this request" in answer.words
        assert FIND in answer.links()
    received = patient.confirmation.url.rstrip("/").rpartition("/")[2]
    assert patient.get(f"{FIND}{received}/{rest}").status == 404


def test_addresses_that_act_are_read_by_get_without_acting(patient: Patient) -> None:
    for path in (patient.page, patient.page + "cancel/", patient.page + "change/"):
        patient.get(path)

    assert patient.row("print(r.status, r.version)") == "new 1"
    assert patient.post(patient.page, {}).status == 405
    assert patient.post(patient.page + "visit.ics", {}).status == 405
