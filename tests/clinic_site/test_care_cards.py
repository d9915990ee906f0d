"""A care card's heading leads to its list with a colon, whether an editor typed one or not."""

import pytest

from clinic_site.markdown import with_colon

pytestmark = pytest.mark.on_sqlite


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        *(("Call us if", "Call us if:"), ("Call us if:", "Call us if:"), ("Call us if :", "Call us if :")),
        *(("Call us if ", "Call us if:"), ("Call us if…", "Call us if:"), ("Call us if...", "Call us if:")),
        *(("Call us if\u00a0–", "Call us if:"), ("Is it new?", "Is it new?"), ("Go now!", "Go now!")),
        *(("Call (now)", "Call (now):"), ("", ""), ("…", "…")),
    ],
)  # fmt: skip
def test_the_colon_of_a_care_cards_heading_is_added(typed: str, read: str) -> None:
    assert with_colon(typed) == read
    assert with_colon(read) == read
