"""Reads the title block of American and British drawings (ASME Y14.1, sheets of building sets). Pure.

The labels are small words over or before their values: SHEET NO, DWG NO, DRAWING NUMBER, REV, SCALE, TITLE. Sets of
buildings write the number of the sheet large in the corner (A-102) and often without any label.
"""

import re
from collections.abc import Sequence

from domain.documents import Box
from workers.rendering.pieces import TextWord, centre
from workers.rendering.stamp_cells import StampCells, lines_of
from workers.rendering.stamp_labels import Label, field_rows, find_labels
from workers.rendering.stamp_strip import LETTERED_SHEET, large_sheet_number, read_strip

RIGHT_FROM = 0.6
"""Of the page's width; the title block stands in the lower right corner or along the right side."""

WIDEST_PT = 567.0
"""200 mm: on small sheets the title block is this wide."""

LOWER_FROM = 0.55
BELOW = 3.5
BESIDE = 10.0
"""Times the height of a label: how far its value stands. Guesses, checked on the sample sheets."""

TITLE_ROWS = 3
TITLE_CHARACTERS = 200

_SHEET = re.compile(r"^(?:[A-Z]{1,3}[-.]?\d{1,3}(?:\.\d{1,3})?[A-Z]?|\d{1,3}(?:\.\d{1,2})?)$")
_SHEET_OF = re.compile(r"^(\d{1,4})\s*(?:/|of)\s*(\d{1,4})$", re.IGNORECASE)
_CODE = re.compile(r"^(?=.*\d)[0-9A-Z]+(?:[.\-/_][0-9A-Z]+)*$", re.IGNORECASE)
_REVISION = re.compile(r"^(?:[A-Z]|\d{1,2}|[A-Z]\d{1,2})$")
_SCALE = re.compile(
    r"""^(?:\d+(?:\.\d+)?\s?:\s?\d+(?:\.\d+)?|\d+(?:/\d+)?["”]\s*=.*|N\.?T\.?S\.?|NONE|"""
    r"""AS (?:NOTED|SHOWN|INDICATED))$""",
    re.IGNORECASE,
)
_AT_SIZE = re.compile(r"^@\s*A\d\s*")
"""«Scale @ A1»: the size of the sheet for which the scale holds."""

TALLEST = 0.4
"""Of the page's height: what lines enclose higher than this is no field of a title block. A guess."""

MOST_LABELS = 300
"""A title block has some 30; more words that read like labels are cells of tables. A guess."""

LEAST_LABELS = 3
"""Kinds of labels that make a title block; fewer are words of a text."""


def read_english_stamp(words: Sequence[TextWord], drawn: Sequence[Box], page_box: Box) -> dict[str, str]:
    """Keys `code`, `sheet`, `sheets`, `title`, `rev`, `scale`, `object`, `organization`, each only when found.

    `drawn`: what the lines of the page enclose.
    """
    width, height = page_box[2] - page_box[0], page_box[3] - page_box[1]
    left = page_box[2] - max(width * (1 - RIGHT_FROM), WIDEST_PT)
    top = page_box[1] + height * LOWER_FROM
    corner = [word for word in words if word.box[0] > left and word.box[1] > top]
    if not corner:
        return {}
    labels = find_labels(corner)
    labels = labels if len(labels) <= MOST_LABELS else []
    number = large_sheet_number(corner)
    is_block = len({label.words[0].text.lower() for label in labels}) >= LEAST_LABELS and any(
        label.name in ("number", "rev", "scale", "sheet") for label in labels
    )
    if not (number or is_block or any(label.name == "sheet" for label in labels)):
        return {}
    fields = StampCells([cell for cell in drawn if cell[3] - cell[1] < TALLEST * height], words)
    found: dict[str, str] = {}
    named = {word for label in labels for word in label.words}
    values = [word for word in corner if word not in named]
    for label in labels:
        in_field = field_rows(label, labels, fields)
        rows = _rows(label, labels, values) if in_field is None else in_field
        if label.name == "sheet":
            _note_sheet(found, rows)
        elif label.name and (is_block or (number and in_field)):
            _note(found, label, rows)
    if number:
        found.setdefault("sheet", number.text)
        found = read_strip(number, fields, words) | found
    titles = [label for label in labels if label.name == "title"] if is_block else []
    if titles and (office := _office_above(titles[-1], fields)):
        found.setdefault("organization", office)
    return found


def _office_above(title: Label, fields: StampCells) -> str | None:
    """What stands without a label in a field above that of the title, with the same sides."""
    field = fields.of(title.words[0])
    for above in fields.around(field) if field else ():
        words = fields.words_in(above)
        if field and above[1] < field[1] and words and not find_labels(words):
            return " ".join(lines_of(words))[:TITLE_CHARACTERS]
    return None


def _rows(label: Label, labels: Sequence[Label], values: Sequence[TextWord]) -> list[str]:
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


def _note(found: dict[str, str], label: Label, rows: Sequence[str]) -> None:
    first = rows[0] if rows else ""
    if label.name == "title" and any(letter.isalpha() for letter in first):
        found.setdefault("title", " ".join(rows[:TITLE_ROWS])[:TITLE_CHARACTERS])
    elif label.name == "number" and LETTERED_SHEET.match(first):
        found.setdefault("sheet", first)
    elif label.name == "number" and _CODE.match(first) and len(first) > 3:
        found.setdefault("code", first)
    elif label.name == "object" and any(letter.isalpha() for letter in first):
        found.setdefault("object", " ".join(rows)[:TITLE_CHARACTERS])
    elif label.name == "rev" and _REVISION.match(first):
        found.setdefault("rev", first)
    elif label.name == "scale" and _SCALE.match(scale := _AT_SIZE.sub("", first) or "".join(rows[1:2])):
        found.setdefault("scale", scale)
