"""A real little mail server on the loopback address, which can be told to fail at each step."""

import contextlib
import email
import email.policy
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

# Told to a step in place of an answer.
HANG = "hang"  # say nothing more
DROP = "drop"  # close the connection
TRICKLE = "trickle"  # say a little, again and again, and never come to an end


@dataclass(frozen=True)
class Mail:
    """A mail that was accepted."""

    to: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        return self.message.get_content().replace("\r\n", "\n")

    @property
    def whole(self) -> str:
        """Headers and text, decoded."""
        headers = "".join(f"{name}: {value}\n" for name, value in self.message.items())
        return headers + "\n" + self.text


@dataclass
class Sink:
    """What arrived, and how the server behaves.

    `answers` says otherwise than the ordinary at a step: CONNECT, EHLO, MAIL, RCPT, DATA, BODY
    (the mail has arrived), QUIT. `before` is called at a step, before its answer. A mail counts
    as accepted once its body has arrived, unless BODY is answered with a refusal.
    """

    mails: list[Mail] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        """As EMAIL_URL takes it."""
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[Mail]:
        """The mails to one address."""
        return [mail for mail in self.mails if address in mail.to]


ORDINARY = {
    "CONNECT": "220 sink",
    "EHLO": "250 sink",
    "HELO": "250 sink",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "BODY": "250 taken",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


class _Dropped(Exception):
    pass


class _Handler(socketserver.StreamRequestHandler):
    sink: Sink

    def handle(self) -> None:
        with contextlib.suppress(_Dropped, ConnectionError):
            self._talk()

    def _talk(self) -> None:
        to = list[str]()
        self._answer("CONNECT")
        while line := self.rfile.readline():
            words = line.decode().strip()
            verb = words[:4].upper()
            if verb == "MAIL":
                to = []
            answer = self._answer(verb)
            if verb == "RCPT" and answer.startswith("250"):
                to.append(words.partition("<")[2].partition(">")[0])
            elif verb == "DATA" and answer.startswith("354"):
                self._take(to)
            elif verb == "QUIT":
                return

    def _take(self, to: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b".") else line)
        if line and self.sink.answers.get("BODY", "")[:1] not in {"4", "5"}:
            self.sink.mails.append(Mail(tuple(to), b"".join(lines)))
        self._answer("BODY")

    def _answer(self, step: str) -> str:
        if before := self.sink.before.get(step):
            before()
        answer = self.sink.answers.get(step) or ORDINARY.get(step, "502 what?")
        while answer == TRICKLE and not self.sink.closing.wait(0.1):
            self.wfile.write(b"2")
        if answer == HANG:
            self.sink.closing.wait()
        if answer in {HANG, DROP, TRICKLE}:
            raise _Dropped
        self.wfile.write(answer.encode() + b"\r\n")
        return answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 50


@contextlib.contextmanager
def smtp_sink(port: int = 0) -> Iterator[Sink]:
    """Run the server for as long as the block lasts, at any port or at this one."""
    sink = Sink()
    handler = type("Handler", (_Handler,), {"sink": sink})
    with _Server(("127.0.0.1", port), handler) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            sink.closing.set()
            server.shutdown()
            thread.join()
