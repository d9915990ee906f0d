"""Static files as they are served: hashed, compressed, and the style sheets joined into one."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

JOINED = "css/site.css"
_IMPORT = re.compile(r'@import url\("([\w-]+\.css)"\) layer\((\w+)\);')


def joined_styles(folder: Path) -> str:
    """Return site.css of `folder` with each file it imports in its place, without comments.

    Raises FileNotFoundError where it names a file that is not there, and ValueError where it
    names one in another way.
    """

    def in_place(found: re.Match[str]) -> str:
        text = (folder / found[1]).read_text(encoding="utf-8")
        return f"@layer {found[2]} {{\n{text}}}"

    joined = _IMPORT.sub(in_place, (folder / Path(JOINED).name).read_text(encoding="utf-8"))
    if "@import" in joined:
        raise ValueError(f'{JOINED} imports something other than @import url("…") layer(…);')
    return minified(joined)


def minified(css: str) -> str:
    """Return a style sheet without comments, and without the space that only people need.

    Brotli does the rest. (rcssmin would take the space out of ".card :focus" as well, which then
    says something else.)
    """
    one_line = " ".join(re.sub(r"(?s)/\*.*?\*/", "", css).split())
    tight = re.sub(r" ?([{};]) ?", r"\1", one_line).replace(";}", "}")
    return re.sub(r"([{;][\w-]+): ", r"\1:", tight)


class JoinedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """What collectstatic writes to: a page asks for one style sheet instead of eight."""

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        """Join the style sheets, then hash and compress as WhiteNoise does."""
        if not dry_run:
            source, name = paths[JOINED]
            text = joined_styles(Path(source.path(name)).parent)
            Path(self.path(JOINED)).write_text(text, encoding="utf-8")
            paths = {**paths, JOINED: (self, JOINED)}
        yield from super().post_process(paths, dry_run, **options)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress what is new: a name says what is in it, and all of it would take seconds."""
        return super().compress_files([path for path in paths if not self.exists(f"{path}.br")])
