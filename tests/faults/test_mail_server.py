"""The mail server is away, refuses, is slow or never comes to an end: the site goes on, no mail is lost."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.serving import FORM, Crowd, serving_with_worker, tell, until
from tests.running import Installation, free_port, install
from tests.smtp_sink import ORDINARY, TRICKLE, smtp_sink

pytestmark = pytest.mark.on_sqlite

STAFF = """
from tests.appointments.office import make_desk
make_desk("desk", "new_request")
"""
FRONT_PAGE = """
from clinic_site.todo import open_todo
print(*(task.text for task in open_todo(bool)), sep="|")
"""
EMAIL = {"email": "ana@home.example", "email_ok": "on"}  # so each request has two mails
REFUSALS = {
    "SMTPConnectError 421": ("CONNECT", "421 busy"),
    "SMTPRecipientsRefused 550": ("RCPT", "550 nobody here"),
    "SMTPDataError 554": ("DATA", "554 no"),
}


@pytest.fixture(scope="module")
def port() -> int:
    """Where the site looks for the mail server."""
    return free_port()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, port: int) -> Installation:
    site = install(tmp_path_factory.mktemp("mail") / "var")
    site.environment.update(EMAIL_URL=f"smtp://127.0.0.1:{port}", MAIL_SECONDS="1")
    site.shell(STAFF)
    return site


@pytest.fixture(scope="module")
def address(site: Installation) -> Iterator[str]:
    """The running site."""
    with serving_with_worker(site) as address:
        yield address


def mails(site: Installation) -> Counter[tuple[str, str]]:
    """How many stand in each state, with each fault."""
    return Counter(site.sql("SELECT state, fault FROM clinic_site_outboxmessage"))


def try_again(site: Installation) -> None:
    """Let the time pass until what was not sent is tried once more."""
    site.sql("UPDATE clinic_site_outboxmessage SET due_at = '2026-01-01' WHERE state = 'waiting'")


def test_refused_in_whatever_way_mail_waits_and_goes_out_in_the_end(
    site: Installation, address: str, port: int
) -> None:
    # Given people who read, and one who sends while no mail server is there,
    crowd = Crowd(address)
    crowd.look_at("/", FORM)
    crowd.be_heard("Nobody is there", **EMAIL)
    until(lambda: mails(site) == {("waiting", "ConnectionRefusedError"): 2}, "not tried")
    # then that is told, at once and louder after a while,
    assert "mail       2 waiting, 0 given up" in site.manage("status").stdout
    site.sql("UPDATE clinic_site_outboxmessage SET created_at = '2026-01-01'")
    assert "mail       2 waiting (2 late), 0 given up" in site.manage("status").stdout
    assert "2 mails wait to be sent." in site.shell(FRONT_PAGE)
    with smtp_sink(port) as sink:
        # and when it is there, and refuses at one step or another, others are heard as ever.
        for count, (fault, (step, answer)) in enumerate(REFUSALS.items(), start=2):
            sink.answers = {step: answer}
            crowd.be_heard(fault, **EMAIL)
            try_again(site)
            until(
                lambda fault=fault, count=count: mails(site) == {("waiting", fault): 2 * count},
                f"not {fault}",
            )
        sink.answers = {}
        try_again(site)
        until(lambda: mails(site) == {("sent", ""): 8}, "not sent")
    crowd.go_home()
    tell(crowd, "Mail server away, refusing", site)

    assert len({mail.message_id for mail in sink.mails}) == len(sink.mails) == 8
    assert {each.answer.status for each in (*crowd.seen, *crowd.sent)} == {200, 303}


def test_one_that_is_slow_or_never_ends_holds_up_one_mail_for_its_time_alone(
    site: Installation, address: str, port: int
) -> None:
    site.sql("DELETE FROM clinic_site_outboxmessage")
    crowd = Crowd(address)
    with smtp_sink(port) as sink:
        # Given a server that is late with each step, and comes to no end with one of them:
        endless = iter(["EHLO", "BODY", "QUIT"])

        def begin() -> None:
            step = next(endless, None)
            sink.answers = {step: TRICKLE} if step else {}

        late = dict.fromkeys(ORDINARY, lambda: sink.closing.wait(0.05))
        sink.before = {**late, "CONNECT": begin}
        crowd.look_at("/", FORM)
        crowd.be_heard("Can I still walk?", **EMAIL)
        crowd.be_heard("Can I drive?", **EMAIL)
        # then the other mails go out, and so does one that it took and said no good-bye to;
        until(
            lambda: mails(site) == {("sent", ""): 2, ("waiting", "SMTPServerDisconnected"): 2},
            "the worker hangs",
        )
        assert "ok    worker" in site.manage("status").stdout
        # and those that it did not take, or did not say so of, go out later, under the same name.
        try_again(site)
        until(lambda: mails(site) == {("sent", ""): 4}, "not sent")
    crowd.go_home()
    tell(crowd, "Mail server slow, trickling")

    arrived = Counter(mail.message_id for mail in sink.mails)
    assert sorted(arrived.values()) == [1, 1, 1, 2]
    assert {each.answer.status for each in (*crowd.seen, *crowd.sent)} == {200, 303}
