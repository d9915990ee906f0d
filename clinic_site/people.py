"""Text as people typed it."""

import unicodedata


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


# What nobody can see, but Unicode counts as letters or marks.
_UNSEEN = {*"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"}
_UNSEEN |= {chr(code) for code in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))}


def visible(text: str) -> str:
    r"""Return `text` without the characters that nobody can see, as they come with what is pasted.

    For what is looked up or dialed; in a text as it was typed, some of them have a meaning.

    >>> visible("ana\u200b@exam\u00adple.com\ufeff"), visible("\u3164\u2066")
    ('ana@example.com', '')
    """
    return "".join(c for c in text if c not in _UNSEEN and unicodedata.category(c) != "Cf")
