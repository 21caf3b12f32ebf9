"""Lettering of the ducts on the floor plan: sizes, flows, bottoms, marks of terminals, leaders and section marks."""

import itertools

from building import ROOMS, Box
from ductwork import Run, Terminal
from floor_ducts import (
    BOTTOM_M,
    EXHAUST_RISE_X,
    FIRE_DAMPERS,
    HALL_SUPPLY_X,
    NORTH_EXHAUST_Y,
    NORTH_SUPPLY_Y,
    RUNS,
    SERVER_Y,
    SOUTH_EXHAUST_Y,
    SOUTH_SUPPLY_Y,
    SUPPLY_RISE_X,
    TERMINALS,
)
from plan_symbols import EXHAUST_COLOUR, SUPPLY_COLOUR, system_colour
from plan_view import PlanView, draw_arrow, draw_dimension, draw_leader
from plan_walls import decimal
from project import SYSTEMS
from sheet import MAIN, THIN, Colour, Point, Sheet

SECTION_X = 24.6

# Dimension chains across the corridors: x in metres; labels keep clear of them.
SOUTH_CHAIN_X, NORTH_CHAIN_X = 10.0, 14.9

# Where the shelf of each fire damper's leader begins, in metres, and whether it runs to the left.
DAMPER_KNEES: tuple[tuple[Point, bool], ...] = (
    ((42.95, 9.1), False),
    ((42.15, 13.5), True),
    ((18.4, 9.5), True),
    ((22.9, 9.3), True),
    ((26.7, 9.4), True),
    ((31.6, 10.15), False),
    ((40.45, 9.35), True),
    ((34.3, 9.55), True),
    ((34.3, 13.95), True),
    ((29.2, 9.2), True),
    ((24.4, 13.75), False),
)


def write_duct_sizes(sheet: Sheet, view: PlanView) -> None:
    for run in RUNS:
        if run.is_main and run.is_horizontal and run.system in ("П1", "В1", "П2"):
            _write_main(sheet, view, run)
        elif not run.is_main and run.system in ("П1", "В1") and run.length_m > 0.9:
            _write_branch(sheet, view, run)


def write_terminals(sheet: Sheet, view: PlanView) -> None:
    for item in TERMINALS:
        if item.system != "В2":
            _write_terminal(sheet, view, item)
    _write_toilet_terminals(sheet, view)


def write_leaders(sheet: Sheet, view: PlanView) -> None:
    """Leaders to fire dampers and risers, names of units and shafts."""
    for damper, (knee, to_left) in zip(FIRE_DAMPERS, DAMPER_KNEES, strict=True):
        draw_leader(sheet, view.at(damper.at), view.at(knee), f"КПУ-1 {damper.size.label}", to_left=to_left)
    _write_units(sheet, view)
    _write_risers(sheet, view)
    _write_plant_room_ducts(sheet, view)


def draw_plan_dimensions(sheet: Sheet, view: PlanView) -> None:
    """Ties of the corridor ducts and of the diffusers of three rooms to the axes."""
    _dimension_chain(sheet, view, [(SOUTH_CHAIN_X, y) for y in (6.0, SOUTH_EXHAUST_Y, SOUTH_SUPPLY_Y, 8.4)])
    _dimension_chain(sheet, view, [(NORTH_CHAIN_X, y) for y in (14.4, NORTH_SUPPLY_Y, NORTH_EXHAUST_Y, 16.8)])
    for y, x in ((3.5, 13.2), (19.1, 13.2), (19.1, 6.0)):
        draw_dimension(sheet, view.at((x, y)), view.at((x + 1.8, y)), 0, "1800")
        draw_dimension(sheet, view.at((x + 1.8, y)), view.at((x + 5.4, y)), 0, "3600", text_share=0.13)
    _dimension_chain(sheet, view, [(14.0, 0.0), (14.0, 3.0)])
    _dimension_chain(sheet, view, [(14.0, 19.8), (14.0, 22.8)])


def draw_section_marks(sheet: Sheet, view: PlanView) -> None:
    """Cut 1–1 seen to the west: strokes of the main line, arrows and numbers."""
    for y0, y1 in ((-0.5, -1.1), (11.7, 12.2)):
        start, end = view.at((SECTION_X, y0)), view.at((SECTION_X, y1))
        sheet.line(start, end, MAIN)
        middle = (start[0], (start[1] + end[1]) / 2)
        draw_arrow(sheet, middle, (middle[0] - 5, middle[1]), THIN, 2.2)
        sheet.text((middle[0] + 1.2, middle[1] + 1.7), "1", 3.5)


def _dimension_chain(sheet: Sheet, view: PlanView, points: list[Point]) -> None:
    for start, end in itertools.pairwise(points):
        length = abs(end[0] - start[0]) + abs(end[1] - start[1])
        draw_dimension(sheet, view.at(start), view.at(end), 0, str(round(length * 1000)))


def _write_main(sheet: Sheet, view: PlanView, run: Run) -> None:
    """System, size, flow and bottom along a main: the longest wording that stays clear of crossing ducts."""
    bottom = f"низ +{decimal(BOTTOM_M[run.system], 3)}"
    size = f"{run.system} {run.size.label}"
    flow = f"L={run.flow_m3h} м³/ч"
    y = _label_level(run)
    for text in (f"{size}  {flow}  {bottom}", f"{size}  {flow}", size, run.size.label):
        x = _free_place(run, y, sheet.lettering.width_mm(text, 2.5) / view.mm_per_m)
        if x is not None:
            at = view.at((x, y))
            colour = system_colour(run.system)
            sheet.text((at[0], at[1] + 1.25), text, 2.5, align="centre", colour=colour)
            return


def _label_level(run: Run) -> float:
    """Inside a wide duct of a corridor, else beside it: towards the corridor's middle, above the hall's duct."""
    y = run.start[1]
    clear = run.size.width_mm / 2000 + 0.22
    if run.system == "П2":
        return y + 0.52
    if run.size.width_mm >= 400:
        return y
    sides = {SOUTH_SUPPLY_Y: -1, SOUTH_EXHAUST_Y: 1, NORTH_SUPPLY_Y: 1, NORTH_EXHAUST_Y: -1}
    return y + sides.get(y, 1) * clear


def _free_place(run: Run, y: float, width: float) -> float | None:
    """The x nearest to the middle of the run where a label `width` metres wide crosses nothing upright."""
    low, high = sorted((run.start[0], run.end[0]))
    low, high = low + width / 2 + 0.1, high - width / 2 - 0.1
    if run.size.width_mm >= 400:
        low, high = low + 0.3, high - 0.1
    obstacles = [other.box for other in RUNS if not other.is_horizontal]
    obstacles += [(x - 0.4, y, x, y + 2.4) for x, y in ((SOUTH_CHAIN_X, 6.0), (NORTH_CHAIN_X, 14.4))]
    middle = (low + high) / 2
    steps = [step * 0.1 for step in range(round((high - low) / 0.2) + 1)]
    for offset in (sign * step for step in steps for sign in (1, -1)):
        x = middle + offset
        if low <= x <= high and not any(_overlaps(box, x, y, width) for box in obstacles):
            return x
    return None


def _overlaps(box: Box, x: float, y: float, width: float) -> bool:
    return box[0] - 0.08 < x + width / 2 and x - width / 2 < box[2] + 0.08 and box[1] < y + 0.12 and y - 0.12 < box[3]


def _write_branch(sheet: Sheet, view: PlanView, run: Run) -> None:
    """The size along a stem, on its left; along a side run, on the side of the stem."""
    colour = system_colour(run.system)
    half = run.size.width_mm / 2000
    x, y = run.start
    if run.is_horizontal:
        middle = view.at((x + 0.36 * (run.end[0] - x), y))
        drop = 2.7 + half * 10 if y > 16 else -half * 10 - 0.8
        sheet.text((middle[0], middle[1] + drop), run.size.label, 2.5, align="centre", colour=colour)
        return
    northward = run.end[1] > y
    far = 0.55 if run.length_m < 2.2 else 0.8 if run.length_m < 3.6 else 1.7
    at = view.at((x - half - 0.1, run.end[1] + (-far if northward else far)))
    sheet.text(at, run.size.label, 2.5, align="centre", turn_deg=90, colour=colour)


def _write_terminal(sheet: Sheet, view: PlanView, item: Terminal) -> None:
    """Mark and flow beside, below or above the symbol, inside its room."""
    lines = (item.kind, f"L={item.flow_m3h} м³/ч")
    width = max(sheet.lettering.width_mm(line, 2.5) for line in lines)
    room = next(room for room in ROOMS if room.number == item.room)
    left, _, room_width, _ = view.box(room.box)
    x, y = view.at(item.at)
    start = min(max(x - width / 2, left + 0.8), left + room_width - width - 0.8)
    side = _label_side(item)
    if side == "right":
        start = x + 5.6
    baseline = y + {"right": -0.6, "below": 6.0, "above": -7.2}[side]
    for index, line in enumerate(lines):
        sheet.text((start, baseline + index * 3.9), line, 2.5, colour=system_colour(item.system))


def _label_side(item: Terminal) -> str:
    y = item.at[1]
    alone = sum(t.room == item.room and t.system == item.system for t in TERMINALS) == 1
    if item.room == "219":
        return "right" if item.system == "В1" else "below"
    if item.system == "П1" and alone and not 8.4 < y < 14.4:
        return "right"
    if y < 8.4 or item.system == "В21":
        return "below"
    return "above"


def _write_toilet_terminals(sheet: Sheet, view: PlanView) -> None:
    def write(at: Point, text: str, fit_mm: float | None = None) -> None:
        sheet.text(view.at(at), text, 2.5, align="centre", fit_mm=fit_mm, colour=EXHAUST_COLOUR)

    for x in (7.5, 10.42):
        write((x, 11.05), "АД-100, 5 шт.")
        write((x, 10.7), "по L=50 м³/ч")
    write((12.35, 11.05), "АД-100", 10.5)
    write((12.35, 10.7), "L=50 м³/ч", 10.8)
    write((4.4, 13.1), "АД-100")
    write((4.4, 12.75), "L=50 м³/ч")
    write((4.55, 11.85), "В2 Ø100")
    write((4.55, 11.45), f"низ +{decimal(BOTTOM_M['В2'], 3)}")
    write((7.5, 11.8), "Ø160")
    write((10.42, 11.8), "Ø200")


def _write_units(sheet: Sheet, view: PlanView) -> None:
    for y, name, box_x in ((11.38, "П1", 39.0), (11.02, "П2", 39.0)):
        unit = next(system for system in SYSTEMS if system.name == name)
        text = f"{name}  {unit.unit}  L={unit.flow_m3h} м³/ч"
        sheet.text(view.at((box_x, y)), text, 2.5, align="centre", colour=SUPPLY_COLOUR)
    for name, y in (("ВШ-1", 11.2), ("ВШ-3", 13.15)):
        sheet.text(view.at((35.5, y)), name, 2.5, align="centre", halo=True)
    sheet.text(view.at((36.35, 8.6)), "ВШ-2", 2.5)


def _write_risers(sheet: Sheet, view: PlanView) -> None:
    def write(target: Point, knee: Point, above: str, below: str = "", *, to_left: bool = False) -> None:
        draw_leader(sheet, view.at(target), view.at(knee), above, below, to_left=to_left, colour=EXHAUST_COLOUR)

    write((12.75, 13.8), (12.3, 14.53), "В2 Ø200 L=600 м³/ч, на кровлю", to_left=True)
    write((20.95, 14.0), (21.6, 14.0), "В21 Ø200", "на кровлю")
    write((EXHAUST_RISE_X, 9.0), (34.2, 10.95), "В1 600×400", "L=4000 м³/ч", to_left=True)
    write((EXHAUST_RISE_X, 13.7), (34.2, 13.45), "В1 500×300", "L=2760 м³/ч", to_left=True)
    sheet.text(view.at((25.1, SERVER_Y + 0.15)), "В21 Ø125", 2.5, align="centre", colour=EXHAUST_COLOUR)


def _write_plant_room_ducts(sheet: Sheet, view: PlanView) -> None:
    def write(at: Point, text: str, *, turn_deg: float = 90, colour: Colour = SUPPLY_COLOUR) -> None:
        sheet.text(view.at(at), text, 2.5, align="centre", turn_deg=turn_deg, colour=colour)

    write((SUPPLY_RISE_X - 0.43, 10.1), "ШП 500×300")
    write((HALL_SUPPLY_X + 0.1, 5.0), "П2 400×300")
    write((HALL_SUPPLY_X + 0.6, 5.0), "L=2100 м³/ч")
    write((41.66, 12.92), "800×400", turn_deg=0)
