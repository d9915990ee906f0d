"""The site's database, of either kind, as it is written into a file and read back."""

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from django.conf import settings
from django.core.management.base import OutputWrapper
from django.db import connection
from psycopg.conninfo import make_conninfo

from clinic_site.management.progress import Progress

PART = ".part-"  # begins the name of a folder of what is not whole


class BackupError(Exception):
    """A backup cannot be made or restored; the text says why, and what to do."""


class Table(NamedTuple):
    """What a table holds: how many rows, and a checksum of them."""

    rows: int
    checksum: str


Tables = dict[str, Table]


def sync(path: Path) -> None:
    """Return once a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _read(
    database: Any, names: str, rows: Callable[[str], Iterable[bytes]], out: OutputWrapper
) -> Tables:
    """Return what each table holds of those that the query `names` lists."""
    counts = {
        name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
        for [name] in database.execute(names).fetchall()
    }
    progress, done, tables = Progress(out, sum(counts.values())), 0, {}
    for name, count in sorted(counts.items()):
        total = 0  # a sum, as a collation decides in which order rows come
        for row in rows(name):
            total += int.from_bytes(hashlib.sha256(row).digest())
            done += 1
            progress.show(done)
        tables[name] = Table(count, f"{total % 2**256:064x}")
    progress.clear()
    return tables


class Sqlite:
    """A file; its dump is another one."""

    file = "database.sqlite3"

    def __init__(self) -> None:
        self.path = Path(connection.settings_dict["NAME"])

    def size(self) -> int:
        """Return how many bytes a dump takes at most."""
        parts = (self.path, Path(f"{self.path}-wal"))
        return sum(each.stat().st_size for each in parts if each.exists())

    def dump(self, to: Path, out: OutputWrapper) -> Tables:
        """Write all of it as it is at one moment, while others write; return what it holds."""
        with _file(self.path) as database, closing(sqlite3.connect(to)) as copy:
            database.execute("BEGIN")
            tables = self.read(database, out)
            database.backup(copy)  # in one step: beside writers, several would begin anew for ever
            copy.execute("PRAGMA journal_mode = DELETE")  # one file
            [fault] = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if fault != "ok":
            raise BackupError(f"{self.path} is damaged: {fault}.")
        return tables

    def refuse_unless_empty(self) -> None:
        """Raise BackupError where anything is stored, or somebody is connected."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and connection.introspection.table_names():
            raise BackupError(f"{self.path} holds data. Move it away first.")
        connection.close()
        if Path(f"{self.path}-wal").exists():
            raise BackupError(f"{self.path} is in use. Stop the site first.")

    @contextlib.contextmanager
    def restored(self, dump: Path, *, keep: bool) -> Iterator[Any]:
        """Give a connection to what a dump holds, in a place beside the site's database.

        At the end it takes that one's place where it is to be kept; else it is gone.
        """
        with tempfile.TemporaryDirectory(prefix=PART, dir=self.path.parent) as part:
            new = Path(shutil.copyfile(dump, Path(part, self.file)))
            with _file(new) as database:
                yield database
                database.commit()
            if keep:
                sync(new)
                new.replace(self.path)
                sync(self.path.parent)

    def read(self, database: sqlite3.Connection, out: OutputWrapper) -> Tables:
        """Return what a database holds, by a connection that `restored` gave."""

        def rows(name: str) -> Iterator[bytes]:
            # ASCII: which other characters repr() writes out, Python's version decides.
            found = database.execute(f'SELECT * FROM "{name}"')  # noqa: S608
            return (ascii(row).encode() for row in found)

        return _read(database, "SELECT name FROM sqlite_master WHERE type = 'table'", rows, out)


def _file(path: Path) -> closing[sqlite3.Connection]:
    # Not by Django, which takes the lock for writing, and converts what it reads.
    where, wait = f"{path.as_uri()}?mode=rw", settings.DATABASE_WAIT
    return closing(sqlite3.connect(where, uri=True, timeout=wait))


# What each pg_dump understands of a connection; psycopg's own library tells newer things, too.
UNDERSTOOD = {
    *("host", "hostaddr", "port", "dbname", "user", "options", "connect_timeout"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "target_session_attrs"),
}


class Postgresql:
    """A database of a server; its dump is pg_dump's. What each method does is said at Sqlite."""

    file = "database.dump"

    def __init__(self) -> None:
        connection.ensure_connection()
        info = connection.connection.info
        self.name, self.password, told = info.dbname, info.password, info.get_parameters()
        self.dsn = make_conninfo(**{name: told[name] for name in UNDERSTOOD & told.keys()})
        self.options = told.get("options", "")
        self.version = info.server_version // 10_000

    def size(self) -> int:
        return int(self._ask("SELECT pg_database_size(current_database())"))

    def dump(self, to: Path, out: OutputWrapper) -> Tables:
        with self._connected(self.name) as database:
            database.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            [snapshot] = database.execute("SELECT pg_export_snapshot()").fetchone() or ()
            what = ("--format=custom", f"--snapshot={snapshot}", f"--file={to}")
            self._run("pg_dump", self.dsn, *what)
            return self.read(database, out)

    def refuse_unless_empty(self) -> None:
        if connection.introspection.table_names():
            raise BackupError(f"{self.name} holds data. Make an empty database (createdb).")
        others = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        if self._ask(others):
            raise BackupError(f"{self.name} is in use. Stop the site first.")

    @contextlib.contextmanager
    def restored(self, dump: Path, *, keep: bool) -> Iterator[Any]:
        # To be kept, it takes no writes of others before the end.
        name = self.name if keep else f"{self.name}_drill"
        with self._connected(self.name) as site:
            if not keep:
                try:
                    site.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
                except psycopg.errors.InsufficientPrivilege as fault:
                    raise BackupError(
                        f"{fault.diag.message_primary}. As postgres: "
                        f'ALTER ROLE "{site.info.user}" CREATEDB'
                    ) from None
            try:
                shut = f'ALTER DATABASE "{name}" {{}} default_transaction_read_only'
                site.execute(shut.format("SET") + " = on")
                self._run("pg_restore", self._dsn(name), "--single-transaction", str(dump))
                with self._connected(name) as database, database.transaction():
                    yield database
                site.execute(shut.format("RESET"))
            finally:
                if not keep:
                    site.execute(f'DROP DATABASE "{name}"')

    def read(self, database: psycopg.Connection, out: OutputWrapper) -> Tables:
        # How values are written as text.
        database.execute("SET datestyle = ISO; SET intervalstyle = postgres; SET timezone = 'UTC'")
        database.execute("SET extra_float_digits = 1; SET bytea_output = hex")

        def rows(name: str) -> Iterator[bytes]:
            with database.cursor().copy(f'COPY "{name}" TO STDOUT') as copy:
                yield from map(bytes, copy)  # libpq gives one row at a time

        names = "SELECT tablename FROM pg_tables WHERE schemaname = ANY(current_schemas(false))"
        return _read(database, names, rows, out)

    def _ask(self, question: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0]

    def _dsn(self, name: str) -> str:
        options = f"{self.options} -c default_transaction_read_only=off"
        return make_conninfo(self.dsn, dbname=name, options=options.strip())

    def _connected(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._dsn(name), password=self.password, autocommit=True)

    def _run(self, tool: str, dsn: str, *arguments: str) -> None:
        """Run a program of PostgreSQL's, under the account that owns all it makes."""
        program = shutil.which(tool, path=settings.PG_BIN or None)
        lack = (
            f"Install PostgreSQL's client programs, version {self.version}, or name their folder "
            "in PG_BIN."
        )
        if program is None:
            raise BackupError(f"{tool} is missing. {lack}")
        told = subprocess.run([program, "--version"], capture_output=True, text=True).stdout  # noqa: S603
        version = re.search(r"\) (\d+)", told)
        if version is None or int(version[1]) < self.version:
            raise BackupError(f"{program} is older than the server. {lack}")
        done = subprocess.run(  # noqa: S603
            [program, "--no-owner", "--no-privileges", f"--dbname={dsn}", *arguments],
            env={**os.environ, "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = done.stderr.partition("\n")[0] or f"exit code {done.returncode}"
            raise BackupError(f"{tool} failed: {said}")


def site_database() -> Sqlite | Postgresql:
    """Return the site's own."""
    return Sqlite() if connection.vendor == "sqlite" else Postgresql()
