"""Plans of another make than `counting_plans`: Bézier arcs, fills, hatches, symbols of one path or of single strokes.

Walls, leaders and texts lie over them; a legend shows each once more; all page rotations.
"""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pymupdf

SIZE = (1684.0, 1191.0)
"""A2, in points."""

Item = tuple[object, ...]
"""("line", points), ("arc", middle, radius, first and last degrees), ("fill", points), ("circle", middle, radius)."""

SYMBOLS: dict[str, tuple[Item, ...]] = {
    "door": (("arc", 0j, 26.0, 0, 90), ("line", (0j, 26j)), ("line", (-2j, 2j)), ("line", (26 - 2j, 26 + 2j))),
    "door, leaf drawn": (("arc", 0j, 26.0, 0, 90), ("line", (0j, 26j, 1.6 + 26j, 1.6 + 0j, 0j))),
    "window": (("line", (0j, 30 + 0j, 30 + 5j, 5j, 0j)), ("line", (2.5j, 30 + 2.5j))),
    "window, casement": (
        ("line", (0j, 30 + 0j, 30 + 5j, 5j, 0j)),
        ("line", (1.7j, 30 + 1.7j)),
        ("line", (3.3j, 30 + 3.3j)),
    ),
    "socket": (("arc", 0j, 5.0, 180, 360), ("line", (-5 + 0j, 5 + 0j)), ("line", (-5j, -9j))),
    "socket, double": (
        ("arc", 0j, 5.0, 180, 360),
        ("line", (-5 + 0j, 5 + 0j)),
        ("line", (-1.2 - 4.9j, -1.2 - 9j)),
        ("line", (1.2 - 4.9j, 1.2 - 9j)),
    ),
    "socket, earth": (
        ("arc", 0j, 5.0, 180, 360),
        ("line", (-5 + 0j, 5 + 0j)),
        ("line", (-5j, -9j)),
        ("line", (-4 - 5j, 4 - 5j)),
    ),
    "sprinkler": (("circle", 0j, 3.5), ("line", (-6 + 0j, 6 + 0j)), ("line", (-6j, 6j))),
    "sprinkler, upright": (("circle", 0j, 3.5), ("fill", (-1.5 - 1.5j, 1.5 - 1.5j, 1.5 + 1.5j, -1.5 + 1.5j))),
    "luminaire": (
        ("line", (-12 - 4j, 12 - 4j, 12 + 4j, -12 + 4j, -12 - 4j)),
        *(("line", (complex(x, -4), complex(x + 4, 4))) for x in (-10, -6, -2, 2, 6)),
    ),
    "luminaire, plain": (("line", (-12 - 4j, 12 - 4j, 12 + 4j, -12 + 4j, -12 - 4j)), ("line", (-12 + 0j, 12 + 0j))),
    "column": (("fill", (-7 - 7j, 7 - 7j, 7 + 7j, -7 + 7j)), ("line", (-9 - 9j, 9 - 9j, 9 + 9j, -9 + 9j, -9 - 9j))),
    "column, round": (("circle", 0j, 8.0), ("fill", (-3 - 3j, 3 - 3j, 3 + 3j, -3 + 3j))),
    "switch": (("circle", 0j, 2.0), ("line", (1.4 - 1.4j, 7 - 7j)), ("line", (7 - 7j, 9.5 - 4.5j))),
    "switch, two keys": (
        ("circle", 0j, 2.0),
        ("line", (1.4 - 1.4j, 7 - 7j)),
        ("line", (7 - 7j, 9.5 - 4.5j)),
        ("line", (5.2 - 5.2j, 7.7 - 2.7j)),
    ),
    "valve": (("line", (-6 - 4j, 6 + 4j, 6 - 4j, -6 + 4j, -6 - 4j)),),
    "check valve": (("line", (-6 - 4j, 6 + 4j, 6 - 4j, -6 + 4j, -6 - 4j)), ("fill", (-6 - 4j, 0j, -6 + 4j))),
    "toilet": (
        ("arc", 0j, 6.0, 0, 180),
        ("line", (-6 + 0j, -6 - 8j, 6 - 8j, 6 + 0j)),
        ("line", (-8 - 8j, 8 - 8j, 8 - 12j, -8 - 12j, -8 - 8j)),
    ),
}
Box = tuple[float, float, float, float]
STEP = 70.0


class OtherPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`boxes` in points of the page as seen; `legend` are the words of each symbol's entry."""

    file: bytes
    boxes: dict[str, list[Box]]
    rotation: int


class _Pen:
    def __init__(self, page: pymupdf.Page, chance: random.Random) -> None:
        self.page, self.chance = page, chance

    def draw(self, items: Sequence[Item], at: complex, turn: complex, *, mirrored: bool, way: str, width: float) -> Box:
        """`way`: one path, a path for each item, or single strokes with curves as polylines."""

        def put(point: complex) -> pymupdf.Point:
            seen = at + turn * (point.conjugate() if mirrored else point)
            return pymupdf.Point(round(seen.real, 2), round(seen.imag, 2)) * self.page.derotation_matrix

        corners: list[complex] = []
        shape = self.page.new_shape()
        for kind, *given in items:
            points: list[complex] = []
            if kind in ("arc", "circle"):
                middle, radius = given[0], given[1]
                first, last = (given[2], given[3]) if kind == "arc" else (0, 360)
                corners += [middle + radius * _unit(first + (last - first) * n / 24) for n in range(25)]
                if way == "strokes":
                    count = self.chance.choice((16, 24))
                    points = [middle + radius * _unit(first + (last - first) * n / count) for n in range(count + 1)]
                else:
                    _beziers(shape, middle, radius, first, last, put)
            else:
                points = list(given[0])
                corners += points
            if kind == "fill":
                if shape.draw_cont:
                    shape.finish(width=width, closePath=False)
                shape.draw_polyline([put(point) for point in (*points, points[0])])
                shape.finish(width=0, color=None, fill=(0.2, 0.2, 0.2), closePath=True)
                continue
            if points and way == "strokes":
                for a, b in pairwise(points):
                    shape.draw_line(put(a), put(b))
                    shape.finish(width=width)
            elif points:
                shape.draw_polyline([put(point) for point in points])
            if way != "one" and shape.draw_cont:
                shape.finish(width=width, closePath=False)
        if shape.draw_cont:
            shape.finish(width=width, closePath=False)
        shape.commit()
        seen = [at + turn * (corner.conjugate() if mirrored else corner) for corner in corners]
        xs, ys = [p.real for p in seen], [p.imag for p in seen]
        return (min(xs), min(ys), max(xs), max(ys))

    def line(self, a: complex, b: complex, width: float = 0.6) -> None:
        matrix = self.page.derotation_matrix
        self.page.draw_line(pymupdf.Point(a.real, a.imag) * matrix, pymupdf.Point(b.real, b.imag) * matrix, width=width)

    def text(self, at: complex, text: str, size: float = 7) -> None:
        point = pymupdf.Point(at.real, at.imag) * self.page.derotation_matrix
        self.page.insert_text(point, text, fontsize=size, rotate=self.page.rotation)


def _unit(degrees: float) -> complex:
    return complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))


def _beziers(shape: pymupdf.Shape, middle: complex, radius: float, first: float, last: float, put) -> None:
    count = max(round(abs(last - first) / 90), 1)
    step = math.radians((last - first) / count)
    reach = 4 / 3 * math.tan(step / 4) * radius
    for n in range(count):
        a, b = (_unit(first + (last - first) * k / count) for k in (n, n + 1))
        p, q = middle + radius * a, middle + radius * b
        shape.draw_bezier(put(p), put(p + 1j * a * reach), put(q - 1j * b * reach), put(q))


def make_other_plan(seed: int) -> OtherPlan:
    chance = random.Random(seed * 7919 + 3)
    rotation = chance.choice((0, 90, 180, 270))
    with pymupdf.open() as document:
        width, height = SIZE if rotation in (0, 180) else SIZE[::-1]
        page = document.new_page(width=width, height=height)
        page.set_rotation(rotation)
        pen = _Pen(page, chance)
        size = chance.choice((0.8, 1.0, 1.3))
        cells = [complex(x, y) for x in _steps(SIZE[0] - 330) for y in _steps(SIZE[1] - 60)]
        chance.shuffle(cells)
        names = chance.sample(sorted(SYMBOLS), 9)
        boxes: dict[str, list[Box]] = {name: [] for name in names}
        pen.text(complex(SIZE[0] - 280, 60), "LEGEND", 10)
        for number, name in enumerate(names):
            at = complex(SIZE[0] - 250, 95 + 64 * number)
            way = chance.choice(("one", "items", "strokes"))
            boxes[name].append(pen.draw(SYMBOLS[name], at, size + 0j, mirrored=False, way=way, width=0.5))
            pen.text(at + complex(60, 3), name, 8)
            for _ in range(chance.randint(2, 14)):
                way = chance.choice(("one", "items", "strokes"))
                turn = size * _unit(chance.choice((0, 0, 90, 180, 270, 45, chance.uniform(0, 360))))
                at = cells.pop() + complex(chance.uniform(-8, 8), chance.uniform(-8, 8))
                is_mirrored = chance.random() < 0.3
                boxes[name].append(pen.draw(SYMBOLS[name], at, turn, mirrored=is_mirrored, way=way, width=0.5))
                _clutter(pen, chance, boxes[name][-1])
        _walls(pen, chance, boxes)
        return OtherPlan(file=document.tobytes(), boxes=boxes, rotation=rotation)


def _steps(length: float) -> list[float]:
    return [70 + STEP * n for n in range(int((length - 100) / STEP))]


def _clutter(pen: _Pen, chance: random.Random, box: Box) -> None:
    """A text over it, a leader from it, a line along it."""
    x0, y0, x1, y1 = box
    what = chance.random()
    if what < 0.25:
        pen.text(complex(x0 + (x1 - x0) * 0.3, (y0 + y1) / 2 + 2), str(chance.randint(1, 99)), 6)
    elif what < 0.45:
        start = complex(chance.choice((x0, x1)), chance.choice((y0, y1)))
        end = start + complex(chance.uniform(10, 22), -chance.uniform(8, 18))
        pen.line(start, end, 0.25)
        pen.line(end, end + 14, 0.25)
        pen.text(end + complex(1, -1), f"A{chance.randint(1, 9)}", 6)


def _walls(pen: _Pen, chance: random.Random, boxes: dict[str, list[Box]]) -> None:
    every = [box for own in boxes.values() for box in own[1:]]
    for _ in range(18):
        x0, y0, x1, y1 = chance.choice(every)
        if chance.random() < 0.5:
            y = chance.choice((y0, y1, (y0 + y1) / 2))
            pen.line(complex(40, y), complex(SIZE[0] - 320, y), 0.6)
            pen.line(complex(40, y + 5), complex(SIZE[0] - 320, y + 5), 0.6)
        else:
            x = chance.choice((x0, x1, (x0 + x1) / 2))
            pen.line(complex(x, 40), complex(x, SIZE[1] - 60), 0.6)
            pen.line(complex(x + 5, 40), complex(x + 5, SIZE[1] - 60), 0.6)
