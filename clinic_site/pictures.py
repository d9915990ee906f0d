"""Pictures: this site's own drawings, and what staff upload.

A text names one by its source: `drawing:NAME` is static/img/NAME.svg, `picture:HASH` an uploaded
one, which is decoded, turned upright, made smaller, and stored anew without its EXIF.
"""

import functools
import hashlib
import io
import re
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from PIL import ExifTags, Image

from clinic_site.clinic import picture_sizes
from clinic_site.models import Picture

FORMATS = ("JPEG", "PNG", "WEBP")
# How a camera held its picture (EXIF 2.32, Orientation), and what turns it upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DRAWINGS = settings.BASE_DIR / "static" / "img"


@dataclass(frozen=True)
class ShownPicture:
    """Where a picture is served, and its size in CSS pixels."""

    address: str
    width: int
    height: int


@functools.cache
def _drawing_sizes() -> dict[str, tuple[int, int]]:
    sizes = {}
    for path in DRAWINGS.glob("*.svg"):
        view_box = re.search(r'viewBox="\S+ \S+ (\d+) (\d+)"', path.read_text(encoding="utf-8"))
        if view_box is None:
            raise ValueError(f"{path.name} has no viewBox in whole numbers.")
        sizes[path.stem] = int(view_box[1]), int(view_box[2])
    return sizes


def drawing_size(name: str) -> tuple[int, int] | None:
    """Return the width and height of one of this site's drawings; None where there is none."""
    return _drawing_sizes().get(name)


def picture_of(source: str) -> ShownPicture | None:
    """Return the picture of a source; None for one that is not, or no longer, there."""
    kind, _colon, name = source.partition(":")
    if kind == "drawing":
        size = drawing_size(name)
        return ShownPicture(static(f"img/{name}.svg"), *size) if size else None
    size = picture_sizes().get(name) if kind == "picture" else None
    return ShownPicture(reverse("picture", args=[name]), *size) if size else None


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
    data = file.read(settings.PICTURE_BYTES + 1)
    if len(data) > settings.PICTURE_BYTES:
        most = settings.PICTURE_BYTES // 2**20
        raise ValidationError(_("This file is over %d MB. Save it smaller and try again.") % most)
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > settings.PICTURE_PIXELS:
            raise ValidationError(_("This picture has too many pixels. Save it smaller."))
        turn = TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
        size = settings.PICTURE_EDGE, settings.PICTURE_EDGE
        picture.draft("RGB", size)  # a JPEG is decoded small at once
        picture.thumbnail(size)
        if turn is not None:
            picture = picture.transpose(turn)
        bytes_out = io.BytesIO()
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        picture.convert(mode).save(bytes_out, "WEBP", quality=80, method=6)
    except ValidationError:
        raise
    except Exception as error:  # a broken file can raise anything
        raise ValidationError(_("This is not a JPEG, PNG or WebP picture. Choose one.")) from error
    content = bytes_out.getvalue()
    return Picture(
        hash=hashlib.sha256(content).hexdigest(),
        alt=alt,
        content=content,
        width=picture.width,
        height=picture.height,
    )
