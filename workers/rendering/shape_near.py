"""What stands around a found symbol: foreign strokes among the sample's, or the same further shape attached to some of
its places and not to the sample's own. Both make it another symbol. Runs in render children only."""

from collections.abc import Sequence

import msgspec
import numpy as np

from domain.documents import Box
from workers.rendering.shape_hull import is_within
from workers.rendering.shape_parts import ends_of
from workers.rendering.shape_places import Page, Pose, Sample, distances, points_along

INNER_SHARE = 0.6
"""Of a run's length: a run with more of it within the symbol's outline is part of a symbol; a wall or wire passes."""

LEADS_OUT = 0.25
"""Of the diagonal: a straight stroke that ends so far outside is a leader or a wire, no part of a symbol. A guess."""

REACH = 0.6
"""Of the diagonal: how far from the symbol a further shape may reach that belongs to it. A guess."""

STRAY_FACTOR = 1.5
"""Times the tolerance: a stroke so far from the sample's is none of them."""

ALIKE_SHARE = 0.08
"""Two attached shapes whose lengths and distances differ by less are the same. A guess."""

BENT_SHARE = 0.01
"""Of the greater variance, across it: less is a straight line. A guess."""

ATTACHED_LEAST = 0.1
"""Of the sample's length: smaller specks are no further shape. A guess."""


class Attached(msgspec.Struct, frozen=True):
    """Further bent strokes that hang on a symbol: their length and the distance of their middle, against the sample."""

    length: float
    distance: float

    def is_like(self, other: "Attached") -> bool:
        return all(
            abs(one - its) <= ALIKE_SHARE * max(one, its, 0.5)
            for one, its in ((self.length, other.length), (self.distance, other.distance))
        )

    def holds(self, other: "Attached") -> bool:
        """Whether it is the other shape, or that with a wire on it."""
        is_near = abs(self.distance - other.distance) <= _MORE * max(self.distance, other.distance)
        return self.is_like(other) or (self.length > other.length and is_near)


_MORE = 0.25
"""Of the distance: a wire on the further shape moves its middle so far. A guess."""


def foreign_share(sample: Sample, page: Page, pose: Pose) -> float:
    """The length of strokes among the sample's that are none of them, against the sample's length."""
    near = page.near(pose.box, sample.tolerance * pose.scale)
    start, end = pose.back(ends_of(page.strokes.chords[near]))
    points, owner, weights = points_along(start, end, max(sample.tolerance, 0.3))
    if not len(points):
        return 0.0
    runs = page.strokes.runs[near][owner]
    is_in = is_within(points, sample.hull, sample.tolerance)
    inner = _share_of_runs(weights * is_in, runs) / np.maximum(page.run_lengths[runs] / pose.scale, 1e-9)
    stray = distances(points, np.angle(end - start)[owner], sample.known) > STRAY_FACTOR * sample.tolerance
    far = LEADS_OUT * sample.diagonal
    leads_out = ~is_within(start, sample.hull, far) | ~is_within(end, sample.hull, far)
    return float((weights * is_in)[stray & (inner >= INNER_SHARE) & ~leads_out[owner]].sum() / sample.length)


def attached_to(sample: Sample, page: Page, pose: Pose, others: Sequence[Box]) -> Attached | None:
    """The strokes near a symbol that are none of its own, hang on it and are more than a straight line. `others` are
    the boxes of other places found: their strokes are their own."""
    reach = REACH * sample.diagonal
    step, slack = max(sample.tolerance, 0.3), 2 * sample.tolerance
    near = page.near(pose.box, reach * pose.scale)
    near = near[~page.is_in_any(near, others, slack)]
    start, end = pose.back(ends_of(page.strokes.chords[near]))
    points, owner, weights = points_along(start, end, step)
    runs = page.strokes.runs[near][owner]
    away = distances(points, np.angle(end - start)[owner], sample.strokes.chords)
    own = away <= STRAY_FACTOR * sample.tolerance
    inside = is_within(points, sample.hull, reach)
    pieces: list[np.ndarray] = []
    for run in np.unique(runs):
        which = runs == run
        is_whole = (weights * inside)[which].sum() >= 0.98 * page.run_lengths[run] / pose.scale
        if is_whole and own[which].mean() <= 0.5:
            pieces.append(points[which])
    hanging = [group for group in _joined(pieces, slack) if _is_bent(group) and _gap(group, sample.points) <= slack]
    if not hanging:
        return None
    together = np.concatenate(hanging)
    length = len(together) * step / sample.length
    if length < ATTACHED_LEAST:
        return None
    return Attached(length, float(abs(together.mean() - sample.middle) / sample.diagonal))


def _joined(pieces: list[np.ndarray], slack: float) -> list[np.ndarray]:
    """The pieces that touch one another, together."""
    groups: list[np.ndarray] = []
    for piece in pieces:
        touching = [group for group in groups if _gap(group, piece) <= slack]
        groups = [group for group in groups if all(group is not other for other in touching)]
        groups.append(np.concatenate([piece, *touching]))
    return groups


def _is_bent(points: np.ndarray) -> bool:
    spread = np.stack([np.real(points), np.imag(points)])
    widths = np.linalg.eigvalsh(np.cov(spread)) if len(points) > 2 else np.zeros(2)
    return bool(widths[0] > BENT_SHARE * max(float(widths[1]), 1e-9))


def _share_of_runs(weights: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """For each point, the sum of the weights of its run."""
    names, place = np.unique(runs, return_inverse=True)
    return np.bincount(place, weights, len(names))[place]


def _gap(points: np.ndarray, others: np.ndarray) -> float:
    return float(np.abs(points[:, None] - others[None, :]).min())
