"""What the admin's front page says of accounts: notes that come first, and what is to be done."""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.access.kept import forms_kept
from clinic_site.access.models import active_with
from clinic_site.access.record import AccountAction
from clinic_site.access.roles import Role
from clinic_site.audit.models import AuditEvent
from clinic_site.todo import Line, May, adds_todo


@adds_todo("clinic_site.change_user")
def name_todo(may: May) -> Iterable[Line]:
    """Clinicians whose name is not confirmed, so that they cannot sign."""
    for user in active_with(Role.CLINICIAN).select_related("physician").order_by("username"):
        if not user.signs_as:
            confirm = _("Confirm the name with which %s signs pages.")
            text = confirm if user.name_to_sign else _("Enter the name with which %s signs pages.")
            address = reverse("admin:clinic_site_user_change", args=[user.pk])
            yield Line(text % user.username, address)


def notes_for(request: HttpRequest) -> Iterator[Line]:
    """Give what whoever is signed in should know before anything else."""
    if forms_kept(request):
        text = _("A form that you sent is still here. Nothing was done with it yet.")
        yield Line(text, reverse("admin:kept"))
    own = reverse("admin:password_change")
    if request.session.get("put_off"):
        yield Line(_("You are in without a second factor. Make a passkey or set up an app."), own)
    elif request.session.get("by_code"):
        text = _(
            "You signed in with a recovery code. Is your device lost? Set up another one, and "
            "remove the lost one."
        )
        yield Line(text, own)
    if request.user.has_perm("clinic_site.view_auditevent"):
        yield from _resets(request.user.get_username())


def _resets(reader: str) -> Iterator[Line]:
    """Accounts that somebody else reset, as their person may not have asked for it."""
    record = reverse("admin:clinic_site_auditevent_changelist")
    texts = {
        AccountAction.RESET: _("%(at)s: the access of %(name)s was reset by %(by)s."),
        AccountAction.BREAK_GLASS: _(
            "%(at)s: the access of %(name)s was reset at the command line."
        ),
    }
    rows = AuditEvent.objects.filter(
        action__in=texts, at__gt=timezone.now() - settings.RESETS_SHOWN_FOR
    )
    for row in rows.exclude(actor=reader).order_by("-pk")[: settings.RESETS_SHOWN]:
        at = date_format(timezone.localtime(row.at), "M j, Y")
        text = texts[AccountAction(row.action)] % {
            "at": at,
            "name": row.references,
            "by": row.actor,
        }
        yield Line(text, f"{record}?action={row.action}")
