"""Door swings on a plan: the arcs go, the line of the wall is closed behind them. Runs in render children only."""

from collections.abc import Iterator

import msgspec
import numpy as np

from workers.rendering.shape_parts import Complexes
from workers.rendering.trace_strokes import FILL_WIDTH_PT, Inked

RADIUS_MM = (350.0, 1_700.0)
SWEEP = (np.radians(25), np.radians(125))
"""Of a door's swing, drawn whole or half open. A guess."""

LEAST_STEPS = 3
STEP_TURN = (np.radians(0.3), np.radians(35))
SAME_STEP = 2.5
"""Pieces of one arc are so nearly as long. A guess."""

ROUND_SHARE = 0.04
"""Of the radius: what points of an arc may stray. A guess."""

BEYOND = 0.08
"""Of the radius: so far the closing line goes on at both ends, into the walls. A guess."""

MAX_ARCS = 5_000
TOUCH_PT = 0.1


class Arc(msgspec.Struct, frozen=True, kw_only=True):
    middle: complex
    radius: float
    first: complex
    last: complex
    members: np.ndarray


def without_doors(inked: Inked, pt_per_mm: float) -> tuple[Inked, np.ndarray]:
    """The strokes without arcs of doors, with a closing line from each hinge to both ends of its arc, and which of the
    strokes are such lines."""
    doors = [arc for arc in _arcs(inked) if RADIUS_MM[0] <= arc.radius / max(pt_per_mm, 1e-9) <= RADIUS_MM[1]]
    if not doors or pt_per_mm <= 0:
        return inked, np.zeros(len(inked.widths), bool)
    gone = np.concatenate([arc.members for arc in doors])
    kept = np.ones(len(inked.widths), bool)
    kept[gone] = False
    closing = np.array([_closing(arc, end) for arc in doors for end in (arc.first, arc.last)]).reshape(-1, 4)
    # The leaf itself is a dead end: closing it changes no contour.
    count = len(closing)
    like = inked.taken(np.repeat(gone[:1], count))
    added = msgspec.structs.replace(
        like, chords=closing, widths=np.full(count, FILL_WIDTH_PT), is_curved=np.zeros(count, bool)
    )
    rest = inked.taken(kept)
    joined = Inked(
        **{
            name: np.concatenate([column, getattr(added, name)])
            for name, column in msgspec.structs.asdict(rest).items()
        }
    )
    return joined, np.arange(len(joined.widths)) >= len(rest.widths)


def _closing(arc: Arc, end: complex) -> tuple[float, float, float, float]:
    reach = (end - arc.middle) * BEYOND
    start, end = arc.middle - reach, end + reach
    return (start.real, start.imag, end.real, end.imag)


def _arcs(inked: Inked) -> Iterator[Arc]:
    start, end = inked.ends()
    if len(start) < LEAST_STEPS:
        return
    along = end - start
    turn = np.angle(along[1:] * along[:-1].conj())
    length = np.abs(along)
    ratio = length[1:] / np.maximum(length[:-1], 1e-9)
    goes_on = (
        (inked.paths[1:] == inked.paths[:-1])
        & (np.abs(start[1:] - end[:-1]) <= TOUCH_PT)
        & (np.abs(turn) >= STEP_TURN[0])
        & (np.abs(turn) <= STEP_TURN[1])
        & (ratio < SAME_STEP)
        & (ratio > 1 / SAME_STEP)
    )
    goes_on[1:] &= ~(goes_on[:-1] & (np.sign(turn[1:]) != np.sign(turn[:-1])))
    breaks = np.flatnonzero(~goes_on)
    firsts = np.concatenate([[0], breaks + 1])
    lasts = np.concatenate([breaks, [len(start) - 1]])
    which = np.flatnonzero(lasts - firsts >= LEAST_STEPS - 1)[:MAX_ARCS]
    for n in which.tolist():
        members = np.arange(int(firsts[n]), int(lasts[n]) + 1)
        arc = _fitted(np.concatenate([start[members], end[members[-1:]]]), members)
        if arc is not None:
            yield arc


def _fitted(points: Complexes, members: np.ndarray) -> Arc | None:
    """The arc through the points; null when they lie on none, or it is no door's swing."""
    a, b, c = complex(points[0]), complex(points[len(points) // 2]), complex(points[-1])
    across = ((b - a).conjugate() * (c - a)).imag
    if abs(across) < 1e-6:
        return None
    # The middle of the circle through three points.
    middle = a + 1j * ((b - a) * abs(c - a) ** 2 - (c - a) * abs(b - a) ** 2) / (2 * across)
    radius = abs(a - middle)
    if np.abs(np.abs(points - middle) - radius).max() > ROUND_SHARE * radius:
        return None
    sweep = abs(float(np.angle((c - middle) / (a - middle))))
    if not SWEEP[0] <= sweep <= SWEEP[1]:
        return None
    return Arc(middle=middle, radius=radius, first=a, last=c, members=members)
