"""While a password is hashed in a web process, its other requests go on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import PROJECT, TEST_ENV

pytestmark = pytest.mark.on_sqlite

# What is done in the thread ends only once somebody else was served meanwhile.
CODE = """
import gevent.monkey
gevent.monkey.patch_all()
import os, gevent, django
os.environ.update(DJANGO_SETTINGS_MODULE="clinic_site.settings", WEB_PROCESS="yes")
django.setup()
from django.db import connection
from clinic_site.access.backend import in_thread
connection.ensure_connection()
served = gevent.monkey.get_original("threading", "Event")()
gevent.spawn(served.set)
print(in_thread(served.wait, 20))
print(connection.connection)
# A queue of strangers keeps nobody else waiting.
turn = gevent.monkey.get_original("threading", "Event")()
stranger = gevent.spawn(in_thread, turn.wait, 5, of_stranger=True)
gevent.sleep()
in_thread(turn.set)
print(stranger.get())
try:
    in_thread(int, "x")
except ValueError as error:
    print(type(error).__name__)
"""


def test_others_are_served_while_it_is_hashed_and_have_its_connection(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=PROJECT,
        env={"ENV_FILE": str(TEST_ENV), "VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["True", "None", "True", "ValueError"], done.stderr
