"""The long straight lines of a page, from its vectors. Pure."""

from bisect import bisect_right
from collections import defaultdict
from statistics import median

import numpy as np
from numpy.typing import NDArray

from workers.rendering.pieces import Ruling, Rulings, Vectors

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

_Lines = NDArray[np.float64]
"""A row each: where the line is across, its start and its end."""


def read_rulings(vectors: Vectors) -> Rulings:
    """Level and upright lines in points of the page as seen, sorted by position; joined where they continue."""
    x0, y0, x1, y1 = vectors.boxes.T
    width, height = x1 - x0, y1 - y0
    is_level = (height <= THICKNESS_PT) & (width > THICKNESS_PT)
    is_upright = (width <= THICKNESS_PT) & (height > THICKNESS_PT)
    is_box = vectors.is_stroked & vectors.is_straight & (width > THICKNESS_PT) & (height > THICKNESS_PT)
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    level = _lines((middle_y, x0, x1, is_level), (y0, x0, x1, is_box), (y1, x0, x1, is_box))
    upright = _lines((middle_x, y0, y1, is_upright), (x0, y0, y1, is_box), (x1, y0, y1, is_box))
    levels, uprights = _joined(level), _joined(upright)
    sides = _open_sides(_rulings(levels), _rulings(uprights))
    if sides:
        uprights = _joined(np.concatenate([uprights, np.array([(s.at, s.start, s.end) for s in sides])]))
    return Rulings(tuple(_rulings(levels)), tuple(_rulings(uprights)))


def _lines(*parts: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]) -> _Lines:
    """Positions, starts and ends where the last one holds."""
    return np.concatenate([np.stack((at[on], start[on], end[on]), axis=1) for at, start, end, on in parts])


def _rulings(lines: _Lines) -> list[Ruling]:
    return [Ruling(at, start, end) for at, start, end in lines.tolist()]


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


def _joined(lines: _Lines) -> _Lines:
    """Lines of one position made one where they overlap or touch; short ones are left out."""
    if not len(lines):
        return lines
    lines = lines[np.argsort(lines[:, 0], kind="stable")]
    firsts = _side_by_side(lines[:, 0].tolist())
    position = np.repeat(np.arange(len(firsts)), np.diff([*firsts, len(lines)]))
    order = np.lexsort((lines[:, 1], position))
    position, start, end = position[order], lines[order, 1], lines[order, 2]
    # The positions are laid one after the other on one line, to look along all of them at once.
    apart = position * (end.max() - start.min() + 2 * GAP_PT)
    reached = np.maximum.accumulate(end + apart)
    begins = np.flatnonzero(np.concatenate(([True], (start + apart)[1:] > reached[:-1] + GAP_PT)))
    at = lines[firsts, 0][position[begins]]
    found = np.stack((at, start[begins], np.maximum.reduceat(end, begins)), axis=1)
    return found[found[:, 2] - found[:, 1] >= LEAST_LENGTH_PT]


def _side_by_side(positions: list[float]) -> list[int]:
    """Of sorted positions the first of each group that lies within the tolerance."""
    firsts: list[int] = []
    place = 0
    while place < len(positions):
        firsts.append(place)
        place = bisect_right(positions, positions[place] + SAME_PT, place)
    return firsts
