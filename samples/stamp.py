"""Frame, binding columns and title blocks of ГОСТ Р 21.101: form 3 for first sheets, form 6 for the following ones."""

import math
from dataclasses import dataclass

from sheet import MAIN, MEDIUM, THIN, Pen, Point, Sheet, wrap

INK = Pen(0.25, (0.1, 0.15, 0.45))

FORM_3_WIDTH, FORM_3_HEIGHT, FORM_6_HEIGHT = 185.0, 55.0, 15.0
BINDING_MARGIN, MARGIN = 20.0, 5.0


@dataclass(frozen=True)
class Signature:
    role: str
    name: str
    date: str


@dataclass(frozen=True)
class TitleBlock:
    """What a title block says; `sheets` is the number of sheets, empty on the following sheets."""

    designation: str
    project: str
    building: str
    title: str
    stage: str
    sheet: str
    sheets: str
    organisation: str
    signatures: tuple[Signature, ...]


def draw_frame(sheet: Sheet, format_name: str) -> None:
    """The frame (20 mm for binding, 5 mm elsewhere), the binding columns and the format note."""
    width = sheet.width_mm - BINDING_MARGIN - MARGIN
    sheet.rect(BINDING_MARGIN, MARGIN, width, sheet.height_mm - 2 * MARGIN, MAIN)
    _draw_binding_columns(sheet)
    sheet.text((sheet.width_mm - 45, sheet.height_mm - 1.4), f"Формат {format_name}", 2.5)
    sheet.text((sheet.width_mm - 100, sheet.height_mm - 1.4), "Копировал", 2.5)


def draw_form_3(sheet: Sheet, block: TitleBlock) -> Point:
    """The 185×55 mm title block in the lower right corner; returns its top left corner."""
    left = sheet.width_mm - MARGIN - FORM_3_WIDTH
    top = sheet.height_mm - MARGIN - FORM_3_HEIGHT
    sheet.rect(left, top, FORM_3_WIDTH, FORM_3_HEIGHT, MAIN)
    for row in range(1, 11):
        sheet.line((left, top + 5 * row), (left + 65, top + 5 * row), MAIN if row in (4, 5) else THIN)
    for x in (20, 40, 55, 65):
        sheet.line((left + x, top), (left + x, top + 55), MAIN)
    for x in (10, 30):
        sheet.line((left + x, top), (left + x, top + 25), MAIN)
    _write_revision_header(sheet, left, top + 20)
    _write_signatures(sheet, left, top + 25, block.signatures)
    _write_titles(sheet, left + 65, top, block)
    return left, top


def draw_form_6(sheet: Sheet, designation: str, number: str) -> Point:
    """The 185×15 mm title block of a following sheet; returns its top left corner."""
    left = sheet.width_mm - MARGIN - FORM_3_WIDTH
    top = sheet.height_mm - MARGIN - FORM_6_HEIGHT
    sheet.rect(left, top, FORM_3_WIDTH, FORM_6_HEIGHT, MAIN)
    for x in (10, 20, 30, 40, 55, 65, 175):
        sheet.line((left + x, top), (left + x, top + 15), MAIN)
    sheet.line((left, top + 5), (left + 65, top + 5), THIN)
    sheet.line((left, top + 10), (left + 65, top + 10), MAIN)
    sheet.line((left + 175, top + 7), (left + 185, top + 7), MAIN)
    _write_revision_header(sheet, left, top + 10)
    sheet.text((left + 120, top + 10), designation, 5, align="centre")
    sheet.text((left + 180, top + 5), "Лист", 2.5, align="centre", fit_mm=9)
    sheet.text((left + 180, top + 13), number, 3.5, align="centre")
    return left, top


def _write_revision_header(sheet: Sheet, left: float, top: float) -> None:
    columns = (("Изм.", 0, 10), ("Кол.уч.", 10, 10), ("Лист", 20, 10), ("№ док.", 30, 10), ("Подп.", 40, 15))
    for title, x, width in (*columns, ("Дата", 55, 10)):
        sheet.text((left + x + width / 2, top + 3.7), title, 2.5, align="centre", fit_mm=width - 1)


def _write_signatures(sheet: Sheet, left: float, top: float, signatures: tuple[Signature, ...]) -> None:
    for row, signature in enumerate(signatures):
        if not signature.role:
            continue
        baseline = top + 5 * row + 3.7
        sheet.text((left + 1, baseline), signature.role, 2.5, fit_mm=18.5)
        sheet.text((left + 21, baseline), signature.name, 2.5, fit_mm=18.5)
        sheet.text((left + 60, baseline), signature.date, 2.5, align="centre", fit_mm=8.2)
        sheet.polyline(_scribble(signature.name, (left + 42, baseline - 0.7)), INK)


def _scribble(name: str, start: Point) -> list[Point]:
    """A wavy stroke 11 mm long, the same for the same name: it stands for a signature, it imitates none."""
    seed = sum(ord(letter) * (index + 3) for index, letter in enumerate(name))
    waves, phase, lean, roundness = 2.5 + seed % 4, seed % 7, (seed % 5 - 2) * 0.7, 0.3 + seed % 3 * 0.4
    points = []
    for step in range(61):
        t = step / 60
        swing = 1.9 * (1 - t) ** 0.7 * math.sin(2 * math.pi * waves * t + phase)
        loop = roundness * math.cos(2 * math.pi * waves * t + phase)
        points.append((start[0] + 10.5 * t + loop, start[1] + swing * 0.9 + lean * (t - 0.5)))
    return points


def _write_titles(sheet: Sheet, left: float, top: float, block: TitleBlock) -> None:
    for y in (10, 25, 40):
        sheet.line((left, top + y), (left + 120, top + y), MAIN)
    sheet.line((left + 70, top + 30), (left + 120, top + 30), MAIN)
    sheet.line((left + 70, top + 25), (left + 70, top + 55), MAIN)
    for x in (85, 100):
        sheet.line((left + x, top + 25), (left + x, top + 40), MAIN)
    sheet.text((left + 60, top + 7.5), block.designation, 5, align="centre")
    _write_centred(sheet, (left, top + 10), (120, 15), block.project, 3.5)
    _write_centred(sheet, (left, top + 25), (70, 15), block.building, 3.5)
    _write_centred(sheet, (left, top + 40), (70, 15), block.title, 3.5)
    _write_centred(sheet, (left + 70, top + 40), (50, 15), block.organisation, 3.5)
    cells = ((70, 15, "Стадия", block.stage), (85, 15, "Лист", block.sheet), (100, 20, "Листов", block.sheets))
    for x, width, title, value in cells:
        sheet.text((left + x + width / 2, top + 28.7), title, 2.5, align="centre")
        sheet.text((left + x + width / 2, top + 36.9), value, 3.5, align="centre")


def _write_centred(sheet: Sheet, corner: Point, size: tuple[float, float], text: str, height: float) -> None:
    lines = wrap(text, size[0] - 4, height, sheet.lettering)
    if len(lines) * height * 1.5 > size[1]:
        height = 2.5
        lines = wrap(text, size[0] - 4, height, sheet.lettering)
    pitch = height * 1.55
    baseline = corner[1] + size[1] / 2 - pitch * (len(lines) - 1) / 2 + height / 2
    for index, line in enumerate(lines):
        sheet.text((corner[0] + size[0] / 2, baseline + index * pitch), line, height, align="centre")


def _draw_binding_columns(sheet: Sheet) -> None:
    bottom = sheet.height_mm - MARGIN
    for title, height in (("Инв. № подл.", 25), ("Подп. и дата", 35), ("Взам. инв. №", 25)):
        top = bottom - height
        sheet.rect(8, top, 12, height, MEDIUM)
        sheet.line((13, top), (13, bottom), MEDIUM)
        sheet.text((11.8, bottom - height / 2), title, 2.5, align="centre", turn_deg=90)
        bottom = top
    if sheet.height_mm > 400:
        _draw_approvals(sheet, bottom)


def _draw_approvals(sheet: Sheet, bottom: float) -> None:
    top = bottom - 60
    sheet.rect(5, top, 15, 60, MEDIUM)
    for x in (10, 15):
        sheet.line((x, top), (x, bottom), THIN if x == 15 else MEDIUM)
    for y in (top + 10, top + 25, top + 45):
        sheet.line((10, y), (20, y), THIN)
    sheet.text((8.8, (top + bottom) / 2), "Согласовано", 2.5, align="centre", turn_deg=90)
