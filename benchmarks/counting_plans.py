"""Plans with known numbers of symbols: seeded, with look-alikes, turned and mirrored, split paths, walls and wires."""

import math
import random
from collections.abc import Callable, Mapping
from itertools import pairwise

import msgspec
import pymupdf

Points = list[complex]
Polylines = list[Points]

SIZE = (1191.0, 842.0)
"""A3, in points."""

STEP = 62.0
"""Symbols stand in cells of this side, never over one another."""


def circle(middle: complex, radius: float, first: float = 0.0, last: float = 2 * math.pi, count: int = 0) -> Points:
    """An arc as a fine polyline; `count` 0 decides by its length."""
    pieces = count or max(int(radius * abs(last - first) / 1.0), 8)
    return [middle + radius * complex(math.cos(a), math.sin(a)) for a in _spread(first, last, pieces)]


def _spread(first: float, last: float, pieces: int) -> list[float]:
    return [first + (last - first) * n / pieces for n in range(pieces + 1)]


def _box(x: float, y: float, width: float, height: float) -> Points:
    return [complex(x, y), complex(x + width, y), complex(x + width, y + height), complex(x, y + height), complex(x, y)]


SYMBOLS: Mapping[str, Polylines] = {
    "door": [[0j, 18j], circle(0j, 18, 0, math.pi / 2), [-2 + 0j, 0j], [18 + 0j, 20 + 0j]],
    "door, double": [
        [0j, 9j],
        circle(0j, 9, 0, math.pi / 2),
        [18 + 0j, 18 + 9j],
        circle(18 + 0j, 9, math.pi / 2, math.pi),
    ],
    "lamp": [circle(0j, 6), [-4.24 - 4.24j, 4.24 + 4.24j], [-4.24 + 4.24j, 4.24 - 4.24j]],
    "lamp, emergency": [circle(0j, 6), [-4.24 - 4.24j, 4.24 + 4.24j]],
    "lamp, plain": [circle(0j, 6), circle(0j, 2)],
    "socket": [circle(0j, 5, 0, math.pi), [-5 + 0j, 5 + 0j], [5j, 9j]],
    "socket, earthed": [circle(0j, 5, 0, math.pi), [-5 + 0j, 5 + 0j], [5j, 9j], [-3 + 5j, 3 + 5j]],
    "valve": [[-7 - 4j, 7 + 4j, 7 - 4j, -7 + 4j, -7 - 4j]],
    "valve, driven": [[-7 - 4j, 7 + 4j, 7 - 4j, -7 + 4j, -7 - 4j], [0j, -7j], _box(-3, -12, 6, 5)],
    "column": [_box(-6, -6, 12, 12), [-6 - 6j, 6 + 6j], [-6 + 6j, 6 - 6j]],
    "diffuser": [_box(-6, -6, 12, 12), _box(-3, -3, 6, 6), [-6 - 6j, -3 - 3j], [6 + 6j, 3 + 3j]],
    "sensor": [_box(-5, -5, 10, 10), [-5 - 5j, 5 + 5j]],
    "detector": [_box(-5, -5, 10, 10), circle(0j, 2.5)],
    "basin": [circle(0j, 7, math.pi, 2 * math.pi), [-7 + 0j, -7 + 5j, 7 + 5j, 7 + 0j], circle(-1j, 1.5)],
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`counts` and `boxes` (points of the page as seen) by symbol; `tags` are designations written on the plan with
    their numbers, and `schedule` the quantities that its table tells."""

    file: bytes
    counts: dict[str, int]
    boxes: dict[str, list[tuple[float, float, float, float]]]
    tags: dict[str, int]
    schedule: dict[str, int]


class _Pen:
    """Draws as exporters do: split lines, arcs of other steps, many or few paths."""

    def __init__(self, page: pymupdf.Page, chance: random.Random) -> None:
        self.shape = page.new_shape()
        self.chance = chance
        self.matrix = page.derotation_matrix

    def draw(self, points: Points, *, is_split: bool = False) -> None:
        if is_split:
            for start, end in pairwise(points):
                middle = start + (end - start) * self.chance.uniform(0.3, 0.7)
                self._polyline([start, middle])
                self._polyline([middle, end])
        else:
            self._polyline(points)

    def _polyline(self, points: Points) -> None:
        self.shape.draw_polyline([pymupdf.Point(round(p.real, 2), round(p.imag, 2)) * self.matrix for p in points])
        self.shape.finish(width=0.4, closePath=False)


def make_plan(seed: int, rotation: int) -> Plan:
    chance = random.Random(seed)
    with pymupdf.open() as document:
        width, height = SIZE if rotation in (0, 180) else (SIZE[1], SIZE[0])
        page = document.new_page(width=width, height=height)
        page.set_rotation(rotation)
        pen = _Pen(page, chance)
        cells = [complex(x, y) for x in _cells(SIZE[0] - 240) for y in _cells(SIZE[1])]
        chance.shuffle(cells)
        placed = _symbols(pen, chance, cells)
        _walls(pen, chance, [box for boxes in placed.values() for box in boxes])
        pen.shape.commit()
        tags, schedule = _texts(page, chance)
        return Plan(
            file=document.tobytes(),
            counts={name: len(boxes) for name, boxes in placed.items()},
            boxes=placed,
            tags=tags,
            schedule=schedule,
        )


def _cells(length: float) -> list[float]:
    return [60 + STEP * n for n in range(int((length - 90) / STEP))]


def _symbols(
    pen: _Pen, chance: random.Random, cells: list[complex]
) -> dict[str, list[tuple[float, float, float, float]]]:
    """Half of the kinds of symbols, a few to a dozen of each, in half of the cells."""
    names = chance.sample(sorted(SYMBOLS), 8)
    placed: dict[str, list[tuple[float, float, float, float]]] = {}
    room = list(cells)
    for name in names:
        for _ in range(chance.randint(3, 12)):
            placed.setdefault(name, []).append(_symbol(pen, chance, SYMBOLS[name], room.pop()))
    return placed


def _symbol(pen: _Pen, chance: random.Random, lines: Polylines, cell: complex) -> tuple[float, float, float, float]:
    at = cell + complex(chance.uniform(-6, 6), chance.uniform(-6, 6))
    degrees = chance.choice((0, 90, 180, 270, 0, 90, 45, chance.uniform(0, 360)))
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    is_mirrored, is_split = chance.random() < 0.25, chance.random() < 0.3
    drawn = [[at + turn * (p.conjugate() if is_mirrored else p) for p in line] for line in lines]
    for line in drawn:
        pen.draw(line, is_split=is_split and len(line) < 8)
    if chance.random() < 0.5:
        _wire(pen, chance, drawn)
    points = [point for line in drawn for point in line]
    xs, ys = [p.real for p in points], [p.imag for p in points]
    return (min(xs), min(ys), max(xs), max(ys))


def _wire(pen: _Pen, chance: random.Random, drawn: Polylines) -> None:
    """A line from an end of the symbol outwards."""
    points = [point for line in drawn for point in line]
    middle = sum(points) / len(points)
    farthest = max(points, key=lambda point: abs(point - middle))
    outwards = (farthest - middle) / max(abs(farthest - middle), 1e-6)
    pen.draw([farthest, farthest + outwards * chance.uniform(8, 16)])


def _walls(pen: _Pen, chance: random.Random, boxes: list[tuple[float, float, float, float]]) -> None:
    """Long lines, some of them through symbols or along their edges."""
    for _ in range(14):
        x0, y0, x1, y1 = chance.choice(boxes)
        y = chance.choice((y0, y1, (y0 + y1) / 2, y0 + (y1 - y0) * chance.random()))
        pen.draw([complex(40, y), complex(SIZE[0] - 300, y)])
    for _ in range(8):
        x0, y0, x1, y1 = chance.choice(boxes)
        x = chance.choice((x0, x1, (x0 + x1) / 2))
        pen.draw([complex(x, 40), complex(x, SIZE[1] - 60)])
    pen.draw(_box(20, 20, SIZE[0] - 40, SIZE[1] - 40))


_NAMES: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: f"D-{chance.randint(1, 9)}",
    lambda chance: f"OK-{chance.randint(1, 20)}",
    lambda chance: f"VAV-{chance.randint(1, 30)}",
    lambda chance: f"P{chance.randint(1, 12)}",
)


def _texts(page: pymupdf.Page, chance: random.Random) -> tuple[dict[str, int], dict[str, int]]:
    """Designations over the plan, similar ones among them, a table with quantities and a note that mentions some."""
    names = sorted({chance.choice(_NAMES)(chance) for _ in range(7)})
    similar = [f"{name}{chance.randint(0, 9)}" for name in names] + [f"{name}a" for name in names[:2]]
    tags = dict.fromkeys(names, 0)
    places = [(70 + 47 * n, 52 + 31 * m) for n in range(18) for m in range(23)]
    chance.shuffle(places)
    for name in (*names, *similar):
        for _ in range(chance.randint(1, 9)):
            _write(page, places.pop(), name, 7)
            if name in tags:
                tags[name] += 1
    schedule = {name: tags[name] + chance.choice((0, 0, 0, 2)) for name in names}
    _table(page, schedule)
    _write(
        page, (SIZE[0] - 280, SIZE[1] - 70), f"Mount {names[0]} according to the maker's manual, check {names[-1]}.", 7
    )
    return tags, schedule


def _table(page: pymupdf.Page, schedule: Mapping[str, int]) -> None:
    left, top, widths = SIZE[0] - 240, 60.0, (60, 100, 40)
    rows = [("Mark", "Name", "Qty"), *((name, f"Device {name[:1]}", str(count)) for name, count in schedule.items())]
    edges = [left + sum(widths[:n]) for n in range(4)]
    for number in range(len(rows) + 1):
        _line(page, (edges[0], top + 16 * number), (edges[-1], top + 16 * number))
    for edge in edges:
        _line(page, (edge, top), (edge, top + 16 * len(rows)))
    for number, row in enumerate(rows):
        for edge, text in zip(edges, row, strict=False):
            _write(page, (edge + 3, top + 16 * number + 11), text, 8)


def _line(page: pymupdf.Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.draw_line(
        pymupdf.Point(start) * page.derotation_matrix, pymupdf.Point(end) * page.derotation_matrix, width=0.4
    )


def _write(page: pymupdf.Page, place: tuple[float, float], text: str, size: float) -> None:
    page.insert_text(pymupdf.Point(place) * page.derotation_matrix, text, fontsize=size, rotate=page.rotation)
