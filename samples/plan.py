"""Sheet 2 of the main set: the ventilation plan of the floor on +4,200 with schedule, legend, notes and section."""

import pymupdf
from lettering import drawing_lettering
from plan_details import draw_damper_detail, draw_diffuser_detail
from plan_ducts import draw_ducts, draw_fire_dampers, draw_terminals, draw_units
from plan_labels import draw_plan_dimensions, draw_section_marks, write_duct_sizes, write_leaders, write_terminals
from plan_section import draw_section
from plan_tables import draw_air_balance, draw_legend, draw_room_schedule, write_notes
from plan_view import PlanView, draw_north
from plan_walls import draw_axes, draw_walls, write_rooms
from project import title_block
from sheet import Sheet
from stamp import draw_form_3, draw_frame

TITLE = "План систем вентиляции на отм. +4,200"
VIEW = PlanView(origin_mm=(95.0, 290.0), mm_per_m=10.0)
SECTION_VIEW = PlanView(origin_mm=(90.0, 458.0), mm_per_m=20.0)


def draw_plan(document: pymupdf.Document) -> None:
    """Add the A1 sheet to `document`."""
    sheet = Sheet(document, (841, 594), drawing_lettering())
    draw_frame(sheet, "А1")
    draw_form_3(sheet, title_block("План систем вентиляции на~отм.~+4,200", "2", ""))
    sheet.text((335, 24), TITLE + "  (1:100)", 7, align="centre")
    draw_axes(sheet, VIEW)
    draw_walls(sheet, VIEW)
    draw_ducts(sheet, VIEW)
    draw_terminals(sheet, VIEW)
    draw_fire_dampers(sheet, VIEW)
    draw_units(sheet, VIEW)
    write_rooms(sheet, VIEW)
    write_duct_sizes(sheet, VIEW)
    write_terminals(sheet, VIEW)
    draw_plan_dimensions(sheet, VIEW)
    draw_section_marks(sheet, VIEW)
    write_leaders(sheet, VIEW)
    draw_section(sheet, SECTION_VIEW)
    draw_damper_detail(sheet, (28, 504))
    draw_diffuser_detail(sheet, (190, 504))
    draw_air_balance(sheet, (350, 356))
    draw_room_schedule(sheet, (655, 18))
    bottom = draw_legend(sheet, (655, 250))
    write_notes(sheet, (655, bottom + 6), 177)
    draw_north(sheet, (622, 50))
    sheet.finish()
