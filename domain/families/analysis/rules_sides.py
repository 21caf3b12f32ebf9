"""The two sets of a comparison: which side a document stands on, and how ids and names tell it. Pure.

Unchanged pages of two revisions hold the same block ids, so an id without its side would be of either: `A:` and `B:`
are part of every id that a model sees, and an id of the other side is another id.
"""

from collections.abc import Iterable
from uuid import UUID

SIDE_A, SIDE_B, NO_SIDE = "A", "B", ""
SIDES = (SIDE_A, SIDE_B)


def sides_of(ids_a: Iterable[UUID], ids_b: Iterable[UUID]) -> dict[UUID, str]:
    """The side of each document. One that is named on both sides stands on A alone: nothing is compared with itself."""
    sides = dict.fromkeys(ids_a, SIDE_A)
    for document_id in ids_b:
        sides.setdefault(document_id, SIDE_B)
    return sides


def with_side(side: str, ref: str) -> str:
    return f"{side}:{ref}" if side else ref


def side_of(ref: str) -> str:
    """The side that an id names; empty when it names none."""
    head, colon, _ = ref.strip().partition(":")
    return head if colon and head in SIDES else NO_SIDE


def labelled(side: str, name: str) -> str:
    """A document's name as prompts tell it (spec/aizoomdoc.md §1.6)."""
    return f"[DOC_{side}: {name}]" if side else name
