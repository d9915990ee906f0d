"""Closing suspected spam, many at once, and undoing that."""

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import AppointmentRequest
from appointments.services.spam import undo_spam
from appointments.services.workflow import close_as_spam
from appointments.staff.base import MAY_CHANGE, StaffView, go_to, number_in
from appointments.states import Status


class SpamView(StaffView):
    """Ask before suspected spam is closed, those that are ticked or all; with `sure`, close it."""

    permission = MAY_CHANGE

    def get(self, request: HttpRequest) -> HttpResponse:
        return go_to("changelist", query="?tab=spam")

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen = AppointmentRequest.objects.filter(status=Status.QUARANTINED)
        is_all = request.POST.get("which") == "all"
        if not is_all:
            chosen = chosen.filter(pk__in=map(number_in, request.POST.getlist("pk")))
        elif up_to := number_in(request.POST.get("up_to", "")):
            chosen = chosen.filter(pk__lte=up_to)  # what came since was not asked about
        spam = chosen.filter(change_requested_at=None).order_by("queue_order", "pk")
        pks = list(spam.values_list("pk", flat=True)[: settings.SPAM_AT_ONCE])
        if not pks:
            messages.error(request, _("Nothing was closed: tick what is to be closed first."))
            return self.get(request)
        if "sure" in request.POST:
            self.close(pks, asked=number_in(request.POST.get("count", "")))
            return self.get(request)
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

    def close(self, pks: list[int], *, asked: int) -> None:
        """Close them, and say how many of those `asked` about were left."""
        closed = close_as_spam(pks=pks, by=self.by)
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


class UndoSpamView(SpamView):
    """Undo that this person closed suspected spam a few minutes ago."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if undone := undo_spam(by=self.by):
            said = ngettext("%d request is back here.", "%d requests are back here.", undone)
            messages.success(request, said % undone)
        else:
            messages.error(request, _("It is too late to undo that, or it is undone already."))
        return self.get(request)
