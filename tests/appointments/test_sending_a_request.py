"""A patient sends a request over HTTP to the running site."""

import concurrent.futures
import json
import re

import pytest

from tests.make import form_answers
from tests.running import Answer, Visitor

FORM = "/appointments/request/"


def open_form(visitor: Visitor) -> str:
    """Open the form and return its attempt."""
    return visitor.get(FORM).value_of("attempt")


def send(visitor: Visitor, **answers: object) -> Answer:
    """Open the form and send these answers beside the required ones."""
    return visitor.post(FORM, {**form_answers(open_form(visitor)), **answers})


def reference_after(visitor: Visitor, answer: Answer) -> str:
    """Follow an accepted answer to its confirmation and return the reference shown."""
    assert answer.status == 303, answer.words
    confirmation = visitor.get(answer.headers["Location"])
    assert confirmation.status == 200
    reference = re.search(r"VIS-[0-9A-Z]{4}-[0-9A-Z]{4}", confirmation.words)
    assert reference
    return reference[0]


def test_a_request_is_confirmed_with_a_reference_and_what_happens_next(visitor: Visitor) -> None:
    answer = send(visitor, condition="spinal-compression-fractures", message="It hurts.")

    confirmation = visitor.get(answer.headers["Location"])
    confirmation.assert_valid_html()
    assert "VIS-" in confirmation.words
    assert "What happens next" in confirmation.words
    assert "605-217-5617" in confirmation.words
    assert confirmation.words.index("call 911") < confirmation.words.index("VIS-")
    assert "López" not in confirmation.text
    assert "Spinal" not in confirmation.words
    assert confirmation.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "Set-Cookie" not in confirmation.headers


def test_the_form_may_be_kept_until_it_holds_what_someone_typed(visitor: Visitor) -> None:
    empty = visitor.get(FORM)
    filled = send(visitor, phone="")

    assert empty.headers["Cache-Control"] == "private, no-cache"
    assert "new tab" not in empty.words
    assert filled.headers["Cache-Control"] == "no-store"
    links = re.findall(r'<a [^>]*href="/[^>]*>.*?</a>', filled.text, re.DOTALL)
    assert len(links) > 6
    for link in links:
        assert 'target="_blank"' in link
        assert "(opens in a new tab)" in link
    assert "Links on this page open in a new tab" in filled.words


def test_every_answer_reaches_the_database(visitor: Visitor, site) -> None:
    answer = send(
        visitor,
        attempt=site.attempt(),
        kind="question",
        asking_for="on",
        contact_name="Jo O'Neil-Smythe",
        patient_name="李小龍 <b>{{ 7*7 }}</b>'; DROP TABLE x; --",
        date_of_birth_month="Feb",
        date_of_birth_day="29",
        date_of_birth_year="1948",
        phone="605.555.0142 ext 12 at work",
        voicemail_ok="on",
        email="jo@example.com",
        email_ok="on",
        contact_by="email",
        patient_status="new",
        condition="spinal-compression-fractures",
        visit_days=["mon", "thu"],
        visit_time="morning",
        interpreter_language="中文",
        access_needs="A wheelchair",
        message="Line one\r\nLine two",
    )
    reference = reference_after(visitor, answer)

    stored = json.loads(
        site.shell(
            f"import json; r = R.objects.get(reference='{reference}');"
            "print(json.dumps({n: [a.value, a.words] for n, a in r.answers.items()}))"
        )
    )
    phone = {"number": "+16055550142;ext=12", "beside": "at work"}
    name = "李小龍 <b>{{ 7*7 }}</b>'; DROP TABLE x; --"
    condition = ["spinal-compression-fractures", "Spinal compression fractures"]
    assert stored == {
        "kind": ["question", "An answer to a question"],
        "condition": condition,
        "patient_name": [name, name],
        "phone": [phone, "605-555-0142 ext. 12 (at work)"],
        "voicemail_ok": [True, "Yes"],
        "email": ["jo@example.com", "jo@example.com"],
        "email_ok": [True, "Yes"],
        "asking_for": [True, "Yes"],
        "contact_name": ["Jo O'Neil-Smythe", "Jo O'Neil-Smythe"],
        "message": ["Line one\nLine two", "Line one\nLine two"],
        "date_of_birth": ["1948-02-29", "Feb. 29, 1948"],
        "contact_by": ["email", "Email"],
        "patient_status": ["new", "No, this is the first time"],
        "visit_days": [["mon", "thu"], "Monday, Thursday"],
        "visit_time": ["morning", "Morning"],
        "interpreter_language": ["中文", "中文"],
        "access_needs": ["A wheelchair", "A wheelchair"],
    }


def test_a_second_click_shows_the_same_confirmation(visitor: Visitor) -> None:
    answers = form_answers(open_form(visitor))

    first, second = visitor.post(FORM, answers), visitor.post(FORM, answers)

    assert reference_after(visitor, first) == reference_after(visitor, second)


def test_many_clicks_at_once_make_one_request(visitor: Visitor, site) -> None:
    answers = form_answers(open_form(visitor))

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        sent = list(pool.map(lambda _n: visitor.post(FORM, answers), range(50)))

    assert [answer.status for answer in sent] == [303] * 50
    assert len({answer.headers["Location"] for answer in sent}) == 1
    attempt = answers["attempt"].partition(":")[0]
    assert site.shell(f"print(R.objects.filter(attempt='{attempt}').count())") == "1"


def test_other_words_under_a_used_attempt_are_told_and_kept(visitor: Visitor) -> None:
    attempt = open_form(visitor)
    reference_after(visitor, visitor.post(FORM, form_answers(attempt)))

    again = visitor.post(FORM, form_answers(attempt, message="My knee hurts too"))

    assert again.status == 200
    assert "You have sent this form before, with other words" in again.words
    assert "My knee hurts too" in again.text
    fresh = again.value_of("attempt")
    assert fresh != attempt
    reference_after(visitor, visitor.post(FORM, form_answers(fresh, message="My knee hurts too")))


def test_a_page_left_open_for_two_days_still_sends(visitor: Visitor, site) -> None:
    answer = send(visitor, attempt=site.attempt(), message="At last")

    reference = reference_after(visitor, answer)
    stored = f"r = R.objects.get(reference='{reference}'); print(r.status, r.answer('message'))"
    assert site.shell(stored) == "new At last"


@pytest.mark.parametrize("attempt", ["", "forged", "0" * 32 + ":1:x"])
def test_a_forged_attempt_gets_the_form_again_filled(visitor: Visitor, attempt: str) -> None:
    message = f"Please call {open_form(visitor)}"
    answer = visitor.post(FORM, form_answers(attempt, message=message))

    assert answer.status == 200
    assert "send it once more" in answer.words
    assert "Please call" in answer.text
    answers = form_answers(answer.value_of("attempt"), message=message)
    reference_after(visitor, visitor.post(FORM, answers))


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_another_sites_form_is_not_taken(visitor: Visitor, headers: dict[str, str]) -> None:
    answer = visitor.post(FORM, form_answers(open_form(visitor)), **headers)

    assert answer.status == 200
    assert "López" in answer.text


def test_the_form_arrives_with_the_condition_chosen(visitor: Visitor) -> None:
    page = visitor.get("/conditions/spinal-compression-fractures/")
    way = "/appointments/request/?condition=spinal-compression-fractures"
    assert way in page.links()

    form = visitor.get(way)

    assert re.search(r'<option value="spinal-compression-fractures" selected>', form.text)
    assert visitor.get(FORM + "?condition=no-such").status == 200


MISTAKES = {
    "nothing": ({"kind": "", "patient_name": "", "phone": ""}, "Choose what you would like"),
    "only spaces": ({"patient_name": "   "}, "Enter the patient's full name"),
    "zero width": ({"patient_name": "\u200b\u200b"}, "Enter the patient's full name"),
    "no address": ({"email_ok": "on"}, "Enter the email address for the mails"),
    "invisible": ({"patient_name": "\u202e\u2066"}, "Enter the patient's full name"),
    "letters": ({"phone": "call me"}, "Enter a full phone number"),
    "short phone": ({"phone": "555-0142"}, "Enter a full phone number"),
    "email": ({"email": "not an address"}, "Enter an email address such as"),
    "email wanted": (
        {"contact_by": "email"},
        "Enter an email address, or choose an answer by phone",
    ),
    "30 February": (
        {"date_of_birth_month": "2", "date_of_birth_day": "30", "date_of_birth_year": "1950"},
        "there is no such date",
    ),
    "1850": (
        {"date_of_birth_month": "1", "date_of_birth_day": "1", "date_of_birth_year": "1850"},
        "Check the year of birth",
    ),
    "future": (
        {"date_of_birth_month": "1", "date_of_birth_day": "1", "date_of_birth_year": "2999"},
        "it is in the future",
    ),
    "question": ({"kind": "question", "message": " "}, "Write your question"),
    "for whom": ({"asking_for": "on"}, "Enter your own name too"),
    "no name": ({"contact_name": "?"}, "Check “Your own name”: it has no letters."),
    "unseen name": ({"patient_name": "\u3164\u2800"}, "Enter the patient's full name"),
    "short year": (
        {"date_of_birth_month": "1", "date_of_birth_day": "1", "date_of_birth_year": "50"},
        "Enter the year of birth with all four digits",
    ),
    "half a date": ({"date_of_birth_month": "4"}, "Enter the day of birth too"),
    "word for month": (
        {"date_of_birth_month": "Spring", "date_of_birth_day": "1", "date_of_birth_year": "1950"},
        "Enter the month of birth as a number or a name",
    ),
    "long message": ({"message": "x" * 2001}, "to 2,000 characters. It has 2,001."),
    "long name": ({"patient_name": "x" * 201}, "Shorten “Patient's full name” to 200 characters"),
    "unknown kind": ({"kind": "gift"}, "Choose what you would like"),
    "unknown day": ({"visit_days": ["mon", "sun"]}, "Choose days from the list"),
}


@pytest.mark.sqlite_first
@pytest.mark.parametrize(("answers", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_and_nothing_typed_is_lost(
    visitor: Visitor, answers: dict[str, object], message: str
) -> None:
    typed = {"access_needs": "A quiet <room> & time", "interpreter_language": "Español"}

    answer = send(visitor, **{**typed, **answers})

    assert answer.status == 200
    answer.assert_valid_html()
    assert "There is a problem" in answer.words
    assert answer.words.count(message) == 2  # in the summary, and at the field
    assert "<title>Error: " in answer.text
    assert "A quiet &lt;room&gt; &amp; time" in answer.text
    assert "Español" in answer.text
    for link in answer.links():
        if link.startswith("#"):
            assert f'id="{link[1:]}"' in answer.text
    for names in re.findall(r'aria-describedby="([^"]+)"', answer.text):
        for name in names.split():
            assert f'id="{name}"' in answer.text, name
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"patient_name=%ff%fe%00&phone=%80",
        b"\xff\xfe\x00" * 50,
        b"kind=appointment&kind=question&phone=a&phone=b",
        b"&".join(b"a%d=1" % n for n in range(3000)),
        b"message=" + b"x" * 400_000,
    ],
    ids=["empty", "bad bytes", "no form", "several values", "many fields", "too large"],
)
def test_a_broken_body_gets_a_clean_answer(visitor: Visitor, body: bytes) -> None:
    answer = visitor.post(FORM, body)

    assert answer.status in {200, 400, 413}
    assert "605-217-5617" in answer.words


def test_the_list_of_what_is_wrong_follows_the_page(visitor: Visitor, site) -> None:
    form = visitor.get("/appointments/request/")
    wrong = {"kind": "", "patient_name": "", "phone": "", "message": "x" * 2001, "email": "no"}
    page = visitor.post(
        "/appointments/request/", form_answers(form.value_of("attempt"), **wrong)
    ).text

    linked = re.findall(r'<li><a href="#(id_\w+)">', page)
    assert linked == ["id_kind_0", "id_patient_name", "id_phone", "id_email", "id_message"]
    places = [page.index(f'id="{name}"') for name in linked]
    assert places == sorted(places)


def test_a_wrong_date_marks_all_three_of_its_inputs(visitor: Visitor, site) -> None:
    form = visitor.get("/appointments/request/")
    date = {"date_of_birth_month": "2", "date_of_birth_day": "30", "date_of_birth_year": "1950"}
    page = visitor.post(
        "/appointments/request/", form_answers(form.value_of("attempt"), **date)
    ).text

    inputs = re.findall(r"<input[^>]*date_of_birth[^>]*>", page)
    assert ["aria-invalid" in each for each in inputs] == [True, True, True]
