"""Lines through a place of a drawing, followed to their ends: pipes, routes, walls. Runs in render children only.

Strokes that meet end to end and are drawn alike are one line; lines that only cross are not.
"""

import math
import time

import numpy as np

from domain.counting.traces import Trace, TraceAsk
from domain.documents import Box
from workers.rendering.shape_parts import Complexes
from workers.rendering.trace_contours import FRAME_HEIGHTS, box_around, points_of, thinned
from workers.rendering.trace_strokes import Inked
from workers.rendering.trace_walk import area_of

NODE_PT = 0.4
"""Ends so near one another are one. A guess."""

REACH_HEIGHTS = 2.0
"""A label's line runs so near it, in heights of the label. A guess."""

NEARER = 0.5
"""The nearest line must be so much nearer to a label than the next, of the distance. A guess."""

COVERS = 0.75
"""Of the longer side of what is pointed at: a line of so much of it is what is meant. A guess."""

FRAMED = 0.08
"""Of that side: edges that differ by no more were drawn around the line. A guess."""

WIDER = 1.35
LEAST_PT = 8.0
"""Shorter ones are arrows, ticks and letters. A guess."""

MAX_LINES = 6
MAX_BOXES = 40
MAX_MEMBERS = 20_000

DASH_GAPS = 3.0
"""A dash may be followed by a gap of so many of its lengths. A guess."""

MAX_DASH_PT = 25.0
LEAST_DASHES = 4


MAX_PIECES = 2_000
"""Of a dashed line; how long one of more is, is not known. A guess."""


def lines_at(inked: Inked, ask: TraceAsk, ends: float) -> tuple[list[Trace], bool]:
    """Lines that the place may mean, the likeliest alone where it is clear; and whether all could be followed until
    the processor time `ends`."""
    strokes = inked.taken(~inked.is_filled)
    chains = _chains(strokes)
    reach = REACH_HEIGHTS * min(ask.place[2] - ask.place[0], ask.place[3] - ask.place[1])
    box = ask.place if ask.is_pointed else grown(ask.place, reach)
    near = [chains[n] for n in np.unique(chains_of(chains, len(strokes.widths))[strokes.meeting(box)]) if n >= 0]
    found, is_complete = _followed(strokes, near, box, ask, ends)
    chosen = _pointed_at(found, ask.place) if ask.is_pointed else _labelled(found, reach)
    return chosen[:MAX_LINES], is_complete


def _followed(
    strokes: Inked, near: list[np.ndarray], box: Box, ask: TraceAsk, ends: float
) -> tuple[list[tuple[Trace, float]], bool]:
    """The lines that meet the box, each with its distance from the place; and whether time was left for all of them,
    and none is too long to be followed where no other is found."""
    found: list[tuple[Trace, float]] = []
    is_any_lost = False
    for members in near:
        if time.process_time() > ends:
            return found, False
        if not _meets(strokes, members, box):
            continue
        trace = _trace(strokes, members) if len(members) <= MAX_MEMBERS else None
        if trace is None or math.isnan(trace.length_pt):
            is_any_lost = True
        elif trace.length_pt >= LEAST_PT and not _is_frame(trace.box, ask):
            found.append((trace, _distance(strokes, members, ask.place)))
    return found, bool(found) or not is_any_lost


def _is_frame(box: Box, ask: TraceAsk) -> bool:
    """Whether a line is nothing but the frame or underline of a text."""
    return any(
        _is_in(box, grown(text, FRAME_HEIGHTS * min(text[2] - text[0], text[3] - text[1])))
        for text in (*ask.texts, *(() if ask.is_pointed else (ask.place,)))
    )


def _pointed_at(found: list[tuple[Trace, float]], place: Box) -> list[Trace]:
    """Those that lie in the place and fill it; else those that pass through it. The thickest alone where one is."""
    side = max(place[2] - place[0], place[3] - place[1])
    slack = 0.15 * side
    inside = [
        trace
        for trace, _ in found
        if _is_in(trace.box, grown(place, slack))
        and max(trace.box[2] - trace.box[0], trace.box[3] - trace.box[1]) >= COVERS * side
    ]
    framed = [trace for trace in inside if _differs(trace.box, place) <= FRAMED * side]
    if len(framed) == 1:
        return framed
    passing = [trace for trace, _ in found if not _is_in(trace.box, grown(place, slack))]
    return _thickest(inside or passing or [trace for trace, _ in found])


def _labelled(found: list[tuple[Trace, float]], reach: float) -> list[Trace]:
    """The line nearest to the label, if no other is about as near."""
    ranked = sorted(((trace, away) for trace, away in found if away <= reach), key=lambda each: each[1])
    if not ranked:
        return []
    nearest = max(ranked[0][1], 0.05 * reach)
    return _thickest([trace for trace, away in ranked if away * NEARER <= nearest])


def _thickest(traces: list[Trace]) -> list[Trace]:
    """The one that is clearly thicker than all others; all of them otherwise, the longest first."""
    by_width = sorted(traces, key=lambda trace: -trace.width_pt)
    if len(by_width) > 1 and by_width[0].width_pt >= WIDER * max(by_width[1].width_pt, 0.05):
        return by_width[:1]
    return sorted(traces, key=lambda trace: -trace.length_pt)


def _chains(inked: Inked) -> list[np.ndarray]:
    """The strokes that hang together, by their numbers."""
    start, end = inked.ends()
    if not len(start):
        return []
    extra = _dash_joints(inked, start, end)
    ends = np.concatenate([start, end])
    styles = np.concatenate([inked.styles, inked.styles])
    nodes = _nodes(ends, styles)
    count = len(start)
    parents = list(range(int(nodes.max()) + 1))
    pairs = [*zip(nodes[:count].tolist(), nodes[count:].tolist(), strict=True)]
    pairs += [(int(nodes[one]), int(nodes[other])) for one, other in extra]
    for one, other in pairs:
        a, b = _root(parents, one), _root(parents, other)
        if a != b:
            parents[a] = b
    roots = np.array([_root(parents, node) for node in nodes[:count].tolist()])
    order = np.argsort(roots, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(roots[order])) + 1)


def _root(parents: list[int], node: int) -> int:
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


def _nodes(ends: Complexes, styles: np.ndarray) -> np.ndarray:
    """The number of each end's place; ends of one style that are near one another share it."""
    order = np.lexsort((ends.imag, ends.real, styles))
    numbers = np.full(len(ends), -1)
    taken: dict[tuple[int, int, int], list[tuple[complex, int]]] = {}
    count = 0
    for n in order.tolist():
        end, style = complex(ends[n]), int(styles[n])
        column, row = int(end.real // NODE_PT), int(end.imag // NODE_PT)
        near = (
            number
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other, number in taken.get((style, column + dx, row + dy), ())
            if abs(other - end) <= NODE_PT
        )
        number = next(near, None)
        if number is None:
            number, count = count, count + 1
            taken.setdefault((style, column, row), []).append((end, number))
        numbers[n] = number
    return numbers


def _dash_joints(inked: Inked, start: Complexes, end: Complexes) -> list[tuple[int, int]]:
    """Pairs of ends (starts first, then ends) of dashes drawn one by one that continue one another."""
    length = np.abs(end - start)
    short = np.flatnonzero((length <= MAX_DASH_PT) & ~inked.is_curved)
    if len(short) < LEAST_DASHES:
        return []
    angle = np.round((np.angle(end[short] - start[short]) % np.pi) / np.radians(1)) % 180
    unit = np.exp(1j * np.radians(angle))
    across = np.round((start[short] * unit.conj()).imag / 0.5)
    one, other = (start[short] * unit.conj()).real, (end[short] * unit.conj()).real
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((low, across, angle, inked.styles[short]))
    same = (np.diff(inked.styles[short][order]) == 0) & (np.diff(angle[order]) == 0) & (np.diff(across[order]) == 0)
    gap = low[order][1:] - high[order][:-1]
    longest = np.maximum(length[short][order][1:], length[short][order][:-1])
    joins = same & (gap > NODE_PT) & (gap <= DASH_GAPS * longest) & (gap <= MAX_DASH_PT / 2)
    pairs: list[tuple[int, int]] = []
    count = len(start)
    runs = np.split(np.arange(len(joins)), np.flatnonzero(~joins))
    for run in runs:
        own = [int(n) for n in run if joins[n]]
        gaps = gap[own]
        if len(own) < LEAST_DASHES - 1 or gaps.max() > 1.6 * np.median(gaps):
            continue
        for n in own:
            before, behind = int(short[order[n]]), int(short[order[n + 1]])
            first = before + count if other[order[n]] >= one[order[n]] else before
            last = behind if one[order[n + 1]] <= other[order[n + 1]] else behind + count
            pairs.append((first, last))
    return pairs


def chains_of(chains: list[np.ndarray], count: int) -> np.ndarray:
    """The number of the chain of each stroke."""
    numbers = np.full(count, -1)
    for number, members in enumerate(chains):
        numbers[members] = number
    return numbers


def _trace(inked: Inked, members: np.ndarray) -> Trace:
    own = _each_once(inked.taken(members))
    start, end = own.ends()
    corners, gaps, odd, is_closed = _ordered(start, end)
    length = float(np.abs(end - start).sum()) + gaps
    points = corners if len(corners) else np.concatenate([start, end])
    return Trace(
        points=points_of(points),
        box=box_around(np.concatenate([start, end])),
        length_pt=length,
        area_pt2=abs(area_of(points)) if is_closed else 0.0,
        width_pt=float(own.widths.min()),
        is_closed=is_closed,
        branches=max(odd - 2, 0),
        boxes=_leg_boxes(own),
    )


def _each_once(own: Inked) -> Inked:
    """Strokes that were drawn twice, once."""
    start, end = own.ends()
    keys = np.stack([start.real + end.real, start.imag + end.imag, np.abs(end - start)], axis=1)
    _, first = np.unique(np.round(keys, 1), axis=0, return_index=True)
    return own.taken(np.sort(first))


def _ordered(start: Complexes, end: Complexes) -> tuple[Complexes, float, int, bool]:
    """The corners of a chain in order (empty for one with branches), the gaps between its dashes, the number of loose
    and branching ends, and whether it closes."""
    nodes = _nodes(np.concatenate([start, end]), np.zeros(2 * len(start), int))
    first, last = nodes[: len(start)], nodes[len(start) :]
    places = {int(node): complex(at) for node, at in zip(nodes, np.concatenate([start, end]), strict=True)}
    beside: dict[int, list[int]] = {}
    for a, b in {(min(a, b), max(a, b)) for a, b in zip(first.tolist(), last.tolist(), strict=True) if a != b}:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    if not beside:
        # Dots and letters: both ends of each stroke are one.
        return np.zeros(0, complex), 0.0, 2, False
    pieces = _pieces(beside)
    odd = sum(1 for node in beside if len(beside[node]) % 2)
    if len(pieces) > 1:
        return np.zeros(0, complex), _gap_length(pieces, places), 2, False
    if any(len(near) > 2 for near in beside.values()):
        return np.zeros(0, complex), 0.0, sum(max(len(near) - 2, 0) for near in beside.values()) + 2, False
    path = _path(beside)
    return (
        thinned(np.array([places[node] for node in path])) if odd == 0 else np.array([places[node] for node in path]),
        0.0,
        2,
        odd == 0 and len(path) > 2,
    )


def _pieces(beside: dict[int, list[int]]) -> list[list[int]]:
    seen: set[int] = set()
    pieces: list[list[int]] = []
    for node in beside:
        if node in seen:
            continue
        piece, waiting = [], [node]
        seen.add(node)
        while waiting:
            at = waiting.pop()
            piece.append(at)
            for other in beside[at]:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        pieces.append(piece)
    return pieces


def _gap_length(pieces: list[list[int]], places: dict[int, complex]) -> float:
    """Between dashes, each joined to the nearest other one: the shortest tree of gaps."""
    if len(pieces) > MAX_PIECES:
        return math.nan
    corners = np.array([places[node] for piece in pieces for node in piece])
    firsts = np.cumsum([0, *map(len, pieces)])
    away = np.full(len(pieces), math.inf)
    is_inside = np.zeros(len(pieces), bool)
    latest, total = 0, 0.0
    for _ in pieces[1:]:
        is_inside[latest] = True
        nearest = np.full(len(corners), math.inf)
        for corner in corners[firsts[latest] : firsts[latest + 1]]:
            nearest = np.minimum(nearest, np.abs(corners - corner))
        away = np.minimum(away, np.minimum.reduceat(nearest, firsts[:-1]))
        latest = int(np.where(is_inside, math.inf, away).argmin())
        total += float(away[latest])
    return total


def _path(beside: dict[int, list[int]]) -> list[int]:
    begin = next((node for node, near in beside.items() if len(near) == 1), next(iter(beside)))
    path, former = [begin], -1
    while True:
        onward = [node for node in beside[path[-1]] if node != former]
        if not onward or onward[0] == begin:
            return path
        former = path[-1]
        path.append(onward[0])


def _leg_boxes(own: Inked) -> tuple[Box, ...]:
    order = np.argsort(-np.abs(own.chords[:, 2] - own.chords[:, 0]) - np.abs(own.chords[:, 3] - own.chords[:, 1]))
    legs = own.chords[order[:MAX_BOXES]].tolist()
    return tuple((min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in legs)


def grown(box: Box, by: float) -> Box:
    return (box[0] - by, box[1] - by, box[2] + by, box[3] + by)


def _differs(box: Box, other: Box) -> float:
    return max(abs(one - its) for one, its in zip(box, other, strict=True))


def _is_in(inner: Box, outer: Box) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _meets(inked: Inked, members: np.ndarray, box: Box) -> bool:
    return _distance(inked, members, box) <= 0.0


def _distance(inked: Inked, members: np.ndarray, box: Box) -> float:
    """From the nearest stroke to the box, 0 where they meet."""
    start, end = inked.taken(members).ends()
    if _crosses(start, end, box).any():
        return 0.0
    corners = np.array([complex(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])])
    along = end - start
    share = ((corners[None, :] - start[:, None]) * along.conj()[:, None]).real / (np.abs(along) ** 2)[:, None]
    feet = start[:, None] + np.clip(share, 0, 1) * along[:, None]
    ends = np.concatenate([start, end])
    across = np.maximum(np.maximum(ends.real - box[2], box[0] - ends.real), 0.0)
    down = np.maximum(np.maximum(ends.imag - box[3], box[1] - ends.imag), 0.0)
    return min(float(np.abs(feet - corners[None, :]).min()), float(np.hypot(across, down).min()))


def _crosses(start: Complexes, end: Complexes, box: Box) -> np.ndarray:
    """Which strokes have a part in the box (Liang and Barsky)."""
    along = end - start
    first, last = np.zeros(len(start)), np.ones(len(start))
    with np.errstate(divide="ignore", invalid="ignore"):
        for at, step, low, high in (
            (start.real, along.real, box[0], box[2]),
            (start.imag, along.imag, box[1], box[3]),
        ):
            one, other = (low - at) / step, (high - at) / step
            still = np.abs(step) < 1e-12
            inside = (at >= low) & (at <= high)
            first = np.where(still, np.where(inside, first, 2.0), np.maximum(first, np.minimum(one, other)))
            last = np.where(still, last, np.minimum(last, np.maximum(one, other)))
    return first <= last
