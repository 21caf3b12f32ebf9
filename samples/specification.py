"""24-118-ОВ.С: the specification of equipment, products and materials after ГОСТ 21.110, three A3 sheets.

One row disagrees with the plan on purpose (README.md): the fire damper of П2.
"""

import math
from collections.abc import Sequence

import pymupdf
from ductwork import Size
from floor_ducts import RUNS
from lettering import drawing_lettering
from plan_walls import decimal
from project import SYSTEMS, Ventilation, title_block
from sheet import Sheet
from stamp import FORM_3_HEIGHT, FORM_6_HEIGHT, MARGIN, draw_form_3, draw_form_6, draw_frame
from tables import Column, TableStyle, draw_table, row_height, rule_empty_rows
from takeoff import (
    DuctQuantity,
    balancing_dampers,
    ducts_of,
    fire_dampers_of,
    is_fire_rated,
    perimeter_m,
    surface_m2,
    terminals_of,
)

Row = tuple[str, ...]

COLUMNS = (
    Column("Поз.", 20),
    Column("Наименование и техническая характеристика", 130, "left"),
    Column("Тип, марка, обозначение документа, опросного листа", 60),
    Column("Код оборудования, изделия, материала", 35),
    Column("Завод-изготовитель", 45),
    Column("Ед. изм.", 20),
    Column("Кол.", 20),
    Column("Масса ед., кг", 25),
    Column("Примечание", 40),
)
STYLE = TableStyle(lettering_mm=2.5, row_mm=8, header_mm=15, pitch_mm=4)
SHEET_COUNT = 3

# The deliberate disagreement: the plan has КПУ-1 400×300 in the duct of П2.
DAMPER_ON_PAPER = {("П2", Size(400, 300)): Size(400, 250)}

AIR_MAKER, DAMPER_MAKER, GRILLE_MAKER = "Northvane Air Systems", "ООО «КлапанСтрой»", "ООО «Аэролит-М»"
DUCT_MAKER = "Заготовка по месту"

DEVICES = {
    "ДП-300": ("Диффузор потолочный квадратный 300×300 с камерой статического давления КСД-300", "1,9"),
    "ДП-450": ("Диффузор потолочный квадратный 450×450 с камерой статического давления КСД-450", "3,4"),
    "ДП-600": ("Диффузор потолочный квадратный 600×600 с камерой статического давления КСД-600", "5,2"),
    "РП 300×150": ("Решётка приточная регулируемая 300×150", "0,9"),
    "РВ 200×100": ("Решётка вытяжная нерегулируемая 200×100", "0,5"),
    "РВ 300×150": ("Решётка вытяжная нерегулируемая 300×150", "0,8"),
    "РВ 400×200": ("Решётка вытяжная нерегулируемая 400×200", "1,3"),
    "РВ 500×200": ("Решётка вытяжная нерегулируемая 500×200", "1,6"),
    "РВ 600×300": ("Решётка вытяжная нерегулируемая 600×300", "2,7"),
    "АД-100": ("Клапан вытяжной универсальный (анемостат) Ø100", "0,3"),
}


def draw_specification(document: pymupdf.Document) -> None:
    """Add the three A3 sheets to `document`."""
    rows = specification_rows()
    for number in range(1, SHEET_COUNT + 1):
        sheet = Sheet(document, (420, 297), drawing_lettering())
        draw_frame(sheet, "А3")
        rows = _fill_sheet(sheet, number, rows)
        sheet.finish()
    if rows:
        raise ValueError(f"{len(rows)} rows of the specification do not fit {SHEET_COUNT} sheets")


def specification_rows() -> list[Row]:
    """Rows of nine cells, and group titles of one."""
    rows: list[Row] = []
    for number, system in enumerate(SYSTEMS, 1):
        kind = "приточная" if system.name.startswith("П") else "вытяжная"
        rows.append((f"Система {system.name} ({kind})",))
        items = [*_unit_rows(system), *_device_rows(system.name), *_duct_rows(system.name)]
        rows += [(f"{number}.{index}", *item) for index, item in enumerate(items, 1)]
    rows.append(("Общие изделия и материалы",))
    rows += [(f"6.{index}", *item) for index, item in enumerate(_material_rows(), 1)]
    return rows


def _fill_sheet(sheet: Sheet, number: int, rows: list[Row]) -> list[Row]:
    """Draw the table with as many rows as fit; returns the rows that are left."""
    if number == 1:
        block = title_block("Спецификация оборудования, изделий и~материалов", "1", str(SHEET_COUNT), suffix=".С")
        draw_form_3(sheet, block)
    else:
        draw_form_6(sheet, "24-118-ОВ.С", str(number))
    limit = sheet.height_mm - MARGIN - (FORM_3_HEIGHT if number == 1 else FORM_6_HEIGHT)
    count = _count_fitting(sheet, rows, limit - MARGIN - STYLE.header_mm)
    corner = (20.0, MARGIN)
    bottom = draw_table(sheet, corner, COLUMNS, rows[:count], STYLE)
    rule_empty_rows(sheet, (20.0, bottom), COLUMNS, limit, STYLE)
    return rows[count:]


def _count_fitting(sheet: Sheet, rows: Sequence[Row], room_mm: float) -> int:
    """How many rows fit; a group title never stays alone at the end."""
    count, used = 0, 0.0
    for row in rows:
        used += row_height(sheet, COLUMNS, row, STYLE)
        if used > room_mm:
            break
        count += 1
    return count - 1 if count < len(rows) and len(rows[count - 1]) == 1 else count


def _unit_rows(system: Ventilation) -> list[Row]:
    duty = f"L={system.flow_m3h} м³/ч, P={system.pressure_pa} Па, N={system.power_kw} кВт, n={system.speed_rpm} об/мин"
    if system.name.startswith("П"):
        return _supply_unit_rows(system, duty)
    if system.name == "В21":
        return _machine_rows(system, f"Вентилятор канальный круглый, {duty}", "Ø200", "9,5")
    size, mass = ("600×400", "86") if system.name == "В1" else ("Ø200", "14")
    return _machine_rows(system, f"Вентилятор крышный с выбросом вверх, {duty}", size, mass)


def _supply_unit_rows(system: Ventilation, duty: str) -> list[Row]:
    large = system.name == "П1"
    cooling = f", Qх={decimal(system.cooling_w / 1000)} кВт" if system.cooling_w else ""
    heat = f"Qт={decimal(system.heat_w / 1000)} кВт{cooling}"
    parts = "фильтр G4+F7, нагреватель водяной, охладитель водяной" if large else "фильтр G4, нагреватель водяной"
    outlet, count, mass = ("500×300", "2", "24,0") if large else ("400×300", "1", "19,5")
    text = f"Установка приточная: {parts}, вентилятор; {duty}; {heat}".replace(" кВт", "~кВт")
    sheet_mark = "AHU-1, см. лист данных" if large else ""
    return [
        (text, system.unit, f"{system.unit}-R-25", AIR_MAKER, "компл.", "1", "612" if large else "268", sheet_mark),
        (
            "Узел регулирования водонагревателя с насосом и трёхходовым клапаном",
            "УР-40-6,3" if large else "УР-25-2,5",
            "",
            AIR_MAKER,
            "компл.",
            "1",
            "11,0" if large else "7,5",
            "",
        ),
        (
            "Щит автоматики и управления с комплектом датчиков",
            f"ЩАУ-{system.name}",
            "",
            AIR_MAKER,
            "компл.",
            "1",
            "18",
            "",
        ),
        (
            f"Шумоглушитель пластинчатый {outlet}, l=1000 мм",
            f"ШП {outlet}-1000",
            "",
            GRILLE_MAKER,
            "шт.",
            count,
            mass,
            "",
        ),
    ]


def _machine_rows(system: Ventilation, text: str, size: str, mass: str) -> list[Row]:
    machine = (text, system.unit, f"{system.unit}-25", AIR_MAKER, "шт.", "1", mass, "")
    if system.name == "В21":
        return [machine, (f"Клапан обратный {size}", "КО", "", DAMPER_MAKER, "шт.", "1", "3,1", "")]
    base = f"Стакан монтажный утеплённый с обратным клапаном {size}"
    return [machine, (base, f"СМУ {size}", "", AIR_MAKER, "шт.", "1", "32" if system.name == "В1" else "11", "")]


def _device_rows(system: str) -> list[Row]:
    rows: list[Row] = []
    for true_size, count in fire_dampers_of(system):
        size = DAMPER_ON_PAPER.get((system, true_size), true_size)
        text = f"Клапан противопожарный нормально открытый, EI 60, с электроприводом 230 В, {size.label}"
        mark = f"КПУ-1 {size.label}"
        rows.append((text, mark, f"КПУ1-НО-{_code(size)}", DAMPER_MAKER, "шт.", str(count), _damper_mass(size), ""))
    for kind, count in terminals_of(system):
        text, mass = DEVICES[kind]
        rows.append((text, kind, "", GRILLE_MAKER, "шт.", str(count), mass, ""))
    return rows


def _duct_rows(system: str) -> list[Row]:
    rows: list[Row] = []
    for duct in ducts_of(system):
        if duct.size.height_mm:
            text = f"Воздуховод прямоугольный из оцинкованной стали δ={duct.thickness_mm} мм, {duct.size.label}"
        else:
            text = f"Воздуховод спирально-навивной из оцинкованной стали δ={duct.thickness_mm} мм, {duct.size.label}"
        length = decimal(duct.length_m)
        rows.append(
            (
                text,
                "ГОСТ 14918-2020",
                "",
                DUCT_MAKER,
                "м",
                length,
                _duct_mass(duct),
                "EI 30" if duct.is_fire_rated else "",
            )
        )
    return rows


def _material_rows() -> list[Row]:
    flexible = sum(count for system in ("П1", "П2") for kind, count in terminals_of(system) if kind.startswith("ДП"))
    fittings = surface_m2(RUNS) * 0.25
    protected = surface_m2(run for run in RUNS if is_fire_rated(run)) * 1.1
    return [
        *_balancing_rows(),
        ("Воздуховод гибкий изолированный Ø160…Ø250", "ВГИ", "", GRILLE_MAKER, "м", decimal(flexible * 0.8), "0,8", ""),
        (
            "Фасонные части воздуховодов (отводы, тройники, переходы)",
            "ГОСТ 14918-2020",
            "",
            DUCT_MAKER,
            "м²",
            str(math.ceil(fittings)),
            "",
            "25 % поверхности",
        ),
        (
            "Покрытие огнезащитное EI 30 по минеральной вате 5 мм с клеевым составом",
            "ОВК-5",
            "",
            "ООО «ТермоЩит»",
            "м²",
            str(math.ceil(protected)),
            "",
            "",
        ),
        (
            "Теплоизоляция воздуховодов наружного воздуха, вспененный каучук 19 мм",
            "ТК-19",
            "",
            "ООО «ТермоЩит»",
            "м²",
            "12",
            "",
            "ВШ-1 – П1, П2",
        ),
        ("Решётка переточная дверная 400×100", "ПР 400×100", "", GRILLE_MAKER, "шт.", "4", "0,6", "пом. 211–214"),
        ("Крепление воздуховодов: шпилька М8, профиль, траверса", "ПТ-8", "", DUCT_MAKER, "кг", "185", "", ""),
    ]


def _balancing_rows() -> list[Row]:
    return [
        (
            f"Дроссель-клапан круглый с ручным управлением {size.label}",
            f"ДК {size.label}",
            "",
            DAMPER_MAKER,
            "шт.",
            str(count),
            decimal(size.width_mm / 180),
            "П1, В1",
        )
        for size, count in balancing_dampers()
    ]


def _code(size: Size) -> str:
    return f"{size.width_mm}×{size.height_mm}" if size.height_mm else f"{size.width_mm}"


def _damper_mass(size: Size) -> str:
    """A plausible mass: 6 kg and 38 kg per m² of opening. Invented, like every mass here."""
    return decimal(6 + 38 * size.area_m2)


def _duct_mass(duct: DuctQuantity) -> str:
    """Mass of one metre in kg: perimeter × thickness × 7.85 and 8 % for seams and flanges."""
    return decimal(perimeter_m(duct.size) * float(duct.thickness_mm.replace(",", ".")) * 7.85 * 1.08)
