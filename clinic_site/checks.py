"""System checks: what `manage.py check --deploy --database default` refuses to go live without."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from clinic_site.models import Notice


@register(Tags.database, deploy=True)
def required_notices_have_text(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each required notice that is still empty."""
    errors: list[CheckMessage] = []
    for alias in databases or []:
        try:
            if Notice._meta.db_table not in connections[alias].introspection.table_names():
                continue  # before the first migration
            notices = Notice.objects.using(alias).prefetch_related("lines")
            empty = [notice for notice in notices if notice.is_missing]
        except DatabaseError as error:
            return [
                Error(f"The database cannot be read: {type(error).__name__}.", id="clinic.E002")
            ]
        errors += [
            Error(
                f"The notice {notice.slug} is empty.",
                hint="The law asks for it. Enter the clinic's own text in the admin.",
                id="clinic.E001",
            )
            for notice in empty
        ]
    return errors
