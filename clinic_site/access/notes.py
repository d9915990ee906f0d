"""What the front page says first: of weak sign-ins, kept forms, and accounts that were reset."""

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.access.kept import forms_kept
from clinic_site.access.record import AccountAction
from clinic_site.audit.models import AuditEvent
from clinic_site.todo import ToDo


def notes_for(request: HttpRequest) -> Iterator[ToDo]:
    """Give what whoever is signed in should know before anything else."""
    if forms_kept(request):
        text = _("A form that you sent is still here. Nothing was done with it yet.")
        yield ToDo(text, reverse("admin:kept"))
    own = reverse("admin:password_change")
    if request.session.get("put_off"):
        yield ToDo(_("You are in without a second factor. Make a passkey or set up an app."), own)
    elif request.session.get("by_code"):
        text = _(
            "You signed in with a recovery code. Is your device lost? Set up another one, and "
            "remove the lost one."
        )
        yield ToDo(text, own)
    if request.user.has_perm("clinic_site.view_auditevent"):
        yield from _resets(request.user.get_username())


def _resets(reader: str) -> Iterator[ToDo]:
    """Accounts that somebody else reset, as their person may not have asked for it."""
    record = reverse("admin:clinic_site_auditevent_changelist")
    rows = AuditEvent.objects.filter(
        action__in=[AccountAction.RESET, AccountAction.BREAK_GLASS],
        at__gt=timezone.now() - settings.RESETS_SHOWN_FOR,
    )
    for row in rows.exclude(actor=reader).order_by("-pk")[: settings.RESETS_SHOWN]:
        at = date_format(timezone.localtime(row.at), "M j, Y")
        if row.action == AccountAction.RESET:
            text = _("%(at)s: the access of %(name)s was reset by %(by)s.")
        else:
            text = _("%(at)s: the access of %(name)s was reset at the command line.")
        values = {"at": at, "name": row.references, "by": row.actor}
        yield ToDo(text % values, f"{record}?action={row.action}")
