"""Phone numbers as people read them, and text as people typed it."""

import unicodedata

from phonenumber_field.phonenumber import PhoneNumber


def phone_as_read(number: "PhoneNumber | str") -> str:
    """Return a phone number as Americans write it; abroad, in the international form.

    >>> phone_as_read("+16052175617")
    '605-217-5617'
    >>> phone_as_read("+16052175617;ext=12")
    '605-217-5617 ext. 12'
    >>> phone_as_read("+442079460958")
    '+44 20 7946 0958'
    """
    parsed = PhoneNumber.from_string(str(number))
    if parsed.country_code != 1:
        return parsed.as_international
    digits = str(parsed.national_number)
    extension = f" ext. {parsed.extension}" if parsed.extension else ""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}{extension}"


def plain_text(text: str) -> str:
    r"""Return `text` without what no one types on purpose: control characters other than tab
    and line break, and the marks that turn the direction of the text around them.

    >>> plain_text("Ana\x00 \u202eMar\u00eda\r\nL\u00f3pez ")
    'Ana María\nLópez'
    """
    turned = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    kept = "".join(
        c
        for c in text.replace("\r\n", "\n").replace("\r", "\n")
        if c in "\n\t" or (unicodedata.category(c) not in {"Cc", "Cs"} and c not in turned)
    )
    # Composed last, as what stood between a letter and its accent may be gone.
    return unicodedata.normalize("NFC", kept).strip()
