"""A page's strokes as a map of small cells, each with the directions of the strokes in it: tells at once, for a hundred
thousand poses, how much of a sample is there. Runs in render children only."""

import math

import numpy as np

from workers.rendering.shape_parts import Strokes, ends_of

DIRECTIONS = 16
"""Of half a turn: 11.25° each, one bit each."""

CELLS_LIMIT = 30_000_000
"""Two bytes each. An A0 sheet has cells of 0.55 pt."""

FINEST_PT, COARSEST_PT = 0.25, 2.0
CELL_SHARE = 0.015
"""Of the sample's diagonal. A guess."""

MARGIN_CELLS = 2


class StrokeMap:
    """`cell_pt` is what a stroke may be off, about: strokes are entered with their neighbours."""

    def __init__(self, page: Strokes, size: tuple[float, float], diagonal: float) -> None:
        least = math.sqrt(size[0] * size[1] / CELLS_LIMIT)
        self.cell_pt = max(min(max(diagonal * CELL_SHARE, FINEST_PT), COARSEST_PT), least)
        self._shape = (
            int(size[1] / self.cell_pt) + 2 * MARGIN_CELLS + 1,
            int(size[0] / self.cell_pt) + 2 * MARGIN_CELLS + 1,
        )
        self._map = self._entered(page)

    def share(self, points: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Of each row of points (poses, points), how many stand on a stroke of about their direction, 0–1."""
        place = self._places(points)
        bits = np.left_shift(np.uint32(1), _bins(directions).astype(np.uint32)).astype(np.uint16)
        return ((self._map.ravel()[place] & bits) != 0).mean(axis=1)

    def _entered(self, page: Strokes) -> np.ndarray:
        grid = np.zeros(self._shape, np.uint16)
        flat = grid.ravel()
        points, owner = page.points(self.cell_pt * 0.7)
        start, end = ends_of(page.chords)
        bins = _bins(np.angle(end - start))[owner]
        places = self._places(points)
        for direction in range(DIRECTIONS):
            near = sum(1 << (direction + step) % DIRECTIONS for step in (-1, 0, 1))
            own = places[bins == direction]
            # Writing to an equal place twice writes the same: each direction adds its bits alone.
            flat[own] |= np.uint16(near)
        _widen(grid)
        # The border catches what lies outside of the page.
        grid[0, :] = grid[-1, :] = 0
        grid[:, 0] = grid[:, -1] = 0
        return grid

    def _places(self, points: np.ndarray) -> np.ndarray:
        columns = np.clip((np.real(points) / self.cell_pt).astype(np.int64) + MARGIN_CELLS, 0, self._shape[1] - 1)
        rows = np.clip((np.imag(points) / self.cell_pt).astype(np.int64) + MARGIN_CELLS, 0, self._shape[0] - 1)
        return rows * self._shape[1] + columns


def _widen(cells: np.ndarray) -> None:
    """Each cell gets what its eight neighbours have."""
    former = cells.copy()
    cells[1:, :] |= former[:-1, :]
    cells[:-1, :] |= former[1:, :]
    former[:] = cells
    cells[:, 1:] |= former[:, :-1]
    cells[:, :-1] |= former[:, 1:]


def _bins(angles: np.ndarray) -> np.ndarray:
    return np.round((angles % np.pi) / np.pi * DIRECTIONS).astype(np.int64) % DIRECTIONS
