"""Where the floor lies on the sheet, and the small marks every plan needs: leaders, dimensions, axes."""

import math
from dataclasses import dataclass

from sheet import AXIS, BLACK, MEDIUM, THIN, WHITE, Colour, Pen, Point, Sheet

TICK_MM = 1.4


@dataclass(frozen=True)
class PlanView:
    """Places model metres on the paper: `origin_mm` is the model's zero, `mm_per_m` the scale."""

    origin_mm: Point
    mm_per_m: float

    def at(self, point: Point) -> Point:
        return (self.origin_mm[0] + point[0] * self.mm_per_m, self.origin_mm[1] - point[1] * self.mm_per_m)

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Left, top, width, height on the paper of a box x0, y0, x1, y1 in metres."""
        left, bottom = self.at((box[0], box[1]))
        right, top = self.at((box[2], box[3]))
        return left, top, right - left, bottom - top


def draw_dimension(
    sheet: Sheet, start: Point, end: Point, offset: float, text: str, *, text_share: float = 0.5, height: float = 2.5
) -> None:
    """A dimension between two points of one horizontal or vertical line, moved aside by `offset` mm.

    Horizontal lines move down, vertical lines move left for a positive offset. Ends are 45° ticks (ГОСТ 2.307);
    the text stands at `text_share` of a horizontal line.
    """
    if start[1] == end[1]:
        y = start[1] + offset
        first, last = (start[0], y), (end[0], y)
        sheet.line((first[0] - 2, y), (last[0] + 2, y), THIN)
        sheet.text((first[0] + text_share * (last[0] - first[0]), y - 0.8), text, height, align="centre")
    else:
        x = start[0] - offset
        first, last = (x, start[1]), (x, end[1])
        sheet.line((x, first[1] + 2), (x, last[1] - 2), THIN)
        sheet.text((x - 0.8, (first[1] + last[1]) / 2), text, height, align="centre", turn_deg=90)
    for x, y in (first, last):
        sheet.line((x - TICK_MM, y + TICK_MM), (x + TICK_MM, y - TICK_MM), MEDIUM)


def draw_axis_mark(sheet: Sheet, centre: Point, name: str) -> None:
    sheet.circle(centre, 5, MEDIUM, WHITE)
    sheet.text((centre[0], centre[1] + 2.4), name, 5, align="centre")


def draw_axis(sheet: Sheet, start: Point, end: Point) -> None:
    sheet.line(start, end, AXIS)


def draw_leader(
    sheet: Sheet,
    target: Point,
    knee: Point,
    above: str,
    below: str = "",
    *,
    height: float = 2.5,
    to_left: bool = False,
    colour: Colour = BLACK,
) -> None:
    """A leader with a dot at `target` and a shelf from `knee`, with text above and below the shelf."""
    width = max(sheet.lettering.width_mm(text, height) for text in (above, below)) + 1.6
    shelf_end = knee[0] - width if to_left else knee[0] + width
    left = min(knee[0], shelf_end)
    sheet.rect(left, knee[1] - height - 1.2, width, height + 1.2, Pen(0), WHITE)
    if below:
        sheet.rect(left, knee[1], width, height + 1.6, Pen(0), WHITE)
    sheet.polyline([target, knee, (shelf_end, knee[1])], THIN)
    sheet.circle(target, 0.45, THIN, BLACK)
    sheet.text((left + 0.8, knee[1] - 0.8), above, height, colour=colour)
    if below:
        sheet.text((left + 0.8, knee[1] + height + 0.9), below, height, colour=colour)


def draw_level(sheet: Sheet, at: Point, text: str, *, to_left: bool = False, note: str = "") -> None:
    """An elevation mark of ГОСТ Р 21.101: an open arrow on the level and a shelf with the value."""
    x, y = at
    side = -1 if to_left else 1
    length = max(sheet.lettering.width_mm(t, 2.5) for t in (text, note)) + 3
    sheet.polyline([(x - 2, y - 2), (x, y), (x + 2, y - 2)], MEDIUM)
    sheet.polyline([(x, y), (x, y - 4), (x + side * length, y - 4)], THIN)
    left = x - length + 1 if to_left else x + 1.5
    sheet.text((left, y - 4.8), text, 2.5)
    if note:
        sheet.text((left, y - 0.6), note, 2.5)


def draw_arrow(sheet: Sheet, start: Point, end: Point, pen: Pen, head_mm: float = 1.8) -> None:
    """A line with a filled head at its end."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    sheet.line(start, end, pen)
    wings = [
        (end[0] - head_mm * math.cos(angle + turn), end[1] - head_mm * math.sin(angle + turn)) for turn in (0.3, -0.3)
    ]
    sheet.polygon([end, *wings], pen, pen.colour)


def draw_north(sheet: Sheet, centre: Point) -> None:
    x, y = centre
    sheet.circle(centre, 9, THIN)
    sheet.polygon([(x, y - 12), (x - 3, y + 6), (x, y + 3)], THIN, BLACK)
    sheet.polygon([(x, y - 12), (x + 3, y + 6), (x, y + 3)], THIN)
    sheet.text((x, y - 13.5), "С", 5, align="centre")
