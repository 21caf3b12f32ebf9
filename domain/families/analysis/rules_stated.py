"""Areas and lengths that a sheet states itself: in a room's label, in a table's row. They go before measured ones.

Pure. Values are in millimetres and square millimetres.
"""

import re
from collections.abc import Sequence

import msgspec

from domain.documents import Block, Box, Word, lines_of
from domain.families.analysis.rules_measure_wanted import Measure
from domain.families.analysis.rules_schedules import has_all
from domain.families.analysis.rules_spots import stems
from domain.grounding.rules_text import fold_word
from domain.rules_tables import is_row, table_rows

M2, FT2 = 1_000_000.0, 304.8**2
_AREA_UNITS = (
    (re.compile(r"м²|м2|кв\.?\s*м|m²|m2|sq\.?\s*m\b", re.IGNORECASE), M2),
    (re.compile(r"ft²|ft2|sq\.?\s*ft|\bs\.?f\.?\b|кв\.?\s*фут", re.IGNORECASE), FT2),
)
_LENGTH_UNITS = (
    (re.compile(r"\bмм\b|\bmm\b", re.IGNORECASE), 1.0),
    (re.compile(r"\bсм\b(?!\.)|\bcm\b", re.IGNORECASE), 10.0),
    (re.compile(r"\bм\b|\bm\b|метр|meter|metre", re.IGNORECASE), 1000.0),
    (re.compile(r"\bft\b|feet|фут", re.IGNORECASE), 304.8),
)
_NUMBER = r"\d{1,3}(?:[ \u00a0]\d{3}){1,3}(?:[.,]\d{1,3})?|\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,3})?|\d+(?:[.,]\d{1,3})?"
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_WITH_UNIT = re.compile(
    rf"(?<![\w.,])({_NUMBER})\s*(м²|м2|кв\.?\s*м|m²|m2|sq\.?\s*m\b|ft²|ft2|sq\.?\s*ft|s\.?f\b)", re.IGNORECASE
)
_LENGTH_WITH_UNIT = re.compile(
    rf"(?:\b[lL]\s*=\s*|длин\w+\s*[=:]?\s*|length\s*[=:]?\s*)({_NUMBER})\s*(мм|mm|см|cm|м\b|m\b|ft\b)", re.IGNORECASE
)
"""A length without a unit may be in millimetres or in metres: it is not told."""

_BARE = re.compile(r"\d{1,4}[.,]\d{1,2}")
"""A room's area in its corner (GOST 21.501: in square metres, two decimals). Levels have three."""

BARE_OFF = 0.5
"""Share by which the area may be off that was measured; more, and the bare number is of something else. A guess."""

_AREA_HEADER = re.compile(r"площад|\barea\b|^\W*s\b", re.IGNORECASE)
_LENGTH_HEADER = re.compile(r"длин|протяж|length|^\W*l\b", re.IGNORECASE)
_COLUMNS = {Measure.AREA: (_AREA_HEADER, _AREA_UNITS), Measure.LENGTH: (_LENGTH_HEADER, _LENGTH_UNITS)}
"""«Площадь» without a unit is in square metres (GOST 21.501); "Area" and lengths without one are not told."""


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """`text` as it stands; `page_no` of a table's row, null where it stands in the label or the contour itself.
    `is_bare`: without a unit, and perhaps something else."""

    value: float
    text: str
    page_no: int | None = None
    box: Box | None = None
    is_bare: bool = False


def may_be_of(stated: Stated, measured: float) -> bool:
    """Whether a stated value can be that of what was measured, in the same unit."""
    return not stated.is_bare or abs(stated.value - measured) <= BARE_OFF * measured


def stated_beside(words: Sequence[Word], measure: Measure) -> Stated | None:
    """Of words in a contour or beside a label; null where none or several different ones are told."""
    told: list[Stated] = []
    bare: list[Stated] = []
    for line in lines_of(words):
        text = " ".join(word.text for word in line)
        box = line[0].box
        if measure is Measure.LENGTH:
            found = _LENGTH_WITH_UNIT.search(text)
            if found is not None:
                value = _value(found.group(1), found.group(2), _LENGTH_UNITS)
                told.append(Stated(value=value, text=found.group().strip(), box=box))
            continue
        told += [
            Stated(value=_value(place.group(1), place.group(2), _AREA_UNITS), text=place.group().strip(), box=box)
            for place in _WITH_UNIT.finditer(text)
        ]
        if _BARE.fullmatch(text.strip()):
            bare.append(Stated(value=_value(text, "м²", _AREA_UNITS), text=text.strip(), box=box, is_bare=True))
    for each in (told, bare):
        if each:
            return each[0] if len({round(one.value, 3) for one in each}) == 1 else None
    return None


def stated_in_tables(
    label: str, blocks: Sequence[Block], measure: Measure, *, is_plain: bool
) -> tuple[Stated | None, bool]:
    """Of the table row that the label names, and whether rows contradict one another (then there is none)."""
    found = [
        stated
        for block in blocks
        for row in table_rows([line for line in block.content.split("\n") if is_row(line)])
        if any(_is_label(cell, label, is_plain=is_plain) for cell in row.cells[:3])
        and (stated := _in_row(row.cells, row.headers, measure, block)) is not None
    ]
    values = {round(stated.value, 3) for stated in found}
    return (found[0] if len(values) == 1 else None), len(values) > 1


def _in_row(cells: Sequence[str], headers: Sequence[str], measure: Measure, block: Block) -> Stated | None:
    if measure not in _COLUMNS:
        return None
    pattern, units = _COLUMNS[measure]
    for cell, header in zip(cells, headers, strict=False):
        number = re.match(rf"\s*({_NUMBER})(?![.,]?\d)", cell)
        if pattern.search(header) and number is not None:
            unit = f"{cell[number.end() :]} {header}"
            if _factor(unit, units) is None and measure is Measure.AREA and _CYRILLIC.search(header):
                unit = "м²"
            if _factor(unit, units) is None:
                return None
            return Stated(value=_value(number.group(1), unit, units), text=cell.strip(), page_no=block.page_no)
    return None


def _is_label(cell: str, label: str, *, is_plain: bool) -> bool:
    if is_plain:
        own = stems(cell)
        return bool(own) and len(own) <= len(label.split()) + 2 and has_all(set(stems(label)), own)
    return fold_word(cell.strip(" .")) == fold_word(label)


def _factor(text: str, units: Sequence[tuple[re.Pattern[str], float]]) -> float | None:
    return next((factor for pattern, factor in units if pattern.search(text)), None)


def _value(number: str, unit: str, units: Sequence[tuple[re.Pattern[str], float]]) -> float:
    """A comma before three digits parts thousands beside an English unit: 1,250 SF, but 1,250 м²."""
    plain = re.sub(r"\s", "", number)
    is_grouped = _THOUSANDS.fullmatch(plain) and (
        _CYRILLIC.search(unit) is None or plain.count(",") > 1 or "." in plain
    )
    return float(plain.replace(",", "" if is_grouped else ".")) * (_factor(unit, units) or 1.0)
