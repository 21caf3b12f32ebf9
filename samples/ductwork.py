"""Ducts, terminals and fire dampers as values, and the rules that size them; metres like `building`, flows in m³/h."""

import math
from dataclasses import dataclass

from sheet import Point


@dataclass(frozen=True)
class Size:
    """A duct size in mm; a round duct has the height 0 and its diameter as width."""

    width_mm: int
    height_mm: int = 0

    @property
    def label(self) -> str:
        return f"{self.width_mm}×{self.height_mm}" if self.height_mm else f"Ø{self.width_mm}"

    @property
    def area_m2(self) -> float:
        if self.height_mm:
            return self.width_mm * self.height_mm / 1e6
        return math.pi * self.width_mm**2 / 4e6


@dataclass(frozen=True)
class Run:
    """A straight piece of duct along its axis, in the direction away from the unit; flow in m³/h at its start."""

    system: str
    start: Point
    end: Point
    size: Size
    flow_m3h: int
    is_main: bool = False

    @property
    def is_horizontal(self) -> bool:
        return self.start[1] == self.end[1]

    @property
    def length_m(self) -> float:
        return math.dist(self.start, self.end)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in metres."""
        half = self.size.width_mm / 2000
        (x0, x1), (y0, y1) = (sorted((self.start[i], self.end[i])) for i in (0, 1))
        return (x0, y0 - half, x1, y1 + half) if self.is_horizontal else (x0 - half, y0, x1 + half, y1)


@dataclass(frozen=True)
class Terminal:
    """A diffuser or grille; `kind` is its mark in the specification."""

    system: str
    room: str
    kind: str
    at: Point
    flow_m3h: int


@dataclass(frozen=True)
class FireDamper:
    """A КПУ-1 in a fire wall; `is_horizontal` is the direction of the duct it stands in."""

    system: str
    at: Point
    size: Size
    is_horizontal: bool = False


@dataclass(frozen=True)
class Branch:
    """What leaves a main at `tap_x`: its runs and terminals."""

    tap_x: float
    runs: tuple[Run, ...]
    terminals: tuple[Terminal, ...]

    @property
    def flow_m3h(self) -> int:
        return sum(terminal.flow_m3h for terminal in self.terminals)


_ROUND_LIMITS_M3H = ((60, 100), (100, 125), (180, 160), (300, 200), (480, 250), (720, 315))
_DIFFUSER_LIMITS_M3H = ((180, "ДП-300"), (300, "ДП-450"), (450, "ДП-600"))
_GRILLE_LIMITS_M3H = ((180, "РВ 300×150"), (360, "РВ 400×200"), (480, "РВ 500×200"), (600, "РВ 600×300"))


def round_size(flow_m3h: int) -> Size:
    return Size(next(diameter for limit, diameter in _ROUND_LIMITS_M3H if flow_m3h <= limit))


def terminal_kind(system: str, flow_m3h: int) -> str:
    if system == "В2":
        return "АД-100"
    limits = _DIFFUSER_LIMITS_M3H if system.startswith("П") else _GRILLE_LIMITS_M3H
    return next(kind for limit, kind in limits if flow_m3h <= limit)


def terminal(system: str, room: str, at: Point, flow_m3h: int) -> Terminal:
    return Terminal(system, room, terminal_kind(system, flow_m3h), at, flow_m3h)


def branch(
    system: str, room: str, tap: Point, end_y: float, flow_m3h: int, *, count: int = 1, spread_m: float = 0
) -> Branch:
    """A round branch from `tap` straight to `end_y`; with several terminals they spread to both sides of it."""
    x = tap[0]
    stem = Run(system, tap, (x, end_y), round_size(flow_m3h), flow_m3h)
    each = flow_m3h // count
    if count == 1:
        return Branch(x, (stem,), (terminal(system, room, (x, end_y), each),))
    sides = [Run(system, (x, end_y), (x + side, end_y), round_size(each), each) for side in (-spread_m, spread_m)]
    places = [x - spread_m, x + spread_m] if count == 2 else [x - spread_m, x, x + spread_m]
    return Branch(x, (stem, *sides), tuple(terminal(system, room, (place, end_y), each) for place in places))


def main_line(
    system: str, y: float, stations: tuple[float, ...], sizes: tuple[str, ...], branches: tuple[Branch, ...]
) -> list[Run]:
    """Runs of a main along `y` from the first station on; each carries what the branches beyond its start take."""
    westward = stations[-1] < stations[0]
    runs = []
    for start, end, size in zip(stations, stations[1:], sizes, strict=False):
        flow = sum(b.flow_m3h for b in branches if (b.tap_x < start if westward else b.tap_x > start))
        runs.append(Run(system, (start, y), (end, y), parse_size(size), flow, is_main=True))
    return runs


def parse_size(label: str) -> Size:
    """`500×300` or `Ø200` as a size."""
    if label.startswith("Ø"):
        return Size(int(label[1:]))
    width, height = label.split("×")
    return Size(int(width), int(height))
