"""Reads the lines and curves of a page's vector drawing. Runs in render children only."""

import zlib
from collections.abc import Iterator
from typing import Any

import pymupdf

from domain.documents import Box
from domain.errors import DocumentTooHeavy
from domain.revisions.types import Stroke

STROKES_LIMIT = 400_000
"""Of one page. The heaviest real sheet at hand has 52,000 paths; a city plan may have ten times as many. A guess."""

CURVE_STEP_PT = 0.5
"""Control points are told apart to this: finer differences are an exporter's rounding. A guess."""


def read_strokes(page: pymupdf.Page) -> list[Stroke]:
    """All strokes and edges of filled shapes, in points of the page as seen, in drawing order.

    Raises DocumentTooHeavy beyond 400,000.
    """
    strokes: list[Stroke] = []
    matrix = page.rotation_matrix
    frame = tuple(page.rect)
    for path in page.get_cdrawings() or ():
        for item in path.get("items", ()):
            strokes += [stroke for stroke in _strokes_of(item, matrix) if _touches(stroke, frame)]
        if len(strokes) > STROKES_LIMIT:
            raise DocumentTooHeavy(f"more than {STROKES_LIMIT} strokes")
    return strokes


def _strokes_of(item: tuple[Any, ...], matrix: pymupdf.Matrix) -> Iterator[Stroke]:
    """`item` is ('l', p, p), ('c', p, p, p, p), ('re', rect, …) or ('qu', quad) in points of the unrotated page."""
    kind, *parts = item
    if kind == "l":
        yield _line(parts[0], parts[1], matrix)
    elif kind == "c":
        yield _curve(parts, matrix)
    elif kind == "re":
        x0, y0, x1, y1 = parts[0]
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        yield from _outline(corners, matrix)
    elif kind == "qu":
        upper_left, upper_right, lower_left, lower_right = parts[0]
        yield from _outline((upper_left, upper_right, lower_right, lower_left), matrix)


def _outline(corners: tuple[tuple[float, float], ...], matrix: pymupdf.Matrix) -> Iterator[Stroke]:
    for place, corner in enumerate(corners):
        yield _line(corner, corners[(place + 1) % 4], matrix)


def _line(start: tuple[float, float], end: tuple[float, float], matrix: pymupdf.Matrix) -> Stroke:
    (x0, y0), (x1, y1) = _seen(start, matrix), _seen(end, matrix)
    return Stroke(x0, y0, x1, y1)


def _curve(points: list[tuple[float, float]], matrix: pymupdf.Matrix) -> Stroke:
    seen = [_seen(point, matrix) for point in points]
    (x0, y0), (x1, y1) = seen[0], seen[-1]
    shape = ",".join(f"{round((x - x0) / CURVE_STEP_PT)},{round((y - y0) / CURVE_STEP_PT)}" for x, y in seen[1:])
    return Stroke(x0, y0, x1, y1, zlib.crc32(shape.encode()) or 1)


def _seen(point: tuple[float, float], matrix: pymupdf.Matrix) -> tuple[float, float]:
    x, y = point[0], point[1]
    return (
        round(matrix.a * x + matrix.c * y + matrix.e, 2),
        round(matrix.b * x + matrix.d * y + matrix.f, 2),
    )


def _touches(stroke: Stroke, frame: Box) -> bool:
    """Clipped-away drawing outside the page is not seen."""
    return (
        max(stroke.x0, stroke.x1) >= frame[0]
        and min(stroke.x0, stroke.x1) <= frame[2]
        and max(stroke.y0, stroke.y1) >= frame[1]
        and min(stroke.y0, stroke.y1) <= frame[3]
    )
