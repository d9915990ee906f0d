"""Forms by which staff sign in and set up their accounts."""

import copy
import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.password_validation import validate_password
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import FIRST_NAME, TotpDevice, User, refuse_shared_name
from clinic_site.access.totp import in_groups, new_secret, qr_code, step_of
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import CannotRead, decrypt, encrypt


def code_field(label: Any, **attributes: Any) -> forms.CharField:
    """Return a field for a code that is good once."""
    attributes |= {"autocomplete": "one-time-code", "autocapitalize": "characters", "size": 24}
    widget = forms.TextInput(attrs={**attributes, "spellcheck": "false"})
    return forms.CharField(label=label, max_length=100, widget=widget)


def name_field(label: Any, **attributes: Any) -> forms.CharField:
    """Return a field for a name of somebody."""
    return forms.CharField(label=label, max_length=150, widget=forms.TextInput(attrs=attributes))


def password_field(label: Any, help_text: Any = "", **attributes: Any) -> forms.CharField:
    """Return a field for a password, as it was typed."""
    widget, most = forms.PasswordInput(attrs=attributes), settings.PASSWORD_CHARACTERS
    return forms.CharField(
        label=label, max_length=most, strip=False, help_text=help_text, widget=widget
    )


class AgainForm(forms.Form):
    """The password of whoever is signed in."""

    password = password_field(_("Password"), autocomplete="current-password", autofocus=True)


class SignInForm(forms.Form):
    """A name and a password."""

    username = name_field(_("Username"), autocomplete="username", autofocus=True)
    password = password_field(_("Password"), autocomplete="current-password")


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = code_field(_("Code"), autofocus=True)


class NewPasswordForm(forms.Form):
    """A new password for an account, twice."""

    password = password_field(
        _("New password"),
        _("12 characters or more, none of the common passwords, and not digits alone."),
        autocomplete="new-password",
    )
    repeated = password_field(_("The same once more"), autocomplete="new-password")

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
                validate_password(password, self._user_as_typed(cleaned))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def _user_as_typed(self, cleaned: dict[str, Any]) -> User:
        return self.user


class InvitationForm(NewPasswordForm):
    """What an account still lacks: its names, while nobody has signed in, and a password."""

    username = UsernameField(
        label=_("Username"),
        max_length=150,
        help_text=_("With this you sign in. Letters, digits and . - _ @ + can stand in it."),
        validators=[User.username_validator, refuse_shared_name],
    )
    first_name = name_field(_("First name"), autocomplete="given-name")
    last_name = name_field(_("Last name"), autocomplete="family-name")
    field_order = ["username", "first_name", "last_name", "password", "repeated"]
    NAMES = ("username", "first_name", "last_name")

    def __init__(self, data: Any = None, *, user: User, needs_password: bool) -> None:
        super().__init__(data, user=user)
        self.names = self.NAMES if user.last_login is None else ()
        for name in self.NAMES:
            if name in self.names:
                # What whoever invited them typed, so that they can mend it.
                given = getattr(user, name)
                self.fields[name].initial = given if given != FIRST_NAME else ""
            else:
                del self.fields[name]
        for name in ("password", "repeated"):
            self.fields[name].required = needs_password

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.exclude(pk=self.user.pk).filter(username=name).exists():
            raise forms.ValidationError(_("Somebody else has this name. Choose another."))
        return name

    def _user_as_typed(self, cleaned: dict[str, Any]) -> User:
        user = copy.copy(self.user)
        for name in self.names:
            setattr(user, name, cleaned.get(name, ""))
        return user

    def typed_names(self) -> dict[str, str]:
        """Return the names that were typed, once the form is valid."""
        return {name: self.cleaned_data[name] for name in self.names}


class AppForm(forms.Form):
    """A secret that an app takes from the page, and the code by which the app shows that it has it.

    The secret goes along with the form, encrypted, for one `purpose` such as one account.
    """

    code = code_field(_("Code that the app shows"))

    def __init__(self, data: Any = None, *, purpose: str, name: str = "") -> None:
        super().__init__(data)
        self.purpose, self.name = purpose, name
        self.secret = self._secret_sent((data or {}).get("sealed", "")) or new_secret()
        self.step: int | None = None

    def _secret_sent(self, sealed: str) -> str:
        try:
            purpose, secret = json.loads(decrypt(sealed))
        except (CannotRead, ValueError):
            return ""
        return str(secret) if purpose == self.purpose else ""

    @property
    def sealed(self) -> str:
        """The secret as the page carries it."""
        return encrypt(json.dumps([self.purpose, self.secret]))

    @cached_property
    def qr_code(self) -> SafeString:
        """The picture that an app scans."""
        return qr_code(self.secret, issuer=current_clinic().name, name=self.name)

    @property
    def typed(self) -> str:
        """The secret as people type it where they cannot scan."""
        return in_groups(self.secret)

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        self.step = step_of(self.secret, code)
        if self.step is None:
            raise forms.ValidationError(
                _("This is not the code of now. Wait for the next one, and type its six digits.")
            )
        return code

    def save(self, user: User) -> TotpDevice:
        """Store the app for an account, in the place of any before it, its code used up."""
        TotpDevice.objects.filter(user=user).delete()
        return TotpDevice.objects.create(user=user, secret=self.secret, last_step=self.step)
