"""What the editor shows: the contents of a page, and the parts under each entry, to be filled."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic_site.clinic import active_physicians
from clinic_site.models import Picture
from clinic_site.pictures import DRAWINGS, ShownPicture, picture_of
from conditions.content import document
from conditions.content.findings import Finding
from conditions.content.kinds import ABOUT, SectionKind
from conditions.content.parts import Clash, comparison_rows, part_label, part_text
from conditions.content.readability import section_grade
from conditions.content.word_diff import word_by_word
from conditions.models import Page

# Which template shows a part, where it is not that of its name.
TEMPLATES = {
    **dict.fromkeys(("icd10_code", "title", "name", "slug"), "text"),
    **dict.fromkeys(("related", "treatments"), "linked"),
}


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen: what is sent for it, its words, whether it is chosen."""

    value: str
    words: str
    chosen: bool = False
    picture: ShownPicture | None = None
    about: str = ""


@dataclass(frozen=True)
class PartView:
    """A part as the editor shows it; `hint` says what it is for, `clash` has both texts."""

    name: str
    label: str
    value: Any
    hint: str = ""
    choices: list[Choice] = field(default_factory=list)
    more: list[Choice] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    clash: SafeString | None = None

    @property
    def template(self) -> str:
        """The template of its fields."""
        start = self.name.partition("-")[0]
        return f"admin/conditions/editor/_{TEMPLATES.get(start, start)}.html"

    @property
    def kind(self) -> str:
        """What a name tells beyond its beginning: a section's kind, a source's key, a row."""
        return self.name.partition("-")[2]

    @property
    def about(self) -> str:
        """What belongs into a section of its kind."""
        return str(ABOUT.get(self.kind, ""))


@dataclass(frozen=True)
class Pane:
    """One entry of the contents: the parts that stand under it, and how hard its text reads."""

    anchor: str
    label: str
    parts: list[PartView]
    grade: float | None = None

    @property
    def errors(self) -> int:
        """How much in it stands against publishing."""
        return sum(each.level == "error" for part in self.parts for each in part.findings)

    @property
    def removable(self) -> str:
        """The kind of the section that a button here removes."""
        return self.parts[0].kind if self.anchor.startswith("section-") else ""


Choices = Mapping[str, tuple[list[Choice], list[Choice]]]


def panes_of(
    kind: str,
    values: Mapping[str, Any],
    *,
    findings: Iterable[Finding] = (),
    clashes: Iterable[Clash] = (),
    choices: Choices | None = None,
) -> list[Pane]:
    """Return the contents of a page of this kind whose parts are `values`.

    Without `choices` (see choices_of) they do to list, and not to fill in.
    """
    choices = choices or {}
    by_part: dict[str, list[Finding]] = {}
    for each in findings:
        by_part.setdefault(each.part, []).append(each)
    clashing = {each.part: each for each in clashes}
    hints = _hints()
    rows = {f"comparison-{row}": label for row, label in comparison_rows().items()}

    def views(names: Iterable[str]) -> list[PartView]:
        return [
            PartView(
                name=name,
                label=rows.get(name) or part_label(name),
                value=values.get(name),
                hint=hints.get(name.partition("-")[0], ""),
                choices=choices.get(name, ([], []))[0],
                more=choices.get(name, ([], []))[1],
                findings=by_part.get(name, []),
                clash=_both(clashing[name]) if name in clashing else None,
            )
            for name in names
            if name in values or name in clashing
        ]

    about = ("title", "summary", "name", "slug", "facts", "icd10_code")
    panes = [
        Pane("about", _("Title and summary"), views(about)),
        Pane("points", _("Key points"), views(["key_points"])),
        Pane("look", _("Picture"), views(["picture"])),
    ]
    for section_kind in document.DOCUMENTS[kind].kinds:
        name = f"section-{section_kind}"
        if parts := views([name]):
            text = values.get(name) or {"heading": "", "body": ""}
            section = document.Section(kind=section_kind, **text)
            label = section.heading or str(SectionKind(section_kind).label)
            grade = section_grade(section) if section.body.strip() else None
            panes.append(Pane(name, label, parts, grade))
    others_of_it = ("treatments", "physicians", "related", "emergency_words")
    sources = [f"source-{key}" for key in values["sources"]]
    # One that I removed and someone changed is in none of my lists.
    removed = [name for name in clashing if name.startswith("source-") and name not in sources]
    panes += [
        Pane("linked", _("Treatments and people"), views(others_of_it)),
        Pane("beside", _("Beside other treatments"), views(rows)),
        Pane("cited", _("Sources"), views([*sources, *removed, "sources"])),
    ]
    return [pane for pane in panes if pane.parts]


def _both(clash: Clash) -> SafeString:
    texts = (part_text(clash.part, each) for each in (clash.theirs, clash.mine))
    return word_by_word(*texts)


def kinds_of(page: Page, panes: Iterable[Pane]) -> list[Choice]:
    """Return the kinds of section in the page's order; those that it has are chosen."""
    here = {pane.anchor for pane in panes}
    return [
        Choice(
            kind, str(SectionKind(kind).label), f"section-{kind}" in here, about=str(ABOUT[kind])
        )
        for kind in document.DOCUMENTS[page.kind].kinds
    ]


def blanks() -> dict[str, Pane]:
    """Return what the script makes a section and a source of, with their name for __key__."""
    hint = _hints()["section"]
    return {
        start: Pane(name, "", [PartView(name, "", dict.fromkeys(fields, ""), hint)])
        for start, fields in (("section", ("heading", "body")), ("source", ("title",)))
        for name in (f"{start}-__key__",)
    }


def choices_of(page: Page, values: Mapping[str, Any]) -> Choices:
    """Return what is chosen, or can be, in each part that names things; then what can be added.

    Two queries.
    """
    pages = Page.objects.exclude(pk=page.pk).order_by("draft__title", "pk")
    others = list(pages.values_list("kind", "ref", "draft__title"))
    found: dict[str, tuple[list[Choice], list[Choice]]] = {}
    found |= {"picture": (_pictures(values["picture"]["source"]), [])}
    titles = {ref: title for _kind, ref, title in others}
    for part, kind in (("treatments", "treatment"), ("related", "condition")):
        chosen = values.get(part, [])
        found[part] = (
            [Choice(ref, titles.get(ref, ref), chosen=True) for ref in chosen],
            [
                Choice(ref, title)
                for each, ref, title in others
                if each == kind and ref not in chosen
            ],
        )
    here = {each.slug: each.name for each in active_physicians()}
    named = values.get("physicians", [])
    slugs = dict.fromkeys([*here, *named])
    found["physicians"] = (
        [Choice(slug, here.get(slug, slug), slug in named) for slug in slugs],
        [],
    )
    return found


def _pictures(chosen: str) -> list[Choice]:
    drawings = sorted(path.stem for path in DRAWINGS.glob("*.svg"))
    known = {"": _("No picture")}
    known |= {f"drawing:{name}": _("Drawing: %s") % name for name in drawings if name != "mark"}
    uploaded = Picture.objects.values_list("hash", "alt")
    known |= {f"picture:{hash}": alt for hash, alt in uploaded}
    known.setdefault(chosen, chosen)
    return [Choice(each, words, each == chosen, _seen(each)) for each, words in known.items()]


def _seen(source: str) -> ShownPicture | None:
    """Return a picture as staff see it, who may see it before patients do."""
    picture = picture_of(source)
    kind, _colon, hash = source.partition(":")
    if picture is None or kind != "picture":
        return picture
    return dataclasses.replace(picture, address=Picture(hash=hash).address_for_staff)


def _hints() -> dict[str, str]:
    most = settings.KEY_POINTS
    return {
        "name": _("As it stands after “To talk with us about”: a spinal compression fracture."),
        "slug": _("The last part of the page's address."),
        "summary": _("One or two plain sentences under the title; search engines show them too."),
        "key_points": _("What to take away: at most %d short sentences.") % most,
        "emergency_words": _(
            "Whoever searches for one of them is told when to call 911. One word a line: numb."
        ),
        "section": _(
            "Markdown: paragraphs, - lists, ### headings, **bold**, [^key] to cite a source."
        ),
        "icd10_code": _("As in A12.3 or A12.345A."),
        "comparison": _("One or two sentences, each figure with its source: [^key]."),
        "sources": _("Cite a source in the text by its key, as [^key]."),
    }
