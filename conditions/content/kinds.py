"""What a section of a page can be about; its place on the page follows from it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SectionKind(models.TextChoices):
    """The kinds, with the headings that new sections of theirs have."""

    EMERGENCY = "emergency", _("When to call 911")
    SEE_DOCTOR = "see_doctor", _("When to see a doctor")
    OVERVIEW = "overview", _("What it is")
    SYMPTOMS = "symptoms", _("Signs and symptoms")
    TREATMENTS = "treatments", _("Treatments")
    SUITS = "suits", _("Who it may suit")
    NOT_SUITED = "not_suited", _("Who it does not suit")
    BENEFITS = "benefits", _("Benefits")
    RISKS = "risks", _("Risks")
    PREPARING = "preparing", _("Before")
    PROCEDURE = "procedure", _("How it is done")
    AFTERWARDS = "afterwards", _("Afterwards")
    DIAGNOSIS = "diagnosis", _("Diagnosis")
    RECOVERY = "recovery", _("Recovery")
    PREVENTION = "prevention", _("Prevention")
    CAUSES = "causes", _("Causes")
    RISK_FACTORS = "risk_factors", _("Risk factors")
    EVIDENCE = "evidence", _("What studies say")
    QUESTIONS = "questions", _("Questions to ask")
    NEXT_STEPS = "next_steps", _("Next steps")


# What belongs into a section of each kind, for whoever writes it.
ABOUT = {
    "emergency": _("When to call 911 or go to an emergency room: a line for each sign."),
    "see_doctor": _("When to call you, or a doctor, soon: a line for each sign."),
    "overview": _("What it is, in a few plain sentences."),
    "symptoms": _("What people notice: a line for each symptom."),
    "treatments": _("The choice to be made. The treatments stand below the text, side by side."),
    "suits": _("Whom it may help."),
    "not_suited": _("Who had better choose something else, and why."),
    "benefits": _("What people gain, with the figures that studies found."),
    "risks": _("What can go wrong, and how often it does."),
    "preparing": _("What to do before the visit."),
    "procedure": _("What happens, step by step."),
    "afterwards": _("What the first days are like, and when to call you."),
    "diagnosis": _("How you find out: what you ask, look at and scan."),
    "recovery": _("How it goes on, and how long that takes."),
    "prevention": _("What keeps it from coming, or from coming back."),
    "causes": _("What brings it on."),
    "risk_factors": _("Who gets it more often than others."),
    "evidence": _("What studies found, for it and against it, and how sure that is."),
    "questions": _("What to ask you at the visit: a line for each question."),
    "next_steps": _("What to do now."),
}

# The kinds of section of each type of page, in the order in which the page shows them.
CONDITION_KINDS = (
    *("emergency", "see_doctor", "overview", "symptoms", "treatments", "questions", "suits"),
    *("diagnosis", "recovery", "prevention", "causes", "risk_factors", "evidence", "next_steps"),
)
TREATMENT_KINDS = (
    *("overview", "suits", "not_suited", "benefits", "risks", "preparing", "procedure"),
    *("afterwards", "evidence", "questions"),
)
# With which of them a new page does not begin.
ADDED_LATER = {
    "condition": ("suits", "prevention", "causes", "risk_factors", "evidence"),
    "treatment": ("evidence",),
}


def blank_heading(kind: str) -> str:
    """Return the heading that a new section of this kind has."""
    return str(SectionKind(kind).label)
