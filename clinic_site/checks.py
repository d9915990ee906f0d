"""System checks of a server, for `manage.py check --deploy`; some of them at each start, too."""

import os
import re
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import QuerySet

from clinic_site.access.models import shared_accounts
from clinic_site.database_fault import reason_of
from clinic_site.environment import read_env_file
from clinic_site.models import Notice
from clinic_site.state_folder import is_open


@register(Tags.security, deploy=True)
def proxies_and_mail_are_set(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error where a server would take all patients behind its proxy for one sender.

    And where it would write its mail into files, and call it sent.
    """
    found: list[CheckMessage] = []
    if settings.LOOPBACK:
        return found
    if not settings.TRUSTED_PROXIES:
        hint = "Behind nginx on the same machine: TRUSTED_PROXIES=127.0.0.1/32"
        found.append(Error("TRUSTED_PROXIES is not set.", hint=hint, id="clinic.E003"))
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        text = "EMAIL_URL is not set: no mail would leave the server."
        hint = "EMAIL_URL=smtp+tls://USER:PASSWORD@HOST:587"
        found.append(Error(text, hint=hint, id="clinic.E004"))
    return found


@register(Tags.security, deploy=True)
def settings_are_filled_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each setting of a server that still holds what the example says.

    And a warning for each name in ENV_FILE that is no setting of the site.
    """
    found: list[CheckMessage] = []
    if settings.LOOPBACK:
        return found
    example = (settings.BASE_DIR / "deploy" / "production.env").read_text(encoding="utf-8")
    names = re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)
    for name in names:
        # No real name ends in .example: RFC 2606.
        if re.search(r"\.example(?![\w-])|USER:PASSWORD", os.environ.get(name, "")):
            text = f"{name} still holds what the example says."
            found.append(Error(text, hint="Set it to the clinic's own.", id="clinic.E006"))
    for name in read_env_file(settings.ENV_FILE):
        if name not in names and not name.startswith(("PG", "SSL_CERT_")):  # libpq's, OpenSSL's
            close = get_close_matches(name, names, n=1)
            hint = f"Is {close[0]} meant?" if close else "deploy/production.env names them all."
            text = f"{settings.ENV_FILE} sets {name}, which is no setting of the site."
            found.append(Warning(text, hint=hint, id="clinic.W003"))
    return found


@register(Tags.security, deploy=True)
def nobody_else_reads(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning where others may look into VAR of a server, and for each file of keys in it.

    Whoever gets a copy of the folder would have both, and the encryption would count for nothing.
    """
    found: list[CheckMessage] = []
    if settings.LOOPBACK:
        return found
    if is_open(settings.VAR):
        text = f"Other users may look into {settings.VAR}."
        hint = "Make VAR a folder of the site's own user, that holds nothing else: chmod 700"
        found.append(Warning(text, hint=hint, id="clinic.W002"))
    for path in settings.KEY_FILES:
        if path.is_relative_to(settings.VAR):
            text = f"{path} lies in VAR, with the data that its keys open."
            hint = "Keep ENV_FILE and FIELD_KEYS_FILE elsewhere, and out of the backups of VAR."
            found.append(Warning(text, hint=hint, id="clinic.W001"))
        if path.stat().st_mode & 0o007:
            text, hint = f"Every user may read the keys in {path}.", f"chmod 600 {path}"
            found.append(Warning(text, hint=hint, id="clinic.W004"))
    return found


@register(Tags.security, deploy=True)
def required_notices_have_text(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each required notice that is still empty."""
    try:
        notices = _stored(Notice.objects.prefetch_related("lines"))
    except (DatabaseError, InterfaceError) as error:
        return [Error(f"The database cannot be read: {reason_of(error)}.", id="clinic.E002")]
    return [
        Error(
            f"The notice {notice.slug} is empty.",
            hint="The law asks for it. Enter the clinic's own text in the admin.",
            id="clinic.E001",
        )
        for notice in notices
        if notice.is_missing
    ]


@register(Tags.security, deploy=True)
def nobody_shares_an_account(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for an active account on a server whose name says that several use it."""
    try:
        found = _stored(shared_accounts())
    except (DatabaseError, InterfaceError):
        return []  # the check of the notices tells that
    return [
        Error(
            f"The account {user.username} is active, and its name is everybody's.",
            hint="Invite each person by a name of their own (manage.py invite), then close it: "
            f"manage.py shell -c 'User.objects.filter(pk={user.pk}).update(is_active=False)'",
            id="clinic.E005",
        )
        for user in found
    ]


def _stored(rows: QuerySet[Any]) -> list[Any]:
    """Return the rows; [] before the first migration, where there is no table of them yet."""
    is_made = rows.model._meta.db_table in connection.introspection.table_names()
    return list(rows) if is_made else []
