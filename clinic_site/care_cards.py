"""The heading of a care card, as patients read it."""


def with_colon(heading: str) -> str:
    """Return a care card's heading with a colon before its list; a question keeps its mark.

    >>> with_colon("Call us today if"), with_colon("Call 911 if…"), with_colon("Is it new?")
    ('Call us today if:', 'Call 911 if:', 'Is it new?')
    """
    words = heading.rstrip(" \t\u00a0.,;…–—-")
    return f"{words}:" if words and words[-1] not in ":?!" else words or heading
