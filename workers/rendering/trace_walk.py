"""The closed line around a point: walks along the strokes that it hits, turning left wherever it can. Runs in render
children only.

Strokes need not belong together: walls are drawn as single lines that meet, cross and pass one another.
"""

import time

import msgspec
import numpy as np

from workers.rendering.shape_parts import Complexes

NODE_PT = 0.3
"""Strokes that come so near one another meet: exporters round ends to hundredths, people snap worse. A guess."""

PARALLEL = 0.02
"""Sine of the least angle at which strokes cross."""

MAX_STEPS = 4_000
MAX_HITS = 80
"""Strokes that the ray from the point may hit before the one of the contour: islands, furniture. A guess."""

RAY = complex(np.cos(0.2137), np.sin(0.2137))
"""Any direction that drawings seldom have."""


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """`points` in order, without spurs; `walked` are the numbers of the strokes along it with the lengths walked."""

    points: Complexes
    area: float
    length: float
    walked: dict[int, float]


class Walker:
    """Strokes as complex starts and ends; `ends` is the processor time to stop at."""

    def __init__(self, start: Complexes, end: Complexes, ends: float) -> None:
        self.start, self.end = start, end
        self.length = np.abs(end - start)
        self.along = (end - start) / np.maximum(self.length, 1e-9)
        self.low = np.minimum(start.real, end.real), np.minimum(start.imag, end.imag)
        self.high = np.maximum(start.real, end.real), np.maximum(start.imag, end.imag)
        self._stops: dict[int, np.ndarray] = {}
        self._ends = ends
        self.is_late = False

    def around(self, seed: complex) -> Loop | None:
        """The smallest closed line around the point; null without one."""
        seen: set[int] = set()
        for number, hit in self._hits(seed):
            if number in seen:
                continue
            loop = self._walk(number, hit, seed)
            if loop is None:
                return None
            if loop.area > 0 and holds(loop.points, seed):
                return loop
            seen |= loop.walked.keys()
        return None

    def _hits(self, seed: complex) -> list[tuple[int, complex]]:
        """Strokes on the ray from the point with the places hit, nearest first."""
        one, other = ((ends - seed) * RAY.conjugate() for ends in (self.start, self.end))
        crossed = np.flatnonzero((one.imag > 0) != (other.imag > 0))
        share = one.imag[crossed] / (one.imag[crossed] - other.imag[crossed])
        ahead = one.real[crossed] + share * (other.real[crossed] - one.real[crossed])
        order = np.argsort(ahead)
        return [(int(crossed[n]), seed + RAY * float(ahead[n])) for n in order if ahead[n] > 0][:MAX_HITS]

    def _walk(self, number: int, hit: complex, seed: complex) -> Loop | None:
        """From a stroke's place on, the seed's side to the left; null when it never comes back."""
        is_left = ((seed - hit) * self.along[number].conjugate()).imag > 0
        place = ((hit - self.start[number]) * self.along[number].conjugate()).real
        state = (number, 1 if is_left else -1)
        node, place = self._next_node(state, place)
        first = (state, round(place, 2))
        points: list[complex] = [node]
        walked: dict[int, float] = {}
        for _ in range(MAX_STEPS):
            if time.process_time() > self._ends:
                self.is_late = True
                return None
            state, place = self._turn(state, node)
            node, place = self._next_node(state, place)
            points.append(node)
            walked[state[0]] = walked.get(state[0], 0.0) + abs(points[-1] - points[-2])
            if (state, round(place, 2)) == first:
                return _loop(points[1:], walked)
        return None

    def _turn(self, state: tuple[int, int], node: complex) -> tuple[tuple[int, int], float]:
        """The stroke, its direction and the place on it that lead on from a node, as far left as there is one."""
        back = -self.along[state[0]] * state[1]
        near = self._near(node)
        place = ((node - self.start[near]) * self.along[near].conj()).real
        away = np.abs(self.start[near] + self.along[near] * np.clip(place, 0, self.length[near]) - node)
        best, chosen = 4 * np.pi, (state[0], -state[1])
        chosen_place = ((node - self.start[state[0]]) * self.along[state[0]].conjugate()).real
        for number, at, off in zip(near.tolist(), place.tolist(), away.tolist(), strict=True):
            if off > NODE_PT:
                continue
            for sign, room in ((1, self.length[number] - at), (-1, at)):
                if room <= NODE_PT:
                    continue
                turn = float(np.angle(back * (self.along[number] * sign).conjugate())) % (2 * np.pi)
                turn = turn + 2 * np.pi if turn < PARALLEL or 2 * np.pi - turn < PARALLEL else turn
                if turn < best - 1e-6:
                    best, chosen, chosen_place = turn, (number, sign), at
        return chosen, chosen_place

    def _next_node(self, state: tuple[int, int], place: float) -> tuple[complex, float]:
        number, sign = state
        stops = self._stops_of(number)
        if sign > 0:
            at = float(stops[min(np.searchsorted(stops, place + NODE_PT, "right"), len(stops) - 1)])
        else:
            at = float(stops[max(np.searchsorted(stops, place - NODE_PT, "left") - 1, 0)])
        return complex(self.start[number] + self.along[number] * at), at

    def _stops_of(self, number: int) -> np.ndarray:
        """The places along a stroke where others meet it, with both its ends; sorted."""
        if number in self._stops:
            return self._stops[number]
        low = complex(self.low[0][number], self.low[1][number])
        high = complex(self.high[0][number], self.high[1][number])
        near = self._in_box(low, high)
        origin, along, length = self.start[number], self.along[number], float(self.length[number])
        one, other = ((ends[near] - origin) * along.conjugate() for ends in (self.start, self.end))
        spread = np.maximum(np.abs(other - one), 1e-9)
        is_crossing = np.abs(other.imag - one.imag) / spread > PARALLEL
        with np.errstate(divide="ignore", invalid="ignore"):
            share = one.imag / (one.imag - other.imag)
        slack = NODE_PT / spread
        share = np.where((share > -slack) & (share < 1 + slack), np.clip(share, 0, 1), np.nan)
        at = one.real + share * (other.real - one.real)
        at = at[is_crossing & np.isfinite(at) & (at > -NODE_PT) & (at < length + NODE_PT)]
        self._stops[number] = np.unique(np.concatenate([np.clip(at, 0.0, length), np.array([0.0, length])]))
        return self._stops[number]

    def _near(self, node: complex) -> np.ndarray:
        return self._in_box(node, node)

    def _in_box(self, low: complex, high: complex) -> np.ndarray:
        return np.flatnonzero(
            (self.low[0] <= high.real + NODE_PT)
            & (self.high[0] >= low.real - NODE_PT)
            & (self.low[1] <= high.imag + NODE_PT)
            & (self.high[1] >= low.imag - NODE_PT)
        )


def area_of(points: Complexes) -> float:
    """Signed, by the shoelace formula."""
    following = np.roll(points, -1)
    return float((points.real * following.imag - following.real * points.imag).sum() / 2)


def _loop(points: list[complex], walked: dict[int, float]) -> Loop:
    kept = np.array(_without_spurs(points))
    length = float(np.abs(np.roll(kept, -1) - kept).sum())
    return Loop(points=kept, area=area_of(kept), length=length, walked=walked)


def _without_spurs(points: list[complex]) -> list[complex]:
    """The way around without dead ends: what is walked there and back."""
    # A corner of the convex hull is on no dead end: all of them are inside.
    begin = min(range(len(points)), key=lambda n: (points[n].real, points[n].imag))
    kept: list[complex] = []
    for point in (*points[begin:], *points[:begin], points[begin]):
        kept.append(point)
        while len(kept) > 2 and _is_turned_back(*kept[-3:]):
            del kept[-2]
        if len(kept) > 1 and abs(kept[-1] - kept[-2]) <= NODE_PT / 2:
            kept.pop()
    return kept[:-1] if len(kept) > 1 and abs(kept[0] - kept[-1]) <= NODE_PT / 2 else kept


def _is_turned_back(one: complex, tip: complex, other: complex) -> bool:
    """Whether the way goes back where it came from."""
    there, back = tip - one, other - tip
    if abs(there) <= 1e-6 or abs(back) <= 1e-6:
        return True
    shorter = min(abs(there), abs(back))
    across = abs((there.conjugate() * back).imag) / max(abs(there), abs(back))
    is_back = (there.conjugate() * back).real < 0
    return is_back and across <= min(NODE_PT, 0.2 * shorter)


def holds(points: Complexes, seed: complex) -> bool:
    """Whether the polygon has the point inside, by the even-odd rule."""
    following = np.roll(points, -1)
    crosses = (points.imag > seed.imag) != (following.imag > seed.imag)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = points.real + (seed.imag - points.imag) / (following.imag - points.imag) * (following.real - points.real)
    return bool((crosses & (at > seed.real)).sum() % 2)
