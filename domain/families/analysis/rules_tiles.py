"""Best-first search for a place on large sheets when nothing says where it is: cells of the sheet by score. Pure.

Cells are the grid's nine sectors, then the parts of a promising one (V* and ZoomEye, peers.md §5b). The score of a
cell is what the words and the ink on it promise, and what the model thought of the picture around it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import msgspec

from domain.documents import Box, Page, Word
from domain.families.analysis.rules_spots import stems
from domain.families.analysis.types import Cell
from domain.rules_legibility import READABLE_PX, Shot, cut_shots
from domain.rules_seen import WHOLE, has_middle_in, part_of, sector_of, tiles_of, to_seen

SECTORS = tuple(f"{letter}{digit}" for digit, letter in product("123", "ABC"))
SECTOR_OVERLAP = 0.1
"""Sectors are searched with so much of their width around them: what stands on a border is in one of them whole."""

MAX_DEPTH = 3
"""Sheet → sector → part → part of it: 1.8 mm letters on an A0 are legible by the second (peers.md §5d.5)."""

STRIP = 2.0
"""From this ratio of its sides on a cell is cut along the longer one (V*, peers.md §5b)."""

WORDS_WEIGHT, INK_WEIGHT, MODEL_WEIGHT = 0.3, 0.1, 0.6
"""What each says of where a place is. Guesses: a model has seen the picture, words may be legends and titles."""

INHERITED = 0.7
"""What of a cell's score its parts begin with: below it, so that other cells get their turn. A guess."""

LEAST_SCORE = 0.05
"""Cells below it are not worth a picture: nothing stands on them and the model saw nothing. A guess."""


def sectors_of(
    whole: Cell, page: Page, words: Sequence[Word], question: str, picks: Mapping[str, float] | None = None
) -> list[Cell]:
    """The nine sectors of a sheet; `picks` are the model's scores of them, 0–1, by name."""
    cells = [
        msgspec.structs.replace(whole, name=name, box=_roomy(page, name), depth=whole.depth + 1) for name in SECTORS
    ]
    return _scored(cells, words, question, picks)


def split(
    cell: Cell, page: Page, words: Sequence[Word], question: str, picks: Iterable[str], side_px: int
) -> list[Cell]:
    """The parts of a cell that was seen: as few as can be read. `picks` are the sectors of its picture that the model
    would look at."""
    columns, rows = _cut(cell, page, side_px)
    sectors = [sector for name in picks if (sector := sector_of(name)) is not None]
    parts = tiles_of(columns, rows, SECTOR_OVERLAP)
    cells = [
        msgspec.structs.replace(
            cell,
            name=f"{cell.name}.{number}",
            box=part_of(cell.box, part, page.rotation),
            depth=cell.depth + 1,
        )
        for number, part in enumerate(parts, start=1)
    ]
    picked = {
        part_cell.name: 1.0 if any(has_middle_in(sector, part) for sector in sectors) else 0.0
        for part_cell, part in zip(cells, parts, strict=True)
    }
    scored = _scored(cells, words, question, picked)
    return [
        msgspec.structs.replace(part, score=INHERITED * cell.score + (1 - INHERITED) * part.score) for part in scored
    ]


def best_of(queue: Sequence[Cell], looked: Sequence[Cell], count: int) -> list[Cell]:
    """The most promising cells not looked at yet, best first; equal ones in the order of reading."""
    seen = {(cell.document_id, cell.page_no, cell.box) for cell in looked}
    fresh = [cell for cell in queue if (cell.document_id, cell.page_no, cell.box) not in seen]
    worth = [cell for cell in fresh if cell.score >= LEAST_SCORE]
    return sorted(worth, key=lambda cell: -cell.score)[:count]


def shot_of(cell: Cell, page: Page, side_px: int) -> Shot:
    """The one picture of a cell, as sharp as the provider keeps it."""
    [shot] = cut_shots(page, cell.box, side_px, glyph_px=READABLE_PX * 1.25, overlap=0.0, least_tiles=1, max_tiles=1)
    return shot


def is_legible(shot: Shot) -> bool:
    return shot.glyph_px >= READABLE_PX


def _roomy(page: Page, name: str) -> Box:
    x0, y0, x1, y1 = sector_of(name) or WHOLE
    room = SECTOR_OVERLAP / 3
    part = (max(x0 - room, 0.0), max(y0 - room, 0.0), min(x1 + room, 1.0), min(y1 + room, 1.0))
    return part_of(WHOLE, part, page.rotation)


def _cut(cell: Cell, page: Page, side_px: int) -> tuple[int, int]:
    """Four strips of a strip; else quarters where these can be read, else the sectors of the cell's own grid."""
    x0, y0, x1, y1 = to_seen(cell.box, page.rotation)
    across, down = (page.height_pt, page.width_pt) if page.rotation in (90, 270) else (page.width_pt, page.height_pt)
    width, height = (x1 - x0) * across, (y1 - y0) * down
    if width >= STRIP * height:
        return 4, 1
    if height >= STRIP * width:
        return 1, 4
    first = tiles_of(2, 2, SECTOR_OVERLAP)[0]
    quarter = msgspec.structs.replace(cell, box=part_of(cell.box, first, page.rotation))
    return (2, 2) if is_legible(shot_of(quarter, page, side_px)) else (3, 3)


def _scored(
    cells: Sequence[Cell], words: Sequence[Word], question: str, picks: Mapping[str, float] | None
) -> list[Cell]:
    """Without a model's picks, words and ink count alone; without words all cells are alike."""
    asked = set(stems(question))
    within = [[word for word in words if has_middle_in(word.box, cell.box)] for cell in cells]
    hits = [len(asked & {stem for word in own for stem in stems(word.text)}) for own in within]
    most_hits, most_words = max(hits, default=0), max(map(len, within), default=0)
    scored: list[Cell] = []
    for cell, own, hit in zip(cells, within, hits, strict=True):
        by_words = hit / most_hits if most_hits else 0.0
        by_ink = len(own) / most_words if most_words else 1.0
        prior = (WORDS_WEIGHT * by_words + INK_WEIGHT * by_ink) / (WORDS_WEIGHT + INK_WEIGHT)
        score = prior if picks is None else MODEL_WEIGHT * picks.get(cell.name, 0.0) + (1 - MODEL_WEIGHT) * prior
        scored.append(msgspec.structs.replace(cell, score=round(score, 4)))
    return scored
