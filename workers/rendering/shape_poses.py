"""Where a sample may stand: a stroke of the page that is as long as one of the sample's tells two turns, each of them
also mirrored. Poses are similarity transforms in the complex plane. Runs in render children only."""

import msgspec
import numpy as np

from workers.rendering.shape_parts import Strokes, ends_of

ANCHORS = 6
"""Strokes of the sample that poses are made from: one may be hidden, drawn over or split. A guess."""

POSES_LIMIT = 400_000
"""Together: about a second of looking. Beyond it the search is incomplete."""

LEAST_SHARE = 0.2
"""Of the sample's diagonal: shorter anchors tell the turn badly. A guess."""

LENGTH_TOLERANCE = 0.015
"""Of an anchor's length, at least 0.1 pt: exporters round ends to 0.05 pt. A guess."""

MERGE_ANGLE = np.pi / 360
MERGE_OFFSET_PT = 0.3
MERGE_GAP_PT = 0.15
"""Lines that continue one another so nearly are one line that an exporter split. Guesses."""


class Poses(msgspec.Struct, frozen=True, kw_only=True):
    """A point z goes to turn · z + shift, or to turn · conj(z) + shift where mirrored."""

    turn: np.ndarray
    shift: np.ndarray
    is_mirrored: np.ndarray
    is_complete: bool = True

    def taken(self, which: np.ndarray) -> "Poses":
        return Poses(
            turn=self.turn[which],
            shift=self.shift[which],
            is_mirrored=self.is_mirrored[which],
            is_complete=self.is_complete,
        )

    def placed(self, points: np.ndarray) -> np.ndarray:
        """The points under each pose: (poses, points)."""
        own = np.where(self.is_mirrored[:, None], points.conj()[None, :], points[None, :])
        return self.turn[:, None] * own + self.shift[:, None]


def find_poses(sample: Strokes, page: Strokes, scales: tuple[float, float]) -> Poses:
    """Candidates, the same place many times over. `scales` are the smallest and largest size against the sample."""
    diagonal = _diagonal(sample)
    found: list[Poses] = []
    total = 0
    is_complete = True
    lines, page_lines = merged(sample.lines, keeps_parts=False), merged(page.lines, keeps_parts=True)
    anchors = [*_anchors(lines, page_lines, diagonal, scales)]
    anchors += _anchors(sample.curve_halves, page.curve_halves, diagonal, scales)
    anchors.sort(key=lambda anchor: len(anchor[1]))
    for stroke, alike in anchors[:ANCHORS]:
        if total + 4 * len(alike) > POSES_LIMIT:
            is_complete = False
            continue
        total += 4 * len(alike)
        found += _poses(stroke, alike, keeps_size=scales[0] > 0.95)
    if not found:
        none = np.zeros(0, complex)
        return Poses(turn=none, shift=none, is_mirrored=np.zeros(0, bool), is_complete=is_complete)
    return Poses(
        turn=np.concatenate([poses.turn for poses in found]),
        shift=np.concatenate([poses.shift for poses in found]),
        is_mirrored=np.concatenate([poses.is_mirrored for poses in found]),
        # One anchor that was looked at whole finds all but what is hidden.
        is_complete=is_complete or total > 0,
    )


def _anchors(
    own: np.ndarray, others: np.ndarray, diagonal: float, scales: tuple[float, float]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Strokes of different lengths with the page's strokes that are as long."""
    if not len(own) or not len(others):
        return []
    lengths, other_lengths = _lengths(own), _lengths(others)
    order = np.argsort(other_lengths)
    sorted_lengths = other_lengths[order]
    anchors: list[tuple[np.ndarray, np.ndarray]] = []
    taken: list[float] = []
    long_enough = lengths >= min(LEAST_SHARE * diagonal, lengths.max() * 0.99)
    for place in np.argsort(-lengths):
        length = float(lengths[place])
        if not long_enough[place] or length <= 0 or any(abs(length - other) < 0.02 * length for other in taken):
            continue
        taken.append(length)
        slack = max(LENGTH_TOLERANCE * length, 0.1)
        first = np.searchsorted(sorted_lengths, length * scales[0] - slack)
        last = np.searchsorted(sorted_lengths, length * scales[1] + slack)
        anchors.append((own[place], others[order[first:last]]))
    return anchors


def _poses(stroke: np.ndarray, alike: np.ndarray, *, keeps_size: bool) -> list[Poses]:
    p0, p1 = complex(stroke[0], stroke[1]), complex(stroke[2], stroke[3])
    q0, q1 = ends_of(alike)
    poses: list[Poses] = []
    for start, end in ((q0, q1), (q1, q0)):
        for mirrored in (False, True):
            a, b = (p0.conjugate(), p1.conjugate()) if mirrored else (p0, p1)
            turn = (end - start) / (b - a)
            if keeps_size:
                turn = turn / np.maximum(np.abs(turn), 1e-9)
            shift = (start + end) / 2 - turn * (a + b) / 2
            poses.append(Poses(turn=turn, shift=shift, is_mirrored=np.full(len(turn), mirrored)))
    return poses


def merged(lines: np.ndarray, *, keeps_parts: bool) -> np.ndarray:
    """The lines with those that several of them make together; `keeps_parts`: these several ones too."""
    if len(lines) < 2:
        return lines
    start, end = ends_of(lines)
    angle = np.round((np.angle(end - start) % np.pi) / MERGE_ANGLE) % round(np.pi / MERGE_ANGLE)
    direction = np.exp(1j * angle * MERGE_ANGLE)
    across = np.round(np.imag(start * direction.conj()) / MERGE_OFFSET_PT)
    ends = np.stack([np.real(start * direction.conj()), np.real(end * direction.conj())])
    low, high = ends.min(axis=0), ends.max(axis=0)
    order = np.lexsort((low, across, angle))
    groups = _continued(angle[order], across[order], low[order], high[order])
    whole: list[tuple[float, float, float, float]] = []
    single: list[int] = []
    for first, last in groups:
        members = order[first:last]
        if last - first == 1:
            single.append(int(members[0]))
            continue
        own = direction[members[0]]
        offset = 1j * np.imag(start[members] * own.conj()).mean()
        one, other = own * (low[members].min() + offset), own * (high[members].max() + offset)
        whole.append((one.real, one.imag, other.real, other.imag))
    kept = lines if keeps_parts else lines[single]
    return np.concatenate([kept, np.array(whole, float).reshape(-1, 4)])


def _continued(angle: np.ndarray, across: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[tuple[int, int]]:
    """First and last place (exclusive) of each group of sorted lines that continue one another."""
    starts, ends = low.tolist(), high.tolist()
    keys = list(zip(angle.tolist(), across.tolist(), strict=True))
    groups: list[tuple[int, int]] = []
    first, reached = 0, ends[0]
    for place in range(1, len(keys)):
        if keys[place] == keys[place - 1] and starts[place] <= reached + MERGE_GAP_PT:
            reached = max(reached, ends[place])
            continue
        groups.append((first, place))
        first, reached = place, ends[place]
    return [*groups, (first, len(keys))]


def _lengths(strokes: np.ndarray) -> np.ndarray:
    return np.hypot(strokes[:, 2] - strokes[:, 0], strokes[:, 3] - strokes[:, 1])


def _diagonal(sample: Strokes) -> float:
    xs, ys = sample.chords[:, 0::2], sample.chords[:, 1::2]
    return float(np.hypot(xs.max() - xs.min(), ys.max() - ys.min()))
