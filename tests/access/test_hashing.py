"""While a password is hashed in a web process, its other requests go on."""

import subprocess
import sys

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
from clinic_site.access.hashing import in_thread
served = gevent.monkey.get_original("threading", "Event")()
gevent.spawn(served.set)
print(in_thread(served.wait, 20))
try:
    in_thread(int, "x")
except ValueError as error:
    print(type(error).__name__)
"""


def test_others_are_served_while_it_is_hashed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=PROJECT,
        env={"ENV_FILE": str(TEST_ENV)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["True", "ValueError"], done.stderr
