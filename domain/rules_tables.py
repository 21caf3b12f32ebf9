"""Markdown tables as documents have them: titles above, headers of two rows, section rows, numbered columns."""

import re
from collections.abc import Sequence

import msgspec

_RULE = re.compile(r"\|?:?-{2,}:?(?:\|:?-{2,}:?)*\|?")
_CELL_END = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_MARKS = re.compile(r"\*\*|__|`|</?[a-z]+>")
_NUMBER = re.compile(r"(?!(?:19|20)\d\d$)[+\-−–]?\d[\d\s.,]*%?")
_VALUE = re.compile(
    r"(?:(?:не )?(?:макс|мин|приблиз|около|менее|более|от|до|max|min|approx|about|up to)\b\.?\s*)?"
    r"(?!(?:19|20)\d\d\b)[+\-−–±≤≥<>~]?\s?\d",
    re.IGNORECASE,
)
"""What a value begins like, unless it is a year, which heads columns."""

MAX_HEADER_CHARS = 120
"""A header is short; what is longer is text of a row. A guess."""

_MARK = re.compile(r"[^\W\d_]{1,5}-?\d{1,3}[^\W\d_]?")

LEAST_GAPS = 2
"""The corner of a matrix is empty, too. A guess."""

_LETTER = re.compile(r"[^\W\d_]")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table's body. `headers` has one text per cell, "" where there is none; `section` is the text of the
    last row that had one filled cell; `line` counts the lines of the block from 0."""

    cells: tuple[str, ...]
    headers: tuple[str, ...]
    title: str = ""
    section: str = ""
    line: int = 0

    @property
    def text(self) -> str:
        return " | ".join(cell for cell in self.cells if cell)


def is_rule(line: str) -> bool:
    """Whether a line is the one between a table's headers and its body: |---|:-:|."""
    return "-" in line and _RULE.fullmatch("".join(line.split())) is not None


def is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


def header_of(lines: Sequence[str]) -> tuple[str, ...]:
    """The headers of a table, one per column; empty when it has none."""
    if not any(is_rule(line) for line in lines):
        return ()
    return _head([split_row(line) for line in lines if not is_rule(line)])[1]


def table_rows(lines: Sequence[str], first_line: int = 0) -> list[Row]:
    """The rows of one table, given its lines (all of which begin with |), the first being line `first_line`.

    Titles, headers and sections are given as rows too, so that their words can be quoted; they have no headers.
    """
    grid = [(first_line + number, split_row(line)) for number, line in enumerate(lines) if not is_rule(line)]
    has_rule = any(is_rule(line) for line in lines)
    title, headers, used = _head([cells for _, cells in grid]) if has_rule else ("", (), 0)
    rows = [Row(cells=cells, headers=(), line=line) for line, cells in grid[:used] if any(cells)]
    section = ""
    for line, cells in grid[used:]:
        filled = [cell for cell in cells if cell]
        if len(filled) == 1 and len(cells) > 1 and _LETTER.search(filled[0]):
            section = filled[0]
            rows.append(Row(cells=cells, headers=(), title=title, line=line))
        elif filled and not _is_numbering(cells):
            width = len(cells)
            fitted = (*headers[:width], *("" for _ in range(width - len(headers))))
            rows.append(Row(cells=cells, headers=fitted, title=title, section=section, line=line))
    return rows


def _head(grid: Sequence[tuple[str, ...]]) -> tuple[str, tuple[str, ...], int]:
    """Title, headers, and how many rows they take."""
    title, used = "", 0
    while used < len(grid) - 1 and _filled(grid[used]) <= 1 < len(grid[used]):
        title = " ".join([title, *filter(None, grid[used])]).strip()
        used += 1
    if used >= len(grid) or _is_data(grid[used]) or _are_pairs(grid[used:]) or _are_marked(grid[used:]):
        return title, (), used
    headers = _spread(grid[used], grid[used + 1] if used + 1 < len(grid) else ())
    used += 1
    while used < len(grid) and (_is_under_header(grid[used]) or _fills(headers, grid[used])):
        headers = tuple(
            f"{upper} {lower}".strip() if lower and lower != upper else upper
            for upper, lower in zip(headers, _padded(grid[used], len(headers)), strict=False)
        )
        used += 1
    return title, headers, used


def _is_data(cells: tuple[str, ...]) -> bool:
    """A table that goes on from the page before has data where its header should be."""
    filled = [cell for cell in cells if cell]
    numbers = sum(1 for cell in filled if _NUMBER.fullmatch(cell))
    return (
        any(len(cell) > MAX_HEADER_CHARS for cell in filled)
        or bool(_NUMBER.fullmatch(cells[0]))
        or (len(filled) > 1 and 2 * numbers > len(filled))
    )


def _are_pairs(grid: Sequence[tuple[str, ...]]) -> bool:
    """A table of two columns without headers, names and their values: «Напряжение | 220 В» over «Масса, кг | 12»."""
    if any(len(cells) != 2 for cells in grid) or not _VALUE.match(grid[0][1]):
        return False
    named = sum(1 for cells in grid if _LETTER.search(cells[0]) and not any(letter.isdigit() for letter in cells[0]))
    return 2 * named > len(grid)


def _are_marked(grid: Sequence[tuple[str, ...]]) -> bool:
    """A list whose headers stand elsewhere: its first row begins with a mark, «CPT-1», as the rows below do."""
    marked = [_MARK.fullmatch(cells[0]) is not None for cells in grid if _filled(cells) > 1]
    return len(marked) > 2 and marked[0] and 2 * sum(marked) > len(marked)


def _spread(headers: tuple[str, ...], below: tuple[str, ...]) -> tuple[str, ...]:
    """A header over several columns stands in its first one; with a second header row it counts for all of them."""
    if not _is_under_header(below):
        return headers
    headers = _shifted(headers, below)
    spread: list[str] = []
    for place, header in enumerate(headers):
        under = below[place] if place < len(below) else ""
        spread.append(header or (spread[-1] if spread and under else ""))
    return tuple(spread)


def _shifted(headers: tuple[str, ...], below: tuple[str, ...]) -> tuple[str, ...]:
    """Headers whose spanning one lost its width, so that those behind it stand too far left and the last are empty:
    «Поз. | Размер | Низ | » over « | Ширина | Высота | » becomes «Поз. | Размер | Размер | Низ»."""
    first = next(place for place, cell in enumerate(below) if cell)
    run = next((place for place in range(first, len(below)) if not below[place]), len(below)) - first
    empty = len(headers) - len("".join("x" if header else " " for header in headers).rstrip())
    if run < 2 or empty != run - 1 or not all(headers[first : first + run]):
        return headers
    return (*headers[:first], *[headers[first]] * run, *headers[first + 1 : len(headers) - empty])


def _is_under_header(cells: tuple[str, ...]) -> bool:
    """A second row of headers: its first cell is empty, the others hold words without digits."""
    filled = [cell for cell in cells if cell]
    return (
        len(cells) > 2
        and not cells[0]
        and len(filled) >= 2
        and all(_LETTER.search(cell) and not any(letter.isdigit() for letter in cell) for cell in filled)
    )


def _fills(headers: tuple[str, ...], cells: tuple[str, ...]) -> bool:
    """A second row of headers under a first one that has gaps, the first cell among them: the longer headers of a table
    without lines begin above the shorter ones."""
    gaps = [place for place, header in enumerate(headers) if not header]
    is_wordy = all(_LETTER.search(cell) and not any(letter.isdigit() for letter in cell) for cell in cells if cell)
    return (
        len(gaps) >= LEAST_GAPS
        and not headers[0]
        and is_wordy
        and all(place < len(cells) and cells[place] for place in gaps)
    )


def _is_numbering(cells: tuple[str, ...]) -> bool:
    """The row that numbers the columns: 1, 2, 3 …"""
    filled = [cell for cell in cells if cell]
    return len(filled) > 2 and filled == [str(number) for number in range(1, len(filled) + 1)]


def split_row(line: str) -> tuple[str, ...]:
    """The cells of a row, without marks of Markdown; "" for empty ones."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return tuple(_clean(cell) for cell in _CELL_END.split(inner))


def _clean(cell: str) -> str:
    return _MARKS.sub("", _BREAK.sub(" ", cell)).replace("\\|", "|").strip()


def _filled(cells: tuple[str, ...]) -> int:
    return sum(1 for cell in cells if cell)


def _padded(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    return (*cells[:width], *("" for _ in range(width - len(cells))))
