"""Mail in Django's admin: what was sent and what was not, and who gets which."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from appointments.audit import REQUEST
from appointments.outbox import MailChoice, OutboxMessage, OutboxQuerySet
from clinic_site.actor import Actor
from clinic_site.audit.admin import OnRecord, ReadOnly
from clinic_site.audit.record import Action, record


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly):
    """Each mail and how it fared; no text and no address, which are made when it is sent."""

    list_display = ["kind", "request", "to", "state", "created_at", "tries", "due_at", "fault"]
    list_display_links = ["kind"]
    list_filter = ["state", "kind"]
    list_per_page = 50
    ordering = ["-pk"]  # as they were written, by an index
    fields = [
        *("kind", "request", "to", "state", "created_at", "tries", "due_at"),
        *("give_up_at", "sent_at", "fault"),
    ]
    readonly_fields = ["to"]
    actions = ["try_again", "set_aside"]

    @admin.display(description=_("to"))
    def to(self, message: OutboxMessage) -> str:
        """Who gets it, without an address."""
        return message.user.get_username() if message.user else str(_("the patient"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        """With what the list shows of other rows, and no more."""
        shown = ("request__reference", "user__username")
        own = [field.attname for field in OutboxMessage._meta.concrete_fields]
        return super().get_queryset(request).select_related("request", "user").only(*own, *shown)

    @admin.action(description=_("Try again"), permissions=["resend"])
    def try_again(self, request: HttpRequest, queryset: OutboxQuerySet) -> None:
        """Send what was not sent, at once, with 48 hours from now."""
        with transaction.atomic():
            self._on_record(request, queryset.unsent(timezone.now()), "mail to be sent again")
            count = self._rows(queryset).try_again()
        text = ngettext("%d mail is to be sent again.", "%d mails are to be sent again.", count)
        self.message_user(request, text % count, messages.SUCCESS if count else messages.WARNING)

    @admin.action(description=_("Do not send: it is settled"), permissions=["resend"])
    def set_aside(self, request: HttpRequest, queryset: OutboxQuerySet) -> None:
        """Leave what was given up unsent, as for an address that does not exist."""
        with transaction.atomic():
            self._on_record(request, queryset.dead(), "mail not to be sent")
            count = self._rows(queryset).set_aside()
        text = ngettext("%d mail is settled.", "%d mails are settled.", count)
        self.message_user(request, text % count, messages.SUCCESS if count else messages.WARNING)

    def _rows(self, queryset: OutboxQuerySet) -> OutboxQuerySet:
        return OutboxMessage.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))

    def _on_record(self, request: HttpRequest, queryset: OutboxQuerySet, detail: str) -> None:
        found = queryset.exclude(request=None).values_list("request__reference", flat=True)
        references = sorted(set(found.order_by()))
        if references:
            record(Action.CHANGED, REQUEST, references, by=Actor.staff(request), detail=detail)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Whoever may change mails may have them sent again, though they are read only here."""
        return request.user.has_perm("appointments.change_outboxmessage")


class MailChoiceForm(forms.ModelForm):
    """Which mail a member of staff gets; it needs an address to go to."""

    owner: User | None = None  # who chooses for themselves

    class Meta:
        model = MailChoice
        fields = ["user", "new_requests", "digest"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.owner is not None:
            self.instance.user = self.owner

    def clean(self) -> dict[str, Any]:
        """Tell it where there is no address: else nothing would ever come."""
        cleaned = super().clean() or {}
        user = self.owner or cleaned.get("user")
        if user is not None and not user.email:
            self.add_error(
                None,
                forms.ValidationError(
                    _("%(name)s has no email address. Enter one under Users first."),
                    params={"name": user.get_username()},
                ),
            )
        return cleaned


@admin.register(MailChoice)
class MailChoiceAdmin(OnRecord):
    """A manager chooses for everyone, anyone else on the staff for themselves."""

    form = MailChoiceForm
    list_display = ["user", "new_requests", "digest"]
    list_select_related = ["user"]

    def _is_manager(self, request: HttpRequest) -> bool:
        return request.user.has_perm("appointments.change_mailchoice")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MailChoice]:
        """All of them, or one's own."""
        rows = super().get_queryset(request)
        return rows if self._is_manager(request) else rows.filter(user=cast(User, request.user))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A manager chooses one of the staff; others see their own two boxes."""
        if self._is_manager(request):
            return super().get_form(request, obj, change, **kwargs)
        form = super().get_form(
            request, obj, change, **{**kwargs, "fields": ["new_requests", "digest"]}
        )
        return type("OwnMailChoiceForm", (form,), {"owner": request.user})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Those who can sign in here."""
        if db_field.name == "user":
            staff = User.objects.filter(is_staff=True, is_active=True)
            kwargs["queryset"] = staff.order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """All staff."""
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A manager, and oneself."""
        return self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A manager, and oneself."""
        own = obj is None or obj.user_id == request.user.pk
        return self._is_manager(request) or (own and self.has_module_permission(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """All staff; who has chosen before is led to that choice (`add_view`)."""
        return self.has_module_permission(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Choose for the first time."""
        mine = MailChoice.objects.filter(user=cast(User, request.user)).first()
        if mine is not None and not self._is_manager(request):
            return redirect("admin:appointments_mailchoice_change", mine.pk)
        return super().add_view(request, form_url, extra_context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A manager; others untick what they do not want."""
        return self._is_manager(request)
