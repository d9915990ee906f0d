"""Who saw or changed which request, when, and from where: rows that are only ever added.

No personal data stands here: requests are named by their references, staff by their user names
and addresses, patients by a keyed hash of theirs.
"""

import contextlib
import datetime as dt
import logging
from collections.abc import Iterable, Iterator

from django.db import DatabaseError, InterfaceError, connections, models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.client_address import client_address, hashed_address

logger = logging.getLogger(__name__)

DEAD_LINK = "dead link"
MOST_DEAD_LINKS = 20  # on record, of one sender in an hour

# No account can have these names: Django takes no brackets in one.
SYSTEM = "(system)"
PATIENT = "(patient)"


class Action(models.TextChoices):
    """What was done."""

    RECEIVED = "received", _("received")
    ENTERED = "entered", _("entered by staff")
    VIEWED = "viewed", _("viewed")
    LISTED = "listed", _("listed")
    SEARCHED = "searched", _("searched")
    CHANGED = "changed", _("changed")
    NOTED = "noted", _("noted")
    STATUS_SEEN = "status_seen", _("status seen by the patient")
    REFUSED = "refused", _("refused")
    ERASED = "erased", _("erased")


class AuditEvent(models.Model):
    """One thing that someone did. The database refuses to change or delete such a row."""

    at = models.DateTimeField(_("at"), auto_now_add=True, db_index=True)
    actor = models.CharField(_("who"), max_length=150)
    action = models.CharField(_("what"), max_length=20, choices=Action.choices)
    references = models.TextField(_("references"), blank=True)
    detail = models.CharField(_("detail"), max_length=100, blank=True)
    source = models.CharField(_("from"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["source", "at"], name="audit_source"),
            models.Index(fields=["actor", "at"], name="audit_actor"),
            # For the limit of wrong tries. Only these rows: a list of references can be longer
            # than an index takes.
            models.Index(
                fields=["references", "at"],
                condition=models.Q(action=Action.REFUSED, actor=PATIENT),
                name="audit_wrong_tries",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=Action.values), name="audit_action_known"
            ),
            models.CheckConstraint(condition=~models.Q(actor=""), name="audit_has_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.references}".strip()

    @property
    def where(self) -> str:
        """The address of staff; of a patient's keyed hash, enough to tell it from another."""
        return self.source[:8] if len(self.source) == 64 else self.source


def record(
    action: Action,
    references: Iterable[str] = (),
    *,
    by: HttpRequest | None = None,
    detail: str = "",
) -> AuditEvent:
    """Add a row. `by` is the request of staff or of a patient; without it, the system did it."""
    actor, source = SYSTEM, ""
    if by is not None:
        user = getattr(by, "user", None)
        if user is not None and user.is_authenticated:
            actor = user.get_username()
            source = client_address(by)
        else:
            actor = PATIENT
            source = hashed_address(by)
    return AuditEvent.objects.create(
        action=action,
        references=" ".join(references),
        actor=actor,
        detail=detail,
        source=source,
    )


def record_confirmation(by: HttpRequest, reference: str) -> None:
    """Note that a patient saw the confirmation. While that fails they see it all the same."""
    with _told_if_it_fails():
        record(Action.STATUS_SEEN, [reference], by=by, detail="confirmation")


def record_dead_link(by: HttpRequest) -> None:
    """Note that a link which someone opened is forged, or its request erased.

    Of one sender, a few times an hour: nobody may fill a table that nobody may shorten.
    """
    with _told_if_it_fails():
        lately = AuditEvent.objects.order_by().filter(
            source=hashed_address(by),
            at__gte=timezone.now() - dt.timedelta(hours=1),
            action=Action.REFUSED,
            detail=DEAD_LINK,
        )
        if lately[:MOST_DEAD_LINKS].count() < MOST_DEAD_LINKS:
            record(Action.REFUSED, by=by, detail=DEAD_LINK)


@contextlib.contextmanager
def _told_if_it_fails() -> Iterator[None]:
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        logger.error("Not on record: %s", type(error).__name__)


_TABLE = "appointments_auditevent"
_SQLITE = {
    f"audit_refuses_{verb.lower()}": f"""CREATE TRIGGER audit_refuses_{verb.lower()}
        BEFORE {verb} ON {_TABLE} BEGIN SELECT RAISE(ABORT, 'audit rows are only added'); END"""
    for verb in ("UPDATE", "DELETE")
} | {
    # INSERT OR REPLACE deletes the row before it without a word to the DELETE trigger.
    "audit_refuses_replace": """CREATE TRIGGER audit_refuses_replace
        BEFORE INSERT ON appointments_auditevent
        WHEN EXISTS (SELECT 1 FROM appointments_auditevent WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit rows are only added'); END"""
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


def install_triggers(using: str = "default") -> None:
    """Have the database itself refuse to change audit rows; to be called after every migrate.

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
