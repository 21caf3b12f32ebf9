"""The words that name the fields of American and British title blocks. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from domain.documents import Box
from workers.rendering.pieces import TextWord, around, centre, is_within
from workers.rendering.stamp_cells import StampCells, lines_of

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
    ("document", "no"): "number",
    ("document", "number"): "number",
    ("title",): "title",
    ("sheet",): "sheet",
    ("sht",): "sheet",
    ("rev",): "rev",
    ("revision",): "rev",
    ("scale",): "scale",
    ("project", "title"): "object",
    ("project", "name"): "object",
    ("project", "no"): "",
    ("project", "number"): "",
    ("building", "number"): "",
    ("issue", "date"): "",
    ("project",): "object",
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
    ("client",): "",
    ("owner",): "",
    ("status",): "",
    ("job", "no"): "",
    ("job", "number"): "",
    ("file", "name"): "",
    ("consultant",): "",
    ("consultants",): "",
    ("revisions",): "",
    ("description",): "",
    ("drawn", "by"): "",
    ("checked", "by"): "",
    ("approved", "by"): "",
}
"""Those with an empty name have values of no use; they bound the values of others."""

LIKE = 1.25
"""Times the height of a label: larger words that read like one are part of a value."""

SPACE = 0.5
"""Times the height of a word: the widest space between words of one text. A guess."""

OVERLAP_PT = 1.0
"""So far a word may reach into the next one. A guess."""

_FIRST = frozenset(names[0] for names in _LABELS)
_LONGEST_FIRST = sorted(_LABELS.items(), key=lambda item: -len(item[0]))


class Label(msgspec.Struct, frozen=True):
    name: str
    words: tuple[TextWord, ...]
    box: Box

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


def find_labels(words: Sequence[TextWord]) -> list[Label]:
    """The longest labels first, so that «sheet title» is no «sheet». A word in the middle of a text is no label."""
    by_text: dict[str, list[TextWord]] = defaultdict(list)
    for word in words:
        by_text[_plain(word)].append(word)
    ends = _Ends([word for word in words if _plain(word) not in _FIRST])
    result: list[Label] = []
    used: set[TextWord] = set()
    for names, name in _LONGEST_FIRST:
        for word in by_text.get(names[0], ()):
            if word in used or ends.has_before(word):
                continue
            group = [word]
            if len(names) == 2:
                group += [after for after in by_text.get(names[1], ()) if _follows(word, after)][:1]
            if len(group) == len(names):
                used.update(group)
                result.append(Label(name, tuple(group), around(each.box for each in group)))
    return result


class _Ends:
    """Words by where they end: a sheet has thousands of them, and a hostile one as many labels."""

    def __init__(self, words: Sequence[TextWord]) -> None:
        self._words = sorted(words, key=lambda word: word.box[2])
        self._at = [word.box[2] for word in self._words]
        self._reach = SPACE * max((word.box[3] - word.box[1] for word in words), default=0.0)

    def has_before(self, word: TextWord) -> bool:
        """Whether one of them stands right before the word."""
        first = bisect_left(self._at, word.box[0] - self._reach)
        last = bisect_right(self._at, word.box[0] + OVERLAP_PT)
        return any(_follows(before, word, SPACE) for before in self._words[first:last])


def _plain(word: TextWord) -> str:
    return word.text.lower().strip(" .:#")


def _follows(word: TextWord, after: TextWord, gap: float = 1.0) -> bool:
    """`gap`: times the height of the word."""
    height = word.box[3] - word.box[1]
    level = abs(centre(word.box)[1] - centre(after.box)[1]) < height / 2
    return level and -OVERLAP_PT <= after.box[0] - word.box[2] < gap * height


def field_rows(label: Label, labels: Sequence[Label], fields: StampCells) -> list[str] | None:
    """The lines of the value: below or after the label in its field, else in the field to its right or below.

    Null where no lines enclose the label, or others stand with it in its field.
    """
    field = fields.of(label.words[0])
    if field is None:
        return None
    if any(other is not label and _is_in(other, field) and other.height <= LIKE * label.height for other in labels):
        return None
    own = [word for word in fields.words_in(field) if word not in label.words and _is_after(word, label)]
    if own:
        return lines_of(own)
    for other in (*fields.right_of(field), *fields.below(field)):
        inside = fields.words_in(other)
        if inside and not any(_is_in(each, other) for each in labels):
            return lines_of(inside)
    return []


def _is_in(label: Label, field: Box) -> bool:
    return is_within(centre(label.words[0].box), field)


def _is_after(word: TextWord, label: Label) -> bool:
    return word.box[0] >= label.box[2] - 1 or centre(word.box)[1] > label.box[3]
