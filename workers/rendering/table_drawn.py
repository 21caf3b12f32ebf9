"""Whether what lines enclose is a part of a drawing: rooms, dimension lines, the frame of a chip. Pure."""

from domain.documents import Box
from workers.rendering.pieces import area, around
from workers.rendering.table_rows import Part

CUT_LINES = 3
CUT_SHARE = 0.9
"""Of the lines that reach into several cells: where nearly all of them are cut between words of one text, the lines of
a diagram run through its labels. In tables with narrow columns up to 0.76 (measured 2026-11-20 on the sample files)."""

LEAKY_FILL = 0.85
LEAKY_CUT_SHARE = 0.5
LEAST_FILL = 0.4
"""Of the area around its cells that they cover: a table's cells cover all of it. Grids of dimension lines 0.3 to 0.75,
the terminals of a wiring diagram 0.66, a table with one cell of a quarter of the page 0.5 (measured 2026-11-20)."""

STICKING_OUT = 0.7
"""Of the words: in a diagram they stand over its lines, 0.75 and more; in tables up to 0.1, terminals 0.6."""

OUT_PT = 1.0
OUT_HEIGHT = 0.3
"""How far a word reaches over the sides of its cell: points to the side, times its height above and below."""

MIXED_SHARE = 0.1
"""Of the filled cells that hold level and upright text at once: in tables none does."""


def is_drawn(grid: list[Box], texts: dict[int, list[Part]], cut: int, running: int) -> bool:
    """`texts`: what stands in the cell of this number; `running`: lines that reach into several cells, `cut`: those of
    them cut between words of one text."""
    fill = sum(map(area, grid)) / max(area(around(grid)), 1.0)
    if fill < LEAST_FILL or cut >= max(CUT_LINES, (LEAKY_CUT_SHARE if fill < LEAKY_FILL else CUT_SHARE) * running):
        return True
    mixed = sum(len({line.is_level for line, _ in parts}) > 1 for parts in texts.values())
    if mixed >= MIXED_SHARE * max(len(texts), 1):
        return True
    words = [(word.box, grid[cell]) for cell, parts in texts.items() for _, words in parts for word in words]
    return sum(_sticks_out(box, cell) for box, cell in words) >= STICKING_OUT * len(words) > 0


def _sticks_out(word: Box, cell: Box) -> bool:
    down = OUT_HEIGHT * (word[3] - word[1])
    is_wide = word[0] < cell[0] - OUT_PT or word[2] > cell[2] + OUT_PT
    return is_wide or word[1] < cell[1] - down or word[3] > cell[3] + down
