"""Title blocks in their real proportions, as the lines and the fields that reading a page gives. Pure."""

from collections.abc import Sequence

from domain.documents import Box
from workers.rendering.pieces import TextLine, TextWord

PT_PER_MM = 72 / 25.4
A3: Box = (0.0, 0.0, 1190.6, 841.9)

Field = tuple[float, float, float, float, str]
"""From the left and the upper side of the form, width, height in mm; what is written in it, line by line."""

CHANGES_2104: list[Field] = [
    (0, 20, 7, 5, "Изм."),
    (7, 20, 10, 5, "Лист"),
    (17, 20, 23, 5, "№ докум."),
    (40, 20, 15, 5, "Подп."),
    (55, 20, 10, 5, "Дата"),
    (0, 25, 17, 5, "Разраб."),
    (17, 25, 23, 5, "Иванов"),
    (0, 30, 17, 5, "Пров."),
    (17, 30, 23, 5, "Ким"),
]
FORM_1: list[Field] = [
    *CHANGES_2104,
    (65, 0, 120, 15, "ТП 22.11.03.00.000 СБ"),
    (65, 15, 70, 25, "Вал приводной\nСборочный чертеж"),
    (65, 40, 70, 15, "Сталь 45 ГОСТ 1050-2013"),
    (135, 15, 15, 5, "Лит."),
    (150, 15, 17, 5, "Масса"),
    (167, 15, 18, 5, "Масштаб"),
    (135, 20, 5, 15, ""),
    (140, 20, 5, 15, "У"),
    (145, 20, 5, 15, ""),
    (150, 20, 17, 15, "12,5"),
    (167, 20, 18, 15, "1:2,5"),
    (135, 35, 20, 5, "Лист 2"),
    (155, 35, 30, 5, "Листов 7"),
    (135, 40, 50, 15, "МГТУ им. Н.Э. Баумана\nгр. МТ-51"),
]
CHANGES_21101: list[Field] = [
    (0, 20, 10, 5, "Изм."),
    (10, 20, 10, 5, "Кол.уч."),
    (20, 20, 10, 5, "Лист"),
    (30, 20, 10, 5, "№ док."),
    (40, 20, 15, 5, "Подп."),
    (55, 20, 10, 5, "Дата"),
    (20, 15, 10, 5, "Зам."),
    (30, 15, 10, 5, "112-21"),
]
FORM_3: list[Field] = [
    *CHANGES_21101,
    (65, 0, 120, 10, "133/23-ГК-АР4"),
    (65, 10, 120, 15, "Реконструкция котельной №3\nв пос. Северный"),
    (65, 25, 70, 15, "Главный корпус"),
    (65, 40, 70, 15, "План 1 этажа на отм. 0,000. Схема распо-\nложения узлов 1-1"),
    (135, 25, 15, 5, "Стадия"),
    (150, 25, 15, 5, "Лист"),
    (165, 25, 20, 5, "Листов"),
    (135, 30, 15, 10, "РД"),
    (150, 30, 15, 10, "5.1"),
    (165, 30, 20, 10, "12"),
    (135, 40, 50, 15, "АО «ЦНИИПромзданий»"),
]
FORM_6: list[Field] = [
    *((x, y - 10, width, height, text) for x, y, width, height, text in CHANGES_21101[:6]),
    (65, 0, 110, 15, "15027-00-АТХ.С5"),
    (175, 0, 10, 7, "Лист"),
    (175, 7, 10, 8, "14"),
]
STRIP: list[Field] = [
    (125, -200, 60, 30, "ACME ARCHITECTS\n(312) 555-0123"),
    (125, -90, 60, 25, "SMITH RESIDENCE\n12 Oak Lane"),
    (125, -65, 60, 30, "SECOND & THIRD\nFLOOR PLAN"),
    (125, -35, 60, 5, 'Scale 1/4" = 1\'-0"'),
    (125, -30, 60, 20, "A-102"),
]
"""A building sheet of the USA: nothing but the scale has a label."""

SIZES = {"A-102": 30.0, "SECOND & THIRD": 16.0, "FLOOR PLAN": 16.0, "SMITH RESIDENCE": 12.0, "12 Oak Lane": 12.0}
SMALL_PT = 6.0


def title_block(fields: Sequence[Field], page_box: Box = A3) -> tuple[list[TextLine], list[Box]]:
    """Its lines of text and its fields in points, in the lower right corner of the page, 5 mm from the edges."""
    right, bottom = page_box[2] - 5 * PT_PER_MM, page_box[3] - 5 * PT_PER_MM
    height_mm = max(y + height for _, y, _, height, _ in fields)
    cells: list[Box] = []
    lines: list[TextLine] = []
    for x_mm, y_mm, width_mm, own_mm, text in fields:
        x, y = right - (185 - x_mm) * PT_PER_MM, bottom - (height_mm - y_mm) * PT_PER_MM
        cells.append((x, y, x + width_mm * PT_PER_MM, y + own_mm * PT_PER_MM))
        top = y + 2
        for row in text.splitlines():
            lines.append(_line(row, x + 2, top, SIZES.get(row, SMALL_PT)))
            top += 1.2 * lines[-1].size_pt
    return lines, cells


def _line(text: str, x: float, y: float, size_pt: float) -> TextLine:
    words: list[TextWord] = []
    for part in text.split():
        words.append(TextWord(part, (x, y, x + 0.45 * size_pt * len(part), y + size_pt)))
        x = words[-1].box[2] + 0.3 * size_pt
    return TextLine(words=tuple(words), box=(words[0].box[0], y, words[-1].box[2], y + size_pt), size_pt=size_pt)
