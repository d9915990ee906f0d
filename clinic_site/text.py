"""Text as people type it, and one folding of it: what is stored and what is sought fold alike."""

import functools
import unicodedata

# Typed in many ways, and left out in as many: O'Brien, O’Brien, OBrien.
APOSTROPHES = "'`´‘’‛′ʹʻʼʽ＇ꞌ"
# What may stand between the parts of one word; elsewhere it is punctuation.
_JOINERS = "-.\u2010\u2011\u2012\u2013\u2212"
# Letters that Unicode does not take apart.
_LETTERS = {"æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "đ": "d", "ħ": "h", "ı": "i", "ł": "l"}
_LETTERS |= {"ø": "o", "ŧ": "t"}
# What nobody can see, but Unicode counts as letters or marks.
_UNSEEN = {*"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"}
_UNSEEN |= {chr(code) for code in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))}


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


def visible(text: str) -> str:
    r"""Return `text` without the characters that nobody can see, as they come with what is pasted.

    For what is looked up or dialed; in a text as it was typed, some of them have a meaning.

    >>> visible("ana\u200b@exam\u00adple.com\ufeff"), visible("\u3164\u2066")
    ('ana@example.com', '')
    """
    return "".join(c for c in text if not _is_unseen(c))


def folded_words(text: str) -> list[str]:
    r"""Return the words of `text`, in order, in the one spelling that is compared.

    Capitals, accents, stroke letters, apostrophes, invisible characters and the width or form of
    a character do not matter. A word in parts keeps a "-" between them: see `spellings`.

    >>> folded_words("Weight\u2013bearing X-RAYS, at T11.5... (Kyphon™)")
    ['weight-bearing', 'x-rays', 'at', 't11-5', 'kyphon']
    >>> folded_words("Đặng Łukasz Bjørn Işık Æsir Þór Strauß O’Brien")
    ['dang', 'lukasz', 'bjorn', 'isik', 'aesir', 'thor', 'strauss', 'obrien']
    >>> folded_words("frac\u00adture\u3164 ﬁne ＢＯＮＥ fe\u0301 😀 -- हड्डी 骨折。休息")
    ['fracture', 'fine', 'bone', 'fe', 'हडडी', '骨折', '休息']
    """
    # Composed again, as what is taken apart into letters (한) is still one.
    folded = unicodedata.normalize("NFC", "".join(map(_folded, text)))
    words = ("-".join(filter(None, word.split("-"))) for word in folded.split())
    return [word for word in words if any(map(str.isalnum, word))]


def spellings(word: str) -> list[str]:
    """Return how a folded word may be written: its parts, and the parts as one.

    >>> spellings("weight-bearing"), spellings("bone")
    (['weight bearing', 'weightbearing'], ['bone'])
    """
    return list(dict.fromkeys([word.replace("-", " "), word.replace("-", "")]))


def all_spellings(text: str) -> str:
    """Return the folded words of `text` in every way in which they may be written, as one text.

    >>> all_spellings("Weight-bearing bone")
    'weight bearing weightbearing bone'
    """
    return " ".join(each for word in folded_words(text) for each in spellings(word))


@functools.lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """Return the letters that a character stands for; a space where it parts words."""
    if character in APOSTROPHES:
        return ""
    # Before NFKD, which makes letters of some: ™ is no "tm" at the end of a name.
    if unicodedata.category(character)[0] == "S" and character not in _JOINERS:
        return " "
    # Twice, as a small letter can be made of several.
    small = unicodedata.normalize("NFKD", character).casefold()
    return "".join(map(_letter, unicodedata.normalize("NFKD", small)))


def _letter(character: str) -> str:
    if character in _JOINERS:
        return "-"
    kind = unicodedata.category(character)
    # Accents, and what nobody sees; signs that are vowels (of Hindi, say) are letters.
    if unicodedata.combining(character) or kind == "Me" or _is_unseen(character):
        return ""
    return _LETTERS.get(character, character) if kind[0] in "LMN" else " "


def _is_unseen(character: str) -> bool:
    return character in _UNSEEN or unicodedata.category(character) == "Cf"
