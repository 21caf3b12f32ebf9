"""A sample, a page and a pose as the search for shapes sees them. Runs in render children only."""

from collections.abc import Sequence

import msgspec
import numpy as np

from domain.documents import Box
from workers.rendering.shape_hull import hull_of, is_within
from workers.rendering.shape_parts import Strokes, ends_of

SAMPLE_POINTS = 160
TOLERANCE_SHARE, TOLERANCE_MIN_PT, TOLERANCE_MAX_PT = 0.018, 0.2, 2.5
"""What a stroke may be off, of the sample's diagonal. Guesses."""

ANGLE_COSINE = float(np.cos(np.radians(14)))
SHORT_PT = 0.4
"""A shorter chord tells no direction."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """`points` along its strokes with their `directions`; `known` are its chords and those of what passes through it;
    lengths in points of the page."""

    strokes: Strokes
    points: np.ndarray
    directions: np.ndarray
    middle: complex
    diagonal: float
    shorter: float
    length: float
    tolerance: float
    hull: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, strokes: Strokes, context: Strokes | None = None) -> "Sample":
        start, end = ends_of(strokes.chords)
        lengths = np.abs(end - start)
        length = float(lengths.sum())
        points, owner = strokes.points(max(length / SAMPLE_POINTS, 0.15))
        corners = np.concatenate([start, end])
        width, height = float(np.ptp(np.real(corners))), float(np.ptp(np.imag(corners)))
        diagonal = float(np.hypot(width, height))
        return cls(
            strokes=strokes,
            points=points,
            directions=np.angle(end - start)[owner],
            middle=complex(np.real(corners).min() + width / 2, np.imag(corners).min() + height / 2),
            diagonal=diagonal,
            shorter=min(width, height),
            length=length,
            tolerance=min(max(TOLERANCE_SHARE * diagonal, TOLERANCE_MIN_PT), TOLERANCE_MAX_PT),
            hull=hull_of(corners),
            known=np.concatenate([strokes.chords, context.chords]) if context else strokes.chords,
        )


class Page:
    """The strokes of a page, to be asked by place."""

    def __init__(self, strokes: Strokes) -> None:
        self.strokes = strokes
        chords = strokes.chords
        self._low_x, self._high_x = np.minimum(chords[:, 0], chords[:, 2]), np.maximum(chords[:, 0], chords[:, 2])
        self._low_y, self._high_y = np.minimum(chords[:, 1], chords[:, 3]), np.maximum(chords[:, 1], chords[:, 3])
        self._start, self._end = ends_of(chords)
        self.run_lengths = np.bincount(strokes.runs, np.abs(self._end - self._start))

    def near(self, box: Box, slack: float) -> np.ndarray:
        """The numbers of the chords whose boxes meet this one."""
        return np.flatnonzero(
            (self._low_x <= box[2] + slack)
            & (self._high_x >= box[0] - slack)
            & (self._low_y <= box[3] + slack)
            & (self._high_y >= box[1] - slack)
        )

    def is_in_any(self, which: np.ndarray, boxes: Sequence[Box], slack: float) -> np.ndarray:
        """Which of these chords lie in one of the boxes whole."""
        found = np.zeros(len(which), bool)
        low_x, high_x, low_y, high_y = (edge[which] for edge in (self._low_x, self._high_x, self._low_y, self._high_y))
        for x0, y0, x1, y1 in boxes:
            found |= (low_x >= x0 - slack) & (high_x <= x1 + slack) & (low_y >= y0 - slack) & (high_y <= y1 + slack)
        return found


class Pose(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the sample: its points there are turn · z + shift, or turn · conj(z) + shift where mirrored. `box` is
    around them."""

    turn: complex
    shift: complex
    is_mirrored: bool
    points: np.ndarray
    box: Box

    @property
    def scale(self) -> float:
        return abs(self.turn)

    @classmethod
    def of(cls, sample: Sample, turn: complex, shift: complex, *, is_mirrored: bool) -> "Pose":
        points = turn * (sample.points.conj() if is_mirrored else sample.points) + shift
        xs, ys = points.real, points.imag
        box = (float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))
        return cls(turn=turn, shift=shift, is_mirrored=is_mirrored, points=points, box=box)

    def back(self, ends: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Points of the page as points of the sample."""
        start, end = ((point - self.shift) / self.turn for point in ends)
        return (start.conj(), end.conj()) if self.is_mirrored else (start, end)


def share_there(sample: Sample, page: Page, pose: Pose) -> tuple[float, float]:
    """How much of the sample's length is there, 0–1, and how much without lines that pass through from side to side: a
    wall over a circle is no cross in it."""
    slack = sample.tolerance * max(pose.scale, 1.0)
    chords = page.strokes.chords[page.near(pose.box, slack)]
    directions = (-sample.directions if pose.is_mirrored else sample.directions) + np.angle(pose.turn)
    is_there = distances(pose.points, directions, chords) <= slack
    start, end = pose.back(ends_of(chords))
    beyond = 2 * sample.tolerance
    passes = ~is_within(start, sample.hull, beyond) & ~is_within(end, sample.hull, beyond)
    own = is_there if not passes.any() else distances(pose.points, directions, chords[~passes]) <= slack
    return float(is_there.mean()), float(own.mean())


def points_along(start: np.ndarray, end: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points along chords, the number of each one's chord, and the length that each stands for."""
    lengths = np.abs(end - start)
    counts = np.maximum(np.ceil(lengths / step).astype(int), 1)
    owner = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return start[owner] + (end - start)[owner] * ((place + 0.5) / counts[owner]), owner, (lengths / counts)[owner]


def distances(points: np.ndarray, directions: np.ndarray, chords: np.ndarray) -> np.ndarray:
    """From each point to the nearest chord of about its direction; infinite without one."""
    if not len(chords):
        return np.full(len(points), np.inf)
    start, end = ends_of(chords)
    along = end - start
    length = np.maximum(np.abs(along), 1e-9)
    relative = (points[:, None] - start[None, :]) * (along / length).conj()[None, :]
    beyond = np.maximum(np.maximum(-relative.real, relative.real - length[None, :]), 0.0)
    distance = np.hypot(beyond, relative.imag)
    cosine = np.abs(np.cos(directions[:, None] - np.angle(along)[None, :]))
    distance[(cosine < ANGLE_COSINE) & (length[None, :] > SHORT_PT)] = np.inf
    return distance.min(axis=1)
