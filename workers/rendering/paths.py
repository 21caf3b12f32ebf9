"""The level and upright segments inside of paths that have others too: table lines drawn together with a symbol.

Runs in render children only. `get_cdrawings` tells each segment but takes 7 µs a path, so it is asked only where a
large path came as one box.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pymupdf

from domain.documents import Box
from workers.rendering.geometry import Frame
from workers.rendering.pieces import Vector
from workers.rendering.rulings import LEAST_LENGTH_PT

PATHS_LIMIT = 30_000
"""0.2 s; beyond it the segments stay unknown."""

LEAST_SIDE_PT = 60.0
"""Of a path that may hold the lines of a table: three rows high and as wide as a column. A guess."""


STRAIGHT_PT = 0.5
"""Across a line that counts as level or upright."""


def with_segments(page: pymupdf.Page, frame: Frame, vectors: list[Vector]) -> list[Vector]:
    """The vectors, and in addition the straight segments of the large paths that are not straight as a whole."""
    if len(vectors) > PATHS_LIMIT or not any(_may_hold_lines(vector) for vector in vectors):
        return vectors
    segments = [
        Vector(frame.seen(segment), True, True)
        for drawing in page.get_cdrawings() or ()
        if "s" in drawing["type"] and len(drawing["items"]) > 1
        for segment in _segments(drawing["items"])
    ]
    return [*vectors, *segments]


def _may_hold_lines(vector: Vector) -> bool:
    x0, y0, x1, y1 = vector.box
    return vector.is_stroked and not vector.is_straight and min(x1 - x0, y1 - y0) >= LEAST_SIDE_PT


def _segments(items: Sequence[Any]) -> Iterator[Box]:
    for item in items:
        match item[0]:
            case "l":
                (x0, y0), (x1, y1) = item[1:3]
                across, down = abs(x0 - x1), abs(y0 - y1)
                if (across < STRAIGHT_PT or down < STRAIGHT_PT) and across + down >= LEAST_LENGTH_PT:
                    yield (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
            case "re":
                x0, y0, x1, y1 = item[1]
                yield (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
