"""Passkeys (WebAuthn): a browser's answer to a challenge, which holds for one answer.

The challenge stands in a signed cookie, and is noted as used only with an answer that was right:
so a stranger, who has none, can write nothing. Each passkey knows its account and has asked for a
finger or a PIN, so it is two factors by itself.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_otp_webauthn.exceptions import OTPWebAuthnApiError
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import UserVerificationRequirement

from clinic_site.access.entry import PASSKEY, Problem
from clinic_site.access.models import User
from clinic_site.access.record import record_refused_sign_in
from clinic_site.clinic import current_clinic
from clinic_site.counters import count_up
from clinic_site.crypto.key_ring import blind_index


class _NotTaken(Exception):
    """What was sent is no passkey of ours, or its challenge is over."""


class Ceremony(WebAuthnHelper):
    """The library's, for passkeys that need no name and are unlocked by their person."""

    def get_relying_party_name(self) -> str:
        return current_clinic().name

    def get_generate_registration_options_kwargs(self, *, user: Any) -> dict[str, Any]:
        options = super().get_generate_registration_options_kwargs(user=user)
        options["authenticator_selection"].user_verification = UserVerificationRequirement.REQUIRED
        return options


@require_POST
def begin(request: HttpRequest, *, purpose: str, enrol: User | None = None) -> HttpResponse:
    """Return what a browser is asked: for a passkey of ours, or to make one for `enrol`.

    Its answer serves this purpose alone, and whoever is signed in now.
    """
    ceremony = Ceremony(request)
    options, state = ceremony.register_begin(enrol) if enrol else ceremony.authenticate_begin()
    response = JsonResponse(options)
    PASSKEY.write(response, **state, purpose=[purpose, request.user.pk])
    return response


@contextlib.contextmanager
def _answer(request: HttpRequest, purpose: str) -> Iterator[tuple[Ceremony, dict[str, Any], Any]]:
    """Give what a browser answered to its challenge, which this uses up. Raises _NotTaken."""
    state = PASSKEY.read(request)
    if state.pop("purpose", None) != [purpose, request.user.pk]:
        raise _NotTaken
    try:
        data = json.loads(request.POST.get("passkey", ""))
        with transaction.atomic():
            yield Ceremony(request), state, data
            if count_up(f"passkey:{blind_index('challenge', state['challenge'])}") > 1:
                raise _NotTaken
    except (
        *(OTPWebAuthnApiError, WebAuthnException, DataError, IntegrityError),
        # What the library lets through of hostile JSON.
        *(ValueError, TypeError, LookupError, AttributeError, RecursionError),
    ) as error:
        raise _NotTaken from error


def use_passkey(
    request: HttpRequest, *, purpose: str, user: User | None = None
) -> WebAuthnCredential:
    """Return the passkey that was used, and is this user's where one is named.

    Raises Problem, on record, where it was not taken; also where its account is closed.
    """
    try:
        with _answer(request, purpose) as (ceremony, state, data):
            found = ceremony.authenticate_complete(user, state, data)
            if not (found.confirmed and found.user.is_active):
                raise _NotTaken
            return found
    except _NotTaken:
        name = user.username if user else ""
        record_refused_sign_in(request, name=name, detail="passkey")
        text = _("This passkey was not taken. Try again, or another way.")
        raise Problem(text, status=400) from None


def make_passkey(request: HttpRequest, user: User, *, purpose: str) -> WebAuthnCredential:
    """Return the passkey that was made, stored for the account. Raises Problem."""
    try:
        with _answer(request, purpose) as (ceremony, state, data):
            return ceremony.register_complete(user, state, data)
    except _NotTaken:
        raise Problem(_("This passkey was not taken. Try again, or use an app.")) from None
