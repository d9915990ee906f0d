"""The triggers by which the database itself refuses to change audit rows."""

from django.db import connections

from clinic_site.audit.models import AuditEvent

_TABLE = AuditEvent._meta.db_table
_SQLITE = {
    f"audit_refuses_{verb.lower()}": f"""CREATE TRIGGER audit_refuses_{verb.lower()}
        BEFORE {verb} ON {_TABLE} BEGIN SELECT RAISE(ABORT, 'audit rows are only added'); END"""
    for verb in ("UPDATE", "DELETE")
} | {
    # INSERT OR REPLACE deletes the row before it without a word to the DELETE trigger.
    "audit_refuses_replace": f"""CREATE TRIGGER audit_refuses_replace
        BEFORE INSERT ON {_TABLE}
        WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit rows are only added'); END"""  # noqa: S608
}
_POSTGRESQL = f"""
    CREATE OR REPLACE FUNCTION audit_rows_are_only_added() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'audit rows are only added' USING ERRCODE = '23001'; END
    $$ LANGUAGE plpgsql;
    CREATE OR REPLACE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE ON {_TABLE}
        FOR EACH ROW EXECUTE FUNCTION audit_rows_are_only_added();
    CREATE OR REPLACE TRIGGER audit_refuses_truncate BEFORE TRUNCATE ON {_TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_are_only_added();
"""


def install_triggers(using: str = "default", **kwargs: object) -> None:
    """Have the database itself refuse to change audit rows (receives post_migrate).

    SQLite loses triggers when Django rebuilds a table. Before the table is there, nothing is done.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        if _TABLE not in connection.introspection.table_names(cursor):
            return
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL)
            return
        for name, statement in _SQLITE.items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(statement)


def remove_triggers(using: str = "default") -> None:
    """Lift the refusal, for the flush between tests that commit."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in ("audit_refuses_change", "audit_refuses_truncate"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {_TABLE}")
            return
        for name in _SQLITE:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def triggers_missing(using: str = "default") -> list[str]:
    """Return the names of the triggers that should be there and are not."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D'",
                [_TABLE],
            )
            wanted = {"audit_refuses_change", "audit_refuses_truncate"}
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [_TABLE]
            )
            wanted = set(_SQLITE)
        return sorted(wanted - {row[0] for row in cursor.fetchall()})
