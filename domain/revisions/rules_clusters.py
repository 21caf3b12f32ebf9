"""Strokes gathered to things: what hangs together, and whether two things are the same one moved."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.documents import Box
from domain.revisions.types import Stroke

CELL_PT = 6.0
"""Strokes in neighbouring fields of this size (2 mm) belong together. A guess."""


def clusters(strokes: Sequence[Stroke]) -> list[list[int]]:
    """The places of strokes that hang together, group by group, in the order of their first strokes."""
    fields: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, stroke in enumerate(strokes):
        for field in _fields(stroke):
            fields[field].append(place)
    parent = list(range(len(strokes)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for (column, row), places in fields.items():
        first = root(places[0])
        for key in ((column, row), (column + 1, row), (column, row + 1), (column + 1, row + 1), (column - 1, row + 1)):
            for place in fields.get(key, ()):
                parent[root(place)] = first
                first = root(first)
    groups: dict[int, list[int]] = defaultdict(list)
    for place in range(len(strokes)):
        groups[root(place)].append(place)
    return list(groups.values())


def box_of(strokes: Iterable[Stroke]) -> Box:
    """Around the ends of the strokes; at least one is needed."""
    xs, ys = [], []
    for stroke in strokes:
        xs += [stroke.x0, stroke.x1]
        ys += [stroke.y0, stroke.y1]
    return (min(xs), min(ys), max(xs), max(ys))


def length_of(strokes: Iterable[Stroke]) -> float:
    """In points; a curve counts as the line between its ends, at least a point."""
    return sum(max(math.hypot(s.x1 - s.x0, s.y1 - s.y0), 1.0 if s.curve else 0.0) for s in strokes)


def is_same_shape(one: Sequence[Stroke], other: Sequence[Stroke]) -> bool:
    """Whether the strokes are equal but for a shift, to a point at their ends."""
    if len(one) != len(other):
        return False
    ends: dict[tuple[int, int], list[tuple[float, ...]]] = defaultdict(list)
    for shape in _shape(other):
        ends[round(shape[0]), round(shape[1])].append(shape)
    return all(_take_equal(shape, ends) for shape in _shape(one))


def _take_equal(shape: tuple[float, ...], ends: dict[tuple[int, int], list[tuple[float, ...]]]) -> bool:
    column, row = round(shape[0]), round(shape[1])
    for key in ((column + i, row + j) for i in (0, -1, 1) for j in (0, -1, 1)):
        for other in ends.get(key, ()):
            if all(abs(a - b) <= 1.0 for a, b in zip(shape, other, strict=True)):
                ends[key].remove(other)
                return True
    return False


def _shape(strokes: Sequence[Stroke]) -> list[tuple[float, ...]]:
    """The ends of the strokes from the corner of their box, the upper left end first; then whether it is a curve."""
    left, top, _, _ = box_of(strokes)
    found = []
    for stroke in strokes:
        first, last = (stroke.x0 - left, stroke.y0 - top), (stroke.x1 - left, stroke.y1 - top)
        # Ends that are level to a point keep the order of the other axis: rounding may not swap them.
        swapped = last[0] < first[0] - 1 or (abs(last[0] - first[0]) <= 1 and last[1] < first[1])
        found.append(
            (*last, *first, float(bool(stroke.curve))) if swapped else (*first, *last, float(bool(stroke.curve)))
        )
    return found


def _fields(stroke: Stroke) -> set[tuple[int, int]]:
    """The fields that the stroke runs through."""
    length = math.hypot(stroke.x1 - stroke.x0, stroke.y1 - stroke.y0)
    steps = max(math.ceil(length / (CELL_PT / 2)), 1)
    return {
        (
            int((stroke.x0 + (stroke.x1 - stroke.x0) * step / steps) // CELL_PT),
            int((stroke.y0 + (stroke.y1 - stroke.y0) * step / steps) // CELL_PT),
        )
        for step in range(steps + 1)
    }
