"""Reads the title block of a drawing: designation, sheet, sheets, stage, title. Pure.

By the labels of the Russian forms (GOST 2.104 and GOST R 21.101: «Лист», «Листов», «Стадия», «Лит.») and by where their
values stand; sheets without them are read by the English labels. A value that is not found is left out: a wrong sheet
number is worse.
"""

import re
from collections.abc import Sequence

from domain.documents import Box
from workers.rendering.pieces import TextLine, TextWord, centre
from workers.rendering.stamp_cells import StampCells
from workers.rendering.stamp_english import read_english_stamp
from workers.rendering.stamp_forms import Labels, read_form

Stamp = dict[str, str]

LOWER_PART = 0.55
"""Of the page's height: title blocks stand below, on A4 sheets of text they may be 55 mm of 297 mm high."""

TALLEST = 0.4
"""Of the page's height: what lines enclose higher than this is no field of a form."""

_SHEET_NUMBER = re.compile(r"^\d{1,4}(?:[.\-/]\d{1,3}){0,2}[а-яa-z]?$", re.IGNORECASE)
_COUNT = re.compile(r"^\d{1,4}$")
_STAGE = re.compile(r"^[А-ЯA-Z]{1,3}\d?$")
_SCALE = re.compile(r"^\d+(?:[.,]\d+)?:\d+(?:[.,]\d+)?$")
_CODE = re.compile(r"^(?=.*\d)[0-9A-ZА-Я]+(?:[.\-/_][0-9A-ZА-Яа-я]+)+$")
_NO_CODE = re.compile(r"^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$|^\d+[.,]\d+$|^ГОСТ|^\d+-\d+-\d+$")
_CODE_TAIL = re.compile(r"^[А-ЯA-Z]{1,3}\d{0,2}$")

_RUSSIAN_LABELS = """лист листов стадия стад лит масса масштаб масшт изм подп подпись дата разраб разработал пров
проверил утв утвердил докум контр нконтр н.контр гип"""
_RUSSIAN = frozenset(_RUSSIAN_LABELS.split())
_BELOW_THE_FORM = ("копировал", "формат")


def read_stamp(lines: Sequence[TextLine], cells: Sequence[Box], page_box: Box) -> Stamp:
    """Keys `code`, `sheet`, `sheets`, `stage`, `title`, `scale`, `rev`, `object`, `building`, `organization`, each only
    when found. `cells`: what the lines of the page enclose."""
    top = page_box[1] + (page_box[3] - page_box[1]) * LOWER_PART
    words = [word for line in lines if line.is_level for word in line.words if centre(word.box)[1] > top]
    labels = [word for word in words if _label(word) in _RUSSIAN]
    if len({_label(word) for word in labels}) >= 3:
        lower = [cell for cell in cells if cell[3] > top and cell[3] - cell[1] < TALLEST * (page_box[3] - page_box[1])]
        return _russian(words, labels, StampCells(lower, words))
    return read_english_stamp([word for line in lines if line.is_level for word in line.words], cells, page_box)


def _russian(words: list[TextWord], labels: list[TextWord], cells: StampCells) -> Stamp:
    count_label = _last(labels, "листов")
    sheet_label = _beside(labels, "лист", count_label) if count_label else _rightmost(labels, "лист")
    building_label, letter_label = _last(labels, "стадия", "стад"), _last(labels, "лит")
    named = Labels(
        date=_last(labels, "дата"),
        sheet=sheet_label,
        sheets=count_label,
        stage=building_label,
        letter=letter_label,
        mass=_level_with(labels, "масса", building_label or letter_label),
        scale=_last(labels, "масштаб", "масшт"),
    )
    if (found := read_form(cells, named, frozenset(labels))) is not None:
        return _with_single(found)
    stage_label = building_label or letter_label
    found = {}
    values = [word for word in words if _label(word) not in _RUSSIAN]
    if sheet_label and (sheet := _value(values, sheet_label, _SHEET_NUMBER, count_label)):
        found["sheet"] = sheet
    if count_label and (sheets := _value(values, count_label, _COUNT, None)):
        found["sheets"] = sheets
    if stage_label and (stage := _value(values, stage_label, _STAGE, sheet_label)):
        found["stage"] = stage
    if (scale_label := named.scale) and (scale := _value(values, scale_label, _SCALE, None)):
        found["scale"] = scale
    if code := _code(values, labels):
        found["code"] = code
    others = [word for word in values if word.text not in found.get("code", "").split()]
    if title := _title(others, labels, stage_label or sheet_label, _last(labels, "стадия", "стад") is not None):
        found["title"] = title
    return _with_single(found)


def _with_single(found: Stamp) -> Stamp:
    """GOST 2.104: the number of a single sheet is left out."""
    return {"sheet": "1"} | found if found.get("sheets") == "1" else found


def _label(word: TextWord) -> str:
    return word.text.lower().strip(" .:,№")


def _last(labels: list[TextWord], *names: str) -> TextWord | None:
    """The lowest, then rightmost label of these names."""
    return max(
        (word for word in labels if _label(word) in names), key=lambda word: (word.box[3], word.box[0]), default=None
    )


def _level_with(labels: list[TextWord], name: str, anchor: TextWord | None) -> TextWord | None:
    """The label of this name on the line of the anchor: a table above the form may have one too."""
    if anchor is None:
        return None
    level = (word for word in labels if abs(centre(word.box)[1] - centre(anchor.box)[1]) < _height(anchor))
    return next((word for word in level if _label(word) == name), None)


def _rightmost(labels: list[TextWord], name: str) -> TextWord | None:
    return max((word for word in labels if _label(word) == name), key=lambda word: word.box[0], default=None)


def _beside(labels: list[TextWord], name: str, anchor: TextWord) -> TextWord | None:
    """The nearest label of this name to the left of the anchor on its line."""
    before = [
        word
        for word in labels
        if _label(word) == name
        and word.box[0] < anchor.box[0]
        and abs(centre(word.box)[1] - centre(anchor.box)[1]) < _height(anchor)
    ]
    return max(before, key=lambda word: word.box[0], default=None)


def _value(words: list[TextWord], label: TextWord, pattern: re.Pattern[str], next_label: TextWord | None) -> str | None:
    """What stands to the right of the label, before the next one, else what stands close below it."""
    limit = next_label.box[0] if next_label and next_label.box[0] > label.box[0] else label.box[2] + 8 * _height(label)
    right = [word for word in words if _is_right_of(word, label) and word.box[0] < limit and pattern.match(word.text)]
    if right:
        return min(right, key=lambda word: word.box[0]).text
    width = label.box[2] - label.box[0]
    below = [
        word
        for word in words
        if label.box[0] - width / 2 <= centre(word.box)[0] <= label.box[2] + width / 2
        and -0.3 * _height(label) <= word.box[1] - label.box[3] <= 3.5 * _height(label)
        and pattern.match(word.text)
    ]
    return min(below, key=lambda word: word.box[1]).text if below else None


def _is_right_of(word: TextWord, label: TextWord) -> bool:
    level = abs(centre(word.box)[1] - centre(label.box)[1]) < 0.7 * _height(label)
    return level and word.box[0] >= label.box[2] - 1


def _height(word: TextWord) -> float:
    return word.box[3] - word.box[1]


def _code(words: list[TextWord], labels: list[TextWord]) -> str | None:
    """The designation: the largest word of its shape to the right of the dates, with «СБ» or «Э3» after it."""
    left = date.box[0] if (date := _last(labels, "дата")) else min(word.box[0] for word in labels)
    candidates = [
        word
        for word in words
        if word.box[0] >= left and len(word.text) >= 5 and _CODE.match(word.text) and not _NO_CODE.match(word.text)
    ]
    if not candidates:
        return None
    best = max(candidates, key=lambda word: (round(_height(word)), word.box[1]))
    tails = [
        word
        for word in words
        if _is_right_of(word, best)
        and word.box[0] - best.box[2] < 1.5 * _height(best)
        and abs(_height(word) - _height(best)) < 1
        and _CODE_TAIL.match(word.text)
    ]
    return " ".join([best.text, *(word.text for word in tails[:1])])


def _title(words: list[TextWord], labels: list[TextWord], right: TextWord | None, is_building: bool) -> str | None:
    """The sheet's name: between the column of dates and that of stage or sheet; in buildings' drawings below them."""
    date = _last(labels, "дата")
    if right is None or date is None or date.box[2] >= right.box[0]:
        return None
    top = right.box[3] + 1.2 * _height(right) if is_building else right.box[1] - 2 * _height(right)
    bottom = min((word.box[1] for word in words if _label(word) in _BELOW_THE_FORM), default=float("inf"))
    inside = [
        word
        for word in words
        if date.box[2] < centre(word.box)[0] < right.box[0] - _height(right) / 2
        and top < word.box[1] < bottom - 1
        and any(letter.isalpha() for letter in word.text)
    ]
    rows: list[list[TextWord]] = []
    for word in sorted(inside, key=lambda word: centre(word.box)[1]):
        if rows and abs(centre(word.box)[1] - centre(rows[-1][0].box)[1]) < _height(word) / 2:
            rows[-1].append(word)
            continue
        rows.append([word])
    text = " ".join(word.text for row in rows for word in sorted(row, key=lambda word: word.box[0]))
    return text[:200] if len(text) > 3 else None
