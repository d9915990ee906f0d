"""The shapes of crispy-forms layout that this project's forms have beside a plain field."""

from typing import Any

from crispy_forms.layout import Div


class Part(Div):
    """A part of a long form under a heading of its own."""

    template = "%s/layout/part.html"

    def __init__(self, heading: Any, *fields: Any) -> None:
        super().__init__(*fields)
        self.heading = heading


class Fold(Div):
    """Questions that most people leave out, behind a heading that opens them."""

    template = "%s/layout/fold.html"

    def __init__(self, heading: Any, *fields: Any, is_open: bool) -> None:
        super().__init__(*fields)
        self.heading = heading
        self.is_open = is_open
