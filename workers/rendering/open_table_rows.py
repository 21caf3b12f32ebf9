"""Makes the rows of a table without lines: heading rows become one, wrapped cells whole. Pure."""

import re
from collections.abc import Sequence

from workers.rendering.open_columns import Columns
from workers.rendering.open_table_shape import NUMBER
from workers.rendering.pieces import Rulings
from workers.rendering.table_rows import Line, Row
from workers.rendering.text_rows import TextRow

HEADING_ROWS = 4
"""At most; more of them without a value are a table of words."""

WRAPPED_GAP = 0.7
"""Times the height of a row: lines of one cell stand no further apart."""

RULED_SHARE = 0.6
"""Of the table's width that a line under its heading covers."""

_YEAR = re.compile(r"^(?:19|20)\d\d\*?$|\b(?:19|20)\d\d$|^Q[1-4]|^\d{1,2}[./]\d{1,2}[./]\d{2,4}$")


def make_open_rows(rows: Sequence[TextRow], columns: Columns, rulings: Rulings) -> list[Row]:
    """The first row is the heading; a text over several columns is repeated in each of them."""
    heading = _heading_rows(rows, columns, rulings)
    cells = [_cells(row, columns, repeat=number < heading) for number, row in enumerate(rows)]
    result = [_joined(cells[:heading])] if heading else []
    for number in range(heading, len(rows)):
        if number > heading and _is_wrapped(rows[number - 1], rows[number], cells[number]):
            result[-1] = _joined([result[-1].cells, cells[number]])
            continue
        result.append(Row(cells[number]))
    return result


_Cells = tuple[tuple[Line, ...], ...]


def _cells(row: TextRow, columns: Columns, *, repeat: bool) -> _Cells:
    cells: list[tuple[Line, ...]] = [()] * columns.count
    for run in row.runs:
        first, last = columns.of(run)
        for column in range(first, (last if repeat else first) + 1):
            cells[column] = _with(cells[column], run.words)
    return tuple(cells)


def _with(cell: tuple[Line, ...], words: Line) -> tuple[Line, ...]:
    return (*cell[:-1], cell[-1] + words) if cell else (words,)


def _joined(rows: Sequence[_Cells]) -> Row:
    return Row(tuple(tuple(line for row in rows for line in row[column]) for column in range(len(rows[0]))))


def _heading_rows(rows: Sequence[TextRow], columns: Columns, rulings: Rulings) -> int:
    """Those before the first value; or those above a line, where one follows soon."""
    count = 0
    for row in rows:
        if count > HEADING_ROWS or any(_is_value(run.text) for run in row.runs if columns.of(run)[0] > 0):
            break
        count += 1
    ruled = _rows_above_line(rows, rulings)
    if count > HEADING_ROWS or count == len(rows):
        return ruled or 1
    return min(count, ruled) if ruled else count


def _is_value(text: str) -> bool:
    return bool(NUMBER.match(text)) and not _YEAR.search(text)


def _rows_above_line(rows: Sequence[TextRow], rulings: Rulings) -> int:
    """How many rows stand above the first level line inside of the table; 0 when none follows soon."""
    left, right = min(row.box[0] for row in rows), max(row.box[2] for row in rows)
    for number in range(1, min(HEADING_ROWS + 1, len(rows))):
        top, bottom = rows[number - 1].box[3] - 1, rows[number].box[1] + 1
        lines = [ruling for ruling in rulings.level if top <= ruling.at <= bottom]
        covered = sum(max(min(line.end, right) - max(line.start, left), 0.0) for line in lines)
        if covered >= RULED_SHARE * (right - left):
            return number
    return 0


def _is_wrapped(before: TextRow, row: TextRow, cells: _Cells) -> bool:
    """A row that continues the cells above: close, without values, and nothing of its own in the first column."""
    if row.box[1] - before.box[3] > WRAPPED_GAP * row.height:
        return False
    filled = [column for column, cell in enumerate(cells) if cell]
    text = row.runs[0].text
    if filled[0] == 0:
        return text[:1].islower() and (len(filled) == 1 or len(before.runs) == 1)
    return len(filled) <= len(cells) / 2 and not any(_is_value(run.text) for run in row.runs)
