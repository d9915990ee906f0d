"""What the admin's front page lists: what is still to be done, and pages to open at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.crypto.key_check import keys_are_right
from clinic_site.mail.models import MailState, OutboxMessage, WorkerBeat
from clinic_site.models import Clinic, Notice, Physician


@dataclass(frozen=True)
class ToDo:
    """One thing for staff to do, and the admin page where it is done; "" where none is."""

    text: str
    address: str
    first: bool = False


@dataclass(frozen=True)
class Shortcut:
    """A page of the admin that is one click away from its front page."""

    text: str
    address: str


T = TypeVar("T")
# Tells of each permission, such as "clinic_site.change_clinic", whether the reader has it.
May = Callable[[str], bool]
Source = Callable[[May], Iterable[T]]
Registry = list[tuple[tuple[str, ...], Source[T]]]
_todo: Registry[ToDo] = []
_shortcuts: Registry[Shortcut] = []


def adds_todo(*permissions: str) -> Callable[[Source[ToDo]], Source[ToDo]]:
    """Register a function that returns what is to be done by who has one of these permissions.

    It is told what the reader may do: a task leads to no page that is not open to them. An app's
    `todo` module holds its own.
    """
    return _adds(_todo, permissions)


def adds_shortcuts(*permissions: str) -> Callable[[Source[Shortcut]], Source[Shortcut]]:
    """Register a function that returns shortcuts, in order, in the way of `adds_todo`."""
    return _adds(_shortcuts, permissions)


def _adds(registry: Registry[T], permissions: tuple[str, ...]) -> Callable[[Source[T]], Source[T]]:
    def register(source: Source[T]) -> Source[T]:
        registry.append((permissions, source))
        return source

    return register


def _found(registry: Registry[T], may: May) -> list[T]:
    sources = [source for permissions, source in registry if any(map(may, permissions))]
    return [each for source in sources for each in source(may)]


def open_todo(may: May) -> list[ToDo]:
    """Return every open task, read from the database now; what cannot wait comes first."""
    return sorted(_found(_todo, may), key=lambda task: not task.first)


def open_shortcuts(may: May) -> list[Shortcut]:
    """Return every shortcut that is open to the reader, read from the database now."""
    return _found(_shortcuts, may)


@adds_todo("clinic_site.change_clinic")
def clinic_todo(may: May) -> Iterable[ToDo]:
    """What the facts about the clinic still lack."""
    clinic = Clinic.objects.first()
    if clinic is None:
        yield ToDo(_("Enter the clinic's name and phone."), reverse("admin:clinic_site_clinic_add"))
    else:
        change = reverse("admin:clinic_site_clinic_change", args=[clinic.pk])
        if not clinic.time_zone:
            yield ToDo(_("Confirm the clinic's time zone."), change)
        if not clinic.before_visit.strip():
            yield ToDo(_("Say what patients should know before a visit."), change)


@adds_todo("clinic_site.change_physician")
def physician_todo(may: May) -> Iterable[ToDo]:
    """What the facts about its physicians still lack."""
    for physician in Physician.objects.active():
        if not physician.practice.strip():
            yield ToDo(
                _("Say what %s does for the conditions on this site.") % physician.name,
                reverse("admin:clinic_site_physician_change", args=[physician.pk]),
            )


@adds_todo("clinic_site.change_notice")
def notice_todo(may: May) -> Iterable[ToDo]:
    """Notices that the clinic has not supplied, or confirmed."""
    for notice in Notice.objects.prefetch_related("lines"):
        change = reverse("admin:clinic_site_notice_change", args=[notice.pk])
        if notice.is_missing:
            yield ToDo(_("Supply the notice “%s”: the law asks for it.") % notice.title, change)
        elif not notice.confirmed:
            yield ToDo(_("Have counsel confirm the notice “%s”.") % notice.title, change)


@adds_todo("clinic_site.view_outboxmessage")
def mail_todo(may: May) -> Iterable[ToDo]:
    """Mail that did not go out, and a worker that sends none."""
    mails = reverse("admin:clinic_site_outboxmessage_changelist")
    beat = WorkerBeat.objects.first()
    # While a key is wrong the worker waits for it, and that is a task of its own.
    if (beat is None or beat.is_silent) and keys_are_right():
        yield ToDo(
            _("No mail goes out: its worker does not run. Tell whoever runs this site."),
            mails,
            first=True,
        )
    late = OutboxMessage.objects.late(timezone.now()).count()
    if late:
        text = ngettext("%d mail waits to be sent.", "%d mails wait to be sent.", late) % late
        yield ToDo(text, f"{mails}?state__exact={MailState.WAITING}", first=True)
    dead = OutboxMessage.objects.dead().count()
    if dead:
        text = ngettext("%d mail could not be sent.", "%d mails could not be sent.", dead) % dead
        yield ToDo(text, f"{mails}?state__exact={MailState.DEAD}", first=True)
