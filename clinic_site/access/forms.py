"""Forms by which staff sign in and set up their accounts."""

import base64
import secrets
from textwrap import wrap
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import segno
from django import forms
from django.conf import settings
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import (
    FIRST_NAME,
    TotpDevice,
    User,
    refuse_shared_name,
    refuse_taken_name,
)
from clinic_site.clinic import current_clinic


def _code_field(label: Any, **attributes: Any) -> forms.CharField:
    attributes |= {"autocomplete": "one-time-code", "autocapitalize": "characters", "size": 24}
    widget = forms.TextInput(attrs={**attributes, "spellcheck": "false"})
    return forms.CharField(label=label, max_length=100, widget=widget)


def _name_field(label: Any, **attributes: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=150, widget=forms.TextInput(attrs=attributes))


def _password_field(label: Any, help_text: Any = "", **attributes: Any) -> forms.CharField:
    widget, most = forms.PasswordInput(attrs=attributes), settings.PASSWORD_CHARACTERS
    return forms.CharField(
        label=label, max_length=most, strip=False, help_text=help_text, widget=widget
    )


class AgainForm(forms.Form):
    """The password of whoever is signed in."""

    password = _password_field(_("Password"), autocomplete="current-password", autofocus=True)


class SignInForm(forms.Form):
    """A name and a password."""

    username = _name_field(_("Username"), autocomplete="username", autofocus=True)
    password = _password_field(_("Password"), autocomplete="current-password")


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = _code_field(_("Code"), autofocus=True)


class NewPasswordForm(forms.Form):
    """A new password for an account, twice."""

    password = _password_field(
        _("New password"),
        _("12 characters or more, none of the common passwords, and not digits alone."),
        autocomplete="new-password",
    )
    repeated = _password_field(_("The same once more"), autocomplete="new-password")

    def __init__(self, data: Any = None, *, user: User) -> None:
        self.user = user
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password = cleaned.get("password", "")
        if password != cleaned.get("repeated", password):
            self.add_error("repeated", _("The two passwords differ. Type both again."))
        elif password:
            try:
                validate_password(password, self.user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class InvitationForm(NewPasswordForm):
    """What an account still lacks: its names, while nobody has signed in, and a password.

    Gives the account, which it does not save, the names as they were typed.
    """

    username = UsernameField(
        label=_("Username"),
        max_length=150,
        help_text=_("With this you sign in. Letters, digits and . - _ @ + can stand in it."),
        validators=[User.username_validator, refuse_shared_name],
    )
    first_name = _name_field(_("First name"), autocomplete="given-name")
    last_name = _name_field(_("Last name"), autocomplete="family-name")
    NAMES = ["username", "first_name", "last_name"]
    field_order = [*NAMES, "password", "repeated"]

    def __init__(self, data: Any = None, *, user: User, needs_password: bool) -> None:
        super().__init__(data, user=user)
        self.names = self.NAMES if user.last_login is None else []
        for name in self.NAMES:
            # What whoever invited them typed, so that they can mend it.
            given = getattr(user, name)
            self.fields[name].initial = given if given != FIRST_NAME else ""
            if not self.names:
                del self.fields[name]
        for name in ("password", "repeated"):
            self.fields[name].required = needs_password

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        refuse_taken_name(name, self.user)
        return name

    def clean(self) -> dict[str, Any]:
        for name, value in self.typed_names().items():
            setattr(self.user, name, value)
        cleaned = super().clean()
        if self.names:
            try:
                self.user.clean()  # what the form of users refuses
            except forms.ValidationError as error:
                self.add_error("last_name", error)
        return cleaned

    def typed_names(self) -> dict[str, str]:
        """Return the names that were typed, which are all there once the form is valid."""
        return {name: self.cleaned_data.get(name, "") for name in self.names}


class AppForm(forms.Form):
    """A secret that an app takes from the page, and the code by which the app shows that it has it.

    The secret goes along with the form, signed, for one `purpose` such as one account.
    """

    code = _code_field(_("Code that the app shows"))

    def __init__(self, data: Any = None, *, purpose: str, name: str = "") -> None:
        super().__init__(data)
        self.name, self.salt = name, f"clinic_site.access.app {purpose}"
        try:
            secret = signing.loads(self.data.get("sealed", ""), salt=self.salt)
        except signing.BadSignature:
            # 160 random bits, in base32 as people type them where they cannot scan.
            secret = base64.b32encode(secrets.token_bytes(20)).decode()
        self.device = TotpDevice(secret=secret)

    @property
    def sealed(self) -> str:
        """The secret as the page carries it."""
        return signing.dumps(self.device.secret, salt=self.salt)

    @cached_property
    def qr_code(self) -> SafeString:
        """The picture, as SVG, that an app scans; it shows the code under the clinic's name."""
        issuer = current_clinic().name.replace(":", " ")
        name = self.name or urlsplit(settings.SITE_URL).hostname or ""
        query = urlencode({"secret": self.device.secret, "issuer": issuer}, quote_via=quote)
        code = segno.make(f"otpauth://totp/{quote(issuer)}:{quote(name)}?{query}", error="m")
        # Light and dark as they are, whatever the page's colours: else no app reads it.
        svg = code.svg_inline(omitsize=True, dark="#000", light="#fff", border=4)
        return mark_safe(svg)  # noqa: S308  of squares alone

    @property
    def typed(self) -> str:
        """The secret as people type it where they cannot scan."""
        return " ".join(wrap(self.device.secret, 4))

    def clean_code(self) -> int:
        step = self.device.step_of(self.cleaned_data["code"])
        if step is None:
            raise forms.ValidationError(
                _("This is not the code of now. Wait for the next one, and type its six digits.")
            )
        return step

    def save(self, user: User) -> TotpDevice:
        """Store the app for an account, in the place of any before it, its code used up."""
        TotpDevice.objects.filter(user=user).delete()
        self.device.user, self.device.last_step = user, self.cleaned_data["code"]
        self.device.save()
        return self.device
