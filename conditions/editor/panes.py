"""What the editor shows: the contents of a page, and the parts under each entry, to be filled."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.clinic import active_physicians
from clinic_site.models import Picture
from clinic_site.pictures import DRAWINGS, picture_of
from conditions.content.document import DOCUMENTS, Section
from conditions.content.findings import Finding
from conditions.content.kinds import ABOUT, SectionKind, blank_heading
from conditions.content.parts import Clash, comparison_rows, part_label, part_text, word_by_word
from conditions.content.readability import section_grade
from conditions.models import Page
from conditions.publishing.drafts import FormState

# Which template shows a part, where it is not that of its name.
TEMPLATES = dict.fromkeys(("icd10_code", "title", "name", "slug"), "text")
TEMPLATES |= dict.fromkeys(("summary", "emergency_words", "comparison"), "lines")
HINTS = {
    "name": _("As it stands after “To talk with us about”: a spinal compression fracture."),
    "slug": _("The last part of the page's address."),
    "summary": _("One or two plain sentences under the title; search engines show them too."),
    "key_points": format_lazy(
        _("What to take away: at most {} short sentences."), settings.KEY_POINTS
    ),
    "emergency_words": _(
        "Whoever searches for one of them is told when to call 911. One word a line: numb."
    ),
    "section": _("Markdown: paragraphs, - lists, ### headings, **bold**, [^key] to cite a source."),
    "icd10_code": _("As in A12.3 or A12.345A."),
    "comparison": _("One or two sentences, each figure with its source: [^key]."),
    "sources": _("Cite a source in the text by its key, as [^key]."),
}


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen: what is sent for it, its words, whether it is chosen; the
    address of its picture, or what it is about.
    """

    value: str
    words: str
    chosen: bool = False
    picture: str = ""
    about: str = ""


@dataclass(frozen=True)
class PartView:
    """A part as the editor shows it; `more` can be added to it, and `clash` has both texts."""

    name: str
    value: Any
    choices: list[Choice] = field(default_factory=list)
    more: list[Choice] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    clash: SafeString | None = None

    @property
    def start(self) -> str:
        """What parts of its sort begin with: comparison, section, source, or its name."""
        return self.name.partition("-")[0]

    @property
    def kind(self) -> str:
        """What a name tells beyond its beginning: a section's kind, a source's key, a row."""
        return self.name.partition("-")[2]

    @property
    def label(self) -> str:
        rows = comparison_rows() if self.start == "comparison" else {}
        return rows.get(self.kind) or part_label(self.name)

    @property
    def text(self) -> str:
        return part_text(self.name, self.value)

    @property
    def hint(self) -> str:
        return str(HINTS.get(self.start, ""))

    @property
    def template(self) -> str:
        return f"admin/conditions/editor/_{TEMPLATES.get(self.start, self.start)}.html"

    @property
    def about(self) -> str:
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
        return sum(each.level == "error" for part in self.parts for each in part.findings)

    @property
    def removable(self) -> str:
        """The kind of the section that a button here removes."""
        return self.parts[0].kind if self.anchor.startswith("section-") else ""


def panes_of(
    kind: str,
    values: Mapping[str, Any],
    findings: list[Finding],
    clashes: Iterable[Clash] = (),
    choices: Mapping[str, list[Choice]] | None = None,
) -> list[Pane]:
    """Return the contents of a page of this kind whose parts are `values`; without `choices` (see
    choices_of) they do to list, and not to fill in.
    """
    choices = choices or {}
    both = {
        each.part: word_by_word(part_text(each.part, each.theirs), part_text(each.part, each.mine))
        for each in clashes
    }

    def views(*names: str) -> list[PartView]:
        return [
            PartView(
                name,
                values.get(name),
                choices.get(name, []),
                choices.get(f"{name}_new", []),
                [each for each in findings if each.part == name],
                both.get(name),
            )
            for name in names
            if name in values or name in both
        ]

    def section_pane(section_kind: str) -> Pane:
        name = f"section-{section_kind}"
        section = Section(kind=section_kind, **values.get(name, {"heading": "", "body": ""}))
        grade = section_grade(section) if section.body.strip() else None
        return Pane(name, section.heading or blank_heading(section_kind), views(name), grade)

    sources = [f"source-{key}" for key in values["sources"]]
    # One that I removed and someone changed is in none of my lists.
    removed = [name for name in both if name.startswith("source-") and name not in sources]
    about = views("title", "summary", "name", "slug", "facts", "icd10_code")
    others = views("treatments", "physicians", "related", "emergency_words")
    rows = views(*(f"comparison-{row}" for row in comparison_rows()))
    panes = [
        Pane("about", str(_("Title and summary")), about),
        Pane("points", str(_("Key points")), views("key_points")),
        Pane("look", str(_("Picture")), views("picture")),
        *map(section_pane, DOCUMENTS[kind].kinds),
        Pane("linked", str(_("Treatments and people")), others),
        Pane("beside", str(_("Beside other treatments")), rows),
        Pane("cited", str(_("Sources")), views(*sources, *removed, "sources")),
    ]
    return [pane for pane in panes if pane.parts]


def kinds_of(page: Page, panes: Iterable[Pane]) -> list[Choice]:
    """Return the kinds of section in the page's order; those that it has are chosen."""
    here = {pane.anchor for pane in panes}
    return [
        Choice(kind, blank_heading(kind), f"section-{kind}" in here, about=str(ABOUT[kind]))
        for kind in DOCUMENTS[page.kind].kinds
    ]


def blanks() -> dict[str, Pane | PartView]:
    """Return what the script makes a section and a source of, with their name for __key__."""
    section, source = (PartView(f"{start}-__key__", {}) for start in ("section", "source"))
    return {"section": Pane(section.name, "", [section]), "source": source}


def choices_of(page: Page, values: Mapping[str, Any]) -> dict[str, list[Choice]]:
    """Return what is chosen in each part that names things, or can be; under its name and `_new`,
    what can be added. Two queries.
    """
    pages = Page.objects.exclude(pk=page.pk).order_by("draft__title", "pk")
    rows = list(pages.values_list("kind", "ref", "draft__title"))
    found = {"picture": _pictures(values["picture"]["source"])}
    for part, kind in (("treatments", "treatment"), ("related", "condition")):
        titles = {ref: title or ref for each, ref, title in rows if each == kind}
        chosen = values.get(part, [])
        found[part] = [Choice(ref, titles.get(ref, ref)) for ref in chosen]
        found[f"{part}_new"] = [Choice(ref, titles[ref]) for ref in titles if ref not in chosen]
    here = {each.slug: each.name for each in active_physicians()}
    named = values.get("physicians", [])
    found["physicians"] = [
        Choice(slug, here.get(slug, slug), slug in named) for slug in dict.fromkeys([*here, *named])
    ]
    return found


def _pictures(chosen: str) -> list[Choice]:
    drawings = sorted(path.stem for path in DRAWINGS.glob("*.svg"))
    known = {"": str(_("No picture"))}
    known |= {f"drawing:{name}": _("Drawing: %s") % name for name in drawings if name != "mark"}
    known |= {f"picture:{hash}": alt for hash, alt in Picture.objects.values_list("hash", "alt")}
    known.setdefault(chosen, chosen)
    return [Choice(each, words, each == chosen, _address(each)) for each, words in known.items()]


def _address(source: str) -> str:
    """Return where staff see a picture, who may see it before patients do; "" where none is."""
    picture = picture_of(source)
    kind, _colon, hash = source.partition(":")
    if picture and kind == "picture":
        return Picture(hash=hash).address_for_staff
    return picture.address if picture else ""


def others_in(page: Page, person: User) -> str:
    """Return who else has the page open, and in which part, in words."""
    others = page.presences.now().exclude(person=person).select_related("person")
    told = []
    for other in others.order_by("person__username"):
        kind = other.part.removeprefix("section-")
        part = SectionKind(kind).label if kind != other.part else other.part and part_label(kind)
        words = (
            gettext("%(name)s is here, in “%(part)s”.") if part else gettext("%(name)s is here.")
        )
        told.append(words % {"name": other.person, "part": part})
    return " ".join(told)


def together(state: FormState) -> list[tuple[str, str]]:
    """Return who else has saved what that stands beside what the person typed, by their names."""
    clashing = {each.part for each in state.clashes}
    parts: dict[str, list[str]] = {}
    for part, name in state.saved_by.items():
        if part not in clashing:
            parts.setdefault(name, []).append(part_label(part))
    return [(name, ", ".join(labels)) for name, labels in parts.items()]
