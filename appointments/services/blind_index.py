"""What makes a request findable by an encrypted phone, email address or name."""

import re

from clinic_site.crypto.blind_index import blind_index
from clinic_site.text import APOSTROPHES, folded_words, visible

_PARTED = re.compile(rf"(?<!\w)(\w[{APOSTROPHES}])\s+(?=\w)")  # O' Brien
_INITIALS = re.compile(r"(?<![\w-])\w(?:[- ]\w)+(?![\w-])")  # j-r, j r
_ONE_LETTER = re.compile(r"(?<![\w-])(\w)(?= (\w+))")  # o brien, j o brien


def phone_index(e164: str) -> str:
    """Return the index of a phone number as stored, which may have an extension.

    >>> phone_index("+16055550142") == phone_index("+16055550142;ext=12")
    True
    >>> len(phone_index("+16055550142")), phone_index("")
    (64, '')
    """
    return blind_index("phone", e164.partition(";")[0])


def phone_end_index(e164: str) -> str:
    """Return the index of the last four digits of a phone number, or of just four digits.

    >>> phone_end_index("+16055550142;ext=12") == phone_end_index("0142")
    True
    """
    return blind_index("phone end", e164.partition(";")[0][-4:])


def email_index(text: str) -> str:
    """Return the index of an email address; capitals and what nobody sees do not matter.

    >>> email_index(" Ana@Example.com\u200b ") == email_index("ana@example.com")
    True
    >>> email_index("ana@example.com") == email_index("ana@example.org")
    False
    """
    return blind_index("email", visible(text).strip().casefold())


def name_indexes(name: str) -> list[str]:
    """Return the index of each word that a name is to be found by, each once."""
    return [blind_index("name", word) for word in stored_words(name)]


def asked_name_indexes(name: str) -> list[str]:
    """Return the indexes that a name must have, all of them, to be what someone looks for."""
    return [blind_index("name", word) for word in asked_words(name)]


def stored_words(name: str) -> list[str]:
    r"""Return the words that a name is found by: folded, in parts and in one piece, each once.

    >>> stored_words("Zoë O'Brien-Müller (李小龍)")
    ['zoe', 'obrien', 'muller', 'obrienmuller', '李小龍', 'o', 'brien']
    >>> stored_words("J. R. Ewing"), stored_words("JR\u200b Ewing")
    (['j', 'r', 'ewing', 'jr', 'rewing'], ['jr', 'ewing'])
    """
    name = _PARTED.sub(r"\1", visible(name))
    words: dict[str, None] = {}
    for spelling in (name, re.sub(f"[{APOSTROPHES}]", "-", name)):
        folded = folded_words(spelling)
        for word in folded:
            words |= dict.fromkeys([*word.split("-"), word.replace("-", "")])
        text = " ".join(folded)
        words |= dict.fromkeys(re.sub("[- ]", "", each[0]) for each in _INITIALS.finditer(text))
        words |= dict.fromkeys("".join(pair) for pair in _ONE_LETTER.findall(text))
    return list(words)


def asked_words(name: str) -> list[str]:
    r"""Return the words that must all be among the stored ones of a name that someone looks for.

    However "J.R. Smith-O' Brien" was written, it is found, and by parts of it, too:

    >>> asked_words("J.R. Smith-O' Brien"), asked_words("J R")
    (['jr', 'smith', 'obrien'], ['jr'])
    >>> stored = set(stored_words("j r Smith O’Brien"))
    >>> [set(asked_words(name)) <= stored for name in ("JR O'Brien", "o brien", "Smith-OBrien")]
    [True, True, True]
    """
    text = " ".join(folded_words(_PARTED.sub(r"\1", visible(name))))
    text = _INITIALS.sub(lambda initials: re.sub("[- ]", "", initials[0]), text)
    return list(dict.fromkeys(text.replace("-", " ").split()))
