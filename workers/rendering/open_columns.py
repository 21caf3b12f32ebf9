"""The columns of rows without lines: the gaps that (nearly) all rows leave free. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from workers.rendering.text_rows import Run, TextRow

GUTTER_PT = 3.0
"""The narrowest gap between columns: in dense tables a letter's width."""

CROSSING_SHARE = 0.12
"""Of rows: headings over several columns cross the gaps."""

BESIDE_SHARE = 0.2
"""Of the rows: a column with fewer cells, none of them beside one of the next column, is part of that."""

COLUMNS_LIMIT = 40
"""More are the pins of a circuit, not columns. A guess."""

FITTING_SHARE = 0.75
"""Of runs that have a column of their own."""


class Columns(msgspec.Struct, frozen=True):
    """`edges` are the middles of the gaps; column n lies between edge n - 1 and edge n. `gap` is the widest of them,
    as a share of all columns' width."""

    edges: tuple[float, ...]
    gap: float = 0.0

    @property
    def count(self) -> int:
        return len(self.edges) + 1

    def of(self, run: Run) -> tuple[int, int]:
        """The first and the last column that the run reaches into."""
        box = run.box
        return bisect_left(self.edges, box[0] + 0.5), bisect_left(self.edges, box[2] - 0.5)

    def filled(self, row: TextRow) -> set[int]:
        return {bisect_left(self.edges, run.box[0] + 0.5) for run in row.runs}

    def is_fitting(self, rows: Sequence[TextRow]) -> bool:
        """Whether the runs of a row mostly stand in different columns."""
        many = [row for row in rows if len(row.runs) > 1]
        runs = sum(len(row.runs) for row in many)
        return sum(len(self.filled(row)) for row in many) >= FITTING_SHARE * runs


def find_columns(rows: Sequence[TextRow]) -> Columns | None:
    """Null when there are fewer than two."""
    many = [row for row in rows if len(row.runs) > 1]
    crossing = int(CROSSING_SHARE * len(many))
    steps: list[tuple[float, int]] = []
    for row in many:
        for run in row.runs:
            steps += ((run.box[0], 1), (run.box[2], -1))
    steps.sort()
    edges: list[float] = []
    depth, widest = 0, 0.0
    for (x, step), (following, _) in pairwise(steps):
        depth += step
        if depth <= crossing and following - x >= GUTTER_PT and following < steps[-1][0]:
            edges.append((x + following) / 2)
            widest = max(widest, following - x)
    if len(edges) > COLUMNS_LIMIT:
        return None
    found = _merged(edges, many)
    width = max(steps[-1][0] - steps[0][0], 1.0) if steps else 1.0
    return msgspec.structs.replace(found, gap=widest / width) if found else None


def _merged(edges: list[float], rows: list[TextRow]) -> Columns | None:
    """Gaps with nothing but crossing runs between them are one; and a heading that stands beside its column, to the
    left of numbers that end on the right, belongs to it."""
    columns = Columns(tuple(edges))
    used = [0] * columns.count
    for row in rows:
        for run in row.runs:
            first, last = columns.of(run)
            if first == last:
                used[first] += 1
    kept = [edge for number, edge in enumerate(edges) if used[number] > 0 and any(used[number + 1 :])]
    filled = [Columns(tuple(kept)).filled(row) for row in rows]
    number = 0
    while number < len(kept):
        both = sum({number, number + 1} <= row for row in filled)
        fewer = min(sum(number + step in row for row in filled) for step in (0, 1))
        if both or fewer > max(1, BESIDE_SHARE * len(rows)):
            number += 1
            continue
        del kept[number]
        filled = [Columns(tuple(kept)).filled(row) for row in rows]
    return Columns(tuple(kept)) if kept else None
