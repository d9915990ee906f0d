"""The sources that a page cites as `[^key]`: how they are read, numbered and linked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.rules_inline import StateInline
from markdown_it.token import Token


@dataclass
class Citations:
    """Numbers the sources of a page in the order in which it first links them.

    `places` maps a source's key to the ids of the places that link it, for the links back.
    """

    places: dict[str, list[str]] = field(default_factory=dict)

    def cite(self, key: str) -> tuple[int, str]:
        """Return the number of the source `key` and the id of this new place that links it."""
        places = self.places.setdefault(key, [])
        number = list(self.places).index(key) + 1
        places.append(f"cite-{number}-{len(places) + 1}")
        return number, places[-1]


def read_citation(state: StateInline, silent: bool) -> bool:
    """Inline rule: `[^key]` becomes a citation token."""
    if not state.src.startswith("[^", state.pos):
        return False
    end = state.src.find("]", state.pos, state.posMax)
    if end == -1:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.meta = {"key": state.src[state.pos + 2 : end]}
    state.pos = end + 1
    return True


# What a source is linked in once, at its last use; so it is in a paragraph or heading.
_ONE_PLACE = {"bullet_list", "ordered_list", "table", "people"}


def last_uses(tokens: Sequence[Token]) -> set[int]:
    """Return the ids of the citations to be linked: the last of each source in its place."""
    linked: set[int] = set()
    seen: set[str] = set()
    depth = 0
    for token in reversed(tokens):
        part = token.type.removesuffix("_open").removesuffix("_close")
        inside = token.meta["name"] if part == "container" else part
        if inside in _ONE_PLACE and token.nesting:
            if not depth:
                seen.clear()
            depth -= token.nesting
        elif token.type == "inline":
            if not depth:
                seen.clear()
            for child in reversed(token.children or []):
                if child.type == "citation" and child.meta["key"] not in seen:
                    seen.add(child.meta["key"])
                    linked.add(id(child))
    return linked
