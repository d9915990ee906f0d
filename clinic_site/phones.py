"""Phone numbers: as people type them, as staff dial them, and as people read them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from clinic_site.text import visible

HOME = "US"  # a number without the code of its country is American

# The first digit of an area code is at least 2; that is how many digits the parts have.
_AMERICAN = re.compile(
    r"(?<!\d)(?:\+?1[\W_]{0,3})?([2-9]\d\d)[\W_]{0,3}(\d{3})[\W_]{0,3}(\d{4})(?!\d)"
)
_CODE_BEFORE = re.compile(r"\+[\W\d_]*$")
# Mexico dropped the 1 after its code in 2019; many still type it, and nobody can dial it.
_OLD_MEXICAN = re.compile(r"((?:\+|\b011[\s.-]*)52)[\s.-]*1(?=(?:[\s().-]*\d){10}(?!\d))")
_ABROAD = re.compile(r"^\W*00[\s.-]*(?=[1-9])")  # as people of most countries dial
# "+605-217-5617": by its groups of South Dakota, though Malaysia has such numbers, too.
_OURS_AFTER_PLUS = re.compile(r"\+(?=[\W_]{0,2}605[\W_]{1,3}\d{3}[\W_]{1,3}\d{4}(?!\d))")
_AROUND = " ,;:./-–—"


@dataclass(frozen=True)
class Phone:
    """A phone number, and what was typed beside it: words, and further numbers.

    `number` is E.164, with its extension where it has one: +16055550142;ext=7.
    """

    number: str
    beside: str = ""

    def __str__(self) -> str:
        shown = phone_as_read(self.number)
        return f"{shown} ({self.beside})" if self.beside else shown


def find_phone(text: str) -> Phone | None:
    """Return the first number in a text that can be dialed; None where there is none.

    It needs its area code, and as many digits as numbers of its country have. Whether it is given
    out to anyone is not asked: lists of that are always older than the newest area code.

    >>> find_phone("605-555-0142 cell, ask for Jo")
    Phone(number='+16055550142', beside='cell, ask for Jo')
    >>> print(find_phone("home 605.555.0142 x7 or 605-555-0143"))
    605-555-0142 ext. 7 (home or 605-555-0143)
    >>> find_phone("+52 1 55 1234 5678"), find_phone("555-0142"), find_phone("0605 555 014")
    (Phone(number='+525512345678', beside=''), None, None)
    >>> print(find_phone("+605-217-5617")), print(find_phone("+507 217-5617"))
    605-217-5617
    +507 217-5617
    (None, None)
    """
    typed = _OURS_AFTER_PLUS.sub("+1 ", _ABROAD.sub("+", visible(text)))
    typed = _OLD_MEXICAN.sub(r"\1 ", typed)
    found = min(_numbers(typed), key=lambda each: each[0], default=None)
    if found is None:
        return None
    start, end, number = found
    before = re.sub(r"(?i)\btel:$", "", typed[:start].rstrip("(+"))
    beside = " ".join(f"{before} {typed[end:]}".split()).replace(" ,", ",").strip(_AROUND)
    bracketed = re.fullmatch(r"\(([^()]*)\)", beside)
    return Phone(number, bracketed[1] if bracketed else beside)


def _numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Give where each number that can be dialed begins and ends, and the number."""
    for match in PhoneNumberMatcher(text, HOME, leniency=Leniency.POSSIBLE):
        if _can_be_dialed(match.number):
            yield match.start, match.end, _stored(match.number)
    # What it misses: two numbers side by side, and other marks between the digits.
    for found in _AMERICAN.finditer(text):
        if not _CODE_BEFORE.search(text[: found.start()]):
            yield found.start(), found.end(), "+1" + "".join(found.groups())


def _can_be_dialed(number: phonenumbers.PhoneNumber) -> bool:
    reason = phonenumbers.is_possible_number_with_reason(number)
    digits = phonenumbers.national_significant_number(number)
    has_area_code = number.country_code != 1 or not digits.startswith(("0", "1"))
    return has_area_code and reason == phonenumbers.ValidationResult.IS_POSSIBLE


def _stored(number: phonenumbers.PhoneNumber) -> str:
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164 + (f";ext={number.extension}" if number.extension else "")


def is_known(number: str) -> bool:
    """Whether the list of numbers that are given out has a number like this stored one.

    Not one from abroad that would be American, too, had its + not been typed.

    >>> is_known("+16052175617"), is_known("+16051175617"), is_known("+6052175617")
    (True, False, False)
    """
    parsed = phonenumbers.parse(number)
    american = phonenumbers.parse(number.removeprefix("+"), HOME)
    is_ours_too = parsed.country_code != 1 and phonenumbers.is_valid_number(american)
    return phonenumbers.is_valid_number(parsed) and not is_ours_too


def phone_as_read(number: object) -> str:
    """Return a stored phone number as Americans write it; abroad, in the international form.

    >>> phone_as_read("+16052175617")
    '605-217-5617'
    >>> phone_as_read("+16052175617;ext=12")
    '605-217-5617 ext. 12'
    >>> phone_as_read("+442079460958")
    '+44 20 7946 0958'
    """
    parsed = phonenumbers.parse(str(number), HOME)
    if parsed.country_code != 1:
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    digits = phonenumbers.national_significant_number(parsed)
    extension = f" ext. {parsed.extension}" if parsed.extension else ""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}{extension}"
