"""The lines of a page as rows of runs: words that stand apart on one height. Pure."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from statistics import median

import msgspec

from domain.documents import Box
from workers.rendering.pieces import Rulings, TextLine, TextWord, around

RUN_GAP = 0.8
"""Times the size of the type: spaces in justified lines of the sample files reach 0.6."""

SAME_ROW = 0.5
"""Of its height a run shares with its row: an index or a footnote sign still does."""

PROSE_CHARACTERS = 30
PROSE_WIDTH = (0.2, 0.55)
"""Of the page: the lines of a text set in two columns."""

PROSE_LINES = 6
"""On each side, so that a page is set in two columns."""

GUTTER_PT = 5.0

DIVIDER_SHARE = 0.75
"""Of the page's height: lines as long stand between the columns of a leaflet, those of a table end with it. A guess,
checked on the sample files."""

MONEY = frozenset(("$", "€", "£", "¥", "₽", "($"))
SIGNS = frozenset("%)")
"""They stand apart from the number that they belong to, before or after it."""


class Run(msgspec.Struct, frozen=True, dict=True):
    words: tuple[TextWord, ...]
    box: Box
    size_pt: float

    @cached_property
    def text(self) -> str:
        return " ".join([word.text for word in self.words])


class TextRow(msgspec.Struct, frozen=True, dict=True):
    """Runs from left to right. `side` numbers the part of the page: 0 is the whole width or the leftmost strip, 1 and 2
    the left and the right column of text, or strips between lines."""

    runs: tuple[Run, ...]
    box: Box
    side: int = 0

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @cached_property
    def text(self) -> str:
        return " ".join([run.text for run in self.runs])


def make_text_rows(lines: Iterable[TextLine], rulings: Rulings, page_box: Box) -> list[TextRow]:
    """From top to bottom, those of one side after the other. Upright lines along the page part it too."""
    level = [line for line in lines if line.is_level]
    runs = list(_runs(level))
    if dividers := _dividers(runs, rulings, page_box):
        strips: dict[int, list[Run]] = defaultdict(list)
        for run in runs:
            strips[bisect_left(dividers, run.box[0])].append(run)
        parts = [(side, row) for side, strip in sorted(strips.items()) for row in _rows(strip)]
        return [TextRow(row, around(run.box for run in row), side) for side, row in parts]
    gutter = _gutter(level, page_box)
    rows = [TextRow(row, around([run.box for run in row])) for row in _rows(runs)]
    if gutter is None:
        return rows
    parted = [part for row in rows for part in _parted(row, gutter)]
    return sorted(parted, key=lambda row: (row.side, row.box[1]))


def _dividers(runs: Sequence[Run], rulings: Rulings, page_box: Box) -> list[float]:
    """The x of upright lines along the page that no text crosses and that have text on both sides."""
    long = DIVIDER_SHARE * (page_box[3] - page_box[1])
    return [
        ruling.at
        for ruling in rulings.upright
        if ruling.end - ruling.start >= long
        and not any(run.box[0] < ruling.at < run.box[2] for run in runs)
        and any(run.box[2] <= ruling.at for run in runs)
        and any(run.box[0] >= ruling.at for run in runs)
    ]


def _runs(lines: Iterable[TextLine]) -> Iterator[Run]:
    for line in lines:
        limit = RUN_GAP * line.size_pt
        start = 0
        for number, (word, after) in enumerate(pairwise(line.words), start=1):
            if after.box[0] - word.box[2] > limit or after.text in MONEY:
                yield _run(line.words[start:number], line.size_pt)
                start = number
        yield _run(line.words[start:], line.size_pt)


def _run(words: tuple[TextWord, ...], size_pt: float) -> Run:
    return Run(words, around([word.box for word in words]), size_pt)


def _rows(runs: Iterable[Run]) -> list[tuple[Run, ...]]:
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: run.box[1] + run.box[3]):
        for row in rows[:-4:-1]:
            if _shares_height(row[0].box, run.box):
                row.append(run)
                break
        else:
            rows.append([run])
    return [_joined(sorted(row, key=lambda run: run.box[0])) if len(row) > 1 else tuple(row) for row in rows]


def _shares_height(row: Box, run: Box) -> bool:
    _, row_y0, _, row_y1 = row
    _, run_y0, _, run_y1 = run
    shared = (run_y1 if run_y1 < row_y1 else row_y1) - (run_y0 if run_y0 > row_y0 else row_y0)
    return shared >= SAME_ROW * min(row_y1 - row_y0, run_y1 - run_y0)


def _joined(row: list[Run]) -> tuple[Run, ...]:
    """Runs that do not stand apart made one, and signs of money, per cent and brackets joined to their numbers."""
    result: list[Run] = []
    for run in row:
        last = result[-1] if result else None
        near = last and run.box[0] - last.box[2] <= RUN_GAP * run.size_pt and run.words[0].text not in MONEY
        if last and (near or _belongs(last, run)):
            words = last.words + run.words
            result[-1] = Run(words, around((last.box, run.box)), max(last.size_pt, run.size_pt))
            continue
        result.append(run)
    return tuple(result)


def _belongs(left: Run, right: Run) -> bool:
    if left.text in MONEY:
        return right.text[:1].isdigit() or right.text[:1] in "(—–-."
    return bool(right.text) and set(right.text) <= SIGNS and right.box[0] - left.box[2] < 2 * right.size_pt


def _gutter(lines: list[TextLine], page_box: Box) -> float | None:
    """The x between two columns of text."""
    width = page_box[2] - page_box[0]
    middle = (page_box[0] + page_box[2]) / 2
    prose = [
        line.box
        for line in lines
        if PROSE_WIDTH[0] * width <= line.box[2] - line.box[0] <= PROSE_WIDTH[1] * width
        and len(line.text) >= PROSE_CHARACTERS
    ]
    left = [box for box in prose if box[0] < middle and box[2] < middle + width / 10]
    right = [box for box in prose if box[0] > middle - width / 10 and box[2] > middle]
    if min(len(left), len(right)) < PROSE_LINES:
        return None
    end, start = median(box[2] for box in left), median(box[0] for box in right)
    return (end + start) / 2 if start - end >= GUTTER_PT else None


def _parted(row: TextRow, gutter: float) -> list[TextRow]:
    """A row with a line of prose beside the gutter is two."""
    left = tuple(run for run in row.runs if run.box[2] <= gutter)
    right = tuple(run for run in row.runs if run.box[0] >= gutter)
    if len(left) + len(right) < len(row.runs):
        return [row]
    if left and right and not any(len(run.text) >= PROSE_CHARACTERS for run in row.runs):
        return [row]
    sides = ((1, left), (2, right))
    return [TextRow(runs, around(run.box for run in runs), side) for side, runs in sides if runs]
