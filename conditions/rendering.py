"""A document made ready: HTML for the public templates, JSON-LD (schema.org 30) for machines."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from markdown_it.token import Token

from clinic_site.markdown import (
    CARE_LEVELS,
    Citations,
    parse,
    render_points,
    render_tokens,
    with_colon,
)
from clinic_site.models import Clinic
from clinic_site.plain import list_items, plain
from clinic_site.structured_data import VOCABULARY, Data, absolute, breadcrumbs, clinic_node, given
from conditions.content.document import (
    ConditionDocument,
    PageDocument,
    Section,
    Source,
    TreatmentDocument,
)
from conditions.content.parts import comparison_rows
from conditions.content.readability import sentences
from conditions.models import Review

# Sections that are a care card as a whole; their level of urgency follows from their kind.
CARD_LEVELS = {"emergency": "emergency", "see_doctor": "today"}
# The rows that show at once; the others open when asked for, each as a whole.
OPEN_ROWS = ("what", "found", "harms", "unknown")
# Which property of a MedicalCondition the list items of a kind of section are, and their type.
# Prevention is secondaryPrevention, as primaryPrevention takes no LifestyleModification.
CONDITION_LISTS = {
    "symptoms": ("signOrSymptom", "MedicalSignOrSymptom"),
    "causes": ("cause", "MedicalCause"),
    "risk_factors": ("riskFactor", "MedicalRiskFactor"),
    "diagnosis": ("typicalTest", "MedicalTest"),
    "prevention": ("secondaryPrevention", "LifestyleModification"),
}
# Which property of a MedicalTherapy the steps of a kind of section are, or its text without steps.
TREATMENT_TEXTS = {
    "procedure": "howPerformed",
    "preparing": "preparation",
    "afterwards": "followup",
}


@dataclass(frozen=True)
class RenderedSection:
    """One section in HTML; what follows a care card's last list stands below the card."""

    kind: str
    heading: str
    html: SafeString
    below: SafeString
    level: str | None

    @property
    def anchor(self) -> str:
        return self.kind.replace("_", "-")

    @property
    def level_in_words(self) -> str:
        """What a screen reader says before a care card's heading."""
        return _(CARE_LEVELS[self.level]) if self.level else ""


# A row's label, and what it says of each treatment, by the treatment's title.
Row = tuple[str, list[tuple[str, SafeString]]]


@dataclass(frozen=True)
class OptionsTable:
    """The treatments side by side; each cell links its own sources, in the order of reading."""

    treatments: Sequence[TreatmentDocument]
    shown: list[Row]
    folded: list[Row]

    @property
    def has_procedure(self) -> bool:
        return any(each.is_procedure for each in self.treatments)

    @property
    def in_the_fold(self) -> str:
        """The labels of the folded rows, as one sentence begins with them."""
        return ", ".join(label for label, _cells in self.folded).capitalize()


@dataclass(frozen=True)
class RenderedPage:
    """A document, its HTML by part, and its sources in the order in which they are cited, which
    numbers them from 1: each with the ids of the places that link it.
    """

    document: PageDocument
    key_points: list[SafeString]
    emergency: list[RenderedSection]
    sections: list[RenderedSection]
    options: OptionsTable | None
    sources: list[tuple[Source, list[str]]]

    @functools.cached_property
    def source_list(self) -> SafeString:
        """The sources as HTML: with the way back to each place, half of a page's template."""
        return render_to_string("conditions/_sources.html", {"page": self})

    @property
    def next_steps(self) -> RenderedSection | None:
        """What stands in the page's closing invitation."""
        return next((each for each in self.sections if each.kind == "next_steps"), None)


def end_of_card(tokens: list[Token]) -> int:
    """Return how many of a section's tokens stand in its care card: all to its last list."""
    closes = {"bullet_list_close", "ordered_list_close"}
    ends = [i for i, token in enumerate(tokens, 1) if token.type in closes and token.level == 0]
    return max(ends, default=len(tokens))


def _render_section(section: Section, citations: Citations) -> RenderedSection:
    tokens = parse(section.body)
    level = CARD_LEVELS.get(section.kind)
    in_card = end_of_card(tokens) if level else len(tokens)
    return RenderedSection(
        kind=section.kind,
        heading=with_colon(section.heading) if level else section.heading,
        html=render_tokens(tokens[:in_card], citations),
        below=render_tokens(tokens[in_card:], citations),
        level=level,
    )


def _options_table(treatments: Sequence[TreatmentDocument], citations: Citations) -> OptionsTable:
    labels = comparison_rows()

    def row(name: str) -> Row:
        cells = [
            (each.title, render_points([getattr(each.comparison, name)], citations)[0])
            for each in treatments
        ]
        return labels[name], cells

    shown = [row(name) for name in OPEN_ROWS]
    return OptionsTable(treatments, shown, [row(name) for name in labels if name not in OPEN_ROWS])


def render_page(
    document: PageDocument, treatments: Sequence[TreatmentDocument] = ()
) -> RenderedPage:
    """Render a document in the order of the page: the key points stand after the emergency, the
    `treatments` of a condition in their section.
    """
    citations = Citations()
    shown = document.shown_sections
    emergency = [_render_section(each, citations) for each in shown if each.kind == "emergency"]
    key_points = render_points(document.key_points, citations)
    sections, options = [], None
    for each in shown:
        if each.kind != "emergency":
            sections.append(_render_section(each, citations))
        if each.kind == "treatments" and len(treatments) > 1:
            options = _options_table(treatments, citations)

    by_key = {source.key: source for each in (*treatments, document) for source in each.sources}
    sources = [
        (by_key.get(key, Source(key=key, title=key)), places)
        for key, places in citations.places.items()
    ]
    return RenderedPage(document, key_points, emergency, sections, options, sources)


def page_text(document: PageDocument) -> str:
    """Return a page's words: its summary, its key points, its headings and bodies, in order."""
    parts = [document.summary, *map(plain, document.key_points)]
    for section in document.shown_sections:
        parts += [section.heading, plain(section.body)]
    return "\n".join(part for part in parts if part)


def page_data(
    document: PageDocument,
    *,
    treatments: Sequence[TreatmentDocument] = (),
    clinic: Clinic,
    review: Review | None,
    picture_address: str | None,
) -> Data:
    """Return a page; `treatments` are those that a condition's page shows, in order."""
    about = _about(document, tuple(treatments))
    way = [(_("Conditions"), absolute("condition_list")), (document.title, about["url"])]
    page = given(
        url=about["url"],
        name=document.title,
        description=document.summary,
        inLanguage="en",
        image=picture_address,
        lastReviewed=review and review.reviewed_on.isoformat(),
        reviewedBy=review and {"@type": "Person", "name": review.reviewer_name},
        audience={"@type": "Patient"},
        about=about,
        breadcrumb=breadcrumbs(*way, clinic=clinic),
        publisher=clinic_node(clinic),
    )
    return {"@type": "MedicalWebPage", **page}


@functools.lru_cache(maxsize=settings.PAGES_REMEMBERED)
def _about(document: PageDocument, treatments: tuple[TreatmentDocument, ...]) -> Data:
    """Return what the texts alone say, which is most of the work and stays the same with them."""
    if not isinstance(document, TreatmentDocument):
        return _condition(cast(ConditionDocument, document), treatments)
    about = _therapy(document, document.summary)
    for kind, name in TREATMENT_TEXTS.items():
        body = _body(document, kind)
        about |= given(**{name: "\n".join(list_items(body)) or plain(body)})
    return about


def _condition(document: ConditionDocument, treatments: Sequence[TreatmentDocument]) -> Data:
    about = _subject("MedicalCondition", document)
    for kind, (name, type_) in CONDITION_LISTS.items():
        # After its first sentence an item warns or advises, which is no part of its name.
        names = [sentences(item)[0] for item in list_items(_body(document, kind))]
        about |= given(**{name: [{"@type": type_, "name": each} for each in names]})
    if any(each.kind == "treatments" for each in document.shown_sections):  # they stand there
        is_table = len(treatments) > 1
        therapies = [
            _therapy(each, plain(each.comparison.what) if is_table else each.summary)
            for each in treatments
        ]
        about |= given(possibleTreatment=therapies)
    if code := document.icd10_code:
        about["code"] = {"@type": "MedicalCode", "codeValue": code, "codingSystem": "ICD-10-CM"}
    return about


def _therapy(document: TreatmentDocument, description: str) -> Data:
    """Return a treatment: a MedicalTherapy always, as possibleTreatment takes no procedure else."""
    percutaneous = document.uses_needle and f"{VOCABULARY}/PercutaneousProcedure"
    shown = given(description=description, procedureType=percutaneous)
    return _subject("MedicalTherapy", document) | shown


def _subject(type_: str, document: PageDocument) -> Data:
    address = absolute(document.page_type, document.slug)
    return {"@type": type_, "name": document.title, "url": address}


def _body(document: PageDocument, kind: str) -> str:
    return next((each.body for each in document.shown_sections if each.kind == kind), "")
