"""Strokes that one page has and the other lacks. Lines count by what they cover, not by how an exporter cut them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.revisions.rules_transform import Transform
from domain.revisions.types import Stroke

SAME_PT = 0.7
"""Ends of equal strokes are this close: exporters round to about 0.1 pt, scales add some. A guess."""

LEAST_PT = 1.5
"""Shorter uncovered pieces of a line are rounding. A guess."""

SHORT_COVER_PT = 4.0
"""A line that is covered over no more than this, within it, only crosses a letter or an arrow there. A guess."""

ANGLE_STEP = math.pi / 180
OFFSET_STEP_PT = 1.0


def uncovered(strokes: Sequence[Stroke], others: Sequence[Stroke]) -> list[Stroke]:
    """The strokes, or pieces of straight ones, that `others` do not cover. Both in the same space."""
    rest = _unequal(strokes, others)
    index = _LineIndex(others) if rest else None
    found: list[Stroke] = []
    for stroke in rest:
        if stroke.curve or index is None:
            found.append(stroke)
        else:
            found.extend(index.uncovered_pieces(stroke))
    return found


def moved_strokes(strokes: Iterable[Stroke], transform: Transform) -> list[Stroke]:
    """The strokes of page a in the space of page b."""
    return [
        Stroke(
            *transform.point((stroke.x0, stroke.y0)),
            *transform.point((stroke.x1, stroke.y1)),
            stroke.curve,
        )
        for stroke in strokes
    ]


def _unequal(strokes: Sequence[Stroke], others: Sequence[Stroke]) -> list[Stroke]:
    """Strokes without one of the same ends among the others."""
    ends: dict[tuple[int, int], list[Stroke]] = defaultdict(list)
    for other in others:
        ends[round(other.x0), round(other.y0)].append(other)
        if not other.curve:
            ends[round(other.x1), round(other.y1)].append(other)
    return [stroke for stroke in strokes if not _has_equal(stroke, ends)]


def _has_equal(stroke: Stroke, ends: dict[tuple[int, int], list[Stroke]]) -> bool:
    column, row = round(stroke.x0), round(stroke.y0)
    for key in ((column + i, row + j) for i in (0, -1, 1) for j in (0, -1, 1)):
        for other in ends.get(key, ()):
            if _is_equal(stroke, other):
                return True
    return False


def _is_equal(one: Stroke, other: Stroke) -> bool:
    if bool(one.curve) != bool(other.curve):
        return False
    straight = (
        abs(one.x0 - other.x0) + abs(one.y0 - other.y0) <= SAME_PT
        and abs(one.x1 - other.x1) + abs(one.y1 - other.y1) <= SAME_PT
    )
    if one.curve:
        return straight and one.curve == other.curve
    return straight or (
        abs(one.x0 - other.x1) + abs(one.y0 - other.y1) <= SAME_PT
        and abs(one.x1 - other.x0) + abs(one.y1 - other.y0) <= SAME_PT
    )


class _LineIndex:
    """Straight strokes by their direction and their distance from the origin."""

    def __init__(self, strokes: Iterable[Stroke]) -> None:
        self._lines: dict[tuple[int, int], list[Stroke]] = defaultdict(list)
        for stroke in strokes:
            if not stroke.curve and (place := _line_of(stroke)) is not None:
                self._lines[round(place[0] / ANGLE_STEP), round(place[1] / OFFSET_STEP_PT)].append(stroke)

    def uncovered_pieces(self, stroke: Stroke) -> list[Stroke]:
        place = _line_of(stroke)
        if place is None:
            return [stroke]
        length = math.hypot(stroke.x1 - stroke.x0, stroke.y1 - stroke.y0)
        covers = [
            (start, end)
            for start, end in _joined(sorted(self._covers(stroke, place, length)))
            if end - start > SHORT_COVER_PT or start <= 0 or end >= length
        ]
        pieces: list[Stroke] = []
        reached = 0.0
        for start, end in [*covers, (length, length)]:
            if start - reached > LEAST_PT:
                pieces.append(_piece(stroke, reached / length, start / length))
            reached = max(reached, end)
        return pieces

    def _covers(self, stroke: Stroke, place: tuple[float, float], length: float) -> list[tuple[float, float]]:
        """Stretches of the stroke, in points from its start, that lines on it cover."""
        ux, uy = (stroke.x1 - stroke.x0) / length, (stroke.y1 - stroke.y0) / length
        found: list[tuple[float, float]] = []
        for other in self._near(place):
            ends = []
            for x, y in ((other.x0, other.y0), (other.x1, other.y1)):
                along = (x - stroke.x0) * ux + (y - stroke.y0) * uy
                across = abs((x - stroke.x0) * uy - (y - stroke.y0) * ux)
                ends.append((along, across))
            start, end = min(ends[0][0], ends[1][0]), max(ends[0][0], ends[1][0])
            if end <= 0 or start >= length or _across(ends, start, end, length) > SAME_PT:
                continue
            found.append((max(start - SAME_PT, 0.0), min(end + SAME_PT, length)))
        return found

    def _near(self, place: tuple[float, float]) -> Iterable[Stroke]:
        angle, offset = round(place[0] / ANGLE_STEP), round(place[1] / OFFSET_STEP_PT)
        turns = round(math.pi / ANGLE_STEP)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                yield from self._lines.get((angle + i, offset + j), ())
        # A line of almost 180° may be kept as one of 0°, seen from the other side.
        if angle <= 1 or angle >= turns - 1:
            for other_angle in (0, 1, turns - 1, turns):
                for j in (-1, 0, 1):
                    yield from self._lines.get((other_angle, -offset + j), ())


def _joined(stretches: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sorted stretches, those that touch made one."""
    found: list[tuple[float, float]] = []
    for start, end in stretches:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _across(ends: Sequence[tuple[float, float]], start: float, end: float, length: float) -> float:
    """The distance of the line from the stroke where both run: an end far outside may be further away."""
    return min(ends[0][1], ends[1][1]) if start < -length or end > 2 * length else max(ends[0][1], ends[1][1])


def _line_of(stroke: Stroke) -> tuple[float, float] | None:
    """Direction 0 to π and signed distance from the origin; null for a dot."""
    dx, dy = stroke.x1 - stroke.x0, stroke.y1 - stroke.y0
    length = math.hypot(dx, dy)
    if length < SAME_PT:
        return None
    if dy < 0 or (dy == 0 and dx < 0):
        dx, dy = -dx, -dy
    return math.atan2(dy, dx), (stroke.x0 * dy - stroke.y0 * dx) / length


def _piece(stroke: Stroke, start: float, end: float) -> Stroke:
    width, height = stroke.x1 - stroke.x0, stroke.y1 - stroke.y0
    return Stroke(
        stroke.x0 + start * width, stroke.y0 + start * height, stroke.x0 + end * width, stroke.y0 + end * height
    )
