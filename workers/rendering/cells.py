"""Finds the cells that level and upright lines enclose, and which of them form one grid. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict

from domain.documents import Box
from workers.rendering.pieces import Rulings

REACH_PT = 3.5
"""Lines that end this near to one another still meet."""

LEAST_WIDTH_PT = 4.0
LEAST_HEIGHT_PT = 5.0

SAME_PT = 2.5
"""Positions that differ by less are one."""

SHARED_COLUMNS = 0.7
"""Of the columns of the narrower part."""

STEPS_LIMIT = 1_500_000
"""Corner look-ups per page, about 1 s; a floor plan can have any number."""

_Crossing = tuple[int, int]


class TooManyLines(Exception):
    """The page has more crossings than the limit allows to look through."""


def find_cells(rulings: Rulings) -> list[Box]:
    """The smallest rectangles whose four sides are drawn. Raises TooManyLines."""
    on_level, on_upright = _crossings(rulings)
    meets = {level: set(uprights) for level, uprights in on_level.items()}
    cells: list[Box] = []
    steps = 0
    for level, uprights in on_level.items():
        for position, upright in enumerate(uprights):
            levels = on_upright[upright]
            below = levels[bisect_right(levels, level) :]
            right = uprights[position + 1 :]
            cell, looked = _smallest(below, right, meets)
            steps += looked
            if steps > STEPS_LIMIT:
                raise TooManyLines
            if cell:
                cells.append(
                    (
                        rulings.upright[upright].at,
                        rulings.level[level].at,
                        rulings.upright[cell[1]].at,
                        rulings.level[cell[0]].at,
                    )
                )
    return [cell for cell in cells if cell[2] - cell[0] >= LEAST_WIDTH_PT and cell[3] - cell[1] >= LEAST_HEIGHT_PT]


def find_grids(cells: list[Box]) -> list[list[Box]]:
    """The cells in groups; cells that share a corner belong together."""
    corners: dict[tuple[float, float], list[int]] = defaultdict(list)
    for number, (x0, y0, x1, y1) in enumerate(cells):
        for corner in ((x0, y0), (x0, y1), (x1, y0), (x1, y1)):
            corners[corner].append(number)
    leader = list(range(len(cells)))

    def lead(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    for meeting in corners.values():
        for number in meeting[1:]:
            leader[lead(number)] = lead(meeting[0])
    groups: dict[int, list[Box]] = defaultdict(list)
    for number, cell in enumerate(cells):
        groups[lead(number)].append(cell)
    return list(groups.values())


def split_where_columns_change(grid: list[Box]) -> list[list[Box]]:
    """A grid in parts: it is cut along a line that no cell crosses if the columns above and below are others.

    So the title block is parted from the parts list that stands on it.
    """
    lefts = steps([cell[0] for cell in grid])
    parts: list[list[Box]] = []
    columns: set[int] = set()
    for band in _bands(grid):
        own = {step(lefts, cell[0]) for cell in band}
        if parts and len(own & columns) >= SHARED_COLUMNS * min(len(own), len(columns)):
            parts[-1].extend(band)
            columns |= own
            continue
        parts.append(band)
        columns = own
    return parts


def _bands(grid: list[Box]) -> list[list[Box]]:
    """The cells between two level lines that no cell crosses."""
    bands: list[list[Box]] = []
    bottom = float("-inf")
    for cell in sorted(grid, key=lambda cell: cell[1]):
        if cell[1] >= bottom - SAME_PT:
            bands.append([])
        bands[-1].append(cell)
        bottom = max(bottom, cell[3])
    return bands


def steps(values: list[float]) -> list[float]:
    """The distinct positions, those nearer than the tolerance taken as one."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > SAME_PT:
            found.append(value)
    return found


def step(positions: list[float], value: float) -> int:
    """The number of the position nearest to the value; they are sorted."""
    after = bisect_left(positions, value)
    if after == 0:
        return 0
    if after == len(positions) or value - positions[after - 1] <= positions[after] - value:
        return after - 1
    return after


def _crossings(rulings: Rulings) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """For each level line the upright ones that it meets, from left to right, and the reverse, from top to bottom."""
    positions = [ruling.at for ruling in rulings.upright]
    on_level: dict[int, list[int]] = {}
    on_upright: dict[int, list[int]] = defaultdict(list)
    for level, line in enumerate(rulings.level):
        first = bisect_left(positions, line.start - REACH_PT)
        last = bisect_right(positions, line.end + REACH_PT)
        met = [
            upright
            for upright in range(first, last)
            if rulings.upright[upright].start - REACH_PT <= line.at <= rulings.upright[upright].end + REACH_PT
        ]
        if len(met) > 1:
            on_level[level] = met
            for upright in met:
                on_upright[upright].append(level)
    return on_level, on_upright


def _smallest(below: list[int], right: list[int], meets: dict[int, set[int]]) -> tuple[_Crossing | None, int]:
    """The nearest opposite corner: a level line below and an upright one to the right that meet."""
    looked = 0
    for level in below:
        met = meets[level]
        for upright in right:
            looked += 1
            if upright in met:
                return (level, upright), looked
    return None, looked
