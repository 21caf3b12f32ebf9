"""Reads the fields of the Russian forms where their lines are drawn: GOST R 21.101 forms 3 to 6, GOST 2.104 forms 1,
2, 2а and 2б. Pure.

All forms are 185 mm wide: 65 mm of changes and roles, which end with the column of dates, and 120 mm of fields. The
lower right 50 mm of these hold stage, sheet, sheets (or «Лит.», mass, scale) and the organization below.
"""

import re

import msgspec

from workers.rendering.pieces import TextWord, centre
from workers.rendering.stamp_cells import NEAR_PT, StampCells, said

FIELDS_MM = 120.0
"""The width of the fields to the right of the dates (both standards)."""

ABOVE_MM = 26.0
"""From the lower row of labels up to the form's upper side, at most: 25 mm in form 3."""

BELOW_MM = 41.0
"""From it down to the form's lower side, at most: 40 mm in form 1."""

TITLE_CHARACTERS = 200
CODE_CHARACTERS = 60

_WORD = re.compile(r"[а-яёa-z]{4}")
"""No designation has one."""

_SHEET = re.compile(r"^\d{1,4}(?:[.\-/]\d{1,3}){0,2}[а-яa-z]?$", re.IGNORECASE)
_COUNT = re.compile(r"^\d{1,4}$")
_STAGE = re.compile(r"^[А-ЯA-Z][А-ЯA-Zа-я]{0,2}\d?$")
_SCALE = re.compile(r"^(?:М\s*)?(\d+(?:[.,]\d+)?\s*:\s*\d+(?:[.,]\d+)?)$")


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """The words that name the fields; null for those that are not there."""

    date: TextWord | None
    sheet: TextWord | None
    sheets: TextWord | None
    stage: TextWord | None
    letter: TextWord | None
    mass: TextWord | None
    scale: TextWord | None


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    """`left`, `middle`, `right`: where the fields, the lower right part and the form end; `top`, `bottom`: at most."""

    left: float
    middle: float
    right: float
    top: float
    bottom: float


def read_form(cells: StampCells, labels: Labels, names: frozenset[TextWord]) -> dict[str, str] | None:
    """The fields found, empty ones left out; null where the lines enclose no form. `names`: all words that are labels.

    Keys as of `read_stamp`.
    """
    form = _form(cells, labels)
    if form is None:
        return _following(cells, labels, names)
    found: dict[str, str] = {}
    values = {
        "sheet": (labels.sheet, _SHEET),
        "sheets": (labels.sheets, _COUNT),
        "stage": (labels.stage or labels.letter, _STAGE),
        "scale": (labels.scale, _SCALE),
    }
    for key, (label, pattern) in values.items():
        if label and (value := _value(cells, label, names, pattern)):
            found[key] = value
    return found | _names(cells, labels, form, names)


def _form(cells: StampCells, labels: Labels) -> _Form | None:
    """By the column of dates and the labels of the lower right part."""
    anchor = labels.stage or labels.letter or labels.sheet
    bounding = [word for word in (labels.date, anchor, labels.sheets) if word]
    fields = [field for word in bounding if (field := cells.of(word))]
    if len(fields) < 3:
        return None
    dates, first, last = fields
    left, middle, right = dates[2], first[0], last[2]
    if not left < middle < right:
        return None
    millimetre = (right - left) / FIELDS_MM
    return _Form(
        left=left,
        middle=middle,
        right=right,
        top=first[1] - ABOVE_MM * millimetre,
        bottom=first[1] + BELOW_MM * millimetre,
    )


def _value(cells: StampCells, label: TextWord, names: frozenset[TextWord], pattern: re.Pattern[str]) -> str | None:
    """What stands after the label in its own field, else in the first filled field below."""
    field = cells.of(label)
    if field is None:
        return None
    after = [
        word
        for word in cells.words_in(field)
        if word not in names and (word.box[0] >= label.box[2] - 1 or word.box[1] >= centre(label.box)[1])
    ]
    for text in (said(after), *(cells.text(below) for below in cells.below(field))):
        if match := pattern.match(text):
            return re.sub(r"\s", "", match[match.lastindex or 0])
    return None


def _names(cells: StampCells, labels: Labels, form: _Form, names: frozenset[TextWord]) -> dict[str, str]:
    """Designation, object, title and organization."""
    wide = [cells.text(cell) for cell in cells.between(form.left, form.right, form.top, form.bottom)]
    inner = [cells.text(cell) for cell in cells.between(form.left, form.middle, form.top, form.bottom)]
    own = cells.between(form.middle, form.right, form.top, form.bottom)
    own_texts = [cells.text(cell) for cell in own if not any(word in names for word in cells.words_in(cell))]
    is_building = labels.stage is not None and labels.mass is None
    found = {
        "code": wide[0] if wide and _is_code(wide[0]) else "",
        "object": wide[1] if len(wide) > 1 else "",
        "title": inner[-1] if is_building and inner and inner[-1] else next(iter(inner), ""),
        "organization": next((text for text in reversed(own_texts) if text), ""),
    }
    if is_building and len(inner) > 1 and inner[-1]:
        found["building"] = inner[0]
    return {key: text[:TITLE_CHARACTERS] for key, text in found.items() if any(map(str.isalnum, text))}


def _is_code(text: str) -> bool:
    return len(text) <= CODE_CHARACTERS and any(map(str.isdigit, text)) and not _WORD.search(text)


def _following(cells: StampCells, labels: Labels, names: frozenset[TextWord]) -> dict[str, str] | None:
    """Forms 2а, 2б and 6: the number of the sheet below its label, the designation in the field before it."""
    field = cells.of(labels.sheet) if labels.sheet and labels.sheets is None else None
    dates = cells.of(labels.date) if labels.date else None
    if labels.sheet is None or field is None or dates is None or field[0] < dates[2] + NEAR_PT:
        return None
    found: dict[str, str] = {}
    if sheet := _value(cells, labels.sheet, names, _SHEET):
        found["sheet"] = sheet
    before = cells.between(dates[2], field[0], field[1] - NEAR_PT, field[3] + FIELDS_MM)
    text = cells.text(before[0]) if before else ""
    if any(map(str.isalnum, text)):
        found["code" if _is_code(text) else "title"] = text[:TITLE_CHARACTERS]
    return found
