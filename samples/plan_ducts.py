"""Draws ducts, silencers and units on the floor plan; higher ducts cover lower ones."""

import math
from collections.abc import Iterator
from itertools import pairwise

from building import Box
from ductwork import Run
from floor_ducts import (
    BALANCED_STEMS,
    BOTTOM_M,
    EXHAUST_RISE_X,
    FIRE_DAMPERS,
    HALL_SUPPLY_X,
    LAYERS,
    RUNS,
    SERVER_Y,
    SUPPLY_RISE_X,
    TERMINALS,
    TOILET_Y,
)
from plan_symbols import SUPPLY_COLOUR, draw_fire_damper, draw_riser, draw_terminal, system_colour
from plan_view import PlanView, draw_arrow
from sheet import HIDDEN, NO_LINE, THIN, WHITE, Pen, Point, Sheet

TAPER_M = 0.3

# Corner, end of the first arm, end of the second arm, width, all in metres.
ELBOWS: tuple[tuple[str, Point, Point, Point, float], ...] = (
    ("П2", (HALL_SUPPLY_X, 10.45), (HALL_SUPPLY_X - 0.4, 10.45), (HALL_SUPPLY_X, 10.05), 0.4),
    ("П2", (HALL_SUPPLY_X, 3.0), (HALL_SUPPLY_X, 3.4), (HALL_SUPPLY_X - 0.4, 3.0), 0.4),
    ("В2", (12.75, TOILET_Y), (12.55, TOILET_Y), (12.75, TOILET_Y + 0.2), 0.2),
    ("В21", (20.95, SERVER_Y), (21.15, SERVER_Y), (20.95, SERVER_Y + 0.2), 0.2),
)
# Silencers 1000 mm long: system, centre of the lower or left end, in metres; all stand in vertical runs of the plan.
SILENCERS: tuple[tuple[str, Point, float], ...] = (
    ("П1", (SUPPLY_RISE_X, 9.6), 0.5),
    ("П1", (SUPPLY_RISE_X, 13.05), 0.5),
    ("П2", (HALL_SUPPLY_X, 8.9), 0.4),
)


def draw_ducts(sheet: Sheet, view: PlanView) -> None:
    """All ducts from the lowest layer to the highest, then what the higher ones hide as dashed lines."""
    for system in LAYERS:
        runs = [run for run in RUNS if run.system == system]
        for run in sorted(runs, key=lambda r: r.is_main):
            _draw_run(sheet, view, run)
        for first, second in _successive_mains(runs):
            _draw_taper(sheet, view, first, second)
        for elbow in ELBOWS:
            if elbow[0] == system:
                _draw_elbow(sheet, view, elbow)
    _draw_hidden_edges(sheet, view)
    for run in BALANCED_STEMS:
        _draw_balancing_damper(sheet, view, run)
    for system, start, width in SILENCERS:
        _draw_silencer(sheet, view, system, start, width)


def draw_terminals(sheet: Sheet, view: PlanView) -> None:
    for item in TERMINALS:
        draw_terminal(sheet, view.at(item.at), item.kind, system_colour(item.system))


def draw_fire_dampers(sheet: Sheet, view: PlanView) -> None:
    for damper in FIRE_DAMPERS:
        draw_fire_damper(sheet, view.at(damper.at), damper)


def draw_units(sheet: Sheet, view: PlanView) -> None:
    """The supply units in the plant room and their air intake."""
    _draw_unit(sheet, view, (36.9, 11.75, 41.1, 13.05), "П1", 12.4, 0.8)
    _draw_unit(sheet, view, (36.9, 10.0, 40.1, 10.9), "П2", 10.45, 0.4)
    for y, width, x in ((12.4, 0.8, 41.1), (10.45, 0.4, 40.1)):
        _draw_flexible(sheet, view, (36.7, y - width / 2, 36.9, y + width / 2))
        _draw_flexible(sheet, view, (x, y - width / 2, x + 0.2, y + width / 2))
        draw_arrow(sheet, view.at((36.3, y)), view.at((36.66, y)), Pen(0.3, SUPPLY_COLOUR))
    for x, y in ((EXHAUST_RISE_X, 9.0), (EXHAUST_RISE_X, 13.7), (12.75, 13.8), (20.95, 14.0)):
        draw_riser(sheet, view.at((x, y)))


def _draw_run(sheet: Sheet, view: PlanView, run: Run) -> None:
    left, top, width, height = view.box(run.box)
    colour = system_colour(run.system)
    edge, flange = Pen(0.5 if run.is_main else 0.4, colour), THIN.tinted(colour)
    sheet.rect(left, top, width, height, NO_LINE, WHITE)
    if run.is_horizontal:
        ends = (((left, top), (left, top + height)), ((left + width, top), (left + width, top + height)))
        sides = (((left, top), (left + width, top)), ((left, top + height), (left + width, top + height)))
    else:
        ends = (((left, top), (left + width, top)), ((left, top + height), (left + width, top + height)))
        sides = (((left, top), (left, top + height)), ((left + width, top), (left + width, top + height)))
    for start, end in ends:
        sheet.line(start, end, flange)
    for start, end in sides:
        sheet.line(start, end, edge)


def _successive_mains(runs: list[Run]) -> Iterator[tuple[Run, Run]]:
    mains = [run for run in runs if run.is_main and run.is_horizontal]
    return ((a, b) for a, b in pairwise(mains) if a.end == b.start)


def _draw_taper(sheet: Sheet, view: PlanView, first: Run, second: Run) -> None:
    x, y = first.end
    length = math.copysign(TAPER_M, second.end[0] - second.start[0])
    wide, narrow = first.size.width_mm / 2000, second.size.width_mm / 2000
    corners = [(x, y + wide), (x + length, y + narrow), (x + length, y - narrow), (x, y - wide)]
    paper = [view.at(corner) for corner in corners]
    colour = system_colour(first.system)
    sheet.rect(*view.box((min(x, x + length), y - wide, max(x, x + length), y + wide)), NO_LINE, WHITE)
    sheet.polyline(paper[:2], Pen(0.5, colour))
    sheet.polyline(paper[2:], Pen(0.5, colour))
    for start, end in ((paper[0], paper[3]), (paper[1], paper[2])):
        sheet.line(start, end, THIN.tinted(colour))


def _draw_elbow(sheet: Sheet, view: PlanView, elbow: tuple[str, Point, Point, Point, float]) -> None:
    system, corner, first, second, width = elbow
    a, b = ((end[0] - corner[0], end[1] - corner[1]) for end in (first, second))
    reach = math.hypot(*a)
    centre = (corner[0] + a[0] + b[0], corner[1] + a[1] + b[1])

    def arc(radius: float) -> list[Point]:
        points = []
        for step in range(13):
            turn = math.pi / 2 * step / 12
            x, y = (centre[i] - radius / reach * (b[i] * math.cos(turn) + a[i] * math.sin(turn)) for i in (0, 1))
            points.append(view.at((x, y)))
        return points

    outer, inner = arc(reach + width / 2), arc(reach - width / 2)
    colour = system_colour(system)
    sheet.polygon([*outer, *reversed(inner)], NO_LINE, WHITE)
    for side in (outer, inner):
        sheet.polyline(side, Pen(0.5, colour))
    for index in (0, -1):
        sheet.line(outer[index], inner[index], THIN.tinted(colour))


def _draw_hidden_edges(sheet: Sheet, view: PlanView) -> None:
    for upper in RUNS:
        for lower in RUNS:
            if BOTTOM_M[lower.system] < BOTTOM_M[upper.system] and lower.is_horizontal != upper.is_horizontal:
                _draw_hidden(sheet, view, lower, upper.box)


def _draw_hidden(sheet: Sheet, view: PlanView, lower: Run, cover: Box) -> None:
    box = lower.box
    x0, y0 = max(box[0], cover[0]), max(box[1], cover[1])
    x1, y1 = min(box[2], cover[2]), min(box[3], cover[3])
    if x0 >= x1 or y0 >= y1:
        return
    pen = HIDDEN.tinted(system_colour(lower.system))
    if lower.is_horizontal:
        edges = (((x0, box[1]), (x1, box[1])), ((x0, box[3]), (x1, box[3])))
    else:
        edges = (((box[0], y0), (box[0], y1)), ((box[2], y0), (box[2], y1)))
    for start, end in edges:
        sheet.line(view.at(start), view.at(end), pen)


def _draw_silencer(sheet: Sheet, view: PlanView, system: str, start: Point, width: float) -> None:
    x, y = start
    half = width / 2 + 0.1
    left, top, w, h = view.box((x - half, y, x + half, y + 1.0))
    colour = system_colour(system)
    sheet.rect(left, top, w, h, Pen(0.5, colour), WHITE)
    for share in (0.25, 0.5, 0.75):
        sheet.rect(left + share * w - 0.35, top + 0.8, 0.7, h - 1.6, THIN.tinted(colour), (0.8, 0.8, 0.8))


def _draw_unit(sheet: Sheet, view: PlanView, box: Box, name: str, axis_y: float, intake_m: float) -> None:
    """Filter, heater, cooler and fan sections from the intake to the outlet."""
    left, top, width, height = view.box(box)
    sheet.rect(*view.box((36.2, axis_y - intake_m / 2, 36.7, axis_y + intake_m / 2)), Pen(0.5, SUPPLY_COLOUR), WHITE)
    sheet.rect(left, top, width, height, Pen(0.6), WHITE)
    cuts = [left + share * width for share in (0.08, 0.24, 0.4, 0.56)]
    for x in cuts:
        sheet.line((x, top), (x, top + height), Pen(0.3))
    zigzag = [(cuts[0] + (i % 2) * (cuts[1] - cuts[0]), top + i * height / 8) for i in range(9)]
    sheet.polyline(zigzag, Pen(0.25))
    for start, end in ((cuts[1], cuts[2]), (cuts[2], cuts[3])):
        sheet.line((start, top + height), (end, top), Pen(0.25))
    sheet.line((cuts[2], top), (cuts[3], top + height), Pen(0.25))
    radius = min(height * 0.33, 4)
    fan = (cuts[3] + radius + 1.5, top + height / 2)
    sheet.circle(fan, radius, Pen(0.3))
    sheet.polygon(
        [
            (fan[0] + radius, fan[1]),
            (fan[0] - radius / 2, fan[1] - radius * 0.86),
            (fan[0] - radius / 2, fan[1] + radius * 0.86),
        ],
        Pen(0.25),
    )
    sheet.text((left + width - 1.5, top + height / 2 + 1.8), name, 3.5, align="right")


def _draw_flexible(sheet: Sheet, view: PlanView, box: Box) -> None:
    left, top, width, height = view.box(box)
    sheet.rect(left, top, width, height, Pen(0.3, SUPPLY_COLOUR), WHITE)
    steps = max(3, round(height / 1.3))
    for step in range(steps):
        y = top + step * height / steps
        sheet.line((left, y), (left + width, y + height / steps), THIN.tinted(SUPPLY_COLOUR))


def _draw_balancing_damper(sheet: Sheet, view: PlanView, run: Run) -> None:
    """A slanted bar with a pivot across a branch, just inside the room it serves."""
    x, y = run.start[0], _damper_level(run)
    half = run.size.width_mm / 2000
    pen = Pen(0.4, system_colour(run.system))
    sheet.line(view.at((x - half, y - half)), view.at((x + half, y + half)), pen)
    sheet.circle(view.at((x, y)), 0.5, pen, WHITE)


def _damper_level(run: Run) -> float:
    if run.end[1] < 6:
        return 5.6
    return 17.2 if run.end[1] > 16 else 9.0
