"""The reference of a request, as people read it out and type it."""

import re
import secrets
import unicodedata

# Digits and capitals, but of each set of look-alikes (0 O, 1 I L, 5 S, 2 Z, 8 B, U V) at most
# one, and no vowel and no Y, so that no word can form.
ALPHABET = "234679CDFGHJKMNPQRTWX"


def new_reference() -> str:
    """Return a random reference such as VIS-7K3M-9RQF (21^8 of them, about 38 billion)."""
    half = ["".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2)]
    return f"VIS-{half[0]}-{half[1]}"


def typed_reference(text: str) -> str | None:
    """Return the reference that a person typed in their own way, or None where it is none.

    >>> typed_reference("7k3m 9rqf"), typed_reference("Reference: vis 7K3M\u20119RQF")
    ('VIS-7K3M-9RQF', 'VIS-7K3M-9RQF')
    """
    typed = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text).upper())
    found = re.fullmatch(rf"(?:.*VIS)?([{ALPHABET}]{{4}})([{ALPHABET}]{{4}})", typed)
    return f"VIS-{found[1]}-{found[2]}" if found else None
