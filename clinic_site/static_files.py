"""Static files as they are served, hashed and compressed, and the style sheet as pages carry it."""

import functools
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORT = re.compile(r'@import url\("([\w-]+\.css)"\) layer\((\w+)\);')


def joined_styles(folder: Path) -> str:
    """Return site.css of `folder` with each file it imports in its place, without comments.

    Raises ValueError where it imports one in another way.
    """

    def in_place(found: re.Match[str]) -> str:
        text = (folder / found[1]).read_text(encoding="utf-8")
        return f"@layer {found[2]} {{\n{text}}}"

    joined = _IMPORT.sub(in_place, (folder / "site.css").read_text(encoding="utf-8"))
    if "@import" in joined:
        raise ValueError('site.css imports something other than @import url("…") layer(…);')
    return _minified(joined)


def _minified(css: str) -> str:
    # Brotli does the rest. (rcssmin would take the space out of ".card :focus" as well, which then
    # says something else.)
    one_line = " ".join(re.sub(r"(?s)/\*.*?\*/", "", css).split())
    tight = re.sub(r" ?([{};]) ?", r"\1", one_line).replace(";}", "}")
    return re.sub(r"([{;][\w-]+): ", r"\1:", tight)


@functools.cache
def site_style() -> SafeString:
    """Return the style sheet that stands in each public page, with the addresses of its fonts."""
    joined = joined_styles(settings.BASE_DIR / "static" / "css")
    return mark_safe(re.sub(r'"\.\./(fonts/[^"]+)"', lambda found: static(found[1]), joined))  # noqa: S308


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """What collectstatic writes to."""

    # By the folder of the release: another one, in the same STATIC, names other files.
    manifest_name = f"staticfiles.{sha256(bytes(settings.BASE_DIR)).hexdigest()[:12]}.json"

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress what is new: a name says what is in it, and all of it would take seconds."""
        return super().compress_files([path for path in paths if not self.exists(f"{path}.br")])
