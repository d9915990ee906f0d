"""Passkeys (WebAuthn): a browser's answer to a challenge, which holds for one answer.

The challenge stands in a signed cookie, and is noted as used only with an answer that was right:
so a stranger, who has none, can write nothing. Each passkey knows its account and has asked for a
finger or a PIN, so it is two factors by itself.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DataError, IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_otp_webauthn.exceptions import OTPWebAuthnApiError
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import ResidentKeyRequirement, UserVerificationRequirement

from clinic_site.access.browser import PASSKEY
from clinic_site.access.models import User
from clinic_site.clinic import current_clinic
from clinic_site.counters import count_up
from clinic_site.crypto.blind_index import blind_index

Found = TypeVar("Found")


class NoPasskey(Exception):
    """What was sent is no passkey of ours, or its challenge is over."""


class Ceremony(WebAuthnHelper):
    """The library's, for passkeys that need no name and are unlocked by their person."""

    def get_relying_party_name(self) -> str:
        return current_clinic().name

    def get_generate_registration_options_kwargs(self, *, user: Any) -> dict[str, Any]:
        options = super().get_generate_registration_options_kwargs(user=user)
        options["authenticator_selection"].user_verification = UserVerificationRequirement.REQUIRED
        return options

    def get_discoverable_credentials_preference(self) -> ResidentKeyRequirement:
        return ResidentKeyRequirement.REQUIRED

    def _check_discoverable(self, original_data: dict[str, Any]) -> bool:
        return True  # it was required; what the browser says of it is not asked


def begin(request: HttpRequest, *, purpose: str, enrol: User | None = None) -> HttpResponse:
    """Return what a browser is asked: for a passkey of ours, or to make one for `enrol`."""
    ceremony = Ceremony(request)
    if enrol is None:
        options, state = ceremony.authenticate_begin()
    else:
        options, state = ceremony.register_begin(enrol)
    response = JsonResponse(options)
    PASSKEY.write(response, **state, purpose=purpose)
    return response


@dataclass(frozen=True)
class Answer:
    """What a browser answered to a challenge, which one right answer uses up."""

    ceremony: Ceremony
    state: dict[str, Any]
    data: Any

    def enrol(self, user: User) -> WebAuthnCredential:
        """Return the passkey that was made, stored for the account. Raises NoPasskey."""
        return self._read(lambda: self.ceremony.register_complete(user, self.state, self.data))

    def recognise(self) -> WebAuthnCredential:
        """Return the passkey that was used. Raises NoPasskey, also where its account is closed."""

        def read() -> WebAuthnCredential:
            found = self.ceremony.authenticate_complete(None, self.state, self.data)
            if not (found.confirmed and found.user.is_active):
                raise NoPasskey
            return found

        return self._read(read)

    def _read(self, read: Callable[[], Found]) -> Found:
        challenge = blind_index("challenge", self.state["challenge"])
        try:
            with transaction.atomic():
                found = read()
                if count_up(f"passkey:{challenge}") > 1:
                    raise NoPasskey
                return found
        except (
            *(OTPWebAuthnApiError, WebAuthnException, DataError, IntegrityError),
            # What the library lets through of hostile JSON.
            *(ValueError, TypeError, KeyError, AttributeError, RecursionError),
        ) as error:
            raise NoPasskey from error


def take_answer(request: HttpRequest, *, purpose: str) -> Answer:
    """Return what the browser answered to the challenge it was given. Raises NoPasskey."""
    state = PASSKEY.read(request)
    if state.pop("purpose", None) != purpose:
        raise NoPasskey
    try:
        data = json.loads(request.POST.get("passkey", ""))
    except (ValueError, RecursionError) as error:
        raise NoPasskey from error
    return Answer(Ceremony(request), state, data)
