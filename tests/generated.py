"""What is generated: how many examples, and what a form might be sent that no one meant.

A sample in `make test`; all of it in `make soak`, which sets SOAK.
"""

import os
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from appointments.choices import VisitDay
from tests.make import INPUTS, form_answers
from tests.running import make_attempt

SOAK = "SOAK" in os.environ


def many(examples: int, *, sample: int = 20) -> settings:
    """So many examples, the same in each run, so that a red run can be run again."""
    return settings(
        max_examples=examples if SOAK else min(examples, sample),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


SURROGATE = b"\xed\xa0\x80"  # half of a character, which UTF-8 does not have
OTHERS = [
    *(
        "",
        " ",
        "\t \r\n",
        "\u00a0\u2003",
        "\u200b",
        "\u202e\u2066",
        "\x00",
        "\x1b[31m\x07",
        "\ufeff",
    ),
    *("Ana\x00 \u202eMaría", "e\x00\u0301", "\u0301", "Z" + "\u0300" * 300, "\U0001f3e5" * 60),
    *("李小龍", "Ωμέγα", "محمد", "दीपिका", "ᏣᎳᎩ", "\u2028line\u2029", "a\r\nb\rc\nd", "\n\nfirst"),
    *("'; DROP TABLE appointments_appointmentrequest; --", "1 OR 1=1", "\\'", '"', "%s%n", "%00"),
    *("<script>alert(1)</script>", "</textarea><b>", "<!--", "&amp;&lt;", "]]>", "${7*7}", "=1+1"),
    *("{{ settings.SECRET_KEY }}", "{% debug %}", "{% endblock %}", "../../etc/passwd", "None"),
    *(word * n for word in ("x", "é", " ") for n in (99, 100, 101, 200, 201, 500, 501, 2000, 2001)),
]
WORST = [
    *(b"\x00", b"a\x00b", SURROGATE, b"\xff\xfe", "\u202e".encode(), b'"\x01"@example.com'),
    *(b"x" * 5000, b"</textarea>{{ 7 }}", "\u0662".encode(), b" ", b""),
]
DATES = [
    *("0", "1", "2", "02", "13", "28", "29", "30", "31", "32", "-1", "4.5", "1e3", "May", "٢", "२"),
    *("²", "１９５０", "50", "1850", "1899", "1950", "1951", "2024", "2999", "99999", "9" * 20),
    *("9" * 21, "0000", "0001950", " 4 ", "4\x00"),
]
PHONES = [
    *("605-555-0142", "+1 605 555 0142", "605 555 0142 x7", "605.555.0142 ext. 123456789"),
    *("call me", "1-800-FLOWERS", "555-0142", "911", "+44 20 7946 0958", "+999 123", "0" * 30),
    *(
        "٦٠٥٥٥٥٠١٤٢",
        "６０５５５５０１４２",
        "6055550142\x00",
        "\u202a605-555-0142\u202c",
        "+" * 300,
    ),
    *("tel:+16055550142", "605-555-0142;ext=7", "605-555-0142;phone-context=x", "/", "9" * 251),
]
EMAILS = [
    *("a@example.com", " a@example.com ", "a@b", "@", "a@example.com\x00", '"\x01"@example.com'),
    *("a@exämple.com", "a@\u202eexample.com", "é@example.com", "a@[127.0.0.1]", "a,b@example.com"),
    *("a@example.com\r\nBcc: b@example.com", "x" * 250 + "@example.com", "a@" + "b." * 120 + "com"),
]
NAMES = ["attempt", *INPUTS, "website"]
SAID = ["appointment", "question", "phone", "email", "new", "returning"]
SAID += ["unsure", "any", "morning", "on", "False", "spinal-compression-fractures", "mon", "sun"]

as_bytes = st.one_of(
    st.sampled_from([*OTHERS, *DATES, *PHONES, *EMAILS, *SAID]).map(str.encode),
    st.text(max_size=40).map(str.encode),
    st.binary(max_size=20),
    st.binary(max_size=5).map(lambda rest: b"a" + SURROGATE + rest),
)


def often(value: bytes, *others: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """This value every second time, as else hardly anything would be taken."""
    return st.booleans().flatmap(lambda fits: st.just(value) if fits else st.one_of(*others))


def _apt(name: str) -> st.SearchStrategy[bytes]:
    """Values that nearly fit a field, or anything."""
    near: dict[str, list[str]] = {
        "phone": PHONES,
        "email": EMAILS,
        "visit_days": list(VisitDay.values),
    }
    if name.startswith("date_of_birth"):
        near[name] = DATES
    if name == "attempt":
        return st.sampled_from([b"", b"forged", (b"0" * 32) + b":1:x", b"\x00", SURROGATE])
    fitting = st.sampled_from(near[name]).map(str.encode) if name in near else as_bytes
    return st.one_of(fitting, fitting, as_bytes)


Pairs = list[tuple[bytes, bytes]]


@st.composite
def sent_answers(draw: st.DrawFn) -> Pairs:
    """What arrives: what a browser sends, with some fields other, missing, doubled or unknown."""
    attempt = make_attempt()
    answers: dict[str, list[bytes]] = {
        name: [str(value).encode()] for name, value in form_answers(attempt).items()
    }
    # One attempt in ten is not ours; else every second body would stop there.
    names = NAMES if draw(st.integers(0, 9)) == 0 else [n for n in NAMES if n != "attempt"]
    for name in draw(st.lists(st.sampled_from(names), max_size=5, unique=True)):
        many = draw(st.sampled_from([1, 1, 1, 1, 1, 1, 1, 1, 0, 2]))
        if name == "visit_days":
            many = draw(st.integers(0, 4))
        answers[name] = [draw(_apt(name)) for _one in range(many)]
    if draw(st.integers(0, 19)) == 0:
        answers[draw(st.text(max_size=10))] = [draw(as_bytes)]
    return [
        (name.encode("utf-8", "replace"), value) for name, each in answers.items() for value in each
    ]


def as_urlencoded(pairs: Pairs) -> bytes:
    """The body of an ordinary form."""
    return b"&".join(
        f"{quote_from_bytes(name)}={quote_from_bytes(value)}".encode() for name, value in pairs
    )


def as_multipart(pairs: Pairs, boundary: bytes) -> bytes:
    """The body of a multipart form; nothing is escaped."""
    head = b'\r\nContent-Disposition: form-data; name="'
    parts = [b"--" + boundary + head + name + b'"\r\n\r\n' + value for name, value in pairs]
    return b"\r\n".join([*parts, b"--" + boundary + b"--", b""])


BOUNDARIES = [b"x", b"--", b"a b", b"-" * 70, b"x'()+_,-./:=?", b'"x"', b"", b"\xff", b"x" * 500]
CONTENT_TYPES = [
    *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16"),
    *("application/x-www-form-urlencoded; charset=rot13", "multipart/form-data"),
    *("multipart/form-data; boundary=x; charset=unicode_escape", "application/json", "text/plain"),
    *("multipart/form-data; boundary=x; charset=hex", "multipart/form-data; boundary=y"),
    *("multipart/form-data; boundary=x; charset=utf-7", "multipart/form-data; boundary=x", "", "é"),
    *("multipart/mixed; boundary=x", "APPLICATION/X-WWW-FORM-URLENCODED;charset=UTF-8", ";;;"),
]

content_types = st.one_of(
    st.sampled_from(CONTENT_TYPES),
    st.sampled_from(BOUNDARIES).map(
        lambda boundary: "multipart/form-data; boundary=" + boundary.decode("latin-1")
    ),
)

odd_bodies = st.one_of(
    st.binary(max_size=300),
    sent_answers().map(as_urlencoded).map(lambda body: body.decode().encode("utf-16")),
    sent_answers().map(as_urlencoded),
    st.builds(as_multipart, sent_answers(), st.sampled_from([b"x", *BOUNDARIES])),
    st.sampled_from([b'{"patient_name": "Ana"}', b"[]", b"null", b"\x00" * 100, b"&" * 1000, b"="]),
)
