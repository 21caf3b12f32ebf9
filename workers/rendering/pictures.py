"""Clusters of boxes on a page, and how much of it they cover. Pure."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec

from domain.documents import Box
from workers.rendering.pieces import area

GRID = 96
"""Fields along each side of the page: 9 pt on A4, 25 pt on A1. What is further apart than a field is another figure."""


class Cluster(msgspec.Struct, frozen=True):
    """The box around what hangs together, and of how many boxes it is made."""

    box: Box
    members: int


def coverage(boxes: Sequence[Box], page_box: Box) -> float:
    """The share of the page that the boxes cover, by fields of the grid."""
    if len(boxes) < 2:
        return round(area(_cut(boxes[0], page_box)) / max(area(page_box), 1e-6), 3) if boxes else 0.0
    grid = _Grid(page_box)
    grid.add_all(boxes)
    return round(sum(end - start for runs in grid.runs() for start, end in runs) / GRID**2, 3)


def clusters(boxes: Sequence[Box], page_box: Box) -> list[Cluster]:
    """What hangs together: fields of the grid that touch, clusters whose boxes overlap; in no particular order."""
    if not boxes:
        return []
    grid = _Grid(page_box)
    fields = grid.add_all(boxes)
    cluster_of = _connected(grid.runs())
    found: dict[int, list[float]] = {}
    for (x0, y0, x1, y1), field in zip(boxes, fields, strict=True):
        if field is None:
            continue
        number = cluster_of[field[1]][field[0]]
        known = found.get(number)
        if known is None:
            found[number] = [x0, y0, x1, y1, 1]
            continue
        known[4] += 1
        if x0 < known[0]:
            known[0] = x0
        if y0 < known[1]:
            known[1] = y0
        if x1 > known[2]:
            known[2] = x1
        if y1 > known[3]:
            known[3] = y1
    return _merged([Cluster(_cut((x0, y0, x1, y1), page_box), int(count)) for x0, y0, x1, y1, count in found.values()])


def overlap(first: Box, second: Box) -> float:
    """The area that both have, as a share of the smaller one."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    smaller = min(area(first), area(second))
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0.0


MERGED_FROM = 0.2
"""Of the smaller box: clusters that overlap as much are one figure with parts that do not touch. A guess."""

MERGED_LIMIT = 400
"""Clusters, largest first; the others are dots and dashes."""


def _merged(found: list[Cluster]) -> list[Cluster]:
    waiting = sorted(found, key=lambda cluster: (-area(cluster.box), cluster.box))[:MERGED_LIMIT]
    result: list[Cluster] = []
    for cluster in waiting:
        for number, other in enumerate(result):
            if overlap(cluster.box, other.box) >= MERGED_FROM:
                x0, y0, x1, y1 = cluster.box
                u0, v0, u1, v1 = other.box
                box = (min(x0, u0), min(y0, v0), max(x1, u1), max(y1, v1))
                result[number] = Cluster(box, cluster.members + other.members)
                break
        else:
            result.append(cluster)
    return result


def _cut(box: Box, page_box: Box) -> Box:
    return (
        max(box[0], page_box[0]),
        max(box[1], page_box[1]),
        min(box[2], page_box[2]),
        min(box[3], page_box[3]),
    )


class _Grid:
    """Marks the fields under boxes. A large box costs the same as a small one: only its corners are noted, as
    differences, which are added up at the end."""

    def __init__(self, page_box: Box) -> None:
        self._page_box = page_box
        self._scale_x = GRID / max(page_box[2] - page_box[0], 1e-6)
        self._scale_y = GRID / max(page_box[3] - page_box[1], 1e-6)
        self._steps = [[0] * (GRID + 1) for _ in range(GRID + 1)]
        self._small: set[tuple[int, int]] = set()

    def add_all(self, boxes: Iterable[Box]) -> list[tuple[int, int] | None]:
        """The field of the upper left corner of each; null for a box outside of the page."""
        left, top, right, bottom = self._page_box
        scale_x, scale_y, last = self._scale_x, self._scale_y, GRID - 1
        steps, small = self._steps, self._small
        fields: list[tuple[int, int] | None] = []
        for x0, y0, x1, y1 in boxes:
            if x1 < left or y1 < top or x0 > right or y0 > bottom:
                fields.append(None)
                continue
            first_x = int((x0 - left) * scale_x) if left < x0 < right else 0 if x0 <= left else last
            first_y = int((y0 - top) * scale_y) if top < y0 < bottom else 0 if y0 <= top else last
            last_x = int((x1 - left) * scale_x) if x1 < right else last
            last_y = int((y1 - top) * scale_y) if y1 < bottom else last
            field = (first_x, first_y)
            fields.append(field)
            if first_x == last_x and first_y == last_y:
                small.add(field)
                continue
            steps[first_y][first_x] += 1
            steps[last_y + 1][first_x] -= 1
            steps[first_y][last_x + 1] -= 1
            steps[last_y + 1][last_x + 1] += 1
        return fields

    def runs(self) -> list[list[tuple[int, int]]]:
        """For each row of fields the stretches with boxes: first column, and the one after the last."""
        above = [0] * GRID
        small: list[list[int]] = [[] for _ in range(GRID)]
        for column, row in self._small:
            small[row].append(column)
        found = []
        for row, step in enumerate(self._steps[:GRID]):
            if any(step):
                above = [upper + own for upper, own in zip(above, accumulate(step), strict=False)]
            marked = above
            if small[row]:
                marked = above.copy()
                for column in small[row]:
                    marked[column] += 1
            found.append(_stretches(marked))
        return found


def _stretches(counts: list[int]) -> list[tuple[int, int]]:
    if not any(counts):
        return []
    found: list[tuple[int, int]] = []
    start: int | None = None
    for column, count in enumerate(counts):
        if count and start is None:
            start = column
        elif not count and start is not None:
            found.append((start, column))
            start = None
    return [*found, (start, len(counts))] if start is not None else found


def _connected(rows: list[list[tuple[int, int]]]) -> list[list[int]]:
    """The number of the cluster of each field by row and column, 0 for an empty one; fields that touch, also at a
    corner, are of one cluster."""
    leader = [0]

    def lead(number: int) -> int:
        while leader[number] != number:
            number = leader[number]
        return number

    numbered: list[list[tuple[int, int, int]]] = []
    for runs in rows:
        above = numbered[-1] if numbered else []
        own: list[tuple[int, int, int]] = []
        for start, end in runs:
            number = len(leader)
            leader.append(number)
            for upper_start, upper_end, upper in above:
                if upper_start <= end and upper_end >= start:
                    leader[lead(upper)] = lead(number)
            own.append((start, end, number))
        numbered.append(own)
    fields = [[0] * GRID for _ in rows]
    for row, own in zip(fields, numbered, strict=True):
        for start, end, number in own:
            row[start:end] = [lead(number)] * (end - start)
    return fields
