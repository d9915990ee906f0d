"""Run the site on this machine as it runs in production, at http://localhost: what `make run` does.

From the environment: PORT (8000), VAR (var/ beside the project), STATIC (staticfiles/ beside it),
DATABASE_URL (SQLite in VAR).
Makes keys, tables and content where they are not there yet, and changes nothing that is; prints
an invitation to the first account until someone has signed in. Ends cleanly on Ctrl-C, and with
its terminal.
"""

import contextlib
import fcntl
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from clinic_site.state_folder import KEYS_OF_MAKE_RUN, is_open, shut

HERE = Path(__file__).resolve().parent.parent
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WORKER_PAUSE = 5  # seconds, as in deploy/clinic-worker.service


class Ended(BaseException):
    """The person at the terminal has had enough."""


def end(number: int, frame: object) -> None:
    """Signal handler: leave whatever is being done."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise Ended


def write_settings(path: Path, address: str) -> None:
    """Write what manage.py needs beside this: keys, unless there are some, and where the site is.

    For its owner's eyes only.
    """
    lines = [
        "# Keys of this machine. Without FIELD_KEYS nobody can read the requests stored here.",
        f"SECRET_KEY={secrets.token_urlsafe(50)}",
        f"FIELD_KEYS={Fernet.generate_key().decode()}",
        f"DIGEST_KEY={secrets.token_urlsafe(32)}",
    ]
    if path.exists():
        lines = path.read_text().splitlines()
    if not any(line.startswith("CLINIC_TIME_ZONE=") for line in lines):
        lines.append("CLINIC_TIME_ZONE=America/Chicago")
    kept = [line for line in lines if not line.startswith("SITE_URL=")]
    half = path.with_suffix(".new")  # a file of keys that is cut short would be a loss
    half.touch(0o600)
    half.write_text("\n".join([*kept, f"SITE_URL={address}"]) + "\n")
    half.replace(path)


def keep_to_owner(var: Path) -> None:
    """Make the folder of state, or shut other users out of one that an earlier run left open.

    End with one line where it is open and holds other things: those are not ours.
    """
    os.umask(0o077)  # what is written from now on is for this user's eyes
    var.mkdir(parents=True, exist_ok=True)
    try:
        if shut(var):
            print(f"Other users could look into {var}. Now only its owner can.", flush=True)
    except PermissionError:
        sys.exit(f"Stopped: other users may look into {var}, and it is not yours to change.")
    if is_open(var):
        sys.exit(
            f"Stopped: other users may look into {var}, which holds other things. "
            "Another folder: make run VAR=..."
        )


def take_folder(var: Path) -> IO[Any]:
    """Lock the folder of state until this process ends; end with one line where it is in use."""
    lock = open(var / "run.lock", "w")  # noqa: SIM115  the caller closes it
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"Stopped: make run is at work in {var} already. Another folder: make run VAR=...")
    return lock


def stop_if_taken(port: int) -> None:
    """End with one line where something answers on the port already.

    At [::1] as well: there a browser looks for localhost first.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
        taken = False
    except OSError:
        taken = True
    with contextlib.suppress(OSError):  # nobody answers
        socket.create_connection(("::1", port), timeout=1).close()
        taken = True
    if taken:
        sys.exit(f"Stopped: port {port} is taken. Choose another: make run PORT={port + 1}")


def wait_until_up(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return once the site answers; end where the server has ended, or a minute has passed."""
    for _try in range(600):
        if server.poll() is not None:
            sys.exit("Stopped: the server did not start; what it said is above.")
        line = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(line):
            line.request("GET", "/healthz")
            if line.getresponse().status == 200:
                return
        time.sleep(0.1)
    sys.exit("Stopped: the server did not answer within a minute.")


def start(*command: str) -> subprocess.Popen[bytes]:
    """Start a part of the site, in a session of its own: Ctrl-C reaches this script alone."""
    return subprocess.Popen([sys.executable, *command], cwd=HERE, start_new_session=True)


def serve(address: str) -> None:
    """Run the server and the mail worker; both end with this script.

    A worker that ends by itself is started again, as patients can do without mail for a moment, and
    not without the site. A server that ends by itself ends this script.
    """
    worker = ("manage.py", "send_notifications")
    running = [start(*worker)]  # and then the server
    try:
        server = start("-m", "gunicorn", "--config", "deploy/gunicorn.conf.py")
        running.append(server)
        wait_until_up(address, server)
        print(f"The site:   {address}/\nThe admin:  {address}/admin/\nCtrl-C stops it.", flush=True)
        while server.poll() is None:
            if (code := running[0].poll()) is not None:
                print(
                    f"The mail worker ended by itself, with code {code}. It starts again in "
                    f"{WORKER_PAUSE} seconds; the site goes on.",
                    flush=True,
                )
                time.sleep(WORKER_PAUSE)
                running[0] = start(*worker)
            time.sleep(0.2)
        sys.exit(f"Stopped: the server ended by itself, with code {server.returncode}.")
    finally:
        for process in running:
            process.terminate()  # it finishes the requests, or the mail, that it has
        for process in running:
            process.wait()


def main() -> None:
    """Prepare, start, wait for Ctrl-C, stop."""
    for each in ENDING:
        signal.signal(each, end)
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        sys.exit(f"Stopped: PORT is {text!r}. It must be a number from 1 to 65535.")
    port = int(text)
    var = Path(os.environ.get("VAR") or HERE / "var").resolve()
    keep_to_owner(var)
    with take_folder(var):
        stop_if_taken(port)
        keys, address = var / KEYS_OF_MAKE_RUN, f"http://localhost:{port}"
        write_settings(keys, address)
        os.environ.update(
            ENV_FILE=str(keys), VAR=str(var), SITE_URL=address, BIND=f"127.0.0.1:{port}"
        )
        command = [sys.executable, "-m", "deploy.prepare"]
        prepared = subprocess.run(command, cwd=HERE, start_new_session=True)  # as in start()
        if prepared.returncode:
            sys.exit(prepared.returncode)
        os.environ["KEYS_CHECKED"] = "yes"
        serve(address)


if __name__ == "__main__":
    try:
        main()
    except Ended:
        print("Stopped.")
