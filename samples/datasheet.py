"""AHU_datasheet_EN.pdf: two A4 pages about the supply unit П1, in the manner of a manufacturer."""

import math
from collections.abc import Sequence

import pymupdf
from lettering import catalogue_heading, catalogue_lettering
from plan_view import draw_dimension, draw_leader
from project import OUTDOOR_WINTER_C, SUPPLY_WINTER_C, SYSTEMS
from sheet import BLACK, NO_LINE, THIN, WHITE, Colour, Lettering, Pen, Point, Sheet, wrap

ACCENT: Colour = (0.05, 0.36, 0.42)
STRIPE: Colour = (0.93, 0.96, 0.96)
RULE = Pen(0.15, (0.6, 0.68, 0.68))
GREY: Colour = (0.35, 0.35, 0.35)
LEFT, WIDTH = 18.0, 174.0
LETTER = 1.9

UNIT = SYSTEMS[0]
OUTLET_POINTS = ((2000, 742), (3000, 735), (4000, 690), (5000, 560), (5800, 400), (6500, 235), (7200, 60))

PERFORMANCE = (
    ("Supply air flow", f"{UNIT.flow_m3h} m³/h (1.61 m³/s)"),
    ("External static pressure", f"{UNIT.pressure_pa} Pa"),
    ("Internal pressure drop, filters at design loading", "420 Pa"),
    ("Total static pressure of the fan", "820 Pa"),
    ("Face velocity in the casing", "1.95 m/s"),
    ("Specific fan power, clean filters", "1.52 kW/(m³/s)"),
    ("Casing class (EN 1886)", "D1, L1, T2, TB2"),
    ("Outdoor air temperature range", "–40 … +45 °C"),
)
FAN = (
    ("Fan type", "Plug fan, backward curved, 355 mm"),
    ("Fan speed at the duty point", f"{UNIT.speed_rpm} rpm"),
    ("Rated motor power", "3.0 kW"),
    ("Shaft power at the duty point", "2.13 kW"),
    ("Motor efficiency class", "IE3"),
    ("Speed control", "Frequency converter, 20–60 Hz"),
)
HEATING = (
    ("Heating capacity", f"{UNIT.heat_w / 1000:.1f} kW"),
    ("Air temperature, in / out", f"–{-OUTDOOR_WINTER_C} / +{SUPPLY_WINTER_C} °C"),
    ("Water temperature, in / out", "90 / 70 °C"),
    ("Water flow", "3.86 m³/h"),
    ("Water pressure drop", "14.2 kPa"),
    ("Air pressure drop", "46 Pa"),
    ("Connection", "DN 32"),
)
COOLING = (
    ("Total cooling capacity", f"{UNIT.cooling_w / 1000:.1f} kW"),
    ("Sensible cooling capacity", "19.4 kW"),
    ("Air temperature, in / out", "+27 / +17 °C"),
    ("Water temperature, in / out", "7 / 12 °C"),
    ("Water flow", "4.21 m³/h"),
    ("Water pressure drop", "18.6 kPa"),
    ("Air pressure drop, wet", "88 Pa"),
    ("Connection / condensate drain", "DN 40 / DN 32"),
)
FILTERS = (
    ("Pre-filter", "G4 (ISO Coarse 65 %), panel, 48 mm"),
    ("Fine filter", "F7 (ISO ePM1 55 %), bag, 600 mm"),
    ("Pressure drop G4, clean / design / final", "48 / 100 / 150 Pa"),
    ("Pressure drop F7, clean / design / final", "85 / 150 / 250 Pa"),
)
ELECTRICAL = (
    ("Power supply", "3 × 400 V, 50 Hz"),
    ("Rated current of the fan motor", "6.3 A"),
    ("Starting current through the frequency converter", "7.5 A"),
    ("Recommended fuse", "16 A, characteristic C"),
    ("Supply cable", "5 × 2.5 mm² Cu"),
    ("Total installed power", "3.1 kW"),
    ("Control circuit", "230 V, 50 Hz, 0.4 kVA"),
    ("Degree of protection, motor / control panel", "IP55 / IP54"),
    ("Outdoor damper actuator", "24 V, spring return, 15 N·m"),
)
OCTAVES_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000)
# IEC 61672-1, frequency weighting A at the octave centres, dB.
A_WEIGHTS_DB = (-26.2, -16.1, -8.6, -3.2, 0.0, 1.2, 1.0, -1.1)
SOUND_DB = (
    ("Inlet", (70, 73, 72, 66, 62, 58, 54, 48)),
    ("Outlet", (74, 78, 80, 76, 73, 70, 66, 60)),
    ("Casing", (66, 65, 60, 52, 47, 43, 38, 32)),
)
SECTIONS = (("Damper, filters", 1010, 148), ("Heater", 670, 104), ("Cooler", 670, 122), ("Fan", 1850, 238))
NOTES = (
    "Sound power levels are given at the duty point with clean filters, tolerance ±3 dB per octave band.",
    "Keep a service clearance of at least 1200 mm on the access side; doors open over the full section height.",
    "Install on a level base; rubber anti-vibration pads (8 pieces) are supplied loose.",
    "Fit the condensate trap with a water seal of at least 100 mm; the drip tray slopes to the access side.",
    "Frost protection: the capillary thermostat trips at +5 °C on the air side and +12 °C in the return water.",
    "The unit is delivered in four sections; the heaviest section weighs 238 kg.",
    "Do not start the fan with open doors or without the pre-filter. Disconnect the supply before service.",
    "Replace the G4 filter at 150 Pa and the F7 filter at 250 Pa, at least once a year.",
)


def draw_datasheet(document: pymupdf.Document) -> None:
    """Add both A4 pages to `document`."""
    bold = catalogue_heading()
    _draw_first_page(document, bold)
    _draw_second_page(document, bold)


def a_weighted_db(levels: Sequence[int]) -> int:
    """The A-weighted sum of octave levels, rounded to 1 dB."""
    energy = sum(10 ** ((level + weight) / 10) for level, weight in zip(levels, A_WEIGHTS_DB, strict=True))
    return round(10 * math.log10(energy))


def _draw_first_page(document: pymupdf.Document, bold: Lettering) -> None:
    sheet = Sheet(document, (210, 297), catalogue_lettering())
    _draw_header(sheet, bold, 1)
    sheet.text((LEFT, 40), "Air handling unit AX-58-W", 5, lettering=bold)
    sheet.text((LEFT, 47), "Tag AHU-1 (system П1), project 24-118-ОВ, plant room 219", 2.3, colour=GREY)
    column = (WIDTH - 6) / 2
    right = LEFT + column + 6
    y = _draw_pairs(sheet, bold, (LEFT, 56), WIDTH, "Performance at the duty point", PERFORMANCE)
    y_left = _draw_pairs(sheet, bold, (LEFT, y + 5), column, "Fan section", FAN)
    _draw_fan_curve(sheet, bold, (right, y + 5), column)
    y_left = max(y_left, y + 57)
    heating = _draw_pairs(sheet, bold, (LEFT, y_left + 5), column, "Heating coil, hot water", HEATING)
    cooling = _draw_pairs(sheet, bold, (right, y_left + 5), column, "Cooling coil, chilled water", COOLING)
    _draw_pairs(sheet, bold, (LEFT, max(heating, cooling) + 5), WIDTH, "Filters", FILTERS)
    _draw_footer(sheet, 1)
    sheet.finish()


def _draw_second_page(document: pymupdf.Document, bold: Lettering) -> None:
    sheet = Sheet(document, (210, 297), catalogue_lettering())
    _draw_header(sheet, bold, 2)
    y = _draw_pairs(sheet, bold, (LEFT, 36), WIDTH, "Electrical data", ELECTRICAL)
    y = _draw_sound(sheet, bold, (LEFT, y + 5))
    y = _draw_dimensions(sheet, bold, (LEFT, y + 5))
    _write_notes(sheet, bold, (LEFT, y + 5))
    _draw_footer(sheet, 2)
    sheet.finish()


def _draw_header(sheet: Sheet, bold: Lettering, number: int) -> None:
    sheet.rect(0, 0, 210, 22, NO_LINE, ACCENT)
    for index in range(3):
        x = LEFT + index * 5
        sheet.polygon([(x, 15), (x + 4, 7), (x + 7, 7), (x + 3, 15)], NO_LINE, WHITE)
    sheet.text((LEFT + 26, 13.4), "NORTHVANE AIR SYSTEMS", 3.4, colour=WHITE, lettering=bold)
    sheet.text((LEFT + WIDTH, 10), "Technical datasheet", 2.4, align="right", colour=WHITE)
    sheet.text((LEFT + WIDTH, 15.4), f"AX-58-W-R-25   page {number} of 2", 2.0, align="right", colour=WHITE)


def _draw_footer(sheet: Sheet, number: int) -> None:
    sheet.line((LEFT, 284), (LEFT + WIDTH, 284), RULE)
    text = "Data for the stated duty point only. Subject to change. This company and this product are invented."
    sheet.text((LEFT, 288.5), text, 1.6, colour=GREY)
    sheet.text((LEFT + WIDTH, 288.5), f"{number}/2", 1.6, align="right", colour=GREY)


def _heading(sheet: Sheet, bold: Lettering, corner: Point, width: float, text: str) -> float:
    """A section heading over a rule; returns the y of the rule."""
    sheet.text((corner[0], corner[1] + 3), text, 2.4, colour=ACCENT, lettering=bold)
    sheet.line((corner[0], corner[1] + 5), (corner[0] + width, corner[1] + 5), Pen(0.5, ACCENT))
    return corner[1] + 5


def _draw_pairs(
    sheet: Sheet, bold: Lettering, corner: Point, width: float, title: str, pairs: Sequence[tuple[str, str]]
) -> float:
    """Names to the left, values to the right, every second row tinted; returns the lower edge."""
    x, y = corner[0], _heading(sheet, bold, corner, width, title)
    split = 0.56 if width > 100 else 0.5
    for index, (name, value) in enumerate(pairs):
        if index % 2:
            sheet.rect(x, y, width, 5.6, NO_LINE, STRIPE)
        sheet.text((x + 1.5, y + 3.9), name, LETTER, fit_mm=width * split - 3)
        sheet.text((x + width * split, y + 3.9), value, LETTER, fit_mm=width * (1 - split) - 1)
        y += 5.6
    sheet.line((x, y), (x + width, y), RULE)
    return y


def _draw_fan_curve(sheet: Sheet, bold: Lettering, corner: Point, width: float) -> None:
    """External pressure over air flow at the rated speed, with the duty point."""
    top = _heading(sheet, bold, corner, width, f"Fan curve at {UNIT.speed_rpm} rpm, design filters") + 3
    left, bottom, span, height = corner[0] + 12, top + 38, width - 15, 38.0

    def at(flow: float, pressure: float) -> Point:
        return left + flow / 8000 * span, bottom - pressure / 800 * height

    for flow in range(0, 8001, 2000):
        sheet.line(at(flow, 0), at(flow, 800), RULE)
        sheet.text((at(flow, 0)[0], bottom + 3.2), str(flow), 1.6, align="centre")
    for pressure in range(0, 801, 200):
        sheet.line(at(0, pressure), at(8000, pressure), RULE)
        sheet.text((left - 1.2, at(0, pressure)[1] + 0.7), str(pressure), 1.6, align="right")
    sheet.polyline([at(*point) for point in _smooth(OUTLET_POINTS)], Pen(0.5, ACCENT))
    duty = at(UNIT.flow_m3h, UNIT.pressure_pa)
    sheet.line((duty[0], bottom), duty, Pen(0.2, BLACK, "[2 2] 0"))
    sheet.line((left, duty[1]), duty, Pen(0.2, BLACK, "[2 2] 0"))
    sheet.circle(duty, 0.9, THIN, BLACK)
    sheet.text((duty[0] - 2, duty[1] + 3.4), "5800 m³/h, 400 Pa", 1.6, align="right", halo=True)
    sheet.text((left + span / 2, bottom + 6.6), "Air flow, m³/h", 1.6, align="centre")
    sheet.text((corner[0] + 2.2, (top + bottom) / 2), "External pressure, Pa", 1.6, align="centre", turn_deg=90)


def _smooth(points: Sequence[tuple[float, float]], steps: int = 8) -> list[Point]:
    """Catmull–Rom interpolation through the points."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(steps):
            t = step / steps
            curve.append((_catmull_rom(p0[0], p1[0], p2[0], p3[0], t), _catmull_rom(p0[1], p1[1], p2[1], p3[1], t)))
    return [*curve, points[-1]]


def _catmull_rom(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _draw_sound(sheet: Sheet, bold: Lettering, corner: Point) -> float:
    x, y = corner[0], _heading(sheet, bold, corner, WIDTH, "Sound power level Lw, dB (octave band, Hz)")
    sheet.rect(x, y, WIDTH, 5.6, NO_LINE, STRIPE)
    heads = ("Path", *(str(band) for band in OCTAVES_HZ), "LwA, dB(A)")
    rows = [
        heads,
        *((path, *(str(level) for level in levels), str(a_weighted_db(levels))) for path, levels in SOUND_DB),
    ]
    for row in rows:
        sheet.text((x + 1.5, y + 3.9), row[0], LETTER, lettering=bold if row is heads else None)
        for index, cell in enumerate(row[1:]):
            centre = x + 38 + index * 15.5 + (4 if index == 8 else 0)
            sheet.text((centre, y + 3.9), cell, LETTER, align="centre", lettering=bold if row is heads else None)
        y += 5.6
        sheet.line((x, y), (x + WIDTH, y), RULE)
    return y


def _draw_dimensions(sheet: Sheet, bold: Lettering, corner: Point) -> float:
    """Side view and inlet view at 1:40 with the sections' lengths and weights."""
    y = _heading(sheet, bold, corner, WIDTH, "Dimensions, mm, and weights") + 14
    scale = 1 / 40
    left, height, base = LEFT + 14, 1300 * scale, 150 * scale
    _draw_side_view(sheet, (left, y), scale)
    end = left + 4200 * scale + 20
    sheet.rect(end, y, 1300 * scale, height, Pen(0.5), WHITE)
    sheet.rect(end, y + height, 1300 * scale, base, Pen(0.35), STRIPE)
    sheet.rect(end + 6.25, y + 11.25, 20, 10, Pen(0.35), WHITE)
    for slat in range(1, 5):
        sheet.line((end + 6.25, y + 11.25 + 2 * slat), (end + 26.25, y + 11.25 + 2 * slat), THIN)
    bottom = y + height + base
    draw_dimension(sheet, (end, bottom), (end + 1300 * scale, bottom), 6, "1300", height=1.8)
    draw_dimension(sheet, (end, y), (end, bottom), 5, "1450", height=1.8)
    sheet.text((end + 16, y - 6), "Inlet view, 800 × 400", 1.7, align="centre", colour=GREY)
    return bottom + 20


def _draw_side_view(sheet: Sheet, corner: Point, scale: float) -> None:
    x, y = corner
    height, base = 1300 * scale, 150 * scale
    for name, length, weight in SECTIONS:
        width = length * scale
        sheet.rect(x, y, width, height, Pen(0.5), WHITE)
        sheet.rect(x + 1.2, y + 1.2, width - 2.4, height - 2.4, THIN, WHITE)
        sheet.text((x + width / 2, y + height - 6.4), name, 1.7, align="centre", fit_mm=width - 3)
        sheet.text((x + width / 2, y + height - 2.8), f"{weight} kg", 1.7, align="centre")
        draw_dimension(sheet, (x, y + height + base), (x + width, y + height + base), 6, str(length), height=1.8)
        x += width
    total = x - corner[0]
    sheet.rect(corner[0], y + height, total, base, Pen(0.35), STRIPE)
    draw_dimension(sheet, (corner[0], y + height + base), (x, y + height + base), 13, "4200", height=1.8)
    draw_dimension(sheet, (corner[0], y), (corner[0], y + height + base), 5, "1450", height=1.8)
    filters, heater, cooler = (corner[0] + 15, corner[0] + 33.6, corner[0] + 50.4)
    sheet.polyline([(filters + (i % 2) * 5, y + 5.5 + i * 1.6) for i in range(11)], THIN)
    for coil in (heater, cooler):
        sheet.rect(coil - 3, y + 5.5, 6, 16, THIN)
        sheet.line((coil - 3, y + 21.5), (coil + 3, y + 5.5), THIN)
        for pipe in (8.5, 18.5):
            sheet.circle((coil, y + pipe), 0.8, THIN, WHITE)
    fan = (corner[0] + 80, y + 13.5)
    sheet.circle(fan, 8, THIN)
    sheet.circle(fan, 2, THIN)
    sheet.text(
        (corner[0] + total / 2, y - 6), "Side view, access side, total weight 612 kg", 1.7, align="centre", colour=GREY
    )
    draw_leader(sheet, (heater, y + 8.5), (heater + 3, y - 1.5), "DN 32", height=1.6)
    draw_leader(sheet, (cooler, y + 8.5), (cooler + 3, y - 1.5), "DN 40", height=1.6)


def _write_notes(sheet: Sheet, bold: Lettering, corner: Point) -> None:
    y = _heading(sheet, bold, corner, WIDTH, "Notes") + 4.5
    for number, note in enumerate(NOTES, 1):
        sheet.text((corner[0] + 1.5, y), f"{number}.", LETTER)
        for line in wrap(note, WIDTH - 9, LETTER, sheet.lettering):
            sheet.text((corner[0] + 8, y), line, LETTER)
            y += 4.3
        y += 0.5
