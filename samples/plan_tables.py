"""The tables and texts around the floor plan: room schedule, air balance, legend, notes."""

from collections.abc import Callable
from functools import partial

from building import ROOMS, Room
from ductwork import FireDamper, Size
from floor_ducts import TERMINALS, room_flow
from plan_symbols import EXHAUST_COLOUR, SUPPLY_COLOUR, draw_fire_damper, draw_riser, draw_terminal
from plan_walls import decimal
from sheet import THIN, WHITE, Colour, Pen, Point, Sheet, wrap
from tables import Column, TableStyle, draw_table

NOTES = (
    "За отметку 0,000 на разрезе 1-1 принят уровень чистого пола этажа, что соответствует отм.~+4,200 здания.",
    "Отметки низа воздуховодов указаны относительно чистого пола этажа: П1 +2,750; В1, В2, В21 +3,150; П2 +3,500.",
    "Размеры воздуховодов даны по внутреннему сечению, мм; первым указан размер, видимый в плане.",
    (
        "Клапаны КПУ-1 нормально открытые, предел огнестойкости EI 60, с электроприводом 230~В. Устанавливать в "
        "проёмах противопожарных преград по узлу 1."
    ),
    (
        "Воздуховоды систем П1, П2 и В1 в пределах венткамеры и транзитные участки до клапанов КПУ-1 покрыть "
        "огнезащитным составом, предел огнестойкости EI 30."
    ),
    "Присоединение диффузоров ДП выполнить гибкими воздуховодами длиной не более 1~м по~узлу 2.",
    "Высота установки решёток РВ систем В1 и В21: в плоскости подвесного потолка, отм.~+2,700.",
    (
        "Дисбаланс санузлов, ПУИ и кладовой компенсируется притоком в коридор 209 и лифтовой холл 215 через "
        "переточные решётки в дверях."
    ),
    "Сечение шахт ВШ-1 (воздухозабор), ВШ-2 и ВШ-3 (выброс В1) см. комплект АР.",
    "Спецификацию оборудования, изделий и материалов см. 24-118-ОВ.С.",
)


def draw_room_schedule(sheet: Sheet, corner: Point) -> float:
    """Экспликация помещений, 177 mm wide; returns its lower edge."""
    sheet.text((corner[0] + 88.5, corner[1] - 3.5), "Экспликация помещений", 5, align="centre")
    columns = (
        Column("Номер помещения", 22),
        Column("Наименование", 102, "left"),
        Column("Площадь, м²", 28),
        Column("Кат. помещения", 25),
    )
    rows = [(room.number, room.name, decimal(room.area_m2), room.category) for room in ROOMS]
    total = decimal(sum(room.area_m2 for room in ROOMS))
    style = TableStyle(lettering_mm=3.5, row_mm=7, header_mm=15, pitch_mm=5.5)
    return draw_table(sheet, corner, columns, [*rows, ("", "Итого по этажу", total, "")], style)


def draw_air_balance(sheet: Sheet, corner: Point) -> float:
    """Воздушный баланс помещений, 293 mm wide; returns its lower edge."""
    sheet.text((corner[0] + 146, corner[1] - 3.5), "Воздушный баланс помещений", 5, align="centre")
    columns = (
        Column("Номер помещения", 20),
        Column("Наименование", 74, "left"),
        Column("Приток, м³/ч", 22),
        Column("Система", 18),
        Column("Воздухораспределители", 48),
        Column("Вытяжка, м³/ч", 22),
        Column("Система", 18),
        Column("Вытяжные устройства", 48),
        Column("Дисбаланс, м³/ч", 23),
    )
    rows = [_balance_row(room) for room in ROOMS if _has_air(room)]
    style = TableStyle(lettering_mm=2.5, row_mm=7, header_mm=14)
    return draw_table(sheet, corner, columns, [*rows, _balance_total()], style)


def draw_legend(sheet: Sheet, corner: Point) -> float:
    """Условные обозначения; returns the lower edge."""
    x, y = corner
    sheet.text((x + 88.5, y), "Условные обозначения", 5, align="centre")
    y += 10
    for draw, text in _legend_entries():
        draw(sheet, (x + 14, y - 1))
        sheet.text((x + 30, y + 0.6), text, 3.5)
        y += 8.6
    return y


def write_notes(sheet: Sheet, corner: Point, width: float) -> float:
    """Примечания with numbers; returns the last baseline."""
    x, y = corner
    sheet.text((x + width / 2, y), "Примечания", 5, align="centre")
    y += 9
    for number, note in enumerate(NOTES, 1):
        sheet.text((x, y), f"{number}.", 3.5)
        for line in wrap(note, width - 8, 3.5, sheet.lettering):
            sheet.text((x + 8, y), line, 3.5)
            y += 5.8
        y += 0.8
    return y


def _has_air(room: Room) -> bool:
    return bool(room_flow("П", room.number) or room_flow("В", room.number))


def _balance_row(room: Room) -> tuple[str, ...]:
    supply, exhaust = room_flow("П", room.number), room_flow("В", room.number)
    difference = sum(supply.values()) - sum(exhaust.values())
    return (
        room.number,
        room.name,
        *_flow_cells(room, supply, "П"),
        *_flow_cells(room, exhaust, "В"),
        f"{difference:+d}".replace("-", "−") if difference else "0",
    )


def _flow_cells(room: Room, flows: dict[str, int], prefix: str) -> tuple[str, str, str]:
    if not flows:
        return "–", "–", "–"
    kinds: dict[str, int] = {}
    for item in TERMINALS:
        if item.room == room.number and item.system.startswith(prefix):
            kinds[item.kind] = kinds.get(item.kind, 0) + 1
    devices = ", ".join(f"{kind}, {count} шт." for kind, count in kinds.items())
    return str(sum(flows.values())), ", ".join(flows), devices


def _balance_total() -> tuple[str, ...]:
    supply = sum(item.flow_m3h for item in TERMINALS if item.system.startswith("П"))
    exhaust = sum(item.flow_m3h for item in TERMINALS if item.system.startswith("В"))
    return "", "Итого", str(supply), "П1, П2", "", str(exhaust), "В1, В2, В21", "", str(supply - exhaust)


def _legend_entries() -> tuple[tuple[Callable[[Sheet, Point], None], str], ...]:
    return (
        (partial(_draw_duct_sign, SUPPLY_COLOUR, ""), "Воздуховод приточной системы (П1, П2)"),
        (partial(_draw_duct_sign, EXHAUST_COLOUR, ""), "Воздуховод вытяжной системы (В1, В2, В21)"),
        (partial(_draw_duct_sign, EXHAUST_COLOUR, "[4 2] 0"), "Воздуховод, закрытый вышележащим воздуховодом"),
        (partial(_draw_terminal_sign, "ДП-450", SUPPLY_COLOUR), "Диффузор потолочный приточный ДП"),
        (partial(_draw_terminal_sign, "РВ 400×200", EXHAUST_COLOUR), "Решётка вытяжная РВ (приточная РП)"),
        (partial(_draw_terminal_sign, "АД-100", EXHAUST_COLOUR), "Клапан вытяжной универсальный АД-100 (анемостат)"),
        (_draw_damper_sign, "Клапан противопожарный нормально открытый КПУ-1"),
        (_draw_balancing_sign, "Дроссель-клапан"),
        (_draw_silencer_sign, "Шумоглушитель пластинчатый ШП"),
        (draw_riser, "Воздуховод, уходящий вверх (выброс на кровлю)"),
        (_draw_number_sign, "Номер помещения по экспликации"),
    )


def _draw_duct_sign(colour: Colour, dash: str, sheet: Sheet, at: Point) -> None:
    for side in (-1.3, 1.3):
        sheet.line((at[0] - 10, at[1] + side), (at[0] + 10, at[1] + side), Pen(0.5, colour, dash))


def _draw_terminal_sign(kind: str, colour: Colour, sheet: Sheet, at: Point) -> None:
    draw_terminal(sheet, at, kind, colour)


def _draw_damper_sign(sheet: Sheet, at: Point) -> None:
    draw_fire_damper(sheet, at, FireDamper("П1", at, Size(300), is_horizontal=True))


def _draw_balancing_sign(sheet: Sheet, at: Point) -> None:
    _draw_duct_sign(SUPPLY_COLOUR, "", sheet, at)
    sheet.line((at[0] - 1.3, at[1] + 1.3), (at[0] + 1.3, at[1] - 1.3), Pen(0.4, SUPPLY_COLOUR))
    sheet.circle(at, 0.5, Pen(0.4, SUPPLY_COLOUR), WHITE)


def _draw_silencer_sign(sheet: Sheet, at: Point) -> None:
    sheet.rect(at[0] - 5, at[1] - 3, 10, 6, Pen(0.5, SUPPLY_COLOUR), WHITE)
    for share in (0.25, 0.5, 0.75):
        sheet.rect(at[0] - 4.2, at[1] - 3.35 + share * 6, 8.4, 0.7, THIN.tinted(SUPPLY_COLOUR), (0.8, 0.8, 0.8))


def _draw_number_sign(sheet: Sheet, at: Point) -> None:
    sheet.rect(at[0] - 5, at[1] - 2.7, 10, 5.4, Pen(0.25), WHITE)
    sheet.text((at[0], at[1] + 1.7), "205", 3.5, align="centre")
