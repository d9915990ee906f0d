"""The site's content as files that `load_content` takes back."""

from typing import Any

from django.db.models import Model

from clinic_site.models import Clinic, Notice, Physician
from conditions.content_files import write_yaml
from conditions.models import Condition, Treatment
from conditions.publishing import draft_of

_FIELDS: dict[type[Model], tuple[str, ...]] = {
    Clinic: (
        *("name", "short_name", "phone", "street", "city", "state", "postal_code", "email"),
        *("time_zone", "introduction", "emergency_wording", "answer_within_hours"),
    ),
    Physician: (
        *("slug", "name", "title", "specialty", "certifications", "interests", "bio"),
        *("position", "active"),
    ),
    Notice: ("slug", "title", "body", "required", "position"),
}


def page_file(page: Condition | Treatment, *, draft: bool = False) -> str | None:
    """Return a page's content file: what patients see, or the draft; None for an unseen page."""
    if draft:
        return draft_of(page).to_yaml()
    return page.live.document.to_yaml() if page.live else None


def row_file(row: Clinic | Physician | Notice) -> str:
    """Return the content file of a clinic, a physician or a notice."""
    data: dict[str, Any] = {"type": row._meta.model_name}
    for name in _FIELDS[type(row)]:
        value = getattr(row, name)
        data[name] = value if isinstance(value, str | int | None) else str(value)
    if isinstance(row, Notice) and row.lines.exists():
        data["lines"] = [{"language": each.language, "text": each.text} for each in row.lines.all()]
    return write_yaml(data)
