"""Closing suspected spam, many at once, and undoing that."""

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import AppointmentRequest
from appointments.services.spam import undo_spam
from appointments.services.workflow import close_as_spam
from appointments.staff.base import StaffView
from appointments.states import Status
from clinic_site.actor import Actor


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
            minutes=settings.UNDO_WITHIN // dt.timedelta(minutes=1),
            staying=chosen.exclude(change_requested_at=None).count(),
            more=count == settings.SPAM_AT_ONCE,
        )

    def close(self, pks: list[int], *, asked: int) -> HttpResponse:
        """Close them, and say how many of those `asked` about were left."""
        closed = close_as_spam(pks=pks, by=Actor.staff(self.request))
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
        if undone := undo_spam(by=Actor.staff(request)):
            said = ngettext("%d request is back here.", "%d requests are back here.", undone)
            messages.success(request, said % undone)
        else:
            messages.error(request, _("It is too late to undo that, or it is undone already."))
        return _to_list()


def _to_list() -> HttpResponse:
    address = reverse("admin:appointments_appointmentrequest_changelist")
    return HttpResponseRedirect(f"{address}?tab=spam", status=303)


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
