"""Who saw or changed what, when, and from where: rows that are only ever added."""

from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _

actions: dict[str, str] = {}  # every action that can be recorded, with its words


def adds_actions(choices: type[models.TextChoices]) -> type[models.TextChoices]:
    """Register the actions of an app (a class decorator)."""
    actions.update(choices.choices)
    return choices


@adds_actions
class Action(models.TextChoices):
    """What can be done to anything; the apps have actions of their own."""

    VIEWED = "viewed", _("viewed")
    LISTED = "listed", _("listed")
    CHANGED = "changed", _("changed")
    REFUSED = "refused", _("refused")


class AuditEvent(models.Model):
    """One thing that someone did. The database refuses to change or delete such a row.

    What it was done to is told by its kind and its references, without a foreign key: the row
    stays when that is gone. No personal data stands here.
    """

    at = models.DateTimeField(_("at"), auto_now_add=True, db_index=True)
    actor = models.CharField(_("who"), max_length=150)
    action = models.CharField(_("what"), max_length=20)
    subject_kind = models.CharField(_("kind"), max_length=20, blank=True)
    references = models.TextField(_("references"), blank=True)
    detail = models.CharField(_("detail"), max_length=100, blank=True)
    source = models.CharField(_("from"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["actor", "at"], name="audit_actor")]
        constraints = [
            models.CheckConstraint(condition=~models.Q(actor=""), name="audit_has_actor")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.references}".strip()

    @property
    @admin.display(description=_("what"))
    def done(self) -> str:
        """The action in words."""
        return str(actions.get(self.action, self.action))

    @property
    @admin.display(description=_("from"))
    def where(self) -> str:
        """The address of staff; of a patient's keyed hash, enough to tell it from another."""
        return self.source[:8] if len(self.source) == 64 else self.source
