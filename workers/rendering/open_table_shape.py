"""Whether rows in columns are a table, or a list, a table of contents, text in columns or scattered labels. Pure."""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import mean, median

import msgspec

from workers.rendering.open_columns import Columns
from workers.rendering.text_rows import Run, TextRow

LEAST_ROWS = 3
LEAST_ROWS_OF_PAIRS = 4
"""With two columns only: pairs align by chance more often."""

PROSE_CHARACTERS = 45
"""Per cell on average: two such columns are text."""

SHORT_CHARACTERS = 30
FILLED_SHARE = 0.4
"""Of the rows, so that a column counts; others hold a remark or two."""

GAP_SHARE = 0.6
"""Of the width of all columns: texts further apart have nothing to do with one another."""

PROSE_ROWS = 0.3
"""Of the rows: more of them with one long text are a text beside something."""

LEAST_CHARACTERS = 2.5
"""Per cell on average: shorter ones are the pins of a schematic."""

DENSE_SHARE = 0.5
"""Of the cells of rows with more than one: the labels of a diagram fill fewer."""

RUNNING_CHARACTERS = 25
RUNNING_SHARE = 0.3
"""Of a column's cells that begin in the middle of a sentence."""

VALUES_SHARE = 0.75
"""Of a column's cells that are numbers; beside two such columns running text is long labels."""

MARKED_SHARE = 0.7
MARKED_PAIRS = 0.35
INDEXED_SHARE = 0.3
NUMBERS_SHARE = 0.6
"""Of a column's cells that are the marks of a list, begin with one, end like an index entry, are numbers. Guesses."""

CODE_SHARE = 0.15
"""Of the rows with the signs of a program: a fifth of the sample listing of an assembler, none of a table. A guess."""

ALIGNED_PT = 4.0
ALIGNED_SHARE = 0.6
"""Of columns, and of a column's cells that share an edge. A guess, checked on the sample files."""

NUMBER = re.compile(r"^[(<>≤≥~±+\-–—−$€£₽\s]*\d[\d.,:/×x\s]*[)%°]*[a-zA-Zа-яА-ЯΩμ°/]{0,4}\)?$|^[-–—]+%?$")
_NUMBERED = r"(?:\(?(?:[a-zа-я]|[ivx]{1,4})[.)]|[a-zа-я]{0,3}\d{1,3}[.)]|\d+(?:[.-]\d+)+\.?|[a-zа-я]{1,3}(?:\.\d+)+\.?)"
_MARKER = re.compile(rf"^(?:[•●○▪■□–—*·➢✓\uf0b7-]|{_NUMBERED})$", re.IGNORECASE)
_MARKED = re.compile(rf"^(?:[•●○▪■□*·➢✓\uf0b7]|{_NUMBERED})\s", re.IGNORECASE)
_INDEXED = re.compile(r".*[a-zа-я]{3}.*,\s\d+(?:[-–.]\d+)*(?:,\s\d+(?:[-–.]\d+)*)*$", re.IGNORECASE)
_CODE = re.compile(r"(?:^|\s)//|/\*|\*/|^#(?:include|define)\b|[^=!<>]==[^=]|\)\s*\{$|^\}$")
_LEADERS = re.compile(r"(?:\.\s?){4,}|…{2,}|_{5,}")
_PAGE = re.compile(r"^\d{1,4}$")


class _Column(msgspec.Struct, frozen=True):
    runs: list[Run]

    @property
    def characters(self) -> float:
        return mean(len(run.text) for run in self.runs) if self.runs else 0.0

    def share(self, pattern: re.Pattern[str]) -> float:
        return sum(bool(pattern.match(run.text)) for run in self.runs) / len(self.runs) if self.runs else 0.0

    def is_running(self) -> bool:
        """Whether it is text that runs on from row to row."""
        lower = sum(run.text[:1].islower() for run in self.runs)
        return self.characters >= RUNNING_CHARACTERS and lower >= RUNNING_SHARE * len(self.runs)

    def is_aligned(self) -> bool:
        if len(self.runs) < 2:
            return True
        lefts, rights = [run.box[0] for run in self.runs], [run.box[2] for run in self.runs]
        middles = [(left + right) / 2 for left, right in zip(lefts, rights, strict=True)]
        return any(_gather(positions) for positions in (lefts, rights, middles))


def is_open_table(rows: Sequence[TextRow], columns: Columns) -> bool:
    full = [row for row in rows if len(columns.filled(row)) > 1]
    if len(full) < (LEAST_ROWS if columns.count > 2 else LEAST_ROWS_OF_PAIRS):
        return False
    prose = sum(len(row.runs) == 1 and len(row.text) > PROSE_CHARACTERS for row in rows)
    if columns.gap > GAP_SHARE or _is_contents(full) or prose > PROSE_ROWS * len(rows):
        return False
    if mean(len(run.text) for row in full for run in row.runs) < LEAST_CHARACTERS:
        return False
    by_column: list[list[Run]] = [[] for _ in range(columns.count)]
    for row in full:
        for run in row.runs:
            first, last = columns.of(run)
            if first == last:
                by_column[first].append(run)
    parts = [_Column(runs) for runs in by_column if len(runs) >= FILLED_SHARE * len(full)]
    if sum(map(len, by_column)) < DENSE_SHARE * len(full) * columns.count:
        return False
    if sum(part.is_aligned() for part in parts) < ALIGNED_SHARE * len(parts):
        return False
    values = sum(part.share(NUMBER) >= VALUES_SHARE for part in parts)
    if values < 2 and any(map(_Column.is_running, parts)):
        return False
    texts = [part for part in parts if part.share(_MARKER) < MARKED_SHARE]
    return _is_table_of(texts, is_list=len(texts) < len(parts))


def is_program(rows: Sequence[TextRow]) -> bool:
    """Whether the rows are the listing of a program: its columns are no table's."""
    return sum(bool(_CODE.search(row.text)) for row in rows) >= CODE_SHARE * len(rows)


def _is_table_of(parts: list[_Column], *, is_list: bool) -> bool:
    """`is_list`: one of the columns had nothing but the numbers or bullets of a list."""
    if len(parts) < 2:
        return False
    if sum(part.characters > PROSE_CHARACTERS for part in parts) > 1:
        return False
    if sum(part.share(_INDEXED) >= INDEXED_SHARE for part in parts) > 1:
        return False
    if max(part.share(NUMBER) for part in parts) >= NUMBERS_SHARE:
        return True
    if (is_list and len(parts) < 4) or any(part.share(_MARKED) >= MARKED_PAIRS for part in parts):
        return False
    if len(parts) > 2:
        return sum(part.characters <= SHORT_CHARACTERS for part in parts) >= 2
    return all(part.characters <= SHORT_CHARACTERS and part.is_aligned() for part in parts)


def _is_contents(rows: Sequence[TextRow]) -> bool:
    """Leaders, or page numbers that only grow."""
    if sum(bool(_LEADERS.search(row.text)) for row in rows) >= 0.4 * len(rows):
        return True
    last = [row.runs[-1].text for row in rows]
    pages = [int(text) for text in last if _PAGE.match(text)]
    if len(pages) < 0.8 * len(rows) or len(pages) < 4:
        return False
    growing = sum(after >= before for before, after in pairwise(pages))
    return growing >= 0.9 * (len(pages) - 1) and max(len(row.runs) for row in rows) <= 3 and pages[-1] > pages[0]


def _gather(positions: list[float]) -> bool:
    usual = median(positions)
    return sum(abs(position - usual) <= ALIGNED_PT for position in positions) >= ALIGNED_SHARE * len(positions)
