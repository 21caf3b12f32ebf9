"""Finds tables that no lines enclose: rows of short texts whose columns stand one below the other. Pure.

Financial statements, parameters of datasheets, register maps, parts lists. Careful: text in columns, lists, tables of
contents and the labels of a drawing stand in columns too.
"""

from bisect import bisect_left, bisect_right
from itertools import pairwise

from domain.documents import Box
from workers.rendering.open_columns import Columns, find_columns
from workers.rendering.open_table_rows import make_open_rows
from workers.rendering.open_table_shape import is_open_table, is_program
from workers.rendering.pieces import Piece, Ruling, Rulings, TextLine, TextWord, Vectors, around, centred_in
from workers.rendering.table_pieces import table_pieces
from workers.rendering.tables import without_words
from workers.rendering.text_rows import TextRow, make_text_rows

ROWS_APART = 2.2
"""Times the height of a row: the widest gap inside of a table. A guess, checked on the sample reports."""

SINGLE_ROWS = 2
"""With one text only that may stand between two rows: headings of parts, wrapped labels."""

LEAST_ROWS = 3
SPLIT_ROWS = 6
"""Fewer rows are not looked through for two tables."""

MARKS_PER_WORD = 4
MARKS = 40
"""Of any kind: shaded fields, dotted leaders and underlined sums. A guess."""

HEADING_ROWS = 2
"""With one text above the columns: «Three months ended»."""

LONG_LINE = 0.5
"""Of the table's height: the least that a line between two columns has."""

ROWS_PER_SHORT_LINE = 6
"""Narrow coloured fields between the cells of reports come as short upright lines; in diagrams there are many more."""

CROSSED_SHARE = 0.15
"""Of the words that upright lines run through, as in diagrams. A guess."""

FOREIGN_MARKS = 4
"""Slanted or curved paths that a table may have in its area: logos, checks."""


def find_open_tables(
    lines: list[TextLine], rulings: Rulings, vectors: Vectors, page_box: Box
) -> tuple[list[Piece], list[TextLine]]:
    """The tables, and the lines without their words."""
    pieces: list[Piece] = []
    taken: set[TextWord] = set()
    for rows in _sequences(make_text_rows(lines, rulings, page_box)):
        for part, columns in _tables(rows):
            box = around(row.box for row in part)
            words = [word for row in part for run in row.runs for word in run.words]
            if _is_drawn(box, len(part), words, rulings, vectors):
                continue
            pieces.extend(table_pieces(make_open_rows(part, columns, rulings), box))
            taken.update(words)
    return pieces, without_words(lines, taken) if taken else lines


def _is_drawn(box: Box, rows: int, words: list[TextWord], rulings: Rulings, vectors: Vectors) -> bool:
    """Whether the area has what drawings have: short upright lines, slanted and curved ones, many lines."""
    x0, y0, x1, y1 = box
    upright = [ruling for ruling in rulings.upright if x0 < ruling.at < x1 and ruling.start < y1 and ruling.end > y0]
    if sum(ruling.end - ruling.start < LONG_LINE * (y1 - y0) for ruling in upright) > max(
        1, rows // ROWS_PER_SHORT_LINE
    ):
        return True
    positions = [ruling.at for ruling in upright]
    if sum(_is_crossed(word.box, upright, positions) for word in words) > CROSSED_SHARE * len(words):
        return True
    inside = centred_in(vectors.boxes, box)
    slanted = inside & vectors.is_stroked & ~vectors.is_straight
    return int(slanted.sum()) > FOREIGN_MARKS or int(inside.sum()) > MARKS_PER_WORD * len(words) + MARKS


def _is_crossed(word: Box, upright: list[Ruling], positions: list[float]) -> bool:
    """`upright` and their positions are sorted."""
    x0, y0, x1, y1 = word
    between = upright[bisect_right(positions, x0 + 1) : bisect_left(positions, x1 - 1)]
    return any(line.start < y0 and line.end > y1 for line in between)


def _sequences(rows: list[TextRow]) -> list[list[TextRow]]:
    """Rows that follow one another closely, nearly all of them of several runs."""
    found: list[list[TextRow]] = []
    waiting: list[TextRow] = []
    open_ = False
    for number, row in enumerate(rows):
        before = rows[number - 1] if number else None
        near = before is not None and before.side == row.side and _gap(before, row) <= ROWS_APART * row.height
        if not near:
            open_, waiting = False, []
        if len(row.runs) < 2:
            waiting.append(row)
            if len(waiting) > SINGLE_ROWS:
                open_ = False
            continue
        if open_:
            found[-1].extend((*waiting, row))
        else:
            found.append([*waiting[-HEADING_ROWS:], row])
            open_ = True
        waiting = []
    return [rows for rows in found if sum(len(row.runs) > 1 for row in rows) >= LEAST_ROWS]


def _gap(upper: TextRow, lower: TextRow) -> float:
    return lower.box[1] - upper.box[3]


def _tables(rows: list[TextRow]) -> list[tuple[list[TextRow], Columns]]:
    """The rows as one table, or as several where that fits better, or as none."""
    rows = _without_prose_above(rows)
    columns = find_columns(rows)
    if columns is not None and columns.is_fitting(rows) and is_open_table(rows, columns):
        return [] if is_program(rows) else [(rows, columns)]
    if len(rows) < SPLIT_ROWS:
        return []
    gaps = [_gap(upper, lower) for upper, lower in pairwise(rows)]
    longest = [len(row.runs) == 1 and len(row.text) > 40 for row in rows[1:]]
    where = max(range(len(gaps)), key=lambda number: (longest[number], round(gaps[number]), -number)) + 1
    return [table for part in (rows[:where], rows[where:]) if len(part) >= LEAST_ROWS for table in _tables(part)]


def _without_prose_above(rows: list[TextRow]) -> list[TextRow]:
    """Single texts on top that begin where the table begins are no heading of columns."""
    start = next((number for number, row in enumerate(rows) if len(row.runs) > 1), 0)
    left, right = min(row.box[0] for row in rows[start:]), max(row.box[2] for row in rows[start:])
    kept = [row for row in rows[:start] if row.box[0] > left + 2 * row.height and row.box[2] < right + row.height]
    return [*kept, *rows[start:]]
