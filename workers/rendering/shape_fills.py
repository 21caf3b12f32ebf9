"""What is filled of a symbol: a valve and a closed valve have the same strokes. Runs in render children only."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pymupdf

from domain.counting.types import Fill, Shape
from domain.documents import Box
from workers.rendering.shape_hull import is_within
from workers.rendering.shape_parts import CURVE_CHORDS, TOUCH_PT, Complexes, is_invisible, parts_of_item
from workers.rendering.shape_places import Pose, Sample

FILLS_LIMIT = 60_000
"""Of a page; beyond it none are compared. A guess."""

POINTS_LIMIT = 120
"""Corners of one filled shape; longer outlines are letters or maps. A guess."""

LARGEST_PT = 250.0
LARGEST_SHARE = 1.5
"""Of the symbol's diagonal: a larger filled shape is a room's tint or a hatched wall. A guess."""

PROBES = 12
"""Each way, over the symbol's box."""

STRAY_SHARE, OWN_SHARE = 0.08, 0.4
"""Of the symbol's area, and of its own filled part: more that is filled otherwise makes another symbol. Guesses."""

Outline = Complexes
"""Corners as complex numbers, in points of the page as seen."""


def read_fills(page: pymupdf.Page, drawings: Sequence[dict[str, Any]]) -> list[Outline]:
    """The outlines of small filled shapes among the page's paths, whose number `read_parts` has checked."""
    found: list[Outline] = []
    for path in drawings:
        if "f" not in (path.get("type") or "") or is_invisible(path) or _is_large(path["rect"]) or _is_white(path):
            continue
        found += _outlines(path, page.rotation_matrix)
    return found


def fills_in(outlines: Sequence[Outline], box: Box) -> tuple[Fill, ...]:
    """Those that lie in the box whole."""
    return tuple(
        tuple((float(p.real), float(p.imag)) for p in outline.tolist())
        for outline in outlines
        if outline.real.min() >= box[0]
        and outline.real.max() <= box[2]
        and outline.imag.min() >= box[1]
        and outline.imag.max() <= box[3]
    )


class Fills:
    """The filled shapes of a page against those of a sample."""

    def __init__(self, shape: Shape, sample: Sample, outlines: Sequence[Outline]) -> None:
        own = [np.array([complex(x, y) for x, y in fill]) for fill in shape.fills]
        self.is_compared = len(outlines) <= FILLS_LIMIT
        outlines = outlines if self.is_compared else ()
        self._outlines = [one for one in outlines if _diagonal(one) <= LARGEST_SHARE * sample.diagonal]
        self._boxes = np.array(
            [(one.real.min(), one.imag.min(), one.real.max(), one.imag.max()) for one in self._outlines]
        ).reshape(-1, 4)
        self._probes = _probes(sample)
        self._filled = _is_in_any(self._probes, own)
        share = float(self._filled.mean()) if len(self._probes) else 0.0
        self._most = max(STRAY_SHARE, OWN_SHARE * share)

    def differ(self, pose: Pose) -> bool:
        """Whether another part of the symbol is filled there."""
        if not self.is_compared or not len(self._probes):
            return False
        points = pose.turn * (self._probes.conj() if pose.is_mirrored else self._probes) + pose.shift
        x0, y0, x1, y1 = pose.box
        near = np.flatnonzero(
            (self._boxes[:, 0] <= x1)
            & (self._boxes[:, 2] >= x0)
            & (self._boxes[:, 1] <= y1)
            & (self._boxes[:, 3] >= y0)
        )
        there = _is_in_any(points, [self._outlines[n] for n in near.tolist()])
        return float((there != self._filled).mean()) > self._most


def _probes(sample: Sample) -> Complexes:
    corners: Complexes = sample.hull
    xs = np.linspace(corners.real.min(), corners.real.max(), PROBES + 2)[1:-1]
    ys = np.linspace(corners.imag.min(), corners.imag.max(), PROBES + 2)[1:-1]
    grid = (xs[None, :] + 1j * ys[:, None]).ravel()
    return grid[is_within(grid, corners, 0.0)] if len(corners) > 2 else grid[:0]


def _is_in_any(points: Complexes, outlines: Sequence[Outline]) -> np.ndarray:
    inside = np.zeros(len(points), bool)
    for outline in outlines:
        following = np.roll(outline, -1)
        crosses = (outline.imag[None, :] > points.imag[:, None]) != (following.imag[None, :] > points.imag[:, None])
        rise = np.where(following.imag == outline.imag, 1.0, following.imag - outline.imag)
        share = (points.imag[:, None] - outline.imag[None, :]) / rise[None, :]
        at = outline.real[None, :] + share * (following.real - outline.real)[None, :]
        inside |= (crosses & (at > points.real[:, None])).sum(axis=1) % 2 == 1
    return inside


def _outlines(path: dict[str, Any], matrix: pymupdf.Matrix) -> list[Outline]:
    """One for each run of the path's edges."""
    runs: list[list[complex]] = []
    for item in path.get("items", ()):
        for part in parts_of_item(item, matrix):
            start = complex(part[0], part[1])
            if not runs or abs(runs[-1][-1] - start) > TOUCH_PT:
                runs.append([start])
            runs[-1] += _along(part)
    return [np.array(run) for run in runs if 3 <= len(run) <= POINTS_LIMIT]


def _along(part: tuple[float, ...]) -> list[complex]:
    if len(part) == 4:
        return [complex(part[2], part[3])]
    a, b, c, d = (complex(part[n], part[n + 1]) for n in (0, 2, 4, 6))
    shares = (n / (CURVE_CHORDS // 2) for n in range(1, CURVE_CHORDS // 2 + 1))
    return [(1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d for t in shares]


def _is_large(rect: Sequence[float]) -> bool:
    return max(rect[2] - rect[0], rect[3] - rect[1]) > LARGEST_PT


def _is_white(path: dict[str, Any]) -> bool:
    fill = path.get("fill")
    return fill is None or min(fill) > 0.97


def _diagonal(outline: Outline) -> float:
    return float(np.hypot(np.ptp(outline.real), np.ptp(outline.imag)))
