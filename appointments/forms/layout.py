"""The shape of crispy-forms layout that this project's forms have beside a plain field."""

from typing import Any

from crispy_forms.layout import Div


class Fold(Div):
    """Questions that most people leave out, behind a heading that opens them."""

    template = "%s/layout/fold.html"

    def __init__(self, heading: Any, *fields: Any, is_open: bool) -> None:
        super().__init__(*fields)
        self.heading = heading
        self.is_open = is_open
