"""What the pages say, and show, for search engines: JSON-LD in the vocabulary of schema.org 30."""

import functools
from collections.abc import Sequence
from typing import cast

from django.conf import settings
from django.utils.translation import gettext as _

from clinic_site.models import Clinic
from clinic_site.plain import list_items, plain
from clinic_site.structured_data import VOCABULARY, Data, absolute, breadcrumbs, clinic_node, given
from conditions.content.document import ConditionDocument, PageDocument, TreatmentDocument
from conditions.content.readability import sentences
from conditions.models import Review

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
