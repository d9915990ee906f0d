"""The pictures that staff upload."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

_EDGES = (1, settings.PICTURE_EDGE)


class Picture(models.Model):
    """A picture as WebP bytes, served by its hash; made by clinic_site.pictures."""

    hash = models.CharField(max_length=64, unique=True, editable=False)
    alt = models.CharField(
        _("text for people who cannot see it"),
        max_length=300,
        help_text=_("What the picture shows, in a sentence. Not 'photo of'."),
    )
    content = models.BinaryField(editable=False)
    width = models.PositiveSmallIntegerField(editable=False)
    height = models.PositiveSmallIntegerField(editable=False)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["-added_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hash__length=64), name="picture_hash_is_sha256"
            ),
            models.CheckConstraint(condition=~models.Q(alt=""), name="picture_has_alt"),
            models.CheckConstraint(
                condition=models.Q(width__range=_EDGES, height__range=_EDGES),
                name="picture_size_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.alt

    def get_absolute_url(self) -> str:
        """The address of its bytes for everyone, once a page shows it."""
        return reverse("picture", args=[self.hash])

    @property
    def address_for_staff(self) -> str:
        """The address of its bytes for staff, whether or not a page shows it."""
        return reverse("admin:clinic_site_picture_bytes", args=[self.hash])
