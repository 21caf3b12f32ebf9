"""Boxes that a model found in overlapping pictures of a sheet, as things of the sheet: each once. Pure."""

from collections.abc import Sequence

from domain.documents import Box, union
from domain.rules_seen import area_of, overlap

SAME = 0.3
"""Two boxes of different pictures that share so much are one thing. A guess."""

INSIDE = 0.6
"""Of the smaller box: what a picture's edge cut off lies in the whole thing's box. A guess."""


def merged(found: Sequence[tuple[int, Box]]) -> list[Box]:
    """The things, each with the box around all that pictures told of it. `found` are numbers of pictures with boxes of
    the sheet. Two boxes of one picture are two things."""
    things: list[dict[int, Box]] = []
    for number, box in found:
        thing = next((each for each in things if number not in each and _is_one(each, box)), None)
        if thing is None:
            things.append({number: box})
        else:
            thing[number] = box
    return [union(list(thing.values())) for thing in things]


def _is_one(thing: dict[int, Box], box: Box) -> bool:
    return any(overlap(other, box) >= SAME or _inside(other, box) >= INSIDE for other in thing.values())


def _inside(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min(area_of(one), area_of(other))
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0.0
