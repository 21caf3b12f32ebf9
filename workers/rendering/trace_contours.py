"""The contour around a place of a drawing: a room, a plot, a field. Runs in render children only.

What is drawn inside a room is drawn thinner than its walls: the walk is tried with all strokes, then without the
thinnest along the way. Where these differ, all are told; who asks decides, by labels and stated areas.
"""

import numpy as np

from domain.counting.traces import Point, Trace, TraceAsk
from domain.documents import Box
from workers.rendering.shape_parts import Complexes
from workers.rendering.trace_arcs import without_doors
from workers.rendering.trace_strokes import FILL_WIDTH_PT, Inked
from workers.rendering.trace_walk import Loop, Walker, area_of, holds

TRIES = 4
"""Walks with ever fewer thin strokes. A guess."""

THINNER_PT = 0.02
THICK_SHARE, THIN = 0.8, 0.65
"""Of a contour's strokes by length the thickness that most have at most; clearly thinner ones have less of it than
this. Guesses."""

SAME_SHARE = 0.003
"""Contours whose areas differ by less are one."""

MOST_OF_PAGE = 0.7
"""A contour of more is the sheet's frame."""

LEAST_LABELS = 3.0
"""Times the label's box: a smaller contour is the frame of the label. A guess."""

LABEL_INSET = 0.15
"""Of the label's height: a contour that cuts further through its label is a hatch's or an axis's. A guess."""

FRAME_HEIGHTS = 1.3
UNDER_HEIGHTS = 0.6
"""Of a text's height: strokes so near around it or below it are its frame, underline or dimension line. Guesses."""

MAX_TEXTS = 400
STRAIGHT_PT = 0.25
MAX_PATH_CHORDS = 4_000
MAX_POINTS = 400


def contours_at(inked: Inked, ask: TraceAsk, size: tuple[float, float], ends: float) -> tuple[list[Trace], bool]:
    """Contours around the place, smallest first, and whether all could be walked until the processor time `ends`."""
    seed = complex((ask.place[0] + ask.place[2]) / 2, (ask.place[1] + ask.place[3]) / 2)
    strokes, is_door = without_doors(inked, ask.pt_per_mm)
    is_solid = ~strokes.is_dashed
    is_bare = is_solid & (is_door | _is_apart_from_texts(strokes, ask))
    found: list[Trace] = []
    is_complete = True
    for which in (is_bare, is_solid, np.ones(len(is_door), bool)):
        own, is_whole = _walked(strokes.taken(which), is_door[which], seed, ends)
        is_complete &= is_whole
        found += [trace for trace in own if _is_contour(trace, ask, size)]
        if found or not is_complete:
            break
    found += [trace for trace in _drawn_around(strokes.taken(is_bare), seed) if _is_contour(trace, ask, size)]
    return _different(found), is_complete


def _walked(strokes: Inked, is_door: np.ndarray, seed: complex, ends: float) -> tuple[list[Trace], bool]:
    found: list[Trace] = []
    for _ in range(TRIES):
        walker = Walker(*strokes.ends(), ends)
        loop = walker.around(seed)
        if loop is None:
            return found, not walker.is_late
        widths = strokes.widths[list(loop.walked)]
        doors = int(is_door[list(loop.walked)].sum())
        found.append(_trace(loop, float(widths.min()), doors, _thin_share(strokes, loop)))
        kept = strokes.widths > widths.min() + THINNER_PT
        strokes, is_door = strokes.taken(kept), is_door[kept]
    return found, True


def _thin_share(strokes: Inked, loop: Loop) -> float:
    """Of the way around, what runs along strokes clearly thinner than the others."""
    numbers = np.array(list(loop.walked), np.int64)
    lengths = np.array(list(loop.walked.values()))
    widths = strokes.widths[numbers]
    lined = widths < FILL_WIDTH_PT
    if not lined.any():
        return 0.0
    order = np.argsort(widths[lined])
    reached = np.cumsum(lengths[lined][order])
    thick = float(widths[lined][order][np.searchsorted(reached, THICK_SHARE * reached[-1])])
    return float(lengths[widths < THIN * thick].sum() / max(float(lengths.sum()), 1e-9))


def _drawn_around(inked: Inked, seed: complex) -> list[Trace]:
    """The smallest closed path around the point that was drawn in one go."""
    start, end = inked.ends()
    if not len(start):
        return []
    joined = (inked.paths[1:] == inked.paths[:-1]) & (np.abs(start[1:] - end[:-1]) <= 0.1)
    firsts = np.concatenate([[0], np.flatnonzero(~joined) + 1])
    lasts = np.concatenate([np.flatnonzero(~joined), [len(start) - 1]])
    closed = np.flatnonzero(
        (lasts - firsts >= 2) & (lasts - firsts < MAX_PATH_CHORDS) & (np.abs(start[firsts] - end[lasts]) <= 0.3)
    )
    found: list[Trace] = []
    for n in closed.tolist():
        points = start[firsts[n] : lasts[n] + 1]
        if points.real.min() < seed.real < points.real.max() and holds(points, seed):
            loop = Loop(
                points=points,
                area=abs(area_of(points)),
                length=float(np.abs(np.roll(points, -1) - points).sum()),
                walked={},
            )
            found.append(_trace(loop, float(inked.widths[firsts[n]]), 0))
    return sorted(found, key=lambda trace: trace.area_pt2)[:2]


def _is_apart_from_texts(inked: Inked, ask: TraceAsk) -> np.ndarray:
    """Which strokes are no frames, underlines and dimension lines of texts."""
    kept = np.ones(len(inked.widths), bool)
    labels = () if ask.is_pointed else (ask.place,)
    for box in (*labels, *ask.texts[:MAX_TEXTS]):
        height = min(box[2] - box[0], box[3] - box[1])
        around = FRAME_HEIGHTS * height
        kept &= ~inked.within((box[0] - around, box[1] - around, box[2] + around, box[3] + around))
        kept &= ~_runs_along(inked, box, UNDER_HEIGHTS * height)
    return kept


def _runs_along(inked: Inked, box: Box, near: float) -> np.ndarray:
    """Straight thin lines along the longer side of a text, at least as long."""
    is_level = box[2] - box[0] >= box[3] - box[1]
    along, across = ((0, 2), (1, 3)) if is_level else ((1, 3), (0, 2))
    one, other = inked.chords[:, along[0]], inked.chords[:, along[1]]
    at, to = inked.chords[:, across[0]], inked.chords[:, across[1]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    reaches = (low <= box[along[0]] + near) & (high >= box[along[1]] - near)
    is_beside = (np.abs(at - box[across[1]]) <= near) | (np.abs(at - box[across[0]]) <= near)
    is_thin = inked.widths < inked.widths.max(initial=0.0) - THINNER_PT
    return (np.abs(at - to) <= STRAIGHT_PT) & reaches & is_beside & is_thin


def _is_contour(trace: Trace, ask: TraceAsk, size: tuple[float, float]) -> bool:
    if trace.area_pt2 > MOST_OF_PAGE * size[0] * size[1]:
        return False
    if ask.is_pointed:
        return trace.area_pt2 > 1.0
    x0, y0, x1, y1 = ask.place
    points = np.array([complex(x, y) for x, y in trace.points])
    inset = LABEL_INSET * min(x1 - x0, y1 - y0)
    corners = [complex(x, y) for x in (x0 + inset, x1 - inset) for y in (y0 + inset, y1 - inset)]
    room = min(x1 - x0, y1 - y0)
    is_large = (
        trace.area_pt2 >= LEAST_LABELS * (x1 - x0) * (y1 - y0)
        and trace.box[2] - trace.box[0] >= x1 - x0 + room
        and trace.box[3] - trace.box[1] >= y1 - y0 + room
    )
    return is_large and all(holds(points, corner) for corner in corners)


def _trace(loop: Loop, width: float, doors: int, thin_share: float = 0.0) -> Trace:
    points = thinned(loop.points)
    return Trace(
        points=points_of(points),
        box=box_around(points),
        length_pt=loop.length,
        area_pt2=abs(loop.area),
        width_pt=width,
        thin_share=round(thin_share, 3),
        is_closed=True,
        doors=doors,
    )


def _different(found: list[Trace]) -> list[Trace]:
    kept: list[Trace] = []
    for trace in sorted(found, key=lambda trace: trace.area_pt2):
        if not any(abs(trace.area_pt2 - other.area_pt2) <= SAME_SHARE * trace.area_pt2 for other in kept):
            kept.append(trace)
    return kept


def thinned(points: Complexes) -> Complexes:
    """The points without those on the straight line between their neighbours."""
    if len(points) < 4:
        return points
    before, behind = points - np.roll(points, 1), np.roll(points, -1) - points
    turn = np.abs((before.conj() * behind).imag) / np.maximum(np.abs(before) * np.abs(behind), 1e-9)
    kept = points[turn > 1e-3]
    return kept if len(kept) >= 3 else points


def points_of(points: Complexes) -> tuple[Point, ...]:
    step = max(len(points) // MAX_POINTS, 1)
    return tuple((round(float(p.real), 2), round(float(p.imag), 2)) for p in points[::step].tolist())


def box_around(points: Complexes) -> Box:
    return (
        float(points.real.min()),
        float(points.imag.min()),
        float(points.real.max()),
        float(points.imag.max()),
    )
