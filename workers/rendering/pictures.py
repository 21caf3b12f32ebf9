"""Where a page has pictures: raster ones and clusters of vector drawing. Runs in render children only."""

from collections import Counter
from collections.abc import Iterable
from itertools import accumulate

import msgspec
import pymupdf

from domain.documents import Box
from workers.rendering.pieces import area

GRID = 64
"""Fields along each side of the page in which pictures and drawings are counted."""

LEAST_SHARE = 0.02
"""Of the page: smaller pictures are signs and logos."""

SCAN_SHARE = 0.6
"""Of the page: the least that a scan covers."""

DRAWING_PATHS = 40
"""Fewer paths are underlines, boxes and rules. A guess, checked on the sample sheets."""

FRAME_SHARE = 0.5
"""Of a side of the page: longer paths are frames and borders."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What the log of bounding boxes tells; boxes in points of the unrotated page.

    `covers_text`: a picture of most of the page is drawn over most of its text, as on scans with recognised text.
    """

    pictures: list[Box]
    paths: list[Box]
    covers_text: bool = False


def read_marks(page: pymupdf.Page) -> Marks:
    pictures: list[Box] = []
    paths: list[Box] = []
    page_area = page.rect.width * page.rect.height
    texts = covered_texts = 0
    for kind, box in page.get_bboxlog():
        if kind in ("fill-image", "fill-imgmask", "fill-shade"):
            pictures.append(box)
            if area(box) >= SCAN_SHARE * page_area:
                covered_texts = texts
        elif kind in ("fill-path", "stroke-path"):
            paths.append(box)
        elif kind == "fill-text":
            texts += 1
    return Marks(pictures=pictures, paths=paths, covers_text=covered_texts > 0 and 2 * covered_texts >= texts)


def coverage(boxes: Iterable[Box], page_box: Box) -> float:
    """The share of the page that the boxes cover, by fields of the grid."""
    grid = _Grid(page_box)
    for box in boxes:
        grid.add(box)
    return round(len(grid.covered()) / GRID**2, 3)


def clusters(boxes: Iterable[Box], page_box: Box, *, least_members: int = 1) -> list[Box]:
    """Boxes around what hangs together (fields of the grid that touch), largest first, without the small ones."""
    grid = _Grid(page_box)
    for box in boxes:
        grid.add(box)
    cluster_of = _connected(grid.covered())
    around_it: dict[int, Box] = {}
    members: Counter[int] = Counter()
    for box, field in grid.placed:
        cluster = cluster_of[field]
        x0, y0, x1, y1 = around_it.get(cluster, box)
        around_it[cluster] = (min(x0, box[0]), min(y0, box[1]), max(x1, box[2]), max(y1, box[3]))
        members[cluster] += 1
    found = [box for cluster, box in around_it.items() if members[cluster] >= least_members]
    return sorted((box for box in found if area(box) >= LEAST_SHARE * area(page_box)), key=area, reverse=True)


def without_frames(boxes: Iterable[Box], page_box: Box) -> list[Box]:
    """Leaves out what spans half of the page: frames, borders, backgrounds."""
    width, height = page_box[2] - page_box[0], page_box[3] - page_box[1]
    return [box for box in boxes if box[2] - box[0] < FRAME_SHARE * width and box[3] - box[1] < FRAME_SHARE * height]


class _Grid:
    """Counts boxes by field. A box costs the same whatever its size: only its corners are noted, as differences."""

    def __init__(self, page_box: Box) -> None:
        self._page_box = page_box
        self._scale_x = GRID / max(page_box[2] - page_box[0], 1e-6)
        self._scale_y = GRID / max(page_box[3] - page_box[1], 1e-6)
        self._steps = [[0] * (GRID + 1) for _ in range(GRID + 1)]
        self.placed: list[tuple[Box, tuple[int, int]]] = []

    def add(self, box: Box) -> None:
        left, top, right, bottom = self._page_box
        x0, y0, x1, y1 = max(box[0], left), max(box[1], top), min(box[2], right), min(box[3], bottom)
        if x1 < x0 or y1 < y0:
            return
        first_x, last_x = int((x0 - left) * self._scale_x), int((x1 - left) * self._scale_x)
        first_y, last_y = int((y0 - top) * self._scale_y), int((y1 - top) * self._scale_y)
        first_x, last_x = min(first_x, GRID - 1), min(last_x, GRID - 1)
        first_y, last_y = min(first_y, GRID - 1), min(last_y, GRID - 1)
        self._steps[first_y][first_x] += 1
        self._steps[last_y + 1][first_x] -= 1
        self._steps[first_y][last_x + 1] -= 1
        self._steps[last_y + 1][last_x + 1] += 1
        self.placed.append(((x0, y0, x1, y1), (first_x, first_y)))

    def covered(self) -> set[tuple[int, int]]:
        """The fields (column, row) with at least one box."""
        above = [0] * GRID
        found = set()
        for row in range(GRID):
            sums = accumulate(self._steps[row][:GRID])
            above = [upper + own for upper, own in zip(above, sums, strict=True)]
            found.update((column, row) for column, count in enumerate(above) if count > 0)
        return found


def _connected(fields: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The number of the cluster of each field; fields that touch, also at a corner, are of one."""
    cluster_of: dict[tuple[int, int], int] = {}
    for number, start in enumerate(sorted(fields)):
        waiting = [start]
        while waiting:
            field = waiting.pop()
            if field in cluster_of or field not in fields:
                continue
            cluster_of[field] = number
            waiting.extend((field[0] + dx, field[1] + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
    return cluster_of
