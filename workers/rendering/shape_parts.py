"""The strokes of a page with all their points, and the sample that stands in a box. Runs in render children only."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pymupdf
from numpy.typing import NDArray

from domain.counting.types import Part, Shape
from domain.documents import Box
from domain.errors import DocumentTooHeavy

Complexes = NDArray[np.complex128]
"""Points, x + iy."""

PARTS_LIMIT = 400_000
"""Of one page, as for `read_strokes`. A guess."""

TOUCH_PT = 0.05
"""Ends so near one another are one point: exporters round to hundredths. A guess."""

CURVE_CHORDS = 8
"""A quarter of a circle of 10 pt strays 0.05 pt from so many chords."""


class Strokes:
    """The strokes of a page or a sample. `parts` as read; `chords` (n, 4) are lines and pieces of curves, each with
    the number of its run (`runs`): strokes drawn one after the other without lifting the pen."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        lines = [part for part in parts if len(part) == 4]
        curves = [part for part in parts if len(part) == 8]
        runs = _runs(parts)
        line_runs = [run for part, run in zip(parts, runs, strict=True) if len(part) == 4]
        curve_runs = [run for part, run in zip(parts, runs, strict=True) if len(part) == 8]
        self.lines = np.array(lines, float).reshape(-1, 4)
        pieces = _flattened(np.array(curves, float).reshape(-1, 4, 2))
        self.curve_halves = _halves(np.array(curves, float).reshape(-1, 4, 2))
        self.chords = np.concatenate([self.lines, pieces])
        self.runs = np.concatenate(
            [np.array(line_runs, np.int64), np.repeat(np.array(curve_runs, np.int64), CURVE_CHORDS)]
        )

    def points(self, step: float) -> tuple[np.ndarray, np.ndarray]:
        """Points along all chords, at most `step` apart, as complex numbers, with the number of each one's chord."""
        start, end = ends_of(self.chords)
        counts = np.maximum(np.ceil(np.abs(end - start) / step).astype(int), 1)
        owner = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        share = (place + 0.5) / counts[owner]
        return start[owner] + (end - start)[owner] * share, owner


CONTEXT_LIMIT = 2_000
"""Strokes that pass through the box of a sample. A guess."""


def ends_of(chords: np.ndarray) -> tuple[Complexes, Complexes]:
    """Starts and ends as complex numbers."""
    return chords[:, 0] + 1j * chords[:, 1], chords[:, 2] + 1j * chords[:, 3]


def read_parts(page: pymupdf.Page, drawings: Sequence[dict[str, Any]] | None = None) -> list[Part]:
    """All strokes and edges of filled shapes in drawing order, invisible ones left out. `drawings` are the page's
    paths, where they were read before. Raises DocumentTooHeavy."""
    parts: list[Part] = []
    matrix = page.rotation_matrix
    for path in (page.get_cdrawings() or ()) if drawings is None else drawings:
        if is_invisible(path):
            continue
        for item in path.get("items", ()):
            parts += parts_of_item(item, matrix)
        check_limit(len(parts))
    return parts


def check_limit(count: int) -> None:
    """Raises DocumentTooHeavy for so many strokes of one page."""
    if count > PARTS_LIMIT:
        raise DocumentTooHeavy(f"more than {PARTS_LIMIT} strokes")


def with_slack(box: Box) -> Box:
    """The box of a sample, grown by what a hand may have cut off."""
    slack = max(1.0, 0.03 * max(box[2] - box[0], box[3] - box[1]))
    return (box[0] - slack, box[1] - slack, box[2] + slack, box[3] + slack)


def strokes_in(parts: Sequence[Part], box: Box) -> Shape:
    """The strokes that lie in the box whole; those that leave it belong to something else. `box` in points of the page
    as seen."""
    x0, y0, x1, y1 = with_slack(box)
    inside: list[Part] = []
    passing: list[Part] = []
    for part in parts:
        xs, ys = _extent(part)
        if min(xs) >= x0 and max(xs) <= x1 and min(ys) >= y0 and max(ys) <= y1:
            inside.append(part)
        elif max(xs) >= x0 and min(xs) <= x1 and max(ys) >= y0 and min(ys) <= y1:
            passing.append(part)
    inside = list(dict.fromkeys(inside))
    return Shape(tuple(inside), box_of(inside), tuple(passing[:CONTEXT_LIMIT]))


def _extent(part: Part) -> tuple[Sequence[float], Sequence[float]]:
    """Abscissas and ordinates along a stroke: control points of a curve lie beyond it."""
    if len(part) == 4:
        return part[0::2], part[1::2]
    points = _flattened(np.array(part, float).reshape(1, 4, 2))
    return points[:, 0::2].ravel().tolist(), points[:, 1::2].ravel().tolist()


def box_of(parts: Sequence[Part]) -> Box | None:
    if not parts:
        return None
    chords = Strokes(parts).chords
    xs, ys = chords[:, 0::2], chords[:, 1::2]
    return (float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))


def is_invisible(path: dict[str, Any]) -> bool:
    """White on nothing, or wholly transparent: CAD exporters leave masks behind."""
    colours = [path.get("color"), path.get("fill")]
    drawn = [colour for colour in colours if colour is not None]
    opacity = max(path.get("stroke_opacity") or 0.0, path.get("fill_opacity") or 0.0)
    return opacity == 0.0 or (bool(drawn) and all(min(colour) > 0.99 for colour in drawn))


def parts_of_item(item: tuple[Any, ...], matrix: pymupdf.Matrix) -> Iterator[Part]:
    kind, *given = item
    if kind in ("l", "c"):
        yield tuple(number for point in given for number in _seen(point, matrix))
    elif kind == "re":
        x0, y0, x1, y1 = given[0]
        yield from _outline(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), matrix)
    elif kind == "qu":
        upper_left, upper_right, lower_left, lower_right = given[0]
        yield from _outline((upper_left, upper_right, lower_right, lower_left), matrix)


def _outline(corners: tuple[tuple[float, float], ...], matrix: pymupdf.Matrix) -> Iterator[Part]:
    seen = [_seen(corner, matrix) for corner in corners]
    for place, corner in enumerate(seen):
        yield (*corner, *seen[(place + 1) % 4])


def _seen(point: tuple[float, float], matrix: pymupdf.Matrix) -> tuple[float, float]:
    x, y = point[0], point[1]
    return (
        round(matrix.a * x + matrix.c * y + matrix.e, 3),
        round(matrix.b * x + matrix.d * y + matrix.f, 3),
    )


def _runs(parts: Sequence[Part]) -> list[int]:
    runs: list[int] = []
    run = -1
    end = (float("inf"), float("inf"))
    for part in parts:
        if abs(part[0] - end[0]) > TOUCH_PT or abs(part[1] - end[1]) > TOUCH_PT:
            run += 1
        runs.append(run)
        end = (part[-2], part[-1])
    return runs


def _at(curves: np.ndarray, share: float) -> np.ndarray:
    rest = 1 - share
    return (
        rest**3 * curves[:, 0]
        + 3 * rest**2 * share * curves[:, 1]
        + 3 * rest * share**2 * curves[:, 2]
        + share**3 * curves[:, 3]
    )


def _flattened(curves: np.ndarray) -> np.ndarray:
    steps = [_at(curves, number / CURVE_CHORDS) for number in range(CURVE_CHORDS + 1)]
    pairs = [np.concatenate([one, other], axis=1) for one, other in pairwise(steps)]
    return np.stack(pairs, axis=1).reshape(-1, 4)


def _halves(curves: np.ndarray) -> np.ndarray:
    """Both halves of each curve by their ends: (n, 4)."""
    start, middle, end = (_at(curves, share) for share in (0.0, 0.5, 1.0))
    return np.concatenate([np.concatenate([start, middle], axis=1), np.concatenate([middle, end], axis=1)])
