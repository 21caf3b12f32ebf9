"""Makes tables of cells and words: a row of the table is one line of Markdown, so that it stays together. Pure.

PyMuPDF's own `find_tables` took 46 s on a real A1 sheet and found nothing (dependencies.md §9).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from domain.documents import Box
from workers.rendering.cells import find_grids, split_where_columns_change, step, steps
from workers.rendering.pieces import Piece, TextLine, TextWord, area, around
from workers.rendering.table_drawn import is_drawn
from workers.rendering.table_pieces import table_pieces
from workers.rendering.table_rows import Part, Row, make_rows

LARGEST_CELL_SHARE = 0.25
"""Of the page: a larger rectangle is the frame or a view, no cell. A guess, checked on the sample sheets."""

_LABELS = """лист листов стадия лит. лит изм. изм подп. н.контр.
sheet dwg rev rev. scale drawn checked approved"""
STAMP_LABELS = frozenset(_LABELS.split())
"""Three of them make a title block."""

LEAST_CELLS_WITH_TEXT = 4
LEAST_TEXT_SHARE = 0.25
"""Of cells: in a grid of a drawing most fields are empty, in an empty form too."""

CUT_GAP = 0.4
"""Times the size of the type: words nearer to each other are of one text."""

TALL = 2.5
"""Times its width: an empty field higher than this is none of a table's rows."""


def find_tables(lines: tuple[TextLine, ...], drawn: Sequence[Box], page_box: Box) -> tuple[list[Piece], list[TextLine]]:
    """The tables, and the lines outside of them. A line that reaches into a table leaves its other words.

    `drawn`: what the lines of the page enclose.
    """
    cells = [cell for cell in drawn if area(cell) <= LARGEST_CELL_SHARE * area(page_box)]
    if not cells:
        return [], list(lines)
    cells = _without_side_stamps(cells, lines)
    grids = [part for grid in find_grids(cells) for part in split_where_columns_change(grid)]
    places = _Places(grids)
    inside: dict[tuple[int, int], list[Part]] = defaultdict(list)
    running, cut = Counter[int](), Counter[int]()
    for line in lines:
        parts = places.split(line)
        running.update({place[0] for place, words in parts.items() if place and len(words) < len(line.words)})
        cut.update(_grids_cutting(line, parts))
        for place, words in parts.items():
            if place:
                inside[place].append((line, words))
    pieces: list[Piece] = []
    kept: set[int] = set()
    for number, grid in enumerate(grids):
        texts = {cell: inside[number, cell] for cell in range(len(grid)) if (number, cell) in inside}
        said = {word.text.lower() for parts in texts.values() for _, words in parts for word in words}
        is_stamp = len(said & STAMP_LABELS) >= 3
        rows = make_rows(grid, texts, has_heading=not is_stamp)
        if _is_table(rows, len(texts), len(grid)) and not is_drawn(grid, texts, cut[number], running[number]):
            pieces.extend(table_pieces(rows, around(grid), category="stamp" if is_stamp else None))
            kept.add(number)
    return pieces, places.outside(lines, kept)


def _grids_cutting(line: TextLine, parts: dict[tuple[int, int] | None, tuple[TextWord, ...]]) -> set[int]:
    """The grids of which a side of a cell runs between two words of the line that stand together."""
    return {
        place[0]
        for (place, words), (after, following) in pairwise(parts.items())
        if place and after and place[0] == after[0] and following[0].box[0] - words[-1].box[2] < CUT_GAP * line.size_pt
    }


def without_words(lines: Iterable[TextLine], taken: set[TextWord]) -> list[TextLine]:
    """The lines without these words; lines of which nothing is left are gone."""
    result = []
    for line in lines:
        words = tuple(word for word in line.words if word not in taken)
        if len(words) == len(line.words):
            result.append(line)
        elif words:
            result.append(msgspec.structs.replace(line, words=words, box=around(word.box for word in words)))
    return result


def _is_table(rows: list[Row], filled: int, cells: int) -> bool:
    """Text in a good part of the cells, or rows that are clearly rows: a form may be almost empty."""
    wide = [sum(bool(cell) for cell in row.cells) for row in rows]
    full_rows = sum(width >= 3 for width in wide)
    pairs = sum(width >= 2 for width in wide)
    return full_rows >= 2 or (pairs >= 2 and filled >= max(LEAST_CELLS_WITH_TEXT, LEAST_TEXT_SHARE * cells))


def _without_side_stamps(cells: list[Box], lines: tuple[TextLine, ...]) -> list[Box]:
    """Leaves out the stamps on the binding side of a sheet, which touch its tables: columns with upright text only,
    and the tall empty fields beside them."""
    places = _Places([cells])
    level: set[int] = set()
    upright: set[int] = set()
    for line in lines:
        for place in places.split(line):
            if place:
                (level if line.is_level else upright).add(place[1])
    lefts = steps([cell[0] for cell in cells])
    column = [step(lefts, cell[0]) for cell in cells]
    silent = {column[number] for number in upright} - {column[number] for number in level}
    return [
        cell
        for number, cell in enumerate(cells)
        if column[number] not in silent
        and (number in level or number in upright or cell[3] - cell[1] < TALL * (cell[2] - cell[0]))
    ]


class _Places:
    """Which cell a word stands in: cells by the bands of 20 pt that they cross."""

    _BAND_PT = 20.0

    def __init__(self, grids: list[list[Box]]) -> None:
        self._around = around(cell for grid in grids for cell in grid) if any(grids) else (0.0, 0.0, 0.0, 0.0)
        self._bands: dict[int, list[tuple[Box, tuple[int, int]]]] = defaultdict(list)
        for number, grid in enumerate(grids):
            for position, cell in enumerate(grid):
                for band in range(int(cell[1] // self._BAND_PT), int(cell[3] // self._BAND_PT) + 1):
                    self._bands[band].append((cell, (number, position)))

    def split(self, line: TextLine) -> dict[tuple[int, int] | None, tuple[TextWord, ...]]:
        """The words of the line by the cell that their middle is in."""
        x0, y0, x1, y1 = self._around
        if line.box[2] < x0 or line.box[3] < y0 or line.box[0] > x1 or line.box[1] > y1:
            return {None: line.words}
        parts: dict[tuple[int, int] | None, list[TextWord]] = defaultdict(list)
        for word in line.words:
            parts[self._at(word.box)].append(word)
        return {place: tuple(words) for place, words in parts.items()}

    def outside(self, lines: tuple[TextLine, ...], grids: set[int]) -> list[TextLine]:
        """The lines without the words that stand in one of these grids."""
        if not grids:
            return list(lines)
        parts = (part for line in lines for part in self.split(line).items())
        inside = {word for place, words in parts if place and place[0] in grids for word in words}
        return without_words(lines, inside)

    def _at(self, box: Box) -> tuple[int, int] | None:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        for cell, place in self._bands.get(int(y // self._BAND_PT), ()):
            if cell[0] <= x <= cell[2] and cell[1] <= y <= cell[3]:
                return place
        return None
