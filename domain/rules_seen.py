"""Places on a page as it is seen: rotation, grid sectors and parts of a place. Pure.

Boxes are 0–1 of the unrotated page; "seen" means after the page's rotation (0, 90, 180 or 270, clockwise), which is how
pictures are drawn and how people and models speak of left and top.
"""

import re
from collections.abc import Sequence
from itertools import product

from domain.documents import Box

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_SECTOR = re.compile(r"^([A-Ca-c])([1-3])$")


def to_seen(box: Box, rotation: int) -> Box:
    """A box of the unrotated page as it lies on the page as seen."""
    x0, y0, x1, y1 = box
    if rotation == 90:
        return (1 - y1, x0, 1 - y0, x1)
    if rotation == 180:
        return (1 - x1, 1 - y1, 1 - x0, 1 - y0)
    if rotation == 270:
        return (y0, 1 - x1, y1, 1 - x0)
    return box


def from_seen(box: Box, rotation: int) -> Box:
    """The reverse of `to_seen`."""
    return to_seen(box, (360 - rotation) % 360)


def part_of(area: Box, part: Box, rotation: int) -> Box:
    """The part of an area; `part` is 0–1 of the area as seen, the result is of the unrotated page."""
    x0, y0, x1, y1 = to_seen(area, rotation)
    width, height = x1 - x0, y1 - y0
    seen = (x0 + part[0] * width, y0 + part[1] * height, x0 + part[2] * width, y0 + part[3] * height)
    return from_seen(seen, rotation)


def sector_of(name: str) -> Box | None:
    """The sector of the grid A1–C3 as a part: letters are columns from the left, digits rows from the top; null for
    another name. Sectors are thirds (spec/aizoomdoc.md §1.7)."""
    found = _SECTOR.match(name.strip())
    if found is None:
        return None
    column, row = "ABC".index(found.group(1).upper()), int(found.group(2)) - 1
    return (column / 3, row / 3, (column + 1) / 3, (row + 1) / 3)


def clipped(numbers: Sequence[float]) -> Box | None:
    """Four numbers as a box cut to 0–1; null when they are no box or nothing of it is left."""
    if len(numbers) != 4 or any(number != number for number in numbers):
        return None
    x0, y0, x1, y1 = (min(max(float(number), 0.0), 1.0) for number in numbers)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def overlap(one: Box, other: Box) -> float:
    """The shared area as a part of the area of both together, 0–1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (area_of(one) + area_of(other) - shared)


def area_of(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def has_middle_in(inner: Box, outer: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def tiles_of(columns: int, rows: int, overlap_share: float) -> list[Box]:
    """Parts that cover a whole, row by row; neighbours share `overlap_share` of a tile."""
    if columns * rows == 1:
        return [WHOLE]
    spans = [_spans(count, overlap_share) for count in (rows, columns)]
    return [(x0, y0, x1, y1) for (y0, y1), (x0, x1) in product(*spans)]


def _spans(count: int, overlap_share: float) -> list[tuple[float, float]]:
    length = 1 / (count - (count - 1) * overlap_share)
    step = length * (1 - overlap_share)
    return [(min(n * step, 1 - length), min(n * step + length, 1.0)) for n in range(count)]
