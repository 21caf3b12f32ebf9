"""Makes the rows of a table from its cells and the words in them. Pure."""

import re
from collections import defaultdict
from itertools import pairwise

import msgspec

from domain.documents import Box
from workers.rendering.cells import SAME_PT, step, steps
from workers.rendering.pieces import TextLine, TextWord, centre

HEADING_ROWS = 3
_VALUE = re.compile(r"^[$(]*[-+±<>~]?\d+[.,]\d+[)%\s]*$|^(?!(?:19|20)\d\d$)\d{3,}$")
"""What no heading says; «1» numbers a column, «2022» names one."""
_NUMBER = re.compile(r"^[$(]*[-+±<>~–—]?\s?\d[\d\s.,]*[)%]*$|^[-–—]+$")

Line = tuple[TextWord, ...]
Part = tuple[TextLine, Line]
"""The words of a line that stand in one cell."""


class Row(msgspec.Struct, frozen=True):
    """Per column its lines of words."""

    cells: tuple[tuple[Line, ...], ...]


def make_rows(grid: list[Box], texts: dict[int, list[Part]], *, has_heading: bool = True) -> list[Row]:
    """Cells whose upper sides are level make a row; columns are the left sides of all cells. Empty ones go.

    `texts`: what stands in the cell of this number. What stands apart in a cell over several columns goes to the
    column it stands under. A heading of several rows becomes one, with what stands over several columns in each.
    """
    tops = steps([cell[1] for cell in grid])
    lefts = steps([cell[0] for cell in grid])
    heading = _heading_rows(grid, tops, lefts, texts) if has_heading else 0
    table: dict[int, dict[int, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for number, parts in sorted(texts.items(), key=lambda item: (step(tops, grid[item[0]][1]), item[0])):
        cell = grid[number]
        top = step(tops, cell[1])
        for line in _cell_lines(parts):
            if top < heading:
                for column in _spanned(cell, lefts):
                    table[0][column].append(line)
                continue
            for column, words in _by_column(line, cell, lefts):
                table[top][column].append(words)
    columns = sorted({column for row in table.values() for column in row})
    rows = [Row(tuple(tuple(table[row].get(column, ())) for column in columns)) for row in sorted(table)]
    first = rows[:1] if heading else []
    return first + [part for row in rows[len(first) :] for part in _by_baseline(row)]


def _heading_rows(grid: list[Box], tops: list[float], lefts: list[float], texts: dict[int, list[Part]]) -> int:
    """The rows beside the tallest cell on top, and those below a cell over several columns; 0 where these are no
    heading: one row, too many, or with values."""
    first = [number for number, cell in enumerate(grid) if step(tops, cell[1]) == 0]
    if len(first) < 2:
        return 0
    bottom = max(grid[number][3] for number in first)
    depth = sum(top < bottom - SAME_PT for top in tops)
    if any(1 < len(_spanned(grid[number], lefts)) < len(lefts) and number in texts for number in first):
        depth = max(depth, 2)
    if not 1 < depth <= HEADING_ROWS or depth >= len(tops):
        return 0
    inside = [number for number, cell in enumerate(grid) if step(tops, cell[1]) < depth]
    said = [" ".join(word.text for _, words in texts.get(number, ()) for word in words) for number in inside]
    return 0 if any(_VALUE.match(text) for text in said) else depth


def _spanned(cell: Box, lefts: list[float]) -> range:
    first = step(lefts, cell[0])
    last = max(column for column in range(first, len(lefts)) if column == first or lefts[column] < cell[2] - SAME_PT)
    return range(first, last + 1)


def _by_column(line: Line, cell: Box, lefts: list[float]) -> list[tuple[int, Line]]:
    """The words of a line by the columns that its cell spans, if they stand apart and each under one column."""
    first = step(lefts, cell[0])
    spanned = [column for column in range(first, len(lefts)) if lefts[column] < cell[2] - SAME_PT]
    runs = _runs(line)
    if len(spanned) < 2:
        return [(first, line)]
    edges = [*(lefts[column] for column in spanned[1:]), cell[2]]
    placed: list[tuple[int, Line]] = []
    for run in runs:
        x = (run[0].box[0] + run[-1].box[2]) / 2
        column = spanned[next(number for number, edge in enumerate(edges) if x <= edge or edge == cell[2])]
        right = edges[spanned.index(column)]
        if run[0].box[0] < lefts[column] - SAME_PT or run[-1].box[2] > right + SAME_PT:
            return [(first, line)]
        placed.append((column, run))
    if len({column for column, _ in placed}) < len(placed):
        return [(first, line)]
    return placed


def _runs(line: Line) -> list[Line]:
    """The words in groups that stand apart by more than a letter and a half."""
    runs: list[list[TextWord]] = []
    for word in line:
        height = word.box[3] - word.box[1]
        if runs and word.box[0] - runs[-1][-1].box[2] <= 1.5 * height:
            runs[-1].append(word)
            continue
        runs.append([word])
    return [tuple(run) for run in runs]


def _cell_lines(parts: list[Part]) -> tuple[tuple[TextWord, ...], ...]:
    """The lines of a cell from top to bottom; lines of one height are one, from left to right."""
    level = sorted((words for line, words in parts if line.is_level), key=lambda words: centre(words[0].box)[1])
    merged: list[list[TextWord]] = []
    for words in level:
        middle = centre(words[0].box)[1]
        if merged and middle - centre(merged[-1][0].box)[1] < (words[0].box[3] - words[0].box[1]) / 2:
            merged[-1].extend(words)
            continue
        merged.append(list(words))
    lines = [tuple(sorted(words, key=lambda word: word.box[0])) for words in merged]
    return (*lines, *(words for line, words in parts if not line.is_level))


def _by_baseline(row: Row) -> list[Row]:
    """Rows that are not ruled one by one: three and more lines side by side in several columns are rows themselves."""
    filled = [cell for cell in row.cells if cell]
    heights = [tuple(round(centre(line[0].box)[1] / SAME_PT) for line in cell) for cell in filled]
    longest = max(heights, key=len, default=())
    if len(longest) < 3 or len(filled) < 2:
        return [row]
    like_it = [height for height in heights if len(height) > 1 and set(height) <= _near(longest)]
    if len(like_it) < 2 or len(like_it) < len(filled) / 2:
        return [row]
    if not any(map(_are_values, filled)) and sum(map(_is_wrapped, filled)) > len(filled) / 4:
        return [row]
    lines_at: dict[int, dict[int, tuple[TextWord, ...]]] = defaultdict(dict)
    for column, cell in enumerate(row.cells):
        for line in cell:
            height = round(centre(line[0].box)[1] / SAME_PT)
            nearest = min(longest, key=lambda known: abs(known - height))
            lines_at[nearest][column] = (*lines_at[nearest].get(column, ()), *line)
    columns = range(len(row.cells))
    return [
        Row(tuple((at[column],) if column in at else () for column in columns)) for _, at in sorted(lines_at.items())
    ]


def _are_values(cell: tuple[Line, ...]) -> bool:
    """Whether each of several lines is a number."""
    return len(cell) > 1 and all(_NUMBER.match(" ".join(word.text for word in line)) for line in cell)


def _is_wrapped(cell: tuple[Line, ...]) -> bool:
    """Whether it is one text: a word parted by a hyphen, or most lines go on in small letters."""
    texts = [" ".join(word.text for word in line) for line in cell]
    if any(text[-1:] == "-" and text[-2:-1].islower() and after[:1].islower() for text, after in pairwise(texts)):
        return True
    return len(texts) > 1 and sum(text[:1].islower() for text in texts[1:]) >= len(texts) / 2


def _near(heights: tuple[int, ...]) -> set[int]:
    return {height + step for height in heights for step in (-1, 0, 1)}


def markdown(row: Row) -> str:
    texts = (" ".join(word.text for line in cell for word in line) for cell in row.cells)
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"
