"""Section 1–1 of the plan sheet at 1:50: office 205, corridor 209, a part of switchroom 217, seen to the west."""

from ductwork import Run
from floor_ducts import BOTTOM_M, RUNS, SOUTH_EXHAUST_Y, SOUTH_SUPPLY_Y
from plan_labels import SECTION_X
from plan_symbols import EXHAUST_COLOUR, SUPPLY_COLOUR
from plan_view import PlanView, draw_axis, draw_axis_mark, draw_dimension, draw_leader, draw_level
from sheet import MEDIUM, THIN, WHITE, Colour, Pen, Point, Sheet

OUTLINE = Pen(0.5)
BREAK_Y = 10.6
SLAB_BOTTOM, SLAB_TOP, OFFICE_CEILING, CORRIDOR_CEILING = 3.95, 4.2, 2.7, 2.6


def draw_section(sheet: Sheet, view: PlanView) -> None:
    """`view` takes the distance from axis А as x and the height above the floor as y, both in metres."""
    sheet.text((view.at((5.0, 0))[0], view.at((0, SLAB_TOP))[1] - 14), "1-1  (1:50)", 5, align="centre")
    _draw_structure(sheet, view)
    _draw_ceilings(sheet, view)
    _draw_office_ducts(sheet, view)
    _draw_corridor_ducts(sheet, view)
    _draw_section_axes(sheet, view)
    _write_levels(sheet, view)
    for x, text in ((3.0, "205"), (7.2, "209"), (9.6, "217")):
        at = view.at((x, 1.15))
        sheet.rect(at[0] - 5.5, at[1] - 5.2, 11, 6.6, THIN, WHITE)
        sheet.text(at, text, 3.5, align="centre")


def main_at_section(system: str, y: float) -> Run:
    """The corridor main of a system that the cut meets."""
    return next(r for r in RUNS if r.system == system and r.is_main and r.start[1] == y and _spans(r, SECTION_X))


def hatch(sheet: Sheet, box: tuple[float, float, float, float], pitch: float = 2.5, pen: Pen = THIN) -> None:
    """45° hatching of a box given as left, top, width, height in mm."""
    left, top, width, height = box
    offset = pitch
    while offset < width + height:
        start = (left + max(0.0, offset - height), top + min(offset, height))
        end = (left + min(offset, width), top + max(0.0, offset - width))
        sheet.line(start, end, pen)
        offset += pitch


def _spans(run: Run, x: float) -> bool:
    return run.is_horizontal and min(run.start[0], run.end[0]) <= x <= max(run.start[0], run.end[0])


def _draw_structure(sheet: Sheet, view: PlanView) -> None:
    solids = (
        (-0.2, -0.25, BREAK_Y, 0.0),
        (-0.2, SLAB_BOTTOM, BREAK_Y, SLAB_TOP),
        (-0.2, 0.0, 0.2, SLAB_BOTTOM),
        (5.9, 0.0, 6.1, SLAB_BOTTOM),
        (8.3, 2.1, 8.5, SLAB_BOTTOM),
    )
    for solid in solids:
        box = view.box(solid)
        hatch(sheet, box)
        sheet.rect(*box, OUTLINE)
    for y in (0.0, 2.1):
        sheet.line(view.at((8.3, y)), view.at((8.5, y)), MEDIUM)
    for x in (8.3, 8.5):
        sheet.line(view.at((x, 0)), view.at((x, 2.1)), THIN)
    _draw_break(sheet, view)


def _draw_break(sheet: Sheet, view: PlanView) -> None:
    x, top = view.at((BREAK_Y, SLAB_TOP))
    bottom = view.at((BREAK_Y, -0.25))[1]
    middle = (top + bottom) / 2
    sheet.polyline(
        [(x, top - 4), (x, middle - 3), (x - 2.5, middle - 1), (x + 2.5, middle + 1), (x, middle + 3), (x, bottom + 4)],
        THIN,
    )


def _draw_ceilings(sheet: Sheet, view: PlanView) -> None:
    for x0, x1, z in ((0.2, 5.9, OFFICE_CEILING), (6.1, 8.3, CORRIDOR_CEILING)):
        sheet.rect(*view.box((x0, z, x1, z + 0.04)), MEDIUM)
        hanger = x0 + 0.5
        while hanger < x1 - 0.2:
            sheet.line(view.at((hanger, z + 0.04)), view.at((hanger, SLAB_BOTTOM)), Pen(0.1))
            hanger += 1.2


def _draw_office_ducts(sheet: Sheet, view: PlanView) -> None:
    """The exhaust branch beyond the cut, then the supply branch cut along its axis, and both terminals."""
    red, blue = Pen(0.3, EXHAUST_COLOUR), Pen(0.5, SUPPLY_COLOUR)
    low = BOTTOM_M["В1"]
    sheet.rect(*view.box((4.6, low, 6.45, low + 0.25)), red, WHITE)
    sheet.rect(*view.box((4.65, OFFICE_CEILING, 4.85, low)), red, WHITE)
    sheet.rect(*view.box((4.5, OFFICE_CEILING - 0.05, 5.0, OFFICE_CEILING + 0.04)), red, WHITE)
    low = BOTTOM_M["П1"]
    sheet.rect(*view.box((3.0, low, 7.55, low + 0.25)), blue, WHITE)
    for flange in (4.4, 5.6, 6.3):
        sheet.line(view.at((flange, low - 0.04)), view.at((flange, low + 0.29)), MEDIUM.tinted(SUPPLY_COLOUR))
    centre = view.at((3.0, low + 0.125))
    sheet.circle(centre, 0.14 * view.mm_per_m, blue, WHITE)
    sheet.circle(centre, 0.1 * view.mm_per_m, Pen(0.3, SUPPLY_COLOUR))
    sheet.rect(*view.box((2.775, OFFICE_CEILING - 0.06, 3.225, OFFICE_CEILING + 0.04)), blue, WHITE)
    draw_leader(sheet, view.at((3.7, low + 0.12)), view.at((3.2, 2.05)), "П1 Ø250", "к ДП-450", colour=SUPPLY_COLOUR)
    draw_leader(sheet, view.at((4.75, OFFICE_CEILING)), view.at((4.3, 1.6)), "РВ 500×200", colour=EXHAUST_COLOUR)
    draw_leader(sheet, view.at((5.2, 3.27)), view.at((2.6, 3.55)), "В1 Ø250", to_left=True, colour=EXHAUST_COLOUR)


def _draw_corridor_ducts(sheet: Sheet, view: PlanView) -> None:
    for system, y, colour in (("В1", SOUTH_EXHAUST_Y, EXHAUST_COLOUR), ("П1", SOUTH_SUPPLY_Y, SUPPLY_COLOUR)):
        run = main_at_section(system, y)
        half, low = run.size.width_mm / 2000, BOTTOM_M[system]
        top = low + run.size.height_mm / 1000
        _draw_hanger(sheet, view, y, half, low)
        _draw_cut_duct(sheet, view, (y - half, low, y + half, top), colour)
    supply = main_at_section("П1", SOUTH_SUPPLY_Y).size.label
    exhaust = main_at_section("В1", SOUTH_EXHAUST_Y).size.label
    draw_leader(sheet, view.at((7.85, 2.85)), view.at((8.75, 2.3)), f"П1 {supply}", "низ +2,750", colour=SUPPLY_COLOUR)
    draw_leader(sheet, view.at((6.8, 3.3)), view.at((8.75, 3.5)), f"В1 {exhaust}", "низ +3,150", colour=EXHAUST_COLOUR)


def _draw_cut_duct(sheet: Sheet, view: PlanView, box: tuple[float, float, float, float], colour: Colour) -> None:
    left, top, width, height = view.box(box)
    sheet.rect(left, top, width, height, Pen(0.6, colour), WHITE)
    sheet.line((left, top), (left + width, top + height), THIN.tinted(colour))
    sheet.line((left, top + height), (left + width, top), THIN.tinted(colour))


def _draw_hanger(sheet: Sheet, view: PlanView, y: float, half: float, low: float) -> None:
    """Two threaded rods and the channel under the duct."""
    for side in (-1, 1):
        x = y + side * (half + 0.06)
        sheet.line(view.at((x, low - 0.05)), view.at((x, SLAB_BOTTOM)), Pen(0.25))
    sheet.rect(*view.box((y - half - 0.1, low - 0.05, y + half + 0.1, low)), Pen(0.25), WHITE)


def _draw_section_axes(sheet: Sheet, view: PlanView) -> None:
    bottom = view.at((0, -0.25))[1]
    marks: list[tuple[str, Point]] = []
    for name, y in (("А", 0.0), ("Б", 6.0), ("В", 8.4)):
        x = view.at((y, 0))[0]
        draw_axis(sheet, (x, view.at((0, SLAB_TOP))[1] - 5), (x, bottom + 17))
        marks.append((name, (x, bottom + 22)))
    for (_, first), (_, second), text in ((marks[0], marks[1], "6000"), (marks[1], marks[2], "2400")):
        draw_dimension(sheet, (first[0], bottom), (second[0], bottom), 11, text)
    for name, centre in marks:
        draw_axis_mark(sheet, centre, name)


def _write_levels(sheet: Sheet, view: PlanView) -> None:
    for z, text in ((0.0, "0,000 (+4,200)"), (SLAB_BOTTOM, "+3,950"), (SLAB_TOP, "+4,200 (+8,400)")):
        lift = 20 if z == SLAB_TOP else 0
        x, y = view.at((-0.2, z))
        sheet.line((x - 16 - lift, y), (x, y), THIN)
        draw_level(sheet, (x - 12 - lift, y), text, to_left=True)
    x, y = view.at((1.0, OFFICE_CEILING))
    draw_level(sheet, (x, y), "+2,700")
    draw_leader(sheet, view.at((6.7, CORRIDOR_CEILING)), view.at((6.5, 1.9)), "Потолок +2,600")
