"""The treatments of a condition side by side: one table, each row the same thing of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from clinic_site.citations import Citations
from clinic_site.markdown import render_points
from conditions.content.document import TreatmentDocument
from conditions.content.parts import comparison_rows

# The rows that show at once; the others open when asked for, each as a whole.
OPEN_ROWS = ("what", "found", "harms", "unknown")


@dataclass(frozen=True)
class Row:
    """What a row says of each treatment, with the treatment's title."""

    label: str
    cells: list[tuple[str, SafeString]]


@dataclass(frozen=True)
class OptionsTable:
    """The treatments, and the rows that show at once and those that are folded."""

    treatments: Sequence[TreatmentDocument]
    shown: list[Row]
    folded: list[Row]

    @property
    def has_procedure(self) -> bool:
        """Whether the clinic does something among them."""
        return any(each.is_procedure for each in self.treatments)

    @property
    def in_the_fold(self) -> str:
        """The labels of the folded rows, as one sentence begins with them."""
        return ", ".join(row.label for row in self.folded).capitalize()


def options_table(treatments: Sequence[TreatmentDocument], citations: Citations) -> OptionsTable:
    """Lay treatments side by side; each cell links its own sources, in the order of reading."""
    labels = comparison_rows()

    def row(name: str) -> Row:
        return Row(
            labels[name],
            [
                (each.title, render_points([getattr(each.comparison, name)], citations)[0])
                for each in treatments
            ],
        )

    shown = [row(name) for name in OPEN_ROWS]
    return OptionsTable(treatments, shown, [row(name) for name in labels if name not in OPEN_ROWS])
