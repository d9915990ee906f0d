"""Closing suspected spam, many at once, and undoing that."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import AppointmentRequest
from appointments.services.spam import undo_spam
from appointments.services.workflow import close_as_spam
from appointments.staff.base import StaffView
from appointments.states import Status
from clinic_site.actor import Actor

CLOSED = "closed_as_spam"  # in the session: between which times


class SpamView(StaffView):
    """Ask before suspected spam is closed, those that are ticked or all; with `sure`, close it."""

    permission = "change"

    def get(self, request: HttpRequest) -> HttpResponse:
        return _to_list()

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen = AppointmentRequest.objects.filter(status=Status.QUARANTINED)
        is_all = request.POST.get("which") == "all"
        if not is_all:
            chosen = chosen.filter(pk__in=filter(None, map(_id, request.POST.getlist("pk"))))
        elif up_to := _id(request.POST.get("up_to", "")):  # what came since was not asked about
            chosen = chosen.filter(pk__lte=up_to)
        spam = chosen.filter(change_requested_at=None).order_by("queue_order", "pk")
        pks = list(spam.values_list("pk", flat=True)[: settings.SPAM_AT_ONCE])
        if not pks:
            messages.error(request, _("Nothing was closed: tick what is to be closed first."))
            return _to_list()
        if "sure" in request.POST:
            return self.close(pks, asked=_id(request.POST.get("count", "")))
        count = len(pks)
        title = ngettext("Close %d request as spam?", "Close %d requests as spam?", count) % count
        return self.show(
            "admin/appointments/spam.html",
            title,
            pks=[] if is_all else pks,
            up_to=chosen.aggregate(last=Max("pk"))["last"],
            which=request.POST.get("which", ""),
            count=count,
            staying=chosen.exclude(change_requested_at=None).count(),
            more=count == settings.SPAM_AT_ONCE,
        )

    def close(self, pks: list[int], *, asked: int) -> HttpResponse:
        """Close them, say how many of those `asked` about were left, and keep how to undo it."""
        since = timezone.now()
        closed = close_as_spam(pks=pks, by=Actor.staff(self.request))
        self.request.session[CLOSED] = [since.isoformat(), timezone.now().isoformat()]
        said = ngettext("%d request closed as spam.", "%d requests closed as spam.", closed)
        messages.success(self.request, said % closed)
        if (left := asked - closed) > 0:
            said = ngettext(
                "%d was left: a colleague dealt with it meanwhile, or its patient asks for a "
                "change.",
                "%d were left: a colleague dealt with them meanwhile, or their patients ask for a "
                "change.",
                left,
            )
            messages.warning(self.request, said % left)
        return _to_list()


class UndoSpamView(StaffView):
    """Undo that this person closed suspected spam a few minutes ago."""

    permission = "change"

    def get(self, request: HttpRequest) -> HttpResponse:
        return _to_list()

    def post(self, request: HttpRequest) -> HttpResponse:
        if not may_be_undone(request):
            messages.error(request, _("It is too late to undo that, or it is undone already."))
            return _to_list()
        since, until = map(dt.datetime.fromisoformat, request.session.pop(CLOSED))
        undone, left = undo_spam(since=since, until=until, by=Actor.staff(request))
        said = ngettext("%d request is back here.", "%d requests are back here.", undone) % undone
        if left:
            said += " " + _("%d were left: a colleague changed them since.") % left
        messages.success(request, said)
        return _to_list()


def may_be_undone(request: HttpRequest) -> bool:
    """Whether somebody closed suspected spam in this session, and can still undo it."""
    times: Any = request.session.get(CLOSED)
    until = dt.datetime.fromisoformat(times[1]) if times else None
    return until is not None and timezone.now() - until < settings.UNDO_WITHIN


def _to_list() -> HttpResponse:
    address = reverse("admin:appointments_appointmentrequest_changelist")
    return HttpResponseRedirect(f"{address}?tab=spam", status=303)


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
