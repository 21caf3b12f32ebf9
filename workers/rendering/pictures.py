"""Clusters of boxes on a page, and how much of it they cover. Pure."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.documents import Box
from workers.rendering.pieces import area

GRID = 96
"""Fields along each side of the page: 9 pt on A4, 25 pt on A1. What is further apart than a field is another figure."""


Boxes = NDArray[np.float64]
"""A row each: x0, y0, x1, y1."""


class Cluster(msgspec.Struct, frozen=True):
    """The box around what hangs together, and of how many boxes it is made."""

    box: Box
    members: int


def coverage(boxes: Boxes, page_box: Box) -> float:
    """The share of the page that the boxes cover, by fields of the grid."""
    if len(boxes) < 2:
        covered = [area(_cut(box, page_box)) for box in boxes.tolist()]
        return round(sum(covered) / max(area(page_box), 1e-6), 3)
    marked, _ = _marked(boxes, page_box)
    return round(int(marked.sum()) / GRID**2, 3)


def clusters(boxes: Boxes, page_box: Box) -> list[Cluster]:
    """What hangs together: fields of the grid that touch, clusters whose boxes overlap; in no particular order."""
    if not len(boxes):
        return []
    marked, field = _marked(boxes, page_box)
    on_page = field >= 0
    cluster = _connected(marked).ravel()[field[on_page]]
    order = np.argsort(cluster, kind="stable")
    sorted_boxes = boxes[on_page][order]
    firsts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    if not len(firsts):
        return []
    least, most = (extreme.reduceat(sorted_boxes, firsts, axis=0) for extreme in (np.minimum, np.maximum))
    members = np.diff(firsts, append=len(order)).tolist()
    around = np.concatenate((least[:, :2], most[:, 2:]), axis=1).tolist()
    return _merged([Cluster(_cut(box, page_box), count) for box, count in zip(around, members, strict=True)])


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


def _marked(boxes: Boxes, page_box: Box) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The fields of the grid under boxes, by row and column; and for each box the number of the field of its upper
    left corner, row by row, -1 for a box outside of the page."""
    left, top, right, bottom = page_box
    x0, y0, x1, y1 = boxes.T
    on_page = ~((x1 < left) | (y1 < top) | (x0 > right) | (y0 > bottom))
    first_x, last_x = (_fields(x, left, right) for x in (x0, x1))
    first_y, last_y = (_fields(y, top, bottom) for y in (y0, y1))
    field = np.where(on_page, first_y * GRID + first_x, -1)
    is_small = on_page & (first_x == last_x) & (first_y == last_y)
    is_large = on_page & ~is_small
    # Of a large box only the corners are noted, as differences, which are added up at the end.
    side = GRID + 1
    steps = np.zeros(side * side, np.int64)
    for rows, columns, sign in (
        (first_y, first_x, 1),
        (last_y + 1, first_x, -1),
        (first_y, last_x + 1, -1),
        (last_y + 1, last_x + 1, 1),
    ):
        steps += sign * np.bincount((rows * side + columns)[is_large], minlength=side * side)
    marked = steps.reshape(side, side).cumsum(axis=0).cumsum(axis=1)[:GRID, :GRID] > 0
    marked.reshape(-1)[field[is_small]] = True
    return marked, field


def _fields(edges: NDArray[np.float64], start: float, end: float) -> NDArray[np.int64]:
    scale = GRID / max(end - start, 1e-6)
    return np.clip((edges - start) * scale, 0, GRID - 1).astype(np.int64)


def _stretches(marked: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """For each row of fields the stretches that are marked: first column, and the one after the last."""
    edges = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    found: list[list[tuple[int, int]]] = [[] for _ in range(len(marked))]
    for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        found[row].append((start, end))
    return found


def _connected(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the cluster of each field by row and column, 0 for an empty one; fields that touch, also at a
    corner, are of one cluster."""
    leader = [0]

    def lead(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    numbered: list[list[tuple[int, int, int]]] = []
    for runs in _stretches(marked):
        above = numbered[-1] if numbered else []
        own: list[tuple[int, int, int]] = []
        for start, end in runs:
            number = len(leader)
            leader.append(number)
            for upper_start, upper_end, upper in above:
                if upper_start > end:
                    break
                if upper_end >= start:
                    leader[lead(upper)] = number
            own.append((start, end, number))
        numbered.append(own)
    fields = np.zeros(marked.shape, np.int64)
    for row, own in enumerate(numbered):
        for start, end, number in own:
            fields[row, start:end] = lead(number)
    return fields
