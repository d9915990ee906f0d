"""Who tells a patient of what staff do, in words for staff: a mail, or they themselves."""

import datetime as dt
import logging

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.models import AppointmentRequest
from appointments.services.told import told
from appointments.states import News, Status, Step

logger = logging.getLogger(__name__)

BY_MAIL = gettext_lazy("The patient will be told by mail.")
MUST_CALL = gettext_lazy("Nobody is told: you must call.")


def who_tells(asked: AppointmentRequest, step: Step, knows: bool) -> str:
    """Return how the patient will hear of what a step does; "" where there is nothing to tell.

    `knows`: whether they were reached just now. What is said of closing holds for every reason.
    """
    closes = step.target == Status.CLOSED
    if step.news is None:
        return ""
    if asked.suspicion and closes:
        return _("Nobody is told, as it looks like spam.")
    if asked.agrees_to_mail:
        if closes:
            return _("The patient will be told by mail, unless it is spam.")
        return str(BY_MAIL)
    if closes:
        return _("No mail tells the patient.")
    return "" if knows or step.news == News.RECEIVED else str(MUST_CALL)


def told_by(changed: AppointmentRequest, since: dt.datetime) -> str:
    """Return how the patient hears of what staff have done `since` then; "" where they know of it.

    "" too where that cannot be read: what was done is stored all the same.
    """
    try:
        last = told([changed])[changed.pk]
    except (DatabaseError, InterfaceError) as error:
        logger.error("Not read how a patient is told: %s", type(error).__name__)
        return ""
    if last.must_be_called:
        return str(MUST_CALL)
    return str(BY_MAIL) if last.mail is not None and last.mail.created_at >= since else ""
