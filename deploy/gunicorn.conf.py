"""gunicorn's settings, for `make run` and for servers.

From the environment: BIND (127.0.0.1:8000), WEB_CONCURRENCY (2 processes).
It does not start while a key is wrong, and ends with code 78; with the database away it does.
gevent, because the sync and gthread workers stop answering under slow clients.
"""

import os
import subprocess
import sys
from pathlib import Path

bind = os.environ.get("BIND", "127.0.0.1:8000")
wsgi_app = "clinic_site.wsgi"
worker_class = "gevent"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_connections = 200
graceful_timeout = 20
keepalive = 5
control_socket_disable = True
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
        "generic": {
            "()": "clinic_site.logs.WithoutTokens",
            "fmt": "%(asctime)s %(levelname)s gunicorn: %(message)s",
        }
    },
}

WRONG_KEY = 3  # as manage.py check_keys exits


def on_starting(server: object) -> None:
    """Have the keys tried on the database; end where they are wrong. The command says which."""
    manage = Path(__file__).resolve().parent.parent / "manage.py"
    try:
        done = subprocess.run([sys.executable, str(manage), "check_keys", "--start"], timeout=60)
    except subprocess.TimeoutExpired:  # a database that does not answer is one that is away
        return
    if done.returncode == WRONG_KEY:
        sys.exit(os.EX_CONFIG)
