"""The changes of a page's text."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from domain.documents import Box, union
from domain.revisions.rules_classes import class_of, severity_of
from domain.revisions.rules_cutting import cut_alike, word_by_word
from domain.revisions.rules_lines import in_lines
from domain.revisions.rules_matching import Placed, has_moved, is_near, match_words, placed
from domain.revisions.rules_spans import Span, pair_moved, pair_spans, spans_of
from domain.revisions.rules_transform import Transform
from domain.revisions.types import Change, ChangeClass, ChangeKind, Layer, PageText, Severity

CELL_GAP_HEIGHTS = 1.2
"""A gap wider than this many heights of a word divides the cells of a row. A guess."""

PLACE_CHARS = 60
SAME_SHIFT_PT = 3.0
"""Neighbouring words that moved by the same shift, to this, moved together. A guess."""


def compare_words(a: PageText, b: PageText, transform: Transform) -> list[Change]:
    """What was added, removed, changed and moved, in the reading order of page b (removed ones at the end)."""
    a, b = in_lines(a), in_lines(b)
    words_a, words_b = placed(a, transform), placed(b)
    matched = match_words(words_a, words_b)
    spans_a = spans_of(words_a, matched, a.tables)
    spans_b = spans_of(words_b, set(matched.values()), b.tables)
    spans_a, spans_b = cut_alike(spans_a, spans_b, (words_a, words_b), matched)
    pairs, rest_a, rest_b = pair_spans(spans_a, spans_b, matched)
    moved = pair_moved(rest_a, rest_b)
    gone = {id(one) for one, _ in moved}
    come = {id(other) for _, other in moved}
    changes = [_changed(one, other, a, b) for pair in pairs for one, other in _by_class(*pair, a, b)]
    changes += [_moved(one.words, other.words, a, b) for one, other in moved]
    changes += [_moved(one, other, a, b) for one, other in _moved_runs(words_a, words_b, matched)]
    changes += [_added(span, b) for span in rest_b if id(span) not in come]
    changes += [_removed(span, a) for span in rest_a if id(span) not in gone]
    return changes


def _by_class(one: Span, other: Span, a: PageText, b: PageText) -> list[tuple[Span, Span]]:
    """A changed value beside a changed word is a change of its own: its class and its severity are others."""
    if len(one.words) != len(other.words) or one.block_no in a.tables:
        return [(one, other)]
    kinds = [
        class_of(before.text, after.text, in_table=False) for before, after in zip(one.words, other.words, strict=True)
    ]
    return word_by_word(one, other, kinds)


def _changed(one: Span, other: Span, a: PageText, b: PageText) -> Change:
    # By what it was: marks around a new text may keep it from being read as a cell.
    in_table = one.block_no in a.tables
    change_class = class_of(one.text, other.text, in_table=in_table)
    if one.key == other.key:
        change_class = ChangeClass.COSMETIC
    return Change(
        kind=ChangeKind.CHANGED,
        layer=Layer.TEXT,
        boxes_a=_boxes(one.words, a),
        boxes_b=_boxes(other.words, b),
        before=one.text,
        after=other.text,
        change_class=change_class,
        severity=severity_of(ChangeKind.CHANGED, change_class, one.text, other.text),
        place=_cell(one, other, a, b) if in_table else None,
    )


def _cell(one: Span, other: Span, a: PageText, b: PageText) -> str:
    return cell_place(b, other.words) if other.block_no in b.tables else cell_place(a, one.words)


def _added(span: Span, b: PageText) -> Change:
    in_table = span.block_no in b.tables
    change_class = class_of(None, span.text, in_table=in_table)
    return Change(
        kind=ChangeKind.ADDED,
        layer=Layer.TEXT,
        boxes_b=_boxes(span.words, b),
        after=span.text,
        change_class=change_class,
        severity=severity_of(ChangeKind.ADDED, change_class, None, span.text),
        place=cell_place(b, span.words) if in_table else None,
    )


def _removed(span: Span, a: PageText) -> Change:
    in_table = span.block_no in a.tables
    change_class = class_of(span.text, None, in_table=in_table)
    return Change(
        kind=ChangeKind.REMOVED,
        layer=Layer.TEXT,
        boxes_a=_boxes(span.words, a),
        before=span.text,
        change_class=change_class,
        severity=severity_of(ChangeKind.REMOVED, change_class, span.text, None),
        place=cell_place(a, span.words) if in_table else None,
    )


def _moved(one: Sequence[Placed], other: Sequence[Placed], a: PageText, b: PageText) -> Change:
    text = " ".join(word.text for word in other)
    in_table = one[0].block_no in a.tables and other[0].block_no in b.tables
    change_class = class_of(None, text, in_table=in_table)
    if in_table or (len(other) > 1 and change_class is ChangeClass.NOTE) or _has_flowed(one, other, a, b):
        # Rows and lines that slid on because something was put before them say what they said.
        change_class = ChangeClass.COSMETIC
    return Change(
        kind=ChangeKind.MOVED,
        layer=Layer.TEXT,
        boxes_a=_boxes(one, a),
        boxes_b=_boxes(other, b),
        before=text,
        after=text,
        change_class=change_class,
        severity=Severity.LOW
        if change_class is ChangeClass.COSMETIC
        else severity_of(ChangeKind.MOVED, change_class, text, text),
    )


def _has_flowed(one: Sequence[Placed], other: Sequence[Placed], a: PageText, b: PageText) -> bool:
    """Whether words only gave way to what stands before them in their line or block."""
    return is_near(one[0], other[0]) and all(
        words[0].place > 0 and text.words[words[0].place - 1].block_no == words[0].block_no
        for words, text in ((one, a), (other, b))
    )


def _moved_runs(
    a: Sequence[Placed], b: Sequence[Placed], matched: Mapping[int, int]
) -> list[tuple[list[Placed], list[Placed]]]:
    """Matched words that stand elsewhere, gathered while they follow each other on both pages with one shift."""
    elsewhere = [(a[one], b[other]) for one, other in sorted(matched.items()) if has_moved(a[one], b[other])]
    runs: list[list[tuple[Placed, Placed]]] = [[pair] for pair in elsewhere[:1]]
    for last, pair in pairwise(elsewhere):
        if _moved_together(last, pair):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    return [([one for one, _ in run], [other for _, other in run]) for run in runs]


def _moved_together(last: tuple[Placed, Placed], pair: tuple[Placed, Placed]) -> bool:
    (one, other), (next_one, next_other) = last, pair
    return (
        abs((other.x - one.x) - (next_other.x - next_one.x)) <= SAME_SHIFT_PT
        and abs((other.y - one.y) - (next_other.y - next_one.y)) <= SAME_SHIFT_PT
    ) or (next_one.block_no == one.block_no and next_other.place == other.place + 1)


def cell_place(text: PageText, words: Sequence[Placed]) -> str:
    """The row and the column of a table cell, as its first cell and its header say."""
    block_no, line_no = words[0].block_no, words[0].line_no
    cells = placed(PageText(page=text.page, words=tuple(w for w in text.words if w.block_no == block_no)))
    row = sorted((word for word in cells if word.line_no == line_no), key=lambda word: word.box[0])
    left, right = min(word.box[0] for word in words), max(word.box[2] for word in words)
    first_line = min((word.line_no for word in cells), default=0)
    header = [word for word in cells if word.line_no == first_line and word.box[2] > left and word.box[0] < right]
    parts = (_label(row), " ".join(word.text for word in header)[:PLACE_CHARS])
    return " · ".join(part for part in parts if part)


def _label(row: Sequence[Placed]) -> str:
    """The first cell of a row that is more than a number, up to the gap after it."""
    cells: list[list[str]] = [[]]
    for place, word in enumerate(row):
        if place and word.box[0] - row[place - 1].box[2] > CELL_GAP_HEIGHTS * word.height:
            cells.append([])
        cells[-1].append(word.text)
    said = [" ".join(cell) for cell in cells if cell]
    return next((cell for cell in said if any(letter.isalpha() for letter in cell)), said[0] if said else "")[
        :PLACE_CHARS
    ]


def _boxes(words: Sequence[Placed], text: PageText) -> tuple[Box, ...]:
    """One box for each line of the words, in the unrotated page."""
    lines: dict[tuple[int, int], list[Box]] = {}
    for word in words:
        lines.setdefault((word.block_no, word.line_no), []).append(text.words[word.place].box)
    return tuple(union(boxes) for boxes in lines.values())
