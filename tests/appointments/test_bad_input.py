"""Whatever a form is sent, the answer is clean, and nothing is lost without a word."""

import html
import json
import re
import socket
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest
from django import forms
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from appointments.choices import VisitDay
from appointments.forms.request import RequestForm
from appointments.models import AppointmentRequest
from appointments.tokens import read_attempt, status_token
from clinic_site.claims import readable
from clinic_site.phones import find_phone
from clinic_site.text import plain_text, visible
from tests.generated import (
    NAMES,
    OTHERS,
    PHONES,
    SOAK,
    WORST,
    as_bytes,
    as_multipart,
    as_urlencoded,
    content_types,
    many,
    odd_bodies,
    sent_answers,
)
from tests.make import INPUTS, form_answers, make_request
from tests.running import Site, Visitor, make_attempt

pytestmark = pytest.mark.on_postgresql

FORM = "/appointments/request/"
FIND = "/appointments/status/"
URLENCODED = "application/x-www-form-urlencoded"
BROWSER = Client()  # one, as a new one looks at each static file
TYPED = [  # in boxes that take any text
    name
    for name in [*INPUTS, "website"]
    if not RequestForm.base_fields.get(name)
    or isinstance(
        RequestForm.base_fields[name].widget, forms.TextInput | forms.EmailInput | forms.Textarea
    )
]


def post(path: str, body: bytes, content_type: str = URLENCODED) -> Any:
    """Send it as the server would pass it on; an exception in the site is one here."""
    answer = BROWSER.generic("POST", path, body, content_type=readable(content_type))
    assert answer.status_code in {200, 303, 400, 413}, answer.status_code
    if answer.status_code != 303:
        assert b"605-217-5617" in answer.content
    assert "Set-Cookie" not in answer
    return answer


def shown(page: str, name: str) -> str:
    """What stands in a field of a page."""
    found = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', page)
    if found:
        value = re.search(r'\bvalue="([^"]*)"', found[0])
        return html.unescape(value[1]) if value else ""
    area = re.search(rf'<textarea[^>]*\bname="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert area, name
    return html.unescape(area[1])


def _text(sent: QueryDict, name: str) -> str:
    return str(sent.get(name, ""))


def assert_nothing_is_lost(sent: QueryDict, answer: Any) -> str:
    """Either it is stored as it was typed, or a message stands over all of it. Say which."""
    if answer.status_code == 400:
        doubled = [name for name, values in sent.lists() if len(set(values)) > 1]
        assert [name for name in doubled if name != "visit_days"]
        return "refused"
    if answer.status_code == 303:
        assert_stored(sent)
        return "stored"
    page = answer.content.decode()
    if "<title>We have this already" not in page:  # as equal answers came before
        assert "There is a problem" in page or "Please check this" in page
        assert "<title>Error: " in page
    for name in TYPED:
        assert shown(page, name) == _text(sent, name), name
    attempt = read_attempt(_text(sent, "attempt"))
    assert not attempt or not AppointmentRequest.objects.filter(attempt=attempt).exists()
    return "told"


def assert_stored(sent: QueryDict) -> None:
    row = AppointmentRequest.objects.get(attempt=_text(sent, "attempt").partition(":")[0])
    for name in RequestForm.questions():
        field = RequestForm.base_fields[name]
        typed = plain_text(_text(sent, name))
        expected: Any = typed
        if name == "phone":
            phone = find_phone(typed)
            expected = phone and {"number": phone.number, "beside": phone.beside}
        elif name == "condition":  # chosen, not typed
            expected = typed if re.fullmatch("[a-z0-9-]{1,80}", _text(sent, name)) else ""
        elif isinstance(field, forms.EmailField):
            expected = plain_text(visible(_text(sent, name)))
        elif isinstance(field, forms.BooleanField):
            expected = _text(sent, name).lower() not in {"", "false"}
        elif isinstance(field, forms.MultipleChoiceField):
            expected = [day for day in VisitDay.values if day in sent.getlist(name)]
        elif isinstance(field, forms.MultiValueField):
            parts = [plain_text(_text(sent, f"{name}_{part}")) for part in ("year", "month", "day")]
            assert len([part for part in parts if part]) in {0, 1, 3}
            expected = row.answer(name) if any(parts) else ""  # see test_dates_of_birth
        assert (row.answer(name) or "") == (expected or ""), name
    assert (row.status == "quarantined") == bool(row.suspicion)
    assert (row.suspicion == "honeypot") == bool(plain_text(_text(sent, "website")))


@pytest.mark.django_db
def test_odd_forms_are_stored_as_typed_or_told() -> None:
    ends: Counter[str] = Counter()

    @many(1600)
    @given(sent_answers())
    def send(pairs) -> None:
        body = as_urlencoded(pairs)
        ends[assert_nothing_is_lost(QueryDict(body), post(FORM, body))] += 1

    send()
    assert min(ends["stored"], ends["told"]) > ends.total() / 6, ends
    assert ends["refused"], ends


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_each_field_is_tried_with_the_worst(name: str) -> None:
    for worst in WORST[NAMES.index(name) % (1 if SOAK else 3) :: 1 if SOAK else 3]:
        answers = {n: [str(v).encode()] for n, v in form_answers(make_attempt()).items()}
        answers[name] = [worst]
        body = as_urlencoded([(n.encode(), v) for n, [v] in answers.items()])
        assert_nothing_is_lost(QueryDict(body), post(FORM, body))


@pytest.mark.django_db
def test_multipart_forms_end_the_same() -> None:
    ends: Counter[str] = Counter()

    @many(300)
    @given(sent_answers())
    def send(pairs) -> None:
        pairs = [(re.sub(rb'["\\\r\n;%]', b"", name), value) for name, value in pairs]
        answer = post(FORM, as_multipart(pairs, b"xyz"), "multipart/form-data; boundary=xyz")
        sent = QueryDict(mutable=True)
        for name, value in pairs:
            sent.appendlist(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
        ends[assert_nothing_is_lost(sent, answer)] += 1

    send()
    assert min(ends["stored"], ends["told"]) > ends.total() / 6, ends


@pytest.mark.django_db
@many(400)
@given(body=odd_bodies, content_type=content_types)
def test_bodies_that_are_no_form_get_a_clean_answer(body: bytes, content_type: str) -> None:
    before = AppointmentRequest.objects.count()

    answer = post(FORM, body, content_type)

    assert AppointmentRequest.objects.count() - before == (answer.status_code == 303)
    if answer.status_code == 200:
        page = answer.content.decode()
        assert "There is a problem" in page or "Please check this" in page


@pytest.mark.django_db
@many(500)
@given(
    reference=st.one_of(as_bytes, st.just(b"VIS-7K3M-9RQF")),
    phone=st.one_of(as_bytes, st.sampled_from(PHONES).map(str.encode)),
    content_type=st.one_of(st.just(URLENCODED), st.just(URLENCODED), content_types),
    more=st.lists(st.tuples(st.sampled_from([b"reference", b"phone", b"x"]), as_bytes), max_size=1),
)
def test_odd_pairs_of_reference_and_phone(reference, phone, content_type, more) -> None:
    body = as_urlencoded([(b"reference", reference), (b"phone", phone), *more])

    answer = post(FIND, body, content_type)

    assert answer.status_code in {200, 400}
    if answer.status_code == 200 and content_type == URLENCODED:
        sent, page = QueryDict(body), answer.content.decode()
        assert "There is a problem" in page
        assert shown(page, "reference") == sent["reference"]
        assert shown(page, "phone") == _text(sent, "phone")


@pytest.mark.django_db
@many(200)
@given(text=as_bytes)
def test_odd_changes(text: bytes) -> None:
    asked = make_request()
    body = as_urlencoded([(b"text", text)])

    answer = post(f"{FIND}{status_token(asked.attempt)}/change/", body)

    typed = QueryDict(body)["text"]
    if answer.status_code == 303:
        asked = AppointmentRequest.objects.get(pk=asked.pk)
        assert asked.change_request == plain_text(typed)
    else:
        assert answer.status_code == 200
        assert shown(answer.content.decode(), "text") == typed


@pytest.mark.parametrize("text", OTHERS)
def test_cleaned_text_stays_as_it_is(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)


# What only a real server can be sent.


def test_20_megabytes_get_a_clean_413(visitor: Visitor) -> None:
    answer = visitor.post(FORM, b"message=" + b"x" * (20 * 1024 * 1024))

    assert answer.status == 413
    assert "605-217-5617" in answer.words


def test_too_many_fields_get_a_clean_400(visitor: Visitor) -> None:
    answer = visitor.post(FORM, b"&".join(b"a%d=1" % n for n in range(3000)))

    assert answer.status == 400
    assert "605-217-5617" in answer.words


@pytest.mark.parametrize("path", ["/", "/search/?q=bone", "/contact/", FORM, FIND])
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain; charset=rot13",
        "text/plain; charset=hex",
        "text/plain; charset*=rot13''x",
        "text/plain; charset*=nope''x",
        "text/plain; charset*=idna''%ff",
        "text/plain; charset=unicode_escape",
    ],
)
def test_no_page_breaks_on_the_name_of_an_encoding(visitor, path: str, content_type: str) -> None:
    for answer in (
        visitor.get(path, Content_Type=content_type),
        visitor.post(path, b"patient_name=%5Cud800", Content_Type=content_type),
    ):
        assert answer.status in {200, 400, 405}
        assert answer.status == 405 or "605-217-5617" in answer.words


def test_json_is_no_form(visitor: Visitor, site: Site) -> None:
    body = json.dumps(form_answers(site.attempt())).encode()

    assert visitor.post(FORM, body, Content_Type="application/json").status == 400


def test_a_file_in_place_of_an_answer_is_refused(site: Site, visitor: Visitor) -> None:
    pairs = [(n.encode(), str(v).encode()) for n, v in form_answers(site.attempt()).items()]
    body = as_multipart([*pairs, (b'message"; filename="m.txt', b"My words")], b"x")

    answer = visitor.post(FORM, body, Content_Type="multipart/form-data; boundary=x")

    assert answer.status == 400


@pytest.mark.parametrize("content_type", [URLENCODED, "multipart/form-data; boundary=x"])
def test_half_a_form_from_a_line_that_broke_is_not_stored(site: Site, content_type: str) -> None:
    attempt = site.attempt()
    answers = form_answers(attempt, message=attempt + "x" * 1000)
    pairs = [(name.encode(), str(value).encode()) for name, value in answers.items()]
    body = as_urlencoded(pairs) if content_type == URLENCODED else as_multipart(pairs, b"x")
    host = urlsplit(site.address)
    head = (
        f"POST {FORM} HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.hostname, host.port), timeout=20) as line:
        line.sendall(head.encode() + body[:-500])
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")
    count = f"print(R.objects.filter(attempt='{attempt.partition(':')[0]}').count())"
    assert site.shell(count) == "0"
    assert Visitor(site.address).post(FORM, body, Content_Type=content_type).status == 303


@pytest.mark.django_db
def test_the_same_value_twice_is_one_value() -> None:
    body = QueryDict(mutable=True)
    body.update(form_answers(make_attempt(), visit_days="mon"))
    body.appendlist("patient_name", "Ana María López")
    body.appendlist("visit_days", "mon")

    assert post(FORM, body.urlencode().encode()).status_code == 303
    assert AppointmentRequest.objects.get().answer("visit_days") == ["mon"]
