"""Mail that is to be sent: rows written in the transaction of what they tell of.

A worker leases a row, commits, sends, then settles it. A worker that dies in between leaves a row
whose lease runs out; it is then sent again under the same Message-ID.

One that was given up, or is wanted by nobody any more, stays until what it tells of is deleted.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.mail.models import MailChoice, MailKind, MailState, OutboxMessage, kinds


def new_mail(
    kind: MailKind,
    subject_kind: str,
    reference: str,
    user_id: int | None = None,
    secret: str = "",
) -> OutboxMessage:
    """Return a mail, not saved, to a member of staff or to whoever its kind knows.

    A `secret` that it tells, or its address, is kept encrypted, until it is sent or given up.
    Raises ValueError for a kind that is not registered, and for a mail to nobody.
    """
    if kind.name not in kinds or not (user_id or (kind.address and reference)):
        raise ValueError(f"There is no such mail: {kind.name} to {user_id}.")
    return OutboxMessage(
        kind=kind.name,
        subject_kind=subject_kind,
        reference=reference,
        user_id=user_id,
        secret=secret,
    )


def to_staff(kind: MailKind, subject_kind: str = "", reference: str = "") -> list[OutboxMessage]:
    """Return mails, not saved, to the staff who want them; if they may is asked on sending."""
    wanted = MailChoice.objects.filter(
        kind=kind.name, user__is_active=True, user__is_staff=True, user__email__gt=""
    )
    user_ids = wanted.values_list("user_id", flat=True)
    return [new_mail(kind, subject_kind, reference, user_id) for user_id in user_ids]


def who_gets(kind: MailKind) -> list[User]:
    """Return the staff who want this kind of mail, and may and can get it."""
    wanted = MailChoice.objects.filter(kind=kind.name).select_related("user")
    return [choice.user for choice in wanted if kind.is_for(choice.user)]


def lease_next() -> OutboxMessage | None:
    """Take the next mail that is due, for this worker alone, and commit; None where none is."""
    if not OutboxMessage.objects.due().exists():
        return None  # so that an idle worker takes no lock
    with transaction.atomic():
        due = OutboxMessage.objects.due()
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        if message := due.first():
            message.lease = uuid.uuid4()
            message.leased_until = timezone.now() + settings.MAIL_LEASE
            message.tries += 1
            message.save(update_fields=["lease", "leased_until", "tries"])
    return message


def settle(message: OutboxMessage, state: MailState, fault: str = "") -> bool:
    """Write what came of a leased mail; False where the lease had gone to another worker.

    One that is WAITING again is tried twice as long after each try, and last when it is to be
    given up. `fault` must hold nothing personal.
    """
    values: dict[str, Any] = {"state": state, "fault": fault[:100]}
    if state == MailState.WAITING:
        wait = settings.MAIL_FIRST_RETRY * 2 ** min(message.tries - 1, 20)
        due_at = timezone.now() + min(wait, settings.MAIL_LONGEST_RETRY)
        values["due_at"] = min(due_at, message.give_up_at)
    else:
        values["secret"] = ""  # nobody needs it any more
    if state == MailState.SENT:
        values["sent_at"] = timezone.now()
    leased = OutboxMessage.objects.filter(pk=message.pk, lease=message.lease)
    return bool(leased.update(**values, lease=None, leased_until=None))
