"""Uploaded pictures: decoded, turned upright, made smaller, and stored anew without their EXIF."""

import hashlib
import io
from typing import IO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from clinic_site.models import Picture

MAX_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 60_000_000
MAX_EDGE = 1200  # in pixels; design of the site
FORMATS = ("JPEG", "PNG", "WEBP")


def picture_address(source: str) -> str | None:
    """Return the absolute address of an uploaded picture, `picture:HASH`; None for a drawing.

    Sites that show a card of a page take no SVG.
    """
    kind, _colon, name = source.partition(":")
    if kind != "picture":
        return None
    return settings.SITE_URL + reverse("picture", args=[name])


def read_picture(file: IO[bytes], *, alt: str) -> Picture:
    """Return an unsaved Picture of an uploaded file.

    Raises ValidationError, in words for staff, where it is too large or not a picture.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValidationError(_("This file is over 15 MB. Save the picture smaller and try again."))
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > MAX_PIXELS:
            raise ValidationError(_("This picture has too many pixels. Save it smaller."))
        picture = ImageOps.exif_transpose(picture)
        picture.thumbnail((MAX_EDGE, MAX_EDGE))
        bytes_out = io.BytesIO()
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        picture.convert(mode).save(bytes_out, "WEBP", quality=80, method=6)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValidationError(_("This is not a JPEG, PNG or WebP picture. Choose one.")) from error
    content = bytes_out.getvalue()
    return Picture(
        hash=hashlib.sha256(content).hexdigest(),
        alt=alt,
        content=content,
        width=picture.width,
        height=picture.height,
    )
