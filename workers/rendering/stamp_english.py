"""Reads the title block of American and British drawings (ASME Y14.1, sheets of building sets). Pure.

The labels are small words over or before their values: SHEET NO, DWG NO, DRAWING NUMBER, REV, SCALE, TITLE. Sets of
buildings write the number of the sheet large in the corner (A-102) and often without any label.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from domain.documents import Box
from workers.rendering.pieces import TextWord, around, centre

RIGHT_FROM = 0.6
"""Of the page's width; the title block stands in the lower right corner or along the right side."""

LOWER_FROM = 0.55
BELOW = 3.5
BESIDE = 10.0
"""Times the height of a label: how far its value stands. Guesses, checked on the sample sheets."""

TITLE_ROWS = 3
TITLE_CHARACTERS = 200

_SHEET = re.compile(r"^(?:[A-Z]{1,3}[-.]?\d{1,3}(?:\.\d{1,3})?[A-Z]?|\d{1,3}(?:\.\d{1,2})?)$")
_LETTERED_SHEET = re.compile(r"^[A-Z]{1,3}-?\d{1,3}(?:\.\d{1,2})?[A-Z]?$")
_SHEET_OF = re.compile(r"^(\d{1,4})\s*(?:/|of)\s*(\d{1,4})$", re.IGNORECASE)
_CODE = re.compile(r"^(?=.*\d)[0-9A-Z]+(?:[.\-/_][0-9A-Z]+)*$", re.IGNORECASE)
_REVISION = re.compile(r"^(?:[A-Z]|\d{1,2}|[A-Z]\d{1,2})$")
_SCALE = re.compile(
    r"""^(?:\d+(?:\.\d+)?\s?:\s?\d+(?:\.\d+)?|\d+(?:/\d+)?["”]\s*=.*|NTS|N\.T\.S\.|NONE|AS (?:NOTED|SHOWN))$""",
    re.IGNORECASE,
)

_LABELS: dict[tuple[str, ...], str] = {
    ("sheet", "no"): "sheet",
    ("sheet", "number"): "sheet",
    ("sheet", "title"): "title",
    ("sheet", "name"): "title",
    ("drawing", "title"): "title",
    ("drawing", "name"): "title",
    ("drawing", "no"): "number",
    ("drawing", "number"): "number",
    ("dwg", "no"): "number",
    ("dwg", "number"): "number",
    ("drg", "no"): "number",
    ("title",): "title",
    ("sheet",): "sheet",
    ("sht",): "sheet",
    ("rev",): "rev",
    ("revision",): "rev",
    ("scale",): "scale",
    ("project", "title"): "",
    ("project", "name"): "",
    ("project", "no"): "",
    ("project", "number"): "",
    ("building", "number"): "",
    ("issue", "date"): "",
    ("project",): "",
    ("location",): "",
    ("phase",): "",
    ("size",): "",
    ("date",): "",
    ("drawn",): "",
    ("checked",): "",
    ("approved",): "",
    ("weight",): "",
    ("cage",): "",
    ("issue",): "",
}
"""Those with an empty name have values of no use; they bound the values of others."""

_LONGEST_FIRST = sorted(_LABELS.items(), key=lambda item: -len(item[0]))

LEAST_LABELS = 3
"""Kinds of labels that make a title block; fewer are words of a text."""


class _Label(msgspec.Struct, frozen=True):
    name: str
    words: tuple[TextWord, ...]
    box: Box

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


def read_english_stamp(words: Sequence[TextWord], page_box: Box) -> dict[str, str]:
    """Keys `code`, `sheet`, `sheets`, `title`, `rev`, `scale`, each only when found."""
    left = page_box[0] + (page_box[2] - page_box[0]) * RIGHT_FROM
    top = page_box[1] + (page_box[3] - page_box[1]) * LOWER_FROM
    corner = [word for word in words if word.box[0] > left and word.box[1] > top]
    labels = _labels(corner)
    found: dict[str, str] = {}
    values = [word for word in corner if not any(word in label.words for label in labels)]
    is_block = len({label.words[0].text.lower() for label in labels}) >= LEAST_LABELS and any(
        label.name in ("number", "rev", "scale", "sheet") for label in labels
    )
    for label in labels:
        if label.name == "sheet":
            _note_sheet(found, _rows(label, labels, values))
        elif is_block and label.name:
            _note(found, label, _rows(label, labels, values))
    if "sheet" not in found and (large := _large_sheet_number(corner)):
        found["sheet"] = large
    return found


def _labels(words: Sequence[TextWord]) -> list[_Label]:
    """The longest labels first, so that «sheet title» is no «sheet»."""
    by_text: dict[str, list[TextWord]] = defaultdict(list)
    for word in words:
        by_text[_plain(word)].append(word)
    result: list[_Label] = []
    used: set[TextWord] = set()
    for names, name in _LONGEST_FIRST:
        for word in by_text.get(names[0], ()):
            if word in used:
                continue
            group = [word]
            if len(names) == 2:
                group += [after for after in by_text.get(names[1], ()) if _follows(word, after)][:1]
            if len(group) == len(names):
                used.update(group)
                result.append(_Label(name, tuple(group), around(each.box for each in group)))
    return result


def _plain(word: TextWord) -> str:
    return word.text.lower().strip(" .:#")


def _follows(word: TextWord, after: TextWord) -> bool:
    height = word.box[3] - word.box[1]
    level = abs(centre(word.box)[1] - centre(after.box)[1]) < height / 2
    return level and -1 <= after.box[0] - word.box[2] < height


def _rows(label: _Label, labels: Sequence[_Label], values: Sequence[TextWord]) -> list[str]:
    """What stands after the label on its line, or the lines below it, up to the next labels."""
    x0, y0, x1, y1 = label.box
    middle = (y0 + y1) / 2
    right = min(
        (other.box[0] for other in labels if other.box[0] > x1 and abs(other.box[1] - y0) < 2.5 * label.height),
        default=float("inf"),
    )
    after = [
        word
        for word in values
        if x1 - 1 <= word.box[0] < min(right, x1 + BESIDE * label.height)
        and abs(centre(word.box)[1] - middle) < 0.7 * label.height
    ]
    if after:
        return [" ".join(word.text for word in sorted(after, key=lambda word: word.box[0]))]
    bottom = min(
        (other.box[1] for other in labels if other.box[1] > y1 and other.box[0] < right and other.box[2] > x0),
        default=float("inf"),
    )
    below = [
        word
        for word in values
        if x0 - label.height <= word.box[0] < right and y1 - 1 <= word.box[1] and centre(word.box)[1] < bottom
    ]
    return _lines(below, y1 + BELOW * label.height)


def _lines(words: Sequence[TextWord], first_before: float) -> list[str]:
    """The words by lines from top to bottom; the first line begins before this y, the others follow closely."""
    rows: list[list[TextWord]] = []
    for word in sorted(words, key=lambda word: (word.box[1], word.box[0])):
        height = word.box[3] - word.box[1]
        if rows and word.box[1] < rows[-1][0].box[1] + height / 2:
            rows[-1].append(word)
        elif word.box[1] > (rows[-1][0].box[3] + height if rows else first_before):
            break
        else:
            rows.append([word])
    return [" ".join(word.text for word in sorted(row, key=lambda word: word.box[0])) for row in rows]


def _note_sheet(found: dict[str, str], rows: Sequence[str]) -> None:
    for row in rows[:1]:
        if part := _SHEET_OF.match(row):
            found.update(sheet=part[1], sheets=part[2])
        elif _SHEET.match(row.split(" ")[0]):
            found.setdefault("sheet", row.split(" ")[0])


def _note(found: dict[str, str], label: _Label, rows: Sequence[str]) -> None:
    first = rows[0] if rows else ""
    if label.name == "title" and any(letter.isalpha() for letter in first):
        found.setdefault("title", " ".join(rows[:TITLE_ROWS])[:TITLE_CHARACTERS])
    elif label.name == "number" and _LETTERED_SHEET.match(first):
        found.setdefault("sheet", first)
    elif label.name == "number" and _CODE.match(first) and len(first) > 3:
        found.setdefault("code", first)
    elif label.name == "rev" and _REVISION.match(first):
        found.setdefault("rev", first)
    elif label.name == "scale" and _SCALE.match(first):
        found.setdefault("scale", first)


def _large_sheet_number(corner: Sequence[TextWord]) -> str | None:
    """The largest word of the corner, if it alone is so large and looks like a sheet's number."""
    if not corner:
        return None
    heights = sorted((word.box[3] - word.box[1] for word in corner), reverse=True)
    largest = max(corner, key=lambda word: word.box[3] - word.box[1])
    is_alone = len(heights) == 1 or heights[1] <= 0.8 * heights[0]
    return largest.text if is_alone and _LETTERED_SHEET.match(largest.text) else None
