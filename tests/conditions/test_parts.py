"""A page in parts: what two people made of it is put together, or told as a clash."""

import dataclasses

import pytest

from conditions.content.document import ConditionDocument, Section, Source
from conditions.content.parts import (
    NOT_THERE,
    Clash,
    compare,
    document_from,
    hashes_of,
    merge,
    part_hash,
    values_of,
    word_by_word,
)

pytestmark = pytest.mark.on_sqlite

# Who changed what: the text as it was opened, mine, theirs; what is merged, and whether we clash.
# None is a part that is not there.
MERGED = {
    "nobody": ("a", "a", "a", "a", False),
    "I alone": ("a", "b", "a", "b", False),
    "they alone": ("a", "a", "b", "b", False),
    "both the same": ("a", "b", "b", "b", False),
    "both": ("a", "b", "c", "b", True),
    "I added": (None, "b", None, "b", False),
    "they added": (None, None, "b", "b", False),
    "both added": (None, "b", "c", "b", True),
    "I removed": ("a", None, "a", None, False),
    "they removed": ("a", "a", None, None, False),
    "both removed": ("a", None, None, None, False),
    "I removed what they changed": ("a", None, "c", None, True),
    "they removed what I changed": ("a", "b", None, "b", True),
    "I put back what they changed": ("a", "a", "c", "c", False),
}


def there(**parts: str | None) -> dict[str, str]:
    return {part: value for part, value in parts.items() if value is not None}


@pytest.mark.parametrize(
    ("opened", "mine", "theirs", "merged", "is_clash"), MERGED.values(), ids=MERGED.keys()
)
def test_a_part_is_mine_or_theirs_or_a_clash(opened, mine, theirs, merged, is_clash) -> None:
    other = {"other": "same"}
    began = {"other": part_hash("same"), "title": part_hash(opened)}

    got, clashes = merge(
        mine=there(title=mine) | other, opened=began, theirs=there(title=theirs) | other
    )

    assert got == there(title=merged) | other
    assert clashes == [Clash("title", theirs, mine)] * is_clash


def test_a_part_that_was_not_sent_is_theirs() -> None:
    theirs = {"title": "theirs", "summary": "theirs"}

    got, clashes = merge(
        mine={"title": "mine"}, opened={"title": part_hash("theirs")}, theirs=theirs
    )

    assert (got, clashes) == ({"title": "mine", "summary": "theirs"}, [])
    # What began from nothing that is known does not replace what is there.
    assert merge(mine={"title": "mine"}, opened={}, theirs=theirs)[1]


def page(*keys: str) -> ConditionDocument:
    return ConditionDocument(
        slug="a",
        title="A",
        name="a",
        summary="",
        sections=(Section(kind="overview", heading="What", body=""),),
        sources=tuple(Source(key=key, title=key) for key in keys),
    )


@pytest.mark.parametrize(
    ("mine", "theirs", "merged"),
    [
        (("b", "a"), ("a", "b", "c"), ["b", "a", "c"]),  # I moved one, they added one
        (("a", "b", "c"), ("b",), ["b", "c"]),  # they removed one, I added one
        (("b",), ("b", "a"), ["b"]),  # I removed one, they moved it
        (("b", "a"), ("b", "a"), ["b", "a"]),
    ],
)
def test_the_order_of_sources_never_clashes(mine, theirs, merged) -> None:
    opened = hashes_of(values_of(page("a", "b")))

    got, clashes = merge(
        mine=values_of(page(*mine)), opened=opened, theirs=values_of(page(*theirs))
    )

    document = document_from("condition", "a", got)
    assert [each.key for each in document.sources] == merged
    assert clashes == []


def test_a_changed_part_is_named_and_shown_word_by_word() -> None:
    old, new = page("a"), page("a", "b")

    assert [(each.part, each.name) for each in compare(old, new)] == [
        ("sources", "Order of sources"),
        ("source-b", "Source b"),
    ]
    assert compare(old, old) == []
    assert {each.part for each in compare(None, old)} == {
        *("title", "name", "slug", "section-overview", "sources", "source-a"),
    }
    assert part_hash(None) == NOT_THERE != part_hash("")


def test_a_word_that_moves_to_the_next_field_of_a_source_is_a_change() -> None:
    old, new = (
        dataclasses.replace(page(), sources=(Source(key="a", title="A survey", **where),))
        for where in ({"publisher": "2020"}, {"year": "2020"})
    )

    assert [each.name for each in compare(old, new)] == ["Source a"]


def test_long_texts_are_compared_by_words_as_long_as_that_is_quick() -> None:
    old, new = (" ".join(f"{letter}{n}" for n in range(450)) for letter in "xy")
    assert "</ins> bone <del>" in word_by_word(f"{old} bone {old}", f"{new} bone {new}")

    # Words that come again and again take long: by lines, then.
    old, new = "a bone " * 200, "bone, a " * 200
    assert word_by_word(f"{old}\nend", f"{new}\nend") == (
        f"<p><del>{old}<br></del><ins>{new}<br></ins>end</p>"
    )
    old, new = "a bone\n" * 300, "bone, a\na bone\n" * 300
    assert word_by_word(old, new).count("<ins>") == 1
