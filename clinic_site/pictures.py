"""Pictures: this site's own drawings, and what staff upload.

A text names one by its source: `drawing:NAME` is static/img/NAME.svg, `picture:HASH` an uploaded
one, which is decoded, turned upright, made smaller, and stored anew without its EXIF.
"""

import functools
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from PIL import ExifTags, Image

from clinic_site.clinic import picture_sizes
from clinic_site.models import Clinic, Notice, Physician, Picture

FORMATS = ("JPEG", "PNG", "WEBP")
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # ISO/IEC 23008-12
Image.MAX_IMAGE_PIXELS = None  # Pillow counts what a JPEG has, not what is decoded of it
# How a camera held its picture (EXIF 2.32, Orientation), and what turns it upright. Pillow's own
# `exif_transpose` writes the other EXIF anew, and so fails where any of it is broken.
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


def picture_size(source: str) -> tuple[int, int] | None:
    """Return the width and height of a source's picture; None for one that is not there."""
    kind, _colon, name = source.partition(":")
    if kind == "drawing":
        return _drawing_sizes().get(name)
    return picture_sizes().get(name) if kind == "picture" else None


def picture_of(source: str) -> ShownPicture | None:
    """Return the picture of a source; None for one that is not, or no longer, there."""
    if (size := picture_size(source)) is None:
        return None
    kind, _colon, name = source.partition(":")
    is_drawing = kind == "drawing"
    address = static(f"img/{name}.svg") if is_drawing else reverse("picture", args=[name])
    return ShownPicture(address, *size)


def picture_address(source: str) -> str | None:
    """Return the absolute address of an uploaded picture, `picture:HASH`; None for a drawing.

    Sites that show a card of a page take no SVG.
    """
    kind, _colon, name = source.partition(":")
    return settings.SITE_URL + reverse("picture", args=[name]) if kind == "picture" else None


@dataclass(frozen=True)
class PictureUse:
    """Where an uploaded picture stands, and the page of the admin where that is changed."""

    text: str
    address: str
    is_public: bool

    @classmethod
    def by(cls, row: Model, *, is_public: bool) -> "PictureUse":
        """Return the use by a row that has a page of its own in the admin."""
        change = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        text = f"{capfirst(str(row._meta.verbose_name))}: {row}"
        return cls(text, reverse(change, args=[row.pk]), is_public)


UsesOf = Callable[[str], Iterable[PictureUse]]
_uses_of: list[UsesOf] = []


def adds_picture_uses(source: UsesOf) -> UsesOf:
    """Register a function that returns where the picture of a source, `picture:HASH`, stands."""
    _uses_of.append(source)
    return source


def picture_uses(picture: Picture) -> Iterator[PictureUse]:
    """Return wherever a picture stands, in drafts too, read now."""
    for uses_of in _uses_of:
        yield from uses_of(f"picture:{picture.hash}")


def is_public(picture: Picture) -> bool:
    """Whether a page that patients can see shows the picture."""
    return any(use.is_public for use in picture_uses(picture))


@adds_picture_uses
def _uses_by_the_clinic(source: str) -> Iterator[PictureUse]:
    in_bio = Q(bio__contains=source) | Q(practice__contains=source)
    is_photo = Q(photo__hash=source.removeprefix("picture:"))
    rows: Iterable[Clinic | Notice | Physician] = chain(
        Physician.objects.filter(in_bio | is_photo),
        Notice.objects.filter(body__contains=source),
        Clinic.objects.filter(before_visit__contains=source),
    )
    for row in rows:
        yield PictureUse.by(row, is_public=getattr(row, "active", True))


def shown_to_staff(page: HttpResponse) -> HttpResponse:
    """Let a page that only staff see show its pictures, which may not be public yet."""
    page.content = re.sub(
        rb"/pictures/([0-9a-f]{64})",
        lambda found: Picture(hash=found[1].decode()).address_for_staff.encode(),
        page.content,
    )
    return page


def read_picture(file: IO[bytes], *, alt: str) -> Picture:
    """Return an unsaved Picture of an uploaded file.

    Raises ValidationError, in words for staff, where it is too large, too small or not a picture.
    """
    data = file.read(settings.PICTURE_BYTES + 1)
    if len(data) > settings.PICTURE_BYTES:
        most = settings.PICTURE_BYTES // 2**20
        raise ValidationError(_("This file is over %d MB. Save it smaller and try again.") % most)
    if data[4:8] == b"ftyp" and data[8:12] in HEIC:
        told = _(
            "This picture is in the format HEIC, which few browsers show. Send it to yourself "
            "by email from the phone, which makes a JPEG of it, and choose that. For pictures "
            "to come, choose on the iPhone: Settings, Camera, Formats, Most Compatible."
        )
        raise ValidationError(told)
    try:
        picture = _upright_and_small(Image.open(io.BytesIO(data), formats=FORMATS))
        bytes_out = io.BytesIO()
        picture.save(bytes_out, "WEBP", quality=80, method=6)
    except ValidationError:
        raise
    except Exception as error:  # a broken file can raise anything
        raise ValidationError(_("This is not a JPEG, PNG or WebP picture. Choose one.")) from error
    content = bytes_out.getvalue()
    hash, (width, height) = hashlib.sha256(content).hexdigest(), picture.size
    return Picture(hash=hash, alt=alt, content=content, width=width, height=height)


def _upright_and_small(picture: Image.Image) -> Image.Image:
    """Return an opened picture, not decoded yet, as it is stored; raise ValidationError."""
    (width, height), least = picture.size, settings.PICTURE_SMALLEST
    if min(width, height) < least:
        told = _(
            "This picture is %(width)d by %(height)d pixels, and would be a blur. "
            "Choose one of at least %(least)d by %(least)d."
        )
        raise ValidationError(told, params={"width": width, "height": height, "least": least})
    turn = TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    edges = settings.PICTURE_EDGE, settings.PICTURE_EDGE
    pixels = width * height
    picture.draft(None, edges)  # a JPEG is decoded small at once,
    if "progressive" not in picture.info:  # unless all of it is needed to decode any of it
        pixels = picture.width * picture.height
    if pixels > settings.PICTURE_PIXELS:
        raise ValidationError(
            _("This picture has too many pixels. Save it as a JPEG, or smaller, and try again.")
        )
    # What has no shades between its colors can only be made smaller once it has.
    if picture.has_transparency_data and not picture.mode.startswith("I"):
        picture = picture.convert("RGBA")
    elif picture.mode in ("1", "P"):
        picture = picture.convert("RGB")
    picture.thumbnail(edges)
    if picture.mode.startswith("I"):  # 16 bits of gray, of which an X-ray uses some
        picture = picture.convert("F")
        low, high = cast(tuple[float, float], picture.getextrema())
        scale = 255 / max(high - low, 1)
        picture.info.pop("transparency", None)  # a shade that is another one now
        picture = picture.point(lambda gray: gray * scale - low * scale).convert("L")
    if turn is not None:
        picture = picture.transpose(turn)
    return picture if picture.mode == "RGBA" else picture.convert("RGB")
