"""How crispy-forms lays out the forms of patients."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout


class Fold(Div):
    """Questions that most people leave out, behind a heading that opens them."""

    template = "%s/layout/fold.html"

    def __init__(self, heading: Any, *fields: Any, is_open: bool) -> None:
        super().__init__(*fields)
        self.heading = heading
        self.is_open = is_open


def laid_out(*fields: Any) -> FormHelper:
    """Return the helper of a form with these fields; its template has the form's own tag."""
    helper = FormHelper()
    helper.layout = Layout(*fields)
    helper.form_tag = False
    helper.disable_csrf = True
    return helper
