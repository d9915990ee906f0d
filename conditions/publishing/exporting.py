"""The site's content as files that `load_content` takes back."""

from typing import Any

from django.db.models import Model

from clinic_site.models import Clinic, Notice, Physician, Picture
from conditions.content.files import write_yaml
from conditions.models import Page

_FIELDS: dict[type[Model], tuple[str, ...]] = {
    Clinic: (
        *("name", "short_name", "phone", "street", "city", "state", "postal_code", "email"),
        *("time_zone", "introduction", "emergency_wording", "answer_within_hours"),
        *("keep_requests_days", "before_visit"),
    ),
    Physician: (
        *("slug", "name", "title", "specialty", "certifications", "interests", "practice"),
        *("bio", "position", "active"),
    ),
    Notice: ("slug", "title", "body", "required", "position"),
    Picture: ("hash", "alt"),
}


def page_file(page: Page, *, draft: bool = False) -> str | None:
    """Return a page's content file: what patients see, or the draft; None for an unseen page."""
    revision = page.draft if draft else page.live
    return revision.page_document.to_yaml() if revision else None


def row_file(row: Clinic | Physician | Notice | Picture) -> str:
    """Return the content file of a clinic, a physician, a notice or a picture.

    A picture's bytes are a file of their own beside it, HASH.webp.
    """
    data: dict[str, Any] = {"type": row._meta.model_name}
    for name in _FIELDS[type(row)]:
        value = getattr(row, name)
        data[name] = value if isinstance(value, str | int | None) else str(value)
    if isinstance(row, Notice) and row.lines.exists():
        data["lines"] = [{"language": each.language, "text": each.text} for each in row.lines.all()]
    if isinstance(row, Clinic) and row.hours:
        data["opening_hours"] = [
            {"weekday": each.weekday, "opens": str(each.opens), "closes": str(each.closes)}
            for each in row.hours
        ]
    if isinstance(row, Clinic) and row.closed_days.exists():
        data["closed_days"] = [{"day": str(each.day)} for each in row.closed_days.all()]
    if isinstance(row, Physician) and row.photo:
        data["photo"] = row.photo.hash
    return write_yaml(data)
