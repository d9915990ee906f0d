"""What the front page says of sign-ins that are weaker than they should be."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.access.kept import forms_kept
from clinic_site.access.record import AccountAction
from clinic_site.audit.models import AuditEvent


@dataclass(frozen=True)
class Note:
    """A sentence, and the page that it leads to."""

    text: str
    address: str


def notes_for(request: HttpRequest) -> Iterator[Note]:
    """Give what whoever is signed in should know before anything else."""
    if forms_kept(request):
        yield Note(
            _("A form that you sent is still here. Nothing was done with it yet."),
            reverse("admin:kept"),
        )
    own = reverse("admin:password_change")
    if request.session.get("put_off"):
        yield Note(_("You are in without a second factor. Make a passkey or set up an app."), own)
    elif request.session.get("by_code"):
        text = _(
            "You signed in with a recovery code. Is your device lost? Set up another one, and "
            "remove the lost one."
        )
        yield Note(text, own)
    if request.user.has_perm("clinic_site.view_auditevent"):
        yield from _break_glass()


def _break_glass() -> Iterator[Note]:
    """Accounts that were reset at the command line, which no manager has seen happen."""
    record = reverse("admin:clinic_site_auditevent_changelist")
    action = AccountAction.BREAK_GLASS
    since = timezone.now() - settings.BREAK_GLASS_SHOWN_FOR
    rows = AuditEvent.objects.filter(action=action, at__gt=since).order_by("-pk")
    for row in rows[: settings.BREAK_GLASS_SHOWN]:
        at = date_format(timezone.localtime(row.at), "M j, Y")
        text = _("%(at)s: the access of %(name)s was reset at the command line.")
        yield Note(text % {"at": at, "name": row.references}, f"{record}?action={action}")
