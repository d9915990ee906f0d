"""How gunicorn sends an answer; beside its settings, as it reads those again on each reload."""

from gunicorn.http import wsgi


class Response(wsgi.Response):
    """Sends its head together with the first of its body.

    Where the process dies between the two, nginx has told a head and can ask nobody else any more.
    """

    head, headers_sent = b"", False

    def write(self, part: bytes) -> None:
        if self.response_length and not (self.headers_sent or self._omits_body):
            lines = [*self.default_headers(), *(f"{k}: {v}\r\n" for k, v in self.headers), "\r\n"]
            self.head, self.headers_sent = "".join(lines).encode("latin-1"), True
        super().write(part)

    def _emit_body(self, data: bytes) -> None:
        super()._emit_body(self.head + data)
        self.head = b""
