"""Plans whose rooms and routes have known sizes: seeded; double walls with doors, furniture, tints, slanted and rounded
contours, dashed and split routes, all page rotations, stated and missing scales."""

import math
import random
from itertools import pairwise

import msgspec
import pymupdf

MM = 72 / 25.4
SIZE = (1191.0, 842.0)
SCALES = ((50, "М 1:50"), (100, "М 1:100"), (100, "Scale 1:100"), (200, "1:200"), (48, 'SCALE: 1/4" = 1\'-0"'))
NAMES = ("Kitchen", "Office", "Storage", "Lobby", "Bedroom", "Archive")
Points = list[complex]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`value` in metres or square metres; null where an honest answer is a refusal. `box` of the unrotated page, null
    where the question names the thing."""

    kind: str
    question: str
    value: float | None
    box: tuple[float, float, float, float] | None = None


class MeasuringPlan(msgspec.Struct, frozen=True, kw_only=True):
    file: bytes
    asked: tuple[Asked, ...]


class Sheet:
    """A page drawn on as it is seen. `ratio` is real length to length on paper."""

    def __init__(self, seed: int, rotation: int) -> None:
        self.chance = random.Random(seed)
        self.document = pymupdf.open()
        width, height = SIZE if rotation in (0, 180) else SIZE[::-1]
        self.page = self.document.new_page(width=width, height=height)
        self.page.set_rotation(rotation)
        self.ratio, self.scale_text = self.chance.choice(SCALES)
        self.per_m = 1000 * MM / self.ratio
        self.asked: list[Asked] = []

    def line(self, points: Points, width: float = 0.7, *, dashes: str = "", is_split: bool = False) -> None:
        pieces = list(pairwise(points)) if is_split else [points]
        for piece in pieces:
            shape = self.page.new_shape()
            shape.draw_polyline([self.at(point) for point in piece])
            shape.finish(width=width, closePath=False, dashes=dashes or None)
            shape.commit()

    def fill(self, points: Points) -> None:
        shape = self.page.new_shape()
        shape.draw_polyline([self.at(point) for point in points])
        shape.finish(width=0, color=None, fill=(0.9, 0.95, 0.85), closePath=True)
        shape.commit()

    def arc(self, middle: complex, start: complex, degrees: float, *, width: float, is_polyline: bool) -> None:
        if is_polyline:
            turn = [math.radians(degrees * n / 12) for n in range(13)]
            self.line([middle + (start - middle) * complex(math.cos(a), math.sin(a)) for a in turn], width)
            return
        shape = self.page.new_shape()
        around = self.at(middle)
        # MuPDF measures the angle against the direction of the page as drawn.
        shape.draw_sector(around, self.at(start), -degrees, fullSector=False)
        shape.finish(width=width, closePath=False)
        shape.commit()

    def text(self, place: complex, text: str, size: float = 8.0) -> None:
        self.page.insert_text(self.at(place), text, fontsize=size, rotate=self.page.rotation)

    def at(self, point: complex) -> pymupdf.Point:
        return pymupdf.Point(point.real, point.imag) * self.page.derotation_matrix

    def box_of(self, points: Points, grow: float = 2.0) -> tuple[float, float, float, float]:
        xs, ys = [p.real for p in points], [p.imag for p in points]
        corners = [
            self.at(complex(x, y)) for x in (min(xs) - grow, max(xs) + grow) for y in (min(ys) - grow, max(ys) + grow)
        ]
        width, height = self.page.mediabox.width, self.page.mediabox.height
        return (
            min(p.x for p in corners) / width,
            min(p.y for p in corners) / height,
            max(p.x for p in corners) / width,
            max(p.y for p in corners) / height,
        )

    def done(self) -> MeasuringPlan:
        plan = MeasuringPlan(file=self.document.tobytes(), asked=tuple(self.asked))
        self.document.close()
        return plan


def make_measuring_plan(seed: int) -> MeasuringPlan:
    sheet = Sheet(seed, (0, 90, 180, 270)[seed % 4])
    kind = seed % 5
    if kind != 4:
        sheet.text(complex(80, 790), f"Plan {sheet.scale_text}".replace("М", "M"), 10)
    {0: _rooms, 1: _contours, 2: _routes, 3: _rooms, 4: _unscaled}[kind](sheet)
    return sheet.done()


def _rooms(sheet: Sheet) -> None:
    """A row of rooms with double-line walls, doors into a corridor and furniture thinner than the walls."""
    chance, m = sheet.chance, sheet.per_m
    wall, thin = chance.choice((0.7, 1.0)), chance.choice((0.18, 0.25))
    t, depth = 0.2 * m, chance.uniform(3.0, 5.0) * m
    widths = [chance.uniform(2.8, 5.5) * m for _ in range(3)]
    scale = min(1.0, 900 / (sum(widths) + 4 * t), 300 / depth)
    widths, depth = [width * scale for width in widths], depth * scale
    left, top = 120.0, 120.0
    total = sum(widths) + 2 * t
    sheet.line(_closed(left - t, top - t, total + 2 * t, depth + 2 * t + 1.6 * m), wall)
    numbers = chance.sample(range(101, 140), 3)
    names = chance.sample(NAMES, 3)
    is_named, is_polyline, has_circle = chance.random() < 0.5, chance.random() < 0.5, chance.random() < 0.3
    x = left
    for number, width in enumerate(widths):
        gap0 = x + min(0.6 * m, 0.25 * width)
        gap = min(0.9 * m, 0.5 * width)
        inner = [complex(gap0, top + depth), complex(x, top + depth), complex(x, top), complex(x + width, top)]
        inner += [complex(x + width, top + depth), complex(gap0 + gap, top + depth)]
        sheet.line(inner, wall, is_split=chance.random() < 0.5)
        for jamb in (gap0, gap0 + gap):
            sheet.line([complex(jamb, top + depth), complex(jamb, top + depth + t)], wall)
        hinge = complex(gap0, top + depth)
        sheet.line([hinge, hinge - 1j * gap], thin)
        sheet.arc(hinge, hinge - 1j * gap, 90, width=thin, is_polyline=is_polyline)
        if chance.random() < 0.6:
            sheet.line(_closed(x + width - 0.6 * m, top, 0.6 * m, 1.2 * m), thin)
        if chance.random() < 0.6:
            sheet.line(_closed(x + width * 0.55, top + depth * 0.55, 0.5 * m, 0.5 * m), thin)
        middle = complex(x + width * 0.35, top + depth * 0.45)
        label = names[number] if is_named else str(numbers[number])
        sheet.text(middle, label)
        if has_circle and not is_named:
            sheet.arc(middle + complex(7, -3), middle + complex(18, -3), 359.9, width=thin, is_polyline=False)
        area, perimeter = width * depth / m / m, 2 * (width + depth) / m
        room = label if is_named else f"room {label}"
        sheet.asked.append(Asked(kind="area of a room", question=f"What is the area of {room}?", value=area))
        sheet.asked.append(
            Asked(kind="perimeter of a room", question=f"What is the perimeter of {room}?", value=perimeter)
        )
        pointed = sheet.box_of([complex(x, top), complex(x + width, top + depth)])
        sheet.asked.append(
            Asked(kind="area, pointed at", question="What is the area of this?", value=area, box=pointed)
        )
        x += width + t
    # The corridor's wall runs on behind the doors.
    x = left
    for width in widths:
        gap0, gap = x + min(0.6 * m, 0.25 * width), min(0.9 * m, 0.5 * width)
        sheet.line([complex(x - t, top + depth + t), complex(gap0, top + depth + t)], wall)
        sheet.line([complex(gap0 + gap, top + depth + t), complex(x + width + t, top + depth + t)], wall)
        x += width + t


def _contours(sheet: Sheet) -> None:
    """Plots of many corners, one with a round side, tinted or not; one of them is open."""
    chance, m = sheet.chance, sheet.per_m
    for number in range(4):
        middle = complex(200 + 250 * number, chance.uniform(250, 500))
        corners = sorted(chance.uniform(0, 2 * math.pi) for _ in range(chance.randint(4, 9)))
        corners = [angle for n, angle in enumerate(corners) if n == 0 or angle - corners[n - 1] > 0.35] or [0.0]
        corners = [2 * math.pi * n / 5 for n in range(5)] if len(corners) < 4 else corners
        points = [middle + chance.uniform(60, 105) * complex(math.cos(a), math.sin(a)) for a in corners]
        if number == 1:
            points = [middle + 90 * complex(math.cos(a), math.sin(a)) for a in (math.pi * n / 40 for n in range(80))]
        if not _holds(points, middle + 4):
            continue
        is_open = number == 3
        closed = [*points, points[0]]
        if chance.random() < 0.3 and not is_open:
            sheet.fill(closed)
        sheet.line(points if is_open else closed, 0.8, is_split=chance.random() < 0.5 and number != 1)
        # Axes pass through all of it.
        sheet.line([middle - 130, middle + 130], 0.2, dashes="[12 3 2 3] 0")
        label = f"Z{number + 1}"
        sheet.text(middle + complex(-4, -4), label)
        value = None if is_open else abs(_area(points)) / m / m
        kind = "an open contour" if is_open else "area of a plot"
        sheet.asked.append(Asked(kind=kind, question=f"What is the area of zone {label}?", value=value))


def _routes(sheet: Sheet) -> None:
    """Polylines with labels: in one path or many, dashed, of dashes drawn one by one, crossing one another."""
    chance, m = sheet.chance, sheet.per_m
    for number in range(5):
        y = 130 + 110 * number
        points = [complex(120, y)]
        for _ in range(chance.randint(1, 5)):
            points.append(points[-1] + complex(chance.uniform(60, 170), 0))
            points.append(points[-1] + complex(0, chance.choice((-1, 1)) * chance.uniform(15, 40)))
        width = chance.choice((0.5, 0.7, 1.0))
        way = chance.choice(("one", "split", "dashed", "dashes"))
        if way == "dashes":
            points = [points[0], points[0] + chance.uniform(150, 500)]
            length = _dashes(sheet, points, width)
        else:
            sheet.line(points, width, is_split=way == "split", dashes="[6 3] 0" if way == "dashed" else "")
            length = sum(abs(b - a) for a, b in pairwise(points))
        label = f"K{number + 1}"
        sheet.text(points[0] + complex(14, -3), label, 7)
        value = length / m
        sheet.asked.append(
            Asked(kind=f"length of a route, {way}", question=f"What is the length of pipe {label}?", value=value)
        )
        sheet.asked.append(
            Asked(kind="length, pointed at", question="How long is this?", value=value, box=sheet.box_of(points))
        )
        if chance.random() < 0.4:
            x = points[0].real + 40
            sheet.line([complex(x, y - 45), complex(x, y + 45)], width * 0.5)


def _dashes(sheet: Sheet, points: Points, width: float) -> float:
    start, end = points
    along = (end - start) / abs(end - start)
    count = int(abs(end - start) // 9)
    for number in range(count):
        sheet.line([start + along * 9 * number, start + along * (9 * number + 6)], width)
    return 9 * (count - 1) + 6.0


def _unscaled(sheet: Sheet) -> None:
    """Without a scale, not to scale, by dimensions alone, or dimensions against the stated scale."""
    chance, m = sheet.chance, sheet.per_m
    way = chance.choice(("none", "nts", "dimensions", "contradiction"))
    width, depth = chance.randint(20, 60) * 0.1, chance.randint(20, 45) * 0.1
    x, y = 200.0, 250.0
    scale = min(1.0, 500 / (width * m), 350 / (depth * m))
    m *= scale
    room = _closed(x, y, width * m, depth * m)
    sheet.line(room, 0.8)
    sheet.text(complex(x + width * m / 2, y + depth * m / 2), "Hall")
    factor = 1.0
    if way == "nts":
        sheet.text(complex(200, 790), "Not to scale", 10)
    if way == "contradiction":
        sheet.text(complex(200, 790), f"Scale 1:{round(sheet.ratio / scale * 2)}", 10)
    if way in ("dimensions", "contradiction"):
        _dimension(sheet, complex(x, y - 40), width * m, width * 1000 * factor)
        for number, part in enumerate((0.4, 0.25, 0.3)):
            _dimension(sheet, complex(x, y - 60 - 20 * number), part * width * m, part * width * 1000 * factor)
    value = width * depth if way == "dimensions" else None
    kind = {
        "none": "no scale",
        "nts": "not to scale",
        "dimensions": "by dimensions alone",
        "contradiction": "contradiction",
    }
    sheet.asked.append(Asked(kind=kind[way], question="What is the area of the Hall?", value=value))


def _dimension(sheet: Sheet, start: complex, length: float, mm: float) -> None:
    end = start + length
    sheet.line([start - 4, end + 4], 0.18)
    for at in (start, end):
        sheet.line([at - 5j, at + 5j], 0.18)
        sheet.line([at - 2 + 2j, at + 2 - 2j], 0.4)
    sheet.text((start + end) / 2 + complex(-8, -2), str(round(mm)), 7)


def _closed(x: float, y: float, width: float, height: float) -> Points:
    corner = complex(x, y)
    return [corner, corner + width, corner + complex(width, height), corner + 1j * height, corner]


def _area(points: Points) -> float:
    return sum((a.conjugate() * b).imag for a, b in zip(points, (*points[1:], points[0]), strict=True)) / 2


def _holds(points: Points, at: complex) -> bool:
    odd = False
    for a, b in zip(points, (*points[1:], points[0]), strict=True):
        if (a.imag > at.imag) != (b.imag > at.imag):
            odd ^= at.real < a.real + (at.imag - a.imag) / (b.imag - a.imag) * (b.real - a.real)
    return odd
