"""Reads title blocks by place and lettering: the number of the sheet is the largest word in the corner, the title and
the project stand in the fields beside it, the office in one with its telephone. Pure.

So building sets of the USA are made: a strip of fields along the right or lower edge, often without any label.
"""

import re
from collections.abc import Iterable, Sequence

from workers.rendering.pieces import TextWord, centre
from workers.rendering.stamp_cells import StampCells, lines_of
from workers.rendering.stamp_labels import find_labels

LETTERED_SHEET = re.compile(r"^[A-Z]{1,3}-?\d{1,3}(?:\.\d{1,2})?[A-Z]?$")

ALONE = 0.8
"""Of the height of the largest word: no other one may be as large."""

LARGE = 0.22
"""Of the height of the number: lettering of the title and the project. 0.3 to 0.6 on the sample sheets."""

PROJECT = 0.5
"""Times the height of the title's lettering: the least of the project's. A guess."""

FREE = 0.3
"""The same without fields around."""

FAR = 2.0
"""Times the height of the number: the widest gap to the lettering beside it. A guess."""

ROWS = 4
"""Lines of lettering beside the number, at most."""

TITLE_CHARACTERS = 120
LETTERS = 3

_VIEWS = re.compile(
    r"\b(?:plans?|elevations?|sections?|details?|schedules?|notes|diagrams?|layout|schematics?|foundation|framing|roof|"
    r"legends?|index|cover|riser|isometrics?|perspectives?|survey|grading|demolition|landscape|profiles?|standards?)\b",
    re.IGNORECASE,
)
"""What titles of sheets are called."""

_ADDRESS = re.compile(
    r"\b(?:[A-Z]{2}\s\d{5}|\d+\s[\w. ]+\b(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|blvd)\b)", re.I
)
_NAMES = ("title", "object", "sheet", "number")
"""Labels of fields with large lettering; those of dates, scales and initials tell that the field is none of them."""

_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}")
_OFFICE = re.compile(
    r"\(?\b\d{3}\)?[-.\s]\s?\d{3}[-.]\d{4}\b|www\.|@\w+\.|\b(?:inc|llc|ltd|architects?|engineers|engineering|associates|"
    r"consult\w+|partners|corporation|co)\b",
    re.IGNORECASE,
)


def large_sheet_number(corner: Sequence[TextWord]) -> TextWord | None:
    """The largest word of the corner, if it alone is so large and looks like a sheet's number."""
    heights = sorted(map(_height, corner), reverse=True)
    largest = max(corner, key=_height)
    is_alone = len(heights) == 1 or heights[1] <= ALONE * heights[0]
    return largest if is_alone and LETTERED_SHEET.match(largest.text) else None


def read_strip(number: TextWord, fields: StampCells, words: Sequence[TextWord]) -> dict[str, str]:
    """Keys `title`, `object`, `organization`, each only when found."""
    field = fields.of(number)
    beside = fields.around(field) if field else []
    if not beside:
        return _beside_free(number, words)
    found: dict[str, str] = {}
    said: list[list[TextWord]] = []
    for group in filter(None, map(fields.words_in, beside)):
        labels = [label for label in find_labels(group) if label.height <= ALONE * _largest(group)]
        named = {word for label in labels for word in label.words}
        rest = [word for word in group if word not in named]
        for label in labels:
            if label.name in ("title", "object") and rest:
                found.setdefault(label.name, _text(rest))
        said += [rest] if rest and all(label.name in _NAMES for label in labels) else []
    offices = [group for group in said if _OFFICE.search(_text(group))]
    names = [group for group in said if group not in offices and _is_name(group, LARGE * _height(number))]
    return _by_lettering(names) | _office(offices) | found


def _by_lettering(names: Sequence[Sequence[TextWord]]) -> dict[str, str]:
    """The first called like a view is the title, else the nearest; beside it stands the project."""
    if not names:
        return {}
    title = next((number for number, group in enumerate(names) if _VIEWS.search(_text(group))), 0)
    least = PROJECT * _largest(names[title])
    nearest = [
        _text(group)
        for number, group in enumerate(names)
        if abs(number - title) == 1 and _largest(group) >= least and not _VIEWS.search(_text(group))
    ]
    if _ADDRESS.search(_text(names[title])):
        return {"object": _text(names[title])}
    return {"title": _text(names[title])} | ({"object": nearest[-1]} if nearest else {})


def _office(offices: Sequence[Sequence[TextWord]]) -> dict[str, str]:
    """The largest line of the furthest field with a telephone number or a company's name."""
    if not offices:
        return {}
    least = ALONE * _largest(offices[-1])
    line = next(iter(lines_of(word for word in offices[-1] if _height(word) >= least)), "")
    return {"organization": line} if sum(map(str.isalpha, line)) >= LETTERS else {}


def _largest(words: Iterable[TextWord]) -> float:
    return max(map(_height, words))


def _height(word: TextWord) -> float:
    return word.box[3] - word.box[1]


def _text(words: Iterable[TextWord]) -> str:
    return " ".join(lines_of(words))


def _is_name(words: Sequence[TextWord], least: float) -> bool:
    """Whether it is lettering of that height, with words and of a name's length."""
    text = _text(words)
    return sum(map(str.isalpha, text)) >= LETTERS and len(text) <= TITLE_CHARACTERS and _largest(words) >= least


def _beside_free(number: TextWord, words: Sequence[TextWord]) -> dict[str, str]:
    """The rows of large lettering that end to the left of the number; of them the one called like a view is the
    title."""
    height = _height(number)
    large = [
        word
        for word in words
        if FREE * height <= _height(word) < height
        and word.box[2] <= number.box[0]
        and number.box[1] - height < centre(word.box)[1] < number.box[3]
    ]
    rows = [row for row in lines_of(_near(large, number.box[0], FAR * height)) if sum(map(str.isalpha, row)) >= LETTERS]
    title = next((row for row in rows if _VIEWS.search(row)), None)
    if title is None or len(rows) > ROWS:
        return {}
    others = " ".join(row for row in rows if row != title and not _DATE.search(row))
    return {"title": title, "object": others} if others else {"title": title}


def _near(words: Sequence[TextWord], end: float, gap: float) -> list[TextWord]:
    """The words that follow one another to the left of this x without a wider gap."""
    near: list[TextWord] = []
    for word in sorted(words, key=lambda word: -word.box[2]):
        if end - word.box[2] > gap:
            break
        near.append(word)
        end = min(end, word.box[0])
    return near
