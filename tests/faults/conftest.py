"""Which faults are tried: those of the database under test."""

from tests.environment import POSTGRESQL

collect_ignore_glob = ["test_sqlite_*.py" if POSTGRESQL else "test_postgresql_*.py"]
