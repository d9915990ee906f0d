"""What the admin's front page lists: what is still to be done, and pages to open at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.crypto.key_check import keys_are_right
from clinic_site.mail.models import MailHold, MailState, OutboxMessage, WorkerBeat
from clinic_site.models import Clinic, Notice, Physician


@dataclass(frozen=True)
class Line:
    """What a line says, and the page of the admin that it leads to; "" where there is none."""

    text: str
    address: str
    first: bool = False


# Tells of each permission, such as "clinic_site.change_clinic", whether the reader has it.
May = Callable[[str], bool]
Source = Callable[[May], Iterable[Line]]


class _Lines:
    def __init__(self) -> None:
        self.sources: list[tuple[tuple[str, ...], Source]] = []

    def add(self, *permissions: str) -> Callable[[Source], Source]:
        """Register a function that gives lines, in order, to who has one of these permissions.

        It is told what the reader may do: a line leads to no page that is not open to them.
        """

        def register(source: Source) -> Source:
            self.sources.append((permissions, source))
            return source

        return register

    def read(self, may: May) -> list[Line]:
        """Return every line for the reader, read from the database now; what cannot wait first."""
        sources = [source for permissions, source in self.sources if any(map(may, permissions))]
        lines = [each for source in sources for each in source(may)]
        return sorted(lines, key=lambda line: not line.first)


_todo, _shortcuts = _Lines(), _Lines()
adds_todo, open_todo = _todo.add, _todo.read
adds_shortcuts, open_shortcuts = _shortcuts.add, _shortcuts.read


@adds_todo("clinic_site.change_clinic")
def clinic_todo(may: May) -> Iterable[Line]:
    """What the facts about the clinic still lack."""
    clinic = Clinic.objects.first()
    if clinic is None:
        yield Line(_("Enter the clinic's name and phone."), reverse("admin:clinic_site_clinic_add"))
        return
    change = reverse("admin:clinic_site_clinic_change", args=[clinic.pk])
    if not clinic.time_zone:
        yield Line(_("Confirm the clinic's time zone."), change)
    if not clinic.before_visit.strip():
        yield Line(_("Say what patients should know before a visit."), change)


@adds_todo("clinic_site.change_physician")
def physician_todo(may: May) -> Iterable[Line]:
    """What the facts about its physicians still lack."""
    for physician in Physician.objects.active():
        if not physician.practice.strip():
            yield Line(
                _("Say what %s does for the conditions on this site.") % physician.name,
                reverse("admin:clinic_site_physician_change", args=[physician.pk]),
            )


@adds_todo("clinic_site.change_notice")
def notice_todo(may: May) -> Iterable[Line]:
    """Notices that the clinic has not supplied, or confirmed."""
    for notice in Notice.objects.prefetch_related("lines"):
        change = reverse("admin:clinic_site_notice_change", args=[notice.pk])
        if notice.is_missing:
            yield Line(_("Supply the notice “%s”: the law asks for it.") % notice.title, change)
        elif not notice.confirmed:
            yield Line(_("Have counsel confirm the notice “%s”.") % notice.title, change)


@adds_todo("clinic_site.view_outboxmessage")
def mail_todo(may: May) -> Iterable[Line]:
    """Mail that did not go out, a worker that sends none, and a restore that holds all of it."""
    mails = reverse("admin:clinic_site_outboxmessage_changelist")
    if MailHold.objects.exists():
        said = _("No mail goes out since a restore: whoever runs this site releases it.")
        yield Line(said, mails, first=True)
    beat = WorkerBeat.objects.first()
    # While a key is wrong the worker waits for it, and that is a task of its own.
    if (beat is None or beat.is_silent) and keys_are_right():
        yield Line(
            _("No mail goes out: its worker does not run. Tell whoever runs this site."),
            mails,
            first=True,
        )
    if late := OutboxMessage.objects.late().count():
        text = ngettext("%d mail waits to be sent.", "%d mails wait to be sent.", late) % late
        yield Line(text, f"{mails}?state__exact={MailState.WAITING}", first=True)
    if dead := OutboxMessage.objects.dead().count():
        text = ngettext("%d mail could not be sent.", "%d mails could not be sent.", dead) % dead
        yield Line(text, f"{mails}?state__exact={MailState.DEAD}", first=True)
