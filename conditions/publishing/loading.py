"""Content files into the database: all of them, or none."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clinic_site.markdown import cited_keys
from clinic_site.models import Physician
from clinic_site.models.site_version import public_change
from conditions.content.document import DOCUMENTS, ConditionDocument, PageDocument
from conditions.content.files import ContentError, Located, read_yaml
from conditions.models import Condition, LoadedContent, Page, Treatment
from conditions.publishing.drafts import create_page, replace_draft
from conditions.publishing.publish import NotPublishable, publish
from conditions.publishing.rows import ROWS, save_file

# In this order, as pages name physicians, and both name pictures.
TYPES = (*ROWS, "treatment", "condition")


@dataclass(frozen=True)
class ContentFile:
    """One file, read; if it is a page's, found to be of its shape."""

    type: str
    located: Located
    document: PageDocument | None

    @property
    def key(self) -> tuple[str, Any]:
        """The column by which what it holds is known, and its value there."""
        if self.document is not None:
            return "ref", self.document.ref
        if self.type == "clinic":
            return "pk", 1
        key = "hash" if self.type == "picture" else "slug"
        return key, str(self.located.get(key, ""))


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and the .yaml files in the folders named, each folder by name."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not inside:
            raise ContentError(f"{path}: no .yaml file in this folder.")
        found += inside
    return found


def read_file(path: Path) -> ContentFile:
    """Read and check one file; raise ContentError with file, line and what to do."""
    try:
        located = read_yaml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from error
    kind = located.get("type")
    if kind not in TYPES:
        raise located.error("type", f"'type' must be one of {', '.join(TYPES)}.")
    if kind not in DOCUMENTS:
        return ContentFile(kind, located, None)
    document = DOCUMENTS[kind].from_located(located)
    known = {source.key for source in document.sources}
    for part, text in document.citing():
        for cited in cited_keys(text):
            if cited not in known:
                where, key = place_of(part, located)
                key = "body" if part.startswith("section-") else key
                raise where.error(key, f"[^{cited}] is cited, but not among the sources. Add it.")
    return ContentFile(kind, located, document)


def place_of(part: str, located: Located) -> tuple[Located, str | None]:
    """Return where a part of a document stands in its file: a mapping, and a key of it."""
    start, _dash, rest = part.partition("-")
    lists = {"section": ("sections", "kind"), "source": ("sources", "key")}
    if start in lists:
        field, name = lists[start]
        for item in located.get(field, []):
            if " ".join(item[name].split()) == rest:
                return item, None
        return located, field
    if start == "comparison" and rest in located.get(start, {}):
        return located[start], rest
    return located, {"facts": "uses_needle"}.get(start, start)


@public_change()
def load(files: Iterable[ContentFile], *, replace: bool, say: Callable[[str], None]) -> None:
    """Store files that `read_file` gave, publish pages, and `say` a line on each; keep what is
    there unless `replace`. Raises ContentError, and stores nothing, where one file cannot be
    stored.
    """
    pages: list[tuple[Page, PageDocument, Located]] = []
    seen: dict[tuple[str, Any], str] = {}
    for file in sorted(files, key=lambda file: TYPES.index(file.type)):
        key, value = file.key
        slug = "" if key == "pk" else value
        name = f"{file.type} {slug}".strip()
        if other := seen.get((file.type, value)):
            raise file.located.error(key, f"{name} stands in {other} as well. Keep one.")
        seen[file.type, value] = file.located.path
        model: Any = Page if file.document else ROWS[file.type]
        row = model.objects.filter(**{key: value}).first()
        if row is not None and not replace:
            say(f"kept    {name} (it is there already; --replace overwrites it)")
            continue
        _loaded, is_new = LoadedContent.objects.get_or_create(type=file.type, slug=slug)
        if not is_new and not replace:
            say(f"left    {name} (it was loaded once, and removed since; --replace brings it back)")
            continue
        if file.document is None:
            save_file(row or model(**{key: value}), file.located)
        else:
            page = _save_page(row, file.document, file.located)
            pages.append((page, file.document, file.located))
        say(f"loaded  {name}")
    beside = {document.ref: document for _page, document, _located in pages}
    for _page, document, located in pages:  # only now, as pages name each other
        _check_refs(document, located)
    for page, _document, located in pages:
        page.refresh_from_db()
        assert page.draft is not None
        try:
            publish(page=page, revision=page.draft, by=None, clinical_change=True, beside=beside)
        except NotPublishable as error:
            where, line = place_of(error.findings[0].part, located)
            raise where.error(line, str(error)) from error


def _save_page(page: Page | None, document: PageDocument, located: Located) -> Page:
    ref, note = document.ref, f"Loaded from {Path(located.path).name}"
    if not re.fullmatch(r"[-a-zA-Z0-9_]{1,80}", ref):
        what = f"{ref!r} is no address. Use letters, digits and -: sore-back."
        raise located.error("ref" if "ref" in located else "slug", what)
    if page is None:
        return create_page(document=document, by=None, note=note)
    if page.kind != document.page_type:
        raise located.error("type", f"{ref} is a {page.kind} here. Choose another ref.")
    replace_draft(page=page, document=document, by=None, note=note)
    return page


def _check_refs(document: PageDocument, located: Located) -> None:
    """Raise ContentError for a physician or a page that a condition names and nothing here has."""
    if not isinstance(document, ConditionDocument):
        return
    for field, what, names, rows in (
        ("physicians", "physician", document.physicians, Physician.objects.values_list("slug")),
        ("treatments", "treatment", document.treatments, Treatment.objects.values_list("ref")),
        ("related", "condition", document.related, Condition.objects.values_list("ref")),
    ):
        there = {value for (value,) in rows}
        for name in names:
            if name not in there:
                raise located.error(field, f"no {what} {name!r} is here. Load its file as well.")
