"""The two shapes of crispy-forms layout that this project's forms have beside a plain field."""

from typing import Any

from crispy_forms.layout import Div
from django.forms import BaseForm
from django.template.loader import render_to_string


class Part(Div):
    """A part of a long form under a heading of its own."""

    template = "%s/layout/part.html"

    def __init__(self, heading: Any, *fields: Any) -> None:
        super().__init__(*fields)
        self.heading = heading


class DateGroup:
    """Three inputs that are one date: one legend, one hint, one place for errors."""

    def __init__(self, legend: Any, hint: Any, *names: str) -> None:
        self.legend = legend
        self.hint = hint
        self.names = names

    def render(self, form: BaseForm, context: Any, template_pack: str, **kwargs: Any) -> str:
        """Return the group's HTML; crispy-forms calls this."""
        form.rendered_fields.update(self.names)  # type: ignore[attr-defined]  # crispy's own
        fields = [form[name] for name in self.names]
        return render_to_string(
            f"{template_pack}/layout/date_group.html",
            {
                "group": self,
                "fields": fields,
                "errors": [error for field in fields for error in field.errors],
                "id": f"{fields[0].auto_id}_group",
            },
        )
