"""Details 1 and 2 of the plan sheet at 1:10: a fire damper in a wall, a diffuser on a flexible duct."""

from plan_section import hatch
from plan_symbols import SUPPLY_COLOUR
from plan_view import draw_dimension, draw_leader
from sheet import BLACK, MEDIUM, THIN, WHITE, Pen, Point, Sheet

OUTLINE = Pen(0.5)
WALL = (0.93, 0.93, 0.93)


def draw_damper_detail(sheet: Sheet, corner: Point) -> None:
    """КПУ-1 500×300 in a 200 mm wall; `corner` is the top left of a field of 150×80 mm."""
    x, y = corner
    sheet.text((x + 72, y + 4), "1  Установка клапана КПУ-1 в стене  (1:10)", 3.5, align="centre")
    axis, wall = y + 42, x + 62
    for top, bottom in ((y + 12, axis - 19), (axis + 19, y + 72)):
        sheet.rect(wall, top, 20, bottom - top, OUTLINE, WALL)
        hatch(sheet, (wall, top, 20, bottom - top))
    for top in (axis - 19, axis + 15):
        sheet.rect(wall, top, 20, 4, MEDIUM)
        _fill_with_wool(sheet, wall, top)
    sheet.rect(x + 12, axis - 15, 44, 30, Pen(0.6, SUPPLY_COLOUR))
    sheet.rect(x + 88, axis - 15, 44, 30, Pen(0.6, SUPPLY_COLOUR))
    for top in (axis - 18, axis + 15):
        sheet.rect(x + 12, top, 44, 3, THIN)
        hatch(sheet, (x + 12, top, 44, 3), 1.2)
    sheet.rect(x + 56, axis - 15, 32, 30, Pen(0.7), WHITE)
    for flange in (56, 88):
        sheet.rect(x + flange - 0.8, axis - 18.5, 1.6, 37, MEDIUM, BLACK)
    sheet.line((x + 72, axis - 13), (x + 72, axis + 13), Pen(0.9))
    sheet.circle((x + 72, axis), 1.2, MEDIUM, WHITE)
    sheet.rect(x + 83.5, axis - 26, 10, 7, MEDIUM, WHITE)
    sheet.line((x + 8, axis), (x + 137, axis), Pen(0.18, SUPPLY_COLOUR, "[22 4 3 4] 0"))
    draw_dimension(sheet, (wall, y + 72), (wall + 20, y + 72), 5, "200")
    draw_dimension(sheet, (x + 12, axis - 15), (x + 12, axis + 15), 6, "300")
    for target, knee, text, to_left in (
        ((x + 66, axis - 9), (x + 46, axis - 24), "КПУ-1 500×300, EI 60", True),
        ((x + 90, axis - 23), (x + 98, axis - 28), "Электропривод 230 В", False),
        ((x + 78, axis + 17), (x + 92, axis + 23), "Минвата НГ", False),
        ((x + 30, axis + 16.5), (x + 36, axis + 25), "Огнезащита", True),
        ((x + 110, axis - 15), (x + 116, axis - 20), "Воздуховод δ=0,8", False),
    ):
        draw_leader(sheet, target, knee, text, to_left=to_left)


def draw_diffuser_detail(sheet: Sheet, corner: Point) -> None:
    """ДП-450 with its plenum box under a branch; `corner` is the top left of a field of 130×80 mm."""
    x, y = corner
    sheet.text((x + 62, y + 4), "2  Подключение диффузора ДП-450  (1:10)", 3.5, align="centre")
    sheet.rect(x + 8, y + 10, 110, 7, OUTLINE, WALL)
    hatch(sheet, (x + 8, y + 10, 110, 7))
    sheet.rect(x + 12, y + 28, 36, 20, Pen(0.6, SUPPLY_COLOUR), WHITE)
    for rod in (18, 42):
        sheet.line((x + rod, y + 17), (x + rod, y + 28), MEDIUM)
    _draw_flexible_duct(sheet, (x + 48, y + 28), (x + 64, y + 34), 20)
    sheet.rect(x + 64, y + 33, 45, 26, Pen(0.6, SUPPLY_COLOUR), WHITE)
    for rod in (68, 105):
        sheet.line((x + rod, y + 17), (x + rod, y + 33), MEDIUM)
    sheet.rect(x + 61.5, y + 59, 50, 2.4, OUTLINE, WHITE)
    for step in range(1, 6):
        left = x + 64 + step * 7.5
        sheet.line((left, y + 61.4), (left - 2.6, y + 59), MEDIUM)
    for left, width in ((x + 8, 53.5), (x + 111.5, 10)):
        sheet.rect(left, y + 59.4, width, 1.4, MEDIUM)
    draw_dimension(sheet, (x + 64, y + 61.4), (x + 109, y + 61.4), 9, "450")
    for target, knee, text, to_left in (
        ((x + 30, y + 48), (x + 34, y + 54), "П1 Ø200", False),
        ((x + 56, y + 31), (x + 52, y + 23.5), "Гибкий воздуховод Ø200, l ≤ 1000", False),
        ((x + 90, y + 46), (x + 94, y + 40), "КСД-450", False),
        ((x + 70, y + 60.2), (x + 58, y + 66), "ДП-450", True),
    ):
        draw_leader(sheet, target, knee, text, to_left=to_left)
    sheet.text((x + 8, y + 64.6), "+2,700", 2.5)


def _fill_with_wool(sheet: Sheet, left: float, top: float) -> None:
    """A wavy filling between the wall and the damper."""
    points = [(left + step, top + (0.6 if step % 2 else 3.4)) for step in range(21)]
    sheet.polyline(points, THIN)


def _draw_flexible_duct(sheet: Sheet, start: Point, end: Point, height: float) -> None:
    """A corrugated piece between two openings of the same height given by their upper corners."""
    count = 12
    width, drop = end[0] - start[0], end[1] - start[1]
    for edge in (0.0, height):
        ridge = [
            (start[0] + width * i / count, start[1] + edge + drop * i / count + (0.5 if i % 2 else -0.5))
            for i in range(count + 1)
        ]
        sheet.polyline(ridge, Pen(0.4, SUPPLY_COLOUR))
    for i in range(1, count):
        at = (start[0] + width * i / count, start[1] + drop * i / count)
        sheet.line(at, (at[0], at[1] + height), Pen(0.12, SUPPLY_COLOUR))
