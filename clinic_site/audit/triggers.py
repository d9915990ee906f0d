"""The triggers by which the database itself refuses to change audit rows."""

from typing import Any

from django.db import connection

from clinic_site.audit.models import AuditEvent

_TABLE = AuditEvent._meta.db_table
_REFUSE = "SELECT RAISE(ABORT, 'audit rows are only added')"
# By the kind of database, and by name.
TRIGGERS = {
    "sqlite": {
        "audit_refuses_update": f"BEFORE UPDATE ON {_TABLE} BEGIN {_REFUSE}; END",
        "audit_refuses_delete": f"BEFORE DELETE ON {_TABLE} BEGIN {_REFUSE}; END",
        # INSERT OR REPLACE deletes the row before it without a word to the DELETE trigger.
        "audit_refuses_replace": f"""BEFORE INSERT ON {_TABLE}
            WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id) BEGIN {_REFUSE}; END""",  # noqa: S608
    },
    "postgresql": {
        "audit_refuses_change": f"""BEFORE UPDATE OR DELETE ON {_TABLE}
            FOR EACH ROW EXECUTE FUNCTION audit_rows_are_only_added()""",
        "audit_refuses_truncate": f"""BEFORE TRUNCATE ON {_TABLE}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_are_only_added()""",
    },
}
_FUNCTION = """CREATE OR REPLACE FUNCTION audit_rows_are_only_added() RETURNS trigger AS $$
    BEGIN RAISE EXCEPTION 'audit rows are only added' USING ERRCODE = '23001'; END
    $$ LANGUAGE plpgsql"""
_IN_PLACE = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": f"""SELECT tgname FROM pg_trigger
        WHERE tgrelid = '{_TABLE}'::regclass AND tgenabled <> 'D'""",  # noqa: S608
}


def install_triggers(**kwargs: Any) -> None:
    """Have the database itself refuse to change audit rows (receives post_migrate).

    SQLite loses triggers when Django rebuilds a table. Before the table is there, nothing is done.
    """
    if _TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for name, what in TRIGGERS[connection.vendor].items():
            if connection.vendor == "postgresql":
                cursor.execute(f"CREATE OR REPLACE TRIGGER {name} {what}")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(f"CREATE TRIGGER {name} {what}")


def triggers_missing() -> list[str]:
    """Return the names of the triggers that should be there and are not."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_PLACE[connection.vendor])
        in_place = {name for [name] in cursor.fetchall()}
    return sorted(TRIGGERS[connection.vendor].keys() - in_place)
