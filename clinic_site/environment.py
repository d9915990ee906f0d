"""What the environment and the file that ENV_FILE names say: for the settings, and gunicorn."""

import io
import os
import pwd
import re
from collections.abc import Mapping
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured


def name_of_user(number: int | None = None) -> str:
    """Return what a user is called, this process's own where none is given; a container has some
    without a name.
    """
    number = os.geteuid() if number is None else number
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def cannot_be_read(name: str, error: OSError) -> ImproperlyConfigured:
    """Return what to raise where the file that `name` names cannot be read by this user."""
    return ImproperlyConfigured(
        f"{name} names {error.filename}, which {name_of_user()} cannot read: {error.strerror}."
    )


def read_env_file(path: str) -> dict[str, str]:
    """Return what a file sets, by name; {} for "", where ENV_FILE names none.

    Raises ImproperlyConfigured where it cannot be read, and with the number of a line that is not
    NAME=value; never with its text, which may be a key.
    """
    if not path:
        return {}
    try:
        lines = Path(path).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise cannot_be_read("ENV_FILE", error) from None
    for number, line in enumerate(lines, start=1):
        if line.strip() and not re.match(r"#|(export )?[A-Za-z_0-9]+=", line):
            raise ImproperlyConfigured(
                f"ENV_FILE names {path}, whose line {number} is not NAME=value. "
                "Put no space before NAME or around =, and # before a remark."
            )
    values: dict[str, str] = {}

    class EnvFile(environ.Env):
        ENVIRON = values

    EnvFile.read_env(io.StringIO("\n".join(line for line in lines if line.strip())))
    return values


def whole_number(
    name: str, default: int, values: Mapping[str, str] = os.environ, *, most: int = 99_999
) -> int:
    """Return the number that `name` is set to, from 1 to `most`; the default where it is not set.

    Raises ImproperlyConfigured where it is no such number.
    """
    value = values.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= most):
        raise ImproperlyConfigured(
            f"{name} is {value!r}. Set it to a whole number from 1 to {most:,}."
        )
    return int(value)
