"""What of a document gets an entry: sheets as wholes and the larger drawings. Pure."""

from collections.abc import Iterable, Sequence

from domain.documents import Block, BlockKind, Page
from domain.families.indexing.types import Unit

UNIT_SHARE = 0.04
"""Of the page: smaller pictures are details, signs and title blocks. 5 × 5 cm of A4, 14 × 14 cm of A1. A guess, checked
on the sample sheets."""

SHEET_SIDE_PT = 400 / 25.4 * 72
"""A page with a longer side is a sheet, whatever stands on it: A3 and above, scans included."""

UNITS_LIMIT = 1_000
"""Of one document. A guess: a project's whole set in one file has some hundred sheets."""


def units_of(pages: Sequence[Page], blocks: Iterable[Block]) -> list[Unit]:
    """In reading order, on each page the sheet before its drawings. A page without any block gives none."""
    by_page: dict[int, list[Block]] = {}
    for block in blocks:
        by_page.setdefault(block.page_no, []).append(block)
    return [unit for page in pages for unit in _units_on(page, by_page.get(page.page_no, []))]


def _units_on(page: Page, blocks: Sequence[Block]) -> list[Unit]:
    drawings = [block for block in blocks if block.kind is BlockKind.IMAGE and _is_large(block)]
    if not _is_sheet(page) or not blocks:
        return [Unit(block_id=block.id, page_no=page.page_no) for block in drawings]
    known_by = max(drawings or blocks, key=_area)
    sheet = Unit(block_id=known_by.id, page_no=page.page_no, is_sheet=True)
    parts = drawings if len(drawings) > 1 else ()
    return [sheet, *(Unit(block_id=block.id, page_no=page.page_no) for block in parts)]


def _is_sheet(page: Page) -> bool:
    return bool(page.facts.stamp) or max(page.width_pt, page.height_pt) > SHEET_SIDE_PT


def _is_large(block: Block) -> bool:
    """A drawing of a document prepared elsewhere has no box."""
    return block.box is None or _area(block) >= UNIT_SHARE


def _area(block: Block) -> float:
    if block.box is None:
        return 0.0
    x0, y0, x1, y1 = block.box
    return (x1 - x0) * (y1 - y0)
