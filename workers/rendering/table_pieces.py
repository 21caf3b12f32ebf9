"""Makes blocks of the rows of a table. Pure."""

from domain.documents import BlockKind, Box
from workers.rendering.pieces import Piece, around
from workers.rendering.table_rows import Row, markdown

PIECE_CHARACTERS = 3500
"""A longer table becomes several blocks, each with the header: larger ones crowd a prompt and blur the search."""


def table_pieces(rows: list[Row], box: Box, *, category: str | None = None) -> list[Piece]:
    """One block, or several with the header repeated; the first row is the header."""
    header = markdown(rows[0]) + "\n" + "|" + "---|" * len(rows[0].cells)
    parts: list[list[Row]] = [[]]
    length = 0
    for row in rows[1:]:
        length += len(markdown(row))
        if parts[-1] and length > PIECE_CHARACTERS:
            parts.append([])
            length = 0
        parts[-1].append(row)
    pieces = []
    for number, part in enumerate(parts):
        own = part if number else [rows[0], *part]
        # A heading over several columns is told in each of them, its words stand there once.
        lines = tuple(tuple(dict.fromkeys(word for cell in row.cells for line in cell for word in line)) for row in own)
        words = [word.box for line in lines for word in line]
        part_box = box if len(parts) == 1 or not words else _full_width(around(words), box)
        content = "\n".join([header, *(markdown(row) for row in part)])
        pieces.append(Piece(kind=BlockKind.TABLE, box=part_box, content=content, lines=lines, category=category))
    return pieces


def _full_width(rows: Box, table: Box) -> Box:
    return (table[0], rows[1], table[2], rows[3])
