"""gunicorn's settings, for `make run` and for servers.

From the environment, or ENV_FILE: BIND (127.0.0.1:8000), WEB_CONCURRENCY (2 processes),
HEADER_SECONDS (5, for a request to begin and its headers to arrive), LOG_FORMAT.
It does not start while a setting or a key is wrong, or on a server an account is everybody's, and
ends with code 78; with the database away it does. KEYS_CHECKED says that this was looked at. A
reload looks again, and where something is wrong the site goes on as it was.
gevent, because the sync and gthread workers stop answering under slow clients.
It believes no header about where a request came from: that is clinic_site/claims.py's.
"""

import atexit
import contextlib
import ctypes
import gc
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import gunicorn.util
from django.core.exceptions import ImproperlyConfigured
from gunicorn.http import wsgi

from clinic_site.environment import read_env_file, whole_number
from clinic_site.whole_answers import Response

wsgi.Response = Response
os.umask(0o077)  # what is written is for this user's eyes
# Room for worker_connections, where a process may have 1,024 files unless it asks for more.
_files, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
if _files < 4096 <= _most:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, _most))
# As in manage.py: what is loaded is no garbage. The processes that it starts keep both.
gc.set_threshold(50_000, 20, 20)
atexit.register(gc.freeze)
# Else glibc keeps what pages were made in, for each thread: 30 MB of a process with many pages.
with contextlib.suppress(OSError, AttributeError):  # another C library
    ctypes.CDLL(None).mallopt(-8, 1)  # M_ARENA_MAX
    ctypes.CDLL(None).mallopt(-1, 2**17)  # M_TRIM_THRESHOLD

try:
    # Not into the environment, which the processes get: a reload would find what was set before.
    values = {**read_env_file(os.environ.get("ENV_FILE", "")), **os.environ}
    workers = whole_number("WEB_CONCURRENCY", 2, values)
    keepalive = whole_number("HEADER_SECONDS", 5, values)  # for headers too, under gevent
except ImproperlyConfigured as error:
    sys.stderr.write(f"Not started: {error}\n")
    sys.exit(os.EX_CONFIG)
bind = values.get("BIND") or "127.0.0.1:8000"
wsgi_app = "clinic_site.wsgi"
worker_class = "gevent"
worker_connections = 1000  # a process; one that has them all answers nobody
graceful_timeout = 10  # seconds; who sends more slowly holds up a restart for so long
control_socket_disable = True
forwarder_headers = ""  # else SCRIPT_NAME and PATH_INFO, as headers, would move the site
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
# No access log: addresses of confirmations hold a token.
accesslog = None
errorlog = "-"
loglevel = "warning"
# Its own faults quote the address that was asked for.
logconfig_dict = {
    "root": {"handlers": []},
    "loggers": {
        "gunicorn.error": {"level": "WARNING", "handlers": ["error_console"], "propagate": False}
    },
    "formatters": {
        "generic": {"()": "clinic_site.logs.formatter", "form": values.get("LOG_FORMAT", "line")},
    },
}

DATABASE_AWAY = 4  # as manage.py check_keys exits


def look_at_settings(seconds: int) -> int:
    """Have settings, keys and accounts looked at; return the code of the command, which tells."""
    manage = Path(__file__).resolve().parent.parent / "manage.py"
    try:
        command = [sys.executable, str(manage), "check_keys", "--start"]
        return subprocess.run(command, timeout=seconds).returncode
    except subprocess.TimeoutExpired:  # a database that does not answer is one that is away
        return DATABASE_AWAY


def on_starting(server: object) -> None:
    """End where something is wrong."""
    if "KEYS_CHECKED" not in os.environ and look_at_settings(60) not in {0, DATABASE_AWAY}:
        sys.exit(os.EX_CONFIG)


def when_ready(server: Any) -> None:
    """Have the kernel keep at most 256 kB for a reader who takes nothing; by itself, 3 MB.

    And have a reload do nothing where something is wrong: gunicorn would end, and the site with it.
    Meanwhile it does nothing else, so not for long. Another BIND counts from a restart: gunicorn
    would close the socket that it has, systemd's too.
    """
    os.environ["BIND"] = bind
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 128 * 1024)  # it doubles it
    reload = server.reload

    def reload_if_right() -> None:
        if look_at_settings(15) == 0:
            reload()
        else:
            server.log.error("Not reloaded. The site goes on with the settings that it had.")

    server.reload = reload_if_right


def post_worker_init(worker: object) -> None:
    """Have what cannot be read answered and logged as all else is.

    gunicorn does both without the application, and quotes what came: a cookie, an address.
    """
    # Only now, as they read the settings.
    from clinic_site.logs import hide
    from clinic_site.security_headers import FILE_HEADERS

    def write_error(sock: object, status: int, reason: str, message: str) -> None:
        text = "This request could not be read.\r\n"
        headers = {
            "Connection": "close",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(text)),
            "Cache-Control": "no-store",
            **FILE_HEADERS,
        }
        lines = [f"{name}: {value}" for name, value in headers.items()]
        answer = "\r\n".join([f"HTTP/1.1 {status} {reason}", *lines, "", text])
        gunicorn.util.write_nonblock(sock, answer.encode("latin-1"))

    gunicorn.util.write_error = write_error
    hide(r"(?s)Invalid request from ip=.*", "A request could not be read")
    hide(
        r"(?s)Socket error processing request\..*TimeoutError: timed out",
        "An answer was cut, as its reader took nothing more",
    )
    hide(r"(Error handling request \S+ [^\s?]*)\?\S*", r"\1")
