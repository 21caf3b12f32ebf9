"""The long straight lines of a page, from its vectors. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from workers.rendering.pieces import Ruling, Rulings, Vector

THICKNESS_PT = 2.5
"""A filled rectangle thinner than this is a line."""

LEAST_LENGTH_PT = 7.0
"""A table's cell is at least 2.5 mm high."""

GAP_PT = 3.5
"""Ends of a line that are this near belong together: word processors leave 3 pt where lines of a table cross."""

OPEN_LINES = 3
OPEN_WIDTH_PT = 150.0
"""A table without sides is at least this wide and has a heading, a row and an end. A guess."""

SAME_PT = 2.0
"""Lines this near side by side are one: frames are drawn twice, thick lines as two edges."""


def read_rulings(vectors: Sequence[Vector]) -> Rulings:
    """Level and upright lines in points of the page as seen, sorted by position; joined where they continue."""
    level: list[Ruling] = []
    upright: list[Ruling] = []
    for vector in vectors:
        x0, y0, x1, y1 = vector.box
        width, height = x1 - x0, y1 - y0
        if height <= THICKNESS_PT < width:
            level.append(Ruling((y0 + y1) / 2, x0, x1))
        elif width <= THICKNESS_PT < height:
            upright.append(Ruling((x0 + x1) / 2, y0, y1))
        elif vector.is_stroked and vector.is_straight and width > THICKNESS_PT:
            level += (Ruling(y0, x0, x1), Ruling(y1, x0, x1))
            upright += (Ruling(x0, y0, y1), Ruling(x1, y0, y1))
    levels, uprights = joined(level), joined(upright)
    return Rulings(tuple(levels), tuple(joined([*uprights, *_open_sides(levels, uprights)])))


def _open_sides(level: list[Ruling], upright: list[Ruling]) -> list[Ruling]:
    """Upright lines that close a table open on its sides: where several level lines begin, or end, together."""
    together: dict[tuple[int, int], list[Ruling]] = defaultdict(list)
    for ruling in level:
        if ruling.end - ruling.start >= OPEN_WIDTH_PT:
            together[round(ruling.start / SAME_PT), round(ruling.end / SAME_PT)].append(ruling)
    sides = [
        Ruling(at, group[0].at, group[-1].at)
        for group in together.values()
        if len(group) >= OPEN_LINES
        for at in (median(ruling.start for ruling in group), median(ruling.end for ruling in group))
    ]
    return [side for side in sides if not any(_touches(side, ruling) for ruling in upright)]


def _touches(side: Ruling, ruling: Ruling) -> bool:
    return abs(side.at - ruling.at) <= GAP_PT and ruling.start < side.end and ruling.end > side.start


def joined(rulings: list[Ruling]) -> list[Ruling]:
    """Rulings of one position made one where they overlap or touch; short ones are left out."""
    result: list[Ruling] = []
    for same in _side_by_side(rulings):
        at = same[0].at
        same.sort(key=lambda ruling: ruling.start)
        start, end = same[0].start, same[0].end
        for ruling in same[1:]:
            if ruling.start > end + GAP_PT:
                result.append(Ruling(at, start, end))
                start, end = ruling.start, ruling.end
            end = max(end, ruling.end)
        result.append(Ruling(at, start, end))
    return [ruling for ruling in result if ruling.end - ruling.start >= LEAST_LENGTH_PT]


def _side_by_side(rulings: list[Ruling]) -> Iterator[list[Ruling]]:
    group: list[Ruling] = []
    for ruling in sorted(rulings, key=lambda ruling: ruling.at):
        if group and ruling.at - group[0].at > SAME_PT:
            yield group
            group = []
        group.append(ruling)
    if group:
        yield group
