"""The strokes of a page with what they are drawn with: their width, style and whether they are dashed. Runs in render
children only."""

from typing import Any

import msgspec
import numpy as np
import pymupdf

from domain.counting.types import Part
from domain.documents import Box
from workers.rendering.shape_parts import (
    CURVE_CHORDS,
    Complexes,
    Strokes,
    check_limit,
    ends_of,
    is_invisible,
    parts_of_item,
)

FILL_WIDTH_PT = 99.0
"""Edges of filled shapes: as thick as any line."""

LEAST_PT = 0.02


class Inked(msgspec.Struct, frozen=True, kw_only=True):
    """One row each: chords (n, 4), their stroke width, the number of their style (colour, width, dashes), whether they
    are dashed, pieces of a curve or edges of a filled shape, and the path that holds them."""

    chords: np.ndarray
    widths: np.ndarray
    styles: np.ndarray
    is_dashed: np.ndarray
    is_curved: np.ndarray
    is_filled: np.ndarray
    paths: np.ndarray

    def taken(self, which: np.ndarray) -> "Inked":
        return Inked(**{name: column[which] for name, column in msgspec.structs.asdict(self).items()})

    def ends(self) -> tuple[Complexes, Complexes]:
        return ends_of(self.chords)

    def within(self, box: Box) -> np.ndarray:
        """Which chords lie in the box whole."""
        low, high = self._corners()
        return (low[:, 0] >= box[0]) & (low[:, 1] >= box[1]) & (high[:, 0] <= box[2]) & (high[:, 1] <= box[3])

    def meeting(self, box: Box) -> np.ndarray:
        """Which chords' boxes meet the box."""
        low, high = self._corners()
        return (high[:, 0] >= box[0]) & (high[:, 1] >= box[1]) & (low[:, 0] <= box[2]) & (low[:, 1] <= box[3])

    def _corners(self) -> tuple[np.ndarray, np.ndarray]:
        return np.minimum(self.chords[:, :2], self.chords[:, 2:]), np.maximum(self.chords[:, :2], self.chords[:, 2:])


def read_inked(page: pymupdf.Page) -> Inked:
    """All visible strokes and edges; filled shapes are closed. Raises DocumentTooHeavy."""
    parts: list[Part] = []
    counts: list[int] = []
    columns: list[tuple[float, int, bool, bool, int]] = []
    styles: dict[tuple[object, ...], int] = {}
    drawings: list[dict[str, Any]] = page.get_cdrawings() or []
    for number, path in enumerate(drawings):
        if is_invisible(path):
            continue
        own = [part for item in path.get("items", ()) for part in parts_of_item(item, page.rotation_matrix)]
        style = _style(path, styles)
        own = _closed(own) if style[3] else own
        parts += own
        check_limit(len(parts))
        counts.append(len(own))
        columns.append((*style, number))
    return _inked(parts, np.repeat(np.array(columns, float).reshape(-1, 5), counts, axis=0))


def _closed(parts: list[Part]) -> list[Part]:
    """Each run of strokes with the edge back to its start: a filling closes what it fills."""
    closed: list[Part] = []
    begin = (0.0, 0.0)
    for place, part in enumerate(parts):
        if place == 0 or parts[place - 1][-2:] != part[:2]:
            begin = (part[0], part[1])
        closed.append(part)
        is_last = place + 1 == len(parts) or parts[place + 1][:2] != part[-2:]
        if is_last and part[-2:] != begin:
            closed.append((part[-2], part[-1], *begin))
    return closed


def _style(path: dict[str, Any], styles: dict[tuple[object, ...], int]) -> tuple[float, int, bool, bool]:
    """Width, number of the style, whether dashed and whether only filled."""
    is_filled = "s" not in (path.get("type") or "s")
    width = FILL_WIDTH_PT if is_filled else float(path.get("width") or 0.0)
    dashes = str(path.get("dashes") or "")
    is_dashed = any(letter.isdigit() for letter in dashes.partition("]")[0])
    key = (path.get("color"), path.get("fill") if is_filled else None, round(width, 2), is_dashed)
    return width, styles.setdefault(key, len(styles)), is_dashed, is_filled


def _inked(parts: list[Part], columns: np.ndarray) -> Inked:
    strokes = Strokes(parts)
    is_curve = np.array([len(part) == 8 for part in parts], bool)
    # `Strokes` has the lines first, then the pieces of the curves.
    columns = np.concatenate([columns[~is_curve], np.repeat(columns[is_curve], CURVE_CHORDS, axis=0)])
    is_curved = np.arange(len(strokes.chords)) >= len(strokes.lines)
    start, end = ends_of(strokes.chords)
    kept = np.abs(end - start) > LEAST_PT
    columns = columns[kept]
    return Inked(
        chords=strokes.chords[kept],
        widths=columns[:, 0],
        styles=columns[:, 1].astype(np.int64),
        is_dashed=columns[:, 2] > 0,
        is_filled=columns[:, 3] > 0,
        paths=columns[:, 4].astype(np.int64),
        is_curved=is_curved[kept],
    )
