"""What makes a request findable by an encrypted phone, email address or name."""

import re
import unicodedata

from clinic_site.crypto.blind_index import blind_index

# Typed in many ways, and left out in as many: O'Brien, O’Brien, OBrien.
_APOSTROPHES = re.compile("['`´‘’‛′ʹʻʼʽ＇ꞌ]")
_HYPHENS = re.compile("[-\u2010-\u2015\u2212]")


def phone_index(e164: str) -> str:
    """Return the index of a phone number as stored, which may have an extension.

    >>> phone_index("+16055550142") == phone_index("+16055550142;ext=12")
    True
    >>> len(phone_index("+16055550142")), phone_index("")
    (64, '')
    """
    return blind_index("phone", e164.partition(";")[0])


def email_index(text: str) -> str:
    """Return the index of an email address; capitals and spaces around it do not matter.

    >>> email_index(" Ana@Example.com ") == email_index("ana@example.com")
    True
    >>> email_index("ana@example.com") == email_index("ana@example.org")
    False
    """
    return blind_index("email", text.strip().casefold())


def name_indexes(name: str, *, wholes: bool = True) -> list[str]:
    """Return the index of each word of a name, each once.

    `wholes` adds hyphenated names in one piece. That is for storing; a search leaves them out and
    asks for every index it gets, so that "Smith-Jones" also finds a "Smith Jones".

    >>> name_indexes("Ana María") == name_indexes("ANA  maria, Ana")
    True
    >>> name_indexes("O'Brien") == name_indexes("o’brien") == name_indexes("OBRIEN")
    True
    >>> stored = set(name_indexes("Jo Smith-Jones"))
    >>> [set(name_indexes(typed)) <= stored for typed in ("jones", "smithjones", "Smith-Jones Jo")]
    [True, True, True]
    >>> set(name_indexes("Smith-Jones", wholes=False)) <= set(name_indexes("Jones Smith"))
    True
    """
    return [blind_index("name", word) for word in name_words(name, wholes=wholes)]


def name_words(name: str, *, wholes: bool = True) -> list[str]:
    r"""Return the words of a name as they are indexed: small letters, no marks, each once.

    >>> name_words("Zoë O'Brien-Müller (李小龍)")
    ['zoe', 'obrien', 'muller', 'obrienmuller', '李小龍']
    >>> name_words("Strauß,Anna \u202e ---")
    ['strauss', 'anna']
    """
    text = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name))
    # Once more, as a small letter can be made of several.
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(each for each in text if unicodedata.category(each)[0] != "M")
    words: dict[str, None] = {}
    for piece in _HYPHENS.sub("-", text).split():
        parts = [_letters(part) for part in piece.split("-")]
        found = [word for part in parts for word in part.split()]
        words.update(dict.fromkeys(found))
        if wholes and "-" in piece and found:
            words["".join(found)] = None
    return list(words)


def _letters(text: str) -> str:
    """Return the letters and digits of any script, with spaces for everything else."""
    return "".join(each if each.isalnum() else " " for each in text)
