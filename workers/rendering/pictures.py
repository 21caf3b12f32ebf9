"""Where a page has pictures: raster ones and clusters of vector drawing. Runs in render children only."""

from collections.abc import Iterable

import msgspec
import pymupdf

from domain.documents import Box
from workers.rendering.pieces import area, around

GRID = 64
"""Fields along each side of the page in which pictures and drawings are counted."""

LEAST_SHARE = 0.02
"""Of the page: smaller pictures are signs and logos."""

DRAWING_PATHS = 40
"""Fewer paths are underlines, boxes and rules. A guess, checked on the sample sheets."""

FRAME_SHARE = 0.5
"""Of a side of the page: longer paths are frames and borders."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What the log of bounding boxes tells; boxes in points of the unrotated page."""

    pictures: list[Box]
    paths: list[Box]


def read_marks(page: pymupdf.Page) -> Marks:
    pictures: list[Box] = []
    paths: list[Box] = []
    for kind, box in page.get_bboxlog():
        if kind in ("fill-image", "fill-imgmask", "fill-shade"):
            pictures.append(box)
        elif kind in ("fill-path", "stroke-path"):
            paths.append(box)
    return Marks(pictures=pictures, paths=paths)


def coverage(boxes: Iterable[Box], page_box: Box) -> float:
    """The share of the page that the boxes cover, by fields of the grid."""
    fields = {field for box in boxes for field in _fields(box, page_box)}
    return round(len(fields) / GRID**2, 3)


def clusters(boxes: Iterable[Box], page_box: Box, *, least_members: int = 1) -> list[Box]:
    """Boxes around what hangs together (fields of the grid that touch), largest first, without the small ones."""
    fields: dict[tuple[int, int], list[Box]] = {}
    for box in boxes:
        for field in _fields(box, page_box):
            fields.setdefault(field, []).append(box)
    found: list[Box] = []
    while fields:
        waiting = [next(iter(fields))]
        members: list[Box] = []
        while waiting:
            field = waiting.pop()
            members.extend(fields.pop(field, ()))
            around_it = ((field[0] + dx, field[1] + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
            waiting.extend(neighbour for neighbour in around_it if neighbour in fields)
        if len(members) >= least_members:
            found.append(_cut_to(around(members), page_box))
    large = [box for box in found if area(box) >= LEAST_SHARE * area(page_box)]
    return sorted(large, key=area, reverse=True)


def without_frames(boxes: Iterable[Box], page_box: Box) -> list[Box]:
    """Leaves out what spans half of the page: frames, borders, backgrounds."""
    width, height = page_box[2] - page_box[0], page_box[3] - page_box[1]
    return [box for box in boxes if box[2] - box[0] < FRAME_SHARE * width and box[3] - box[1] < FRAME_SHARE * height]


def _fields(box: Box, page_box: Box) -> list[tuple[int, int]]:
    x0, y0, x1, y1 = _cut_to(box, page_box)
    if x1 < x0 or y1 < y0:
        return []
    width, height = (page_box[2] - page_box[0]) / GRID, (page_box[3] - page_box[1]) / GRID
    columns = range(int((x0 - page_box[0]) / width), min(int((x1 - page_box[0]) / width), GRID - 1) + 1)
    rows = range(int((y0 - page_box[1]) / height), min(int((y1 - page_box[1]) / height), GRID - 1) + 1)
    return [(column, row) for column in columns for row in rows]


def _cut_to(box: Box, page_box: Box) -> Box:
    return (max(box[0], page_box[0]), max(box[1], page_box[1]), min(box[2], page_box[2]), min(box[3], page_box[3]))
