"""The audit without its guard, for tests of that and for the flush after one that commits."""

from django.db import connection

from clinic_site.audit.triggers import TRIGGERS
from clinic_site.models import AuditEvent


def remove_triggers() -> None:
    where = f" ON {AuditEvent._meta.db_table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in TRIGGERS[connection.vendor]:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")
