"""Draws the architecture of the floor: walls with openings, doors, windows, stairs, lifts, axes and room names."""

import itertools
import math

from building import (
    AXES_X,
    AXES_Y,
    COLUMNS,
    CUBICLES,
    DOORS,
    INNER_WALLS,
    LIFT_DOORS,
    OUTER_WALLS,
    ROOMS,
    SHAFT_WALLS,
    WINDOWS,
    Box,
    Door,
    Room,
    Window,
)
from plan_view import PlanView, draw_axis, draw_axis_mark, draw_dimension
from sheet import BLACK, NO_LINE, THIN, WHITE, Colour, Pen, Point, Sheet, wrap

WALL_LINE = Pen(0.3, (0.25, 0.25, 0.25))
WALL_FILL: Colour = (0.86, 0.86, 0.86)
COLUMN_FILL: Colour = (0.45, 0.45, 0.45)
DETAIL = Pen(0.18, (0.3, 0.3, 0.3))


def draw_walls(sheet: Sheet, view: PlanView) -> None:
    """Walls, columns and everything fixed to them, without names and dimensions."""
    walls = (*OUTER_WALLS, *INNER_WALLS, *SHAFT_WALLS, *CUBICLES)
    openings = (*(_door_box(door) for door in DOORS), *(_window_box(window) for window in WINDOWS), *LIFT_DOORS)
    _draw_solid(sheet, view, walls, openings)
    for x, y in COLUMNS:
        sheet.rect(*view.box((x - 0.2, y - 0.2, x + 0.2, y + 0.2)), WALL_LINE, COLUMN_FILL)
    for window in WINDOWS:
        _draw_window(sheet, view, window)
    for door in DOORS:
        _draw_door(sheet, view, door)
    _draw_lifts(sheet, view)
    _draw_stairs(sheet, view, (0.2, 2.9))
    _draw_stairs(sheet, view, (45.1, 47.8))
    _draw_toilets(sheet, view)
    _draw_shafts(sheet, view)


def draw_axes(sheet: Sheet, view: PlanView) -> None:
    """Axes with marks on the left and below, and two dimension chains on each of these sides."""
    low, left = AXES_Y[0][1], AXES_X[0][1]
    high, right = AXES_Y[-1][1], AXES_X[-1][1]
    for name, x in AXES_X:
        mark = (view.at((x, low))[0], view.at((x, low))[1] + 34)
        draw_axis(sheet, (mark[0], mark[1] - 5), (mark[0], view.at((x, high))[1] - 6))
        draw_axis_mark(sheet, mark, name)
    for name, y in AXES_Y:
        mark = (view.at((left, y))[0] - 34, view.at((left, y))[1])
        draw_axis(sheet, (mark[0] + 5, mark[1]), (view.at((right, y))[0] + 6, mark[1]))
        draw_axis_mark(sheet, mark, name)
    for (_, start), (_, end) in itertools.pairwise(AXES_X):
        draw_dimension(sheet, view.at((start, low)), view.at((end, low)), 15, _millimetres(end - start))
    for (_, start), (_, end) in itertools.pairwise(AXES_Y):
        draw_dimension(sheet, view.at((left, start)), view.at((left, end)), 15, _millimetres(end - start))
    draw_dimension(sheet, view.at((left, low)), view.at((right, low)), 24, _millimetres(right - left))
    draw_dimension(sheet, view.at((left, low)), view.at((left, high)), 24, _millimetres(high - low))


def write_rooms(sheet: Sheet, view: PlanView) -> None:
    """Number in a box, name and underlined area of every room."""
    for room in ROOMS:
        _write_room(sheet, view, room)


def decimal(value: float, digits: int = 1) -> str:
    """A number as Russian drawings write it, with a comma."""
    return f"{value:.{digits}f}".replace(".", ",")


def _millimetres(metres: float) -> str:
    return str(round(metres * 1000))


def _draw_solid(sheet: Sheet, view: PlanView, walls: tuple[Box, ...], openings: tuple[Box, ...]) -> None:
    """Fill the union of the walls without the openings and draw its outline.

    The plane is cut at every edge of every box; a cell is wall or not, an outline lies between unlike cells.
    """
    xs = sorted({round(x, 4) for box in (*walls, *openings) for x in (box[0], box[2])})
    ys = sorted({round(y, 4) for box in (*walls, *openings) for y in (box[1], box[3])})
    solid = [
        [_is_wall(_middle(xs, i), _middle(ys, j), walls, openings) for j in range(-1, len(ys))]
        for i in range(-1, len(xs))
    ]
    for i, column in enumerate(solid):
        for start, end in _true_spans(column):
            sheet.rect(*view.box((xs[i - 1], ys[start - 1], xs[i], ys[end - 1])), NO_LINE, WALL_FILL)
    for i, x in enumerate(xs):
        edge = [a != b for a, b in zip(solid[i], solid[i + 1], strict=True)]
        for start, end in _true_spans(edge):
            sheet.line(view.at((x, ys[start - 1])), view.at((x, ys[end - 1])), WALL_LINE)
    for j, y in enumerate(ys):
        edge = [column[j] != column[j + 1] for column in solid]
        for start, end in _true_spans(edge):
            sheet.line(view.at((xs[start - 1], y)), view.at((xs[end - 1], y)), WALL_LINE)


def _middle(edges: list[float], index: int) -> float:
    if index < 0:
        return edges[0] - 1
    if index + 1 == len(edges):
        return edges[-1] + 1
    return (edges[index] + edges[index + 1]) / 2


def _is_wall(x: float, y: float, walls: tuple[Box, ...], openings: tuple[Box, ...]) -> bool:
    def inside(boxes: tuple[Box, ...]) -> bool:
        return any(box[0] < x < box[2] and box[1] < y < box[3] for box in boxes)

    return inside(walls) and not inside(openings)


def _true_spans(flags: list[bool]) -> list[tuple[int, int]]:
    """Start and end (exclusive) of every run of true values."""
    spans, start = [], None
    for index, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = index
        elif not flag and start is not None:
            spans.append((start, index))
            start = None
    return spans


def _door_box(door: Door) -> Box:
    (x0, y0), (x1, y1) = door.hinge, door.latch
    if y0 == y1:
        return (min(x0, x1), y0 - 0.11, max(x0, x1), y0 + 0.11)
    return (x0 - 0.11, min(y0, y1), x0 + 0.11, max(y0, y1))


def _window_box(window: Window) -> Box:
    spans = {
        "south": (window.start, -0.2, window.end, 0.2),
        "north": (window.start, 22.6, window.end, 23.0),
        "west": (-0.2, window.start, 0.2, window.end),
        "east": (47.8, window.start, 48.2, window.end),
    }
    return spans[window.side]


def _draw_window(sheet: Sheet, view: PlanView, window: Window) -> None:
    x0, y0, x1, y1 = _window_box(window)
    for share in (0.0, 0.35, 0.65, 1.0):
        if window.side in ("south", "north"):
            y = y0 + share * (y1 - y0)
            sheet.line(view.at((x0, y)), view.at((x1, y)), DETAIL)
        else:
            x = x0 + share * (x1 - x0)
            sheet.line(view.at((x, y0)), view.at((x, y1)), DETAIL)


def _draw_door(sheet: Sheet, view: PlanView, door: Door) -> None:
    (hx, hy), (lx, ly) = door.hinge, door.latch
    closed = math.degrees(math.atan2(ly - hy, lx - hx))
    radius = math.dist(door.hinge, door.latch)
    opened = closed + 90 * door.swing
    tip = (hx + radius * math.cos(math.radians(opened)), hy + radius * math.sin(math.radians(opened)))
    sheet.line(view.at(door.hinge), view.at(tip), Pen(0.3, DETAIL.colour))
    sheet.arc(view.at(door.hinge), radius * view.mm_per_m, closed, opened, DETAIL)


def _draw_lifts(sheet: Sheet, view: PlanView) -> None:
    for y in (8.8, 11.8):
        box = (13.7, y, 15.5, y + 2.2)
        sheet.rect(*view.box(box), DETAIL)
        sheet.line(view.at((box[0], box[1])), view.at((box[2], box[3])), DETAIL)
        sheet.line(view.at((box[0], box[3])), view.at((box[2], box[1])), DETAIL)
    for box in LIFT_DOORS:
        x = box[0] + 0.05
        sheet.line(view.at((x, box[1])), view.at((x, box[3])), DETAIL)


def _draw_stairs(sheet: Sheet, view: PlanView, span: tuple[float, float]) -> None:
    """Two flights side by side with the landings at both ends and the arrow of the way up."""
    left, right = span
    middle = (left + right) / 2
    for step in range(10):
        y = 10.8 + step * 0.27
        sheet.line(view.at((left, y)), view.at((middle - 0.08, y)), DETAIL)
        sheet.line(view.at((middle + 0.08, y)), view.at((right, y)), DETAIL)
    sheet.rect(*view.box((middle - 0.08, 10.8, middle + 0.08, 13.23)), DETAIL, WHITE)
    first, second = (left + middle) / 2, (middle + right) / 2
    route = [(first, 10.5), (first, 13.6), (second, 13.6), (second, 11.1)]
    sheet.polyline([view.at(point) for point in route], DETAIL)
    x, y = view.at(route[-1])
    sheet.polygon([(x, y), (x - 0.8, y - 2.2), (x + 0.8, y - 2.2)], DETAIL, DETAIL.colour)


def _draw_toilets(sheet: Sheet, view: PlanView) -> None:
    for x in (6.55, 7.5, 8.45, 9.5, 10.43, 11.3):
        sheet.rect(*view.box((x - 0.2, 14.1, x + 0.2, 14.3)), DETAIL, WHITE)
        sheet.circle(view.at((x, 13.95)), 1.9, DETAIL, WHITE)
    for x0, x1 in ((6.08, 8.92), (9.08, 11.72)):
        sheet.line(view.at((x0, 12.9)), view.at((x1, 12.9)), DETAIL)
    for x, y in ((6.3, 8.8), (6.3, 9.35), (11.5, 8.8), (11.5, 9.35)):
        sheet.rect(*view.box((x - 0.2, y - 0.25, x + 0.2, y + 0.25)), DETAIL)
        sheet.circle(view.at((x, y)), 1.3, DETAIL)


def _draw_shafts(sheet: Sheet, view: PlanView) -> None:
    """A broken diagonal marks the opening of a shaft."""
    for box in (
        (34.9, 8.5, 36.14, 9.34),
        (34.9, 9.46, 36.14, 12.94),
        (34.9, 13.06, 36.14, 14.3),
        (20.5, 13.66, 21.3, 14.3),
        (12.4, 13.36, 13.1, 14.3),
    ):
        x0, y0, x1, y1 = box
        corner: Point = (x0 + 0.25 * (x1 - x0), y0 + 0.25 * (y1 - y0))
        sheet.polyline([view.at((x0, y1)), view.at(corner), view.at((x1, y0))], DETAIL)


def _write_room(sheet: Sheet, view: PlanView, room: Room) -> None:
    number_width = sheet.lettering.width_mm(room.number, 3.5) + 2.4
    if room.is_flat:
        _write_flat_room(sheet, view.at(room.label), room, number_width)
        return
    x, y = view.at(room.label)
    width = (room.box[2] - room.box[0]) * view.mm_per_m - 2
    lines = wrap(room.inscription or room.name, width, 2.5, sheet.lettering)
    top = y - 2 - 2 * len(lines)
    _write_number(sheet, (x, top), room.number, number_width)
    for index, line in enumerate(lines):
        sheet.text((x, top + 4.6 + index * 4), line, 2.5, align="centre", halo=True, fit_mm=width)
    _write_area(sheet, (x, top + 4.8 + len(lines) * 4), room)


def _write_flat_room(sheet: Sheet, at: Point, room: Room, number_width: float) -> None:
    """Number to the left, name and area to the right of `at`."""
    _write_number(sheet, (at[0] - number_width / 2 - 1, at[1] + 2), room.number, number_width)
    name_width = sheet.text((at[0] + 0.5, at[1] - 0.6), room.name, 2.5)
    _write_area(sheet, (at[0] + 0.5 + name_width / 2, at[1] + 3.4), room)


def _write_area(sheet: Sheet, at: Point, room: Room) -> None:
    width = sheet.text(at, decimal(room.area_m2), 2.5, align="centre", halo=True)
    sheet.line((at[0] - width / 2, at[1] + 0.7), (at[0] + width / 2, at[1] + 0.7), THIN)


def _write_number(sheet: Sheet, at: Point, number: str, width: float) -> None:
    sheet.rect(at[0] - width / 2, at[1] - 4.6, width, 5.4, Pen(0.25, BLACK), WHITE)
    sheet.text((at[0], at[1] - 0.2), number, 3.5, align="centre")
