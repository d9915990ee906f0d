"""Mail in Django's admin: what was sent and what was not, and who gets which."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clinic_site.access.models import User
from clinic_site.audit.admin import OnRecord, ReadOnly, column_filter
from clinic_site.audit.models import Action
from clinic_site.mail.models import MailChoice, MailState, OutboxMessage, OutboxQuerySet, kinds


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly):
    """Each mail and how it fared; no text and no address, which are made when it is sent."""

    list_display = ["what", "reference", "to", "state", "created_at", "tries", "due_at", "fault"]
    list_display_links = ["what"]
    list_filter = [
        "state",
        column_filter("kind", _("what"), lambda: [(k.name, k.label) for k in kinds.values()]),
    ]
    list_per_page = settings.LIST_ROWS
    ordering = ["-pk"]  # as they were written, by an index
    fields = [
        *("what", "reference", "to", "state", "created_at", "tries", "due_at"),
        *("give_up_at", "sent_at", "fault"),
    ]
    readonly_fields = ["what", "to"]
    list_select_related = ["user"]
    actions = ["try_again", "set_aside"]

    @admin.display(description=_("to"))
    def to(self, message: OutboxMessage) -> str:
        return message.user.get_username() if message.user else str(_("the person it is about"))

    @admin.action(description=_("Try again"), permissions=["resend"])
    def try_again(self, request: HttpRequest, queryset: OutboxQuerySet) -> None:
        """Send what was not sent, at once, with its whole time from now."""
        with transaction.atomic():
            self.note(request, Action.CHANGED, queryset.unsent(), "mail to be sent again")
            chosen, count = queryset.count(), queryset.try_again()
        text = ngettext("%d mail is to be sent again.", "%d mails are to be sent again.", count)
        why = _("Left as they are: %d. Each was sent, is not to be sent, or is being sent now.")
        self._tell(request, text % count, why, chosen - count)

    @admin.action(description=_("Do not send: it is settled"), permissions=["resend"])
    def set_aside(self, request: HttpRequest, queryset: OutboxQuerySet) -> None:
        """Leave what was given up unsent, as for an address that does not exist."""
        with transaction.atomic():
            self.note(request, Action.CHANGED, queryset.dead(), "mail not to be sent")
            chosen = queryset.count()
            count = queryset.dead().update(state=MailState.SET_ASIDE)
        text = ngettext("%d mail is settled.", "%d mails are settled.", count)
        why = _("Left as they are: %d. Only a mail that was given up can be settled.")
        self._tell(request, text % count, why, chosen - count)

    def _tell(self, request: HttpRequest, done: str, why: Any, left: int) -> None:
        """Say what was done, and why the rest was left."""
        text = f"{done} {why % left}" if left else done
        self.message_user(request, text, messages.WARNING if left else messages.SUCCESS)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Whoever may change mails may have them sent again, though they are read only here."""
        return request.user.has_perm("clinic_site.change_outboxmessage")


def offers_to(user: User) -> list[tuple[str, Any]]:
    """Return the kinds of mail that this account may choose, by name, with their words."""
    offered = [kind for kind in kinds.values() if kind.offer and user.has_perm(kind.permission)]
    return [(kind.name, kind.offer) for kind in offered]


class ChoiceForm(forms.Form):
    """Which kinds of mail a member of staff gets; they need an address to go to."""

    # The hidden value tells what was shown, so that nobody's choice is changed by an older page.
    kinds = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, show_hidden_initial=True
    )

    def __init__(self, data: Any, *, user: User) -> None:
        self.user = user
        self.offered = offers_to(user)
        chosen = [choice.kind for choice in MailChoice.objects.filter(user=user)]
        super().__init__(data, prefix=str(user.pk), initial={"kinds": chosen})
        self.shown: set[str] = set()
        if data is not None:  # where no box was ticked, nothing tells so
            self.data = data = data.copy()
            self.shown = set(data.setlistdefault(self.add_initial_prefix("kinds")))
        field = cast(forms.MultipleChoiceField, self.fields["kinds"])
        field.label, field.choices = user.get_username(), self.offered

    def clean_kinds(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["kinds"]
        if chosen and not self.user.email:
            raise forms.ValidationError(
                _("%(name)s has no email address. Enter one under Users first."),
                params={"name": self.user.get_username()},
            )
        return chosen

    def save(self) -> None:
        """Write what differs from what was shown: another tab may have saved the rest."""
        chosen = set(self.cleaned_data["kinds"])
        MailChoice.objects.filter(user=self.user, kind__in=self.shown - chosen).delete()
        for kind in chosen - self.shown:
            MailChoice.objects.get_or_create(user=self.user, kind=kind)


@admin.register(MailChoice)
class MailChoiceAdmin(OnRecord):
    """One page: a manager chooses for everyone, anyone else on the staff for themselves."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self._with_record(self.choose))
        return [path("", view, name="clinic_site_mailchoice_changelist")]

    def choose(self, request: HttpRequest) -> HttpResponse:
        """Show the boxes; on POST keep what was ticked."""
        people = User.objects.filter(is_active=True, is_staff=True).order_by("username")
        if not request.user.has_perm("clinic_site.change_mailchoice"):
            people = people.filter(username=request.user.get_username())
        data = request.POST if request.method == "POST" else None
        forms = [form for user in people if (form := ChoiceForm(data, user=user)).offered]
        changed = [form for form in forms if form.has_changed()]
        if data is not None and all(form.is_valid() for form in changed):
            with transaction.atomic():
                for form in changed:
                    form.save()
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(request.path, status=303)
        context = self.admin_site.each_context(request)
        context |= {"title": _("Who gets mail"), "forms": forms}
        return render(request, "admin/clinic_site/mail_choices.html", context)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """It stands in the menu of those who have something to choose."""
        user = cast(User, request.user)
        return user.has_perm("clinic_site.change_mailchoice") or bool(offers_to(user))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
