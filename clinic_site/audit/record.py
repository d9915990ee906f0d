"""Writing the audit, which nobody may shorten: strangers can fill only so much of it."""

import contextlib
import logging
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction

from clinic_site.actor import Actor
from clinic_site.audit.models import Action, AuditEvent, actions
from clinic_site.counters import count_up

logger = logging.getLogger(__name__)


def record(
    action: str,
    subject_kind: str = "",
    references: Iterable[str] = (),
    *,
    by: Actor,
    detail: str = "",
) -> AuditEvent:
    """Add a row: what was done to which things of a kind. Raises ValueError for no known action."""
    if action not in actions:
        raise ValueError(f"{action} is no action that an app has registered.")
    return AuditEvent.objects.create(
        action=action,
        subject_kind=subject_kind,
        references=" ".join(references),
        actor=by.name,
        detail=detail,
        source=by.source,
    )


def record_refused(
    subject_kind: str = "", references: Iterable[str] = (), *, by: Actor, detail: str
) -> None:
    """Note what was refused; of strangers only so much an hour, and once that there is more.

    What is refused in another way, which `detail` tells, crowds none of this out.
    """
    if by.account is None:
        of_one = count_up(f"refused:{detail}:{by.source}")
        if of_one > settings.REFUSED_ON_RECORD_OF_ONE_SENDER + 1:
            return
        of_all = count_up(f"refused:{detail}")
        if of_all > settings.REFUSED_ON_RECORD + 1:
            return
        if of_all > settings.REFUSED_ON_RECORD:
            detail += "; more of it is not on record this hour"
        elif of_one > settings.REFUSED_ON_RECORD_OF_ONE_SENDER:
            detail += "; more of it from there is not on record this hour"
    record(Action.REFUSED, subject_kind, references, by=by, detail=detail)


def record_once_an_hour(
    action: str, subject_kind: str, reference: str, *, by: Actor, detail: str = ""
) -> None:
    """Note what a person can do to a thing of their own as often as they like."""
    with transaction.atomic():  # else what could not be put on record would count as if it were
        if count_up(f"{action}:{reference}:{detail}") == 1:
            record(action, subject_kind, [reference], by=by, detail=detail)


@contextlib.contextmanager
def told_if_it_fails() -> Iterator[None]:
    """For what people are to see even while it cannot be put on record."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        logger.error("Not on record: %s", type(error).__name__)
