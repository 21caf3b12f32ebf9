"""Title blocks of drawings as pairs: who drew and checked, scale, mass, sheet, designation, title, material.

A title block is a form (GOST 2.104, GOST R 21.101), no table with headers: some labels have their value to the right,
some below, and the designation, the title and the material have none at all. Pure.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from domain.rules_tables import is_rule, split_row

LEAST_LABELS = 4
"""Of different labels that a title block has; tables share one or two with it. A guess."""

MAX_BELOW = 3
"""Rows between a label and its value below. Of the forms."""

SIGNED = 4
"""Cells behind a role: the name, the signature, the date, and empty ones of merged columns. Of the forms."""

LEAST_CHARS = 5
"""Of a designation or a title; shorter ones are letters and numbers of the form. A guess."""

_ROLES = {
    label: (shown, means)
    for labels, shown, means in (
        (
            "разраб разработал выполнил исполнил",
            "Разработал",
            "выполнил исполнитель автор разработчик кто developed drawn",
        ),
        ("пров проверил", "Проверил", "проверяющий кто checked"),
        ("тконтр", "Т.контр.", "технологический контроль кто"),
        ("нконтр нормконтр нконтроль", "Н.контр.", "нормоконтроль нормоконтролер кто"),
        ("утв утвердил", "Утвердил", "утверждающий кто approved"),
        ("гип", "ГИП", "главный инженер проекта кто chief engineer"),
        ("гап", "ГАП", "главный архитектор проекта кто chief architect"),
        ("начотд", "Нач. отд.", "начальник отдела кто"),
        ("рук", "Руководитель", "кто head"),
        ("согласовал", "Согласовал", "кто"),
    )
    for label in labels.split()
}
_BELOW = {
    label: (shown, means)
    for labels, shown, means in (
        ("масштаб", "Масштаб", "scale чертеж"),
        ("масса", "Масса", "mass weight изделие"),
        ("стадия стад", "Стадия", "stage проект"),
        ("лит", "Лит.", "литера"),
        ("лист", "Лист", "номер листа sheet"),
        ("листов", "Листов", "количество число листов всего sheets"),
    )
    for label in labels.split()
}
_CODE_LABEL = ("Обозначение", "шифр номер документа чертежа основная надпись designation drawing number code")
_MATERIAL_LABEL = ("Материал", "material")
_FIRM_LABEL = ("Организация", "предприятие фирма company organization")
_TITLE_LABEL = ("Наименование", "название заголовок называется изделие основная надпись title name")
_OTHERS = frozenset(("изм", "колуч", "недок", "док", "докум", "подп", "подпись", "дата", "№докум", "№док", "nдок"))
_LABELS = _ROLES.keys() | _BELOW.keys() | _OTHERS
_OWN = _LABELS - _OTHERS - {"лист", "листов"}
"""A register of changes (GOST 2.503) has the other labels too, as headers of a table."""


_NO_LETTER = re.compile(r"[^а-яёa-z№]")
_INSIDE = re.compile(r"(Листов|Лист|Масштаб|Стадия)\s+(\d[\d:.,]*)")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?|\d{2}\.\d{2,4}")
_VALUE = re.compile(r"\d{1,3}:\d{1,5}|\d[\d\s]*(?:[.,]\d+)?(?:\s?(?:кг|г|т))?|[А-ЯA-Z]{1,3}\d?")
"""What stands below a label: a scale, a number, a letter of a stage."""

_CODE = re.compile(r"(?=.*\d)[\dA-ZА-ЯЁ]+(?:[.\-/_][\dA-ZА-ЯЁ]+)+(?:\s?[А-ЯA-Z]{1,3}\d?)?", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_]{2,}")
_STANDARD = re.compile(r"\b(?:ГОСТ|ОСТ|ТУ)\b")
_FIRM = re.compile(
    r"\b(?:ООО|ОАО|АО|ЗАО|ПАО|ИП|(?-i:\w{0,5}(?:ГУ|ГТУ|ГАСУ|НИУ))|университет\w*|институт\w*|кафедра|группа|НИИ)\b|[«\"“]",
    re.IGNORECASE,
)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A label in full words with its value; `quote` are words as they stand in one row, `means` are other words for the
    label."""

    label: str
    value: str
    quote: str
    means: str = ""


def stamp_facts(lines: Sequence[str]) -> list[Fact]:
    """What the title block tells, given the rows of a table; empty for any other table."""
    grid = [split_row(line) for line in lines if not is_rule(line)]
    labels = {_plain(cell) for cells in grid for cell in cells} & _LABELS
    if len(labels) < LEAST_LABELS or not labels & _OTHERS or not labels & _OWN:
        return []
    facts = [*_people(grid), *_below(grid), *_inside(grid), *_unlabelled(grid)]
    return list({(fact.label, fact.value): fact for fact in facts}.values())


def _people(grid: Sequence[Sequence[str]]) -> Iterator[Fact]:
    """Who did what: «Разраб. | Давиденко С.А. | | 21.12.21»."""
    for cells in grid:
        for place, cell in enumerate(cells):
            label = _ROLES.get(_plain(cell))
            name = next(filter(None, cells[place + 1 : place + 3]), "")
            if label is None or not _is_name(name):
                continue
            date = next(filter(_DATE.fullmatch, cells[place + 2 : place + 2 + SIGNED]), "")
            value = f"{name}, {date}" if date else name
            quote = " | ".join([cell, name, date] if date else [cell, name])
            yield Fact(label=label[0], value=value, quote=quote, means=label[1])


def _is_name(text: str) -> bool:
    return _NAME.search(text) is not None and _plain(text) not in _LABELS


def _below(grid: Sequence[Sequence[str]]) -> Iterator[Fact]:
    """Values under their labels: «Масштаб» over «1:5»."""
    for row, cells in enumerate(grid):
        for place, cell in enumerate(cells):
            label = _BELOW.get(_plain(cell))
            if label is None or (_plain(cell) == "лист" and any(_plain(other) == "изм" for other in cells)):
                continue
            column = [lower[place] for lower in grid[row + 1 : row + 1 + MAX_BELOW] if place < len(lower)]
            value = next(filter(None, column), "")
            if _VALUE.fullmatch(value):
                yield Fact(label=label[0], value=value, quote=value, means=label[1])


def _inside(grid: Sequence[Sequence[str]]) -> Iterator[Fact]:
    """«Листов 1» in one cell."""
    for cells in grid:
        for cell in cells:
            if found := _INSIDE.fullmatch(cell):
                label, means = _BELOW[found.group(1).lower()]
                yield Fact(label=label, value=found.group(2), quote=cell, means=means)


def _unlabelled(grid: Sequence[Sequence[str]]) -> Iterator[Fact]:
    """What the form gives a place of its own and no label: all that is neither a label nor in a row of people."""
    for cells in grid:
        people = [place for place, cell in enumerate(cells) if _plain(cell) in _ROLES]
        for place, cell in enumerate(cells):
            is_of_people = any(0 <= place - person <= SIGNED for person in people)
            is_labelled = is_of_people or _INSIDE.fullmatch(cell) is not None or _plain(cell) in _LABELS
            if cell and not is_labelled and (label := _kind_of(cell)):
                yield Fact(label=label[0], value=cell, quote=cell, means=label[1])


def _kind_of(cell: str) -> tuple[str, str] | None:
    if _CODE.fullmatch(cell) and not _DATE.fullmatch(cell) and len(cell) >= LEAST_CHARS:
        return _CODE_LABEL
    if _STANDARD.search(cell):
        return _MATERIAL_LABEL
    if _FIRM.search(cell):
        return _FIRM_LABEL
    return _TITLE_LABEL if len(cell) >= LEAST_CHARS and _NAME.search(cell) else None


def _plain(cell: str) -> str:
    return _NO_LETTER.sub("", cell.lower())
