"""Draws tiles of a deep-zoom pyramid. Runs in render children only.

Neighbours are drawn together and cut apart: one run of a heavy page, or one decoding of a scan, serves many tiles.

Quirk: of a picture that is scaled down by more than two MuPDF decodes only the part that a clip needs, shifted by up to
a pixel; small levels are therefore drawn whole, so that their tiles fit together on scans too.
"""

from domain.errors import RegionOutsidePage
from domain.evidence import Drawing, Tile
from workers.rendering.encoders import encode
from workers.rendering.sheets import Sheet

BLOCK_PX = 2048
"""Side of what is drawn at once: four by four tiles of 512. A guess."""

WHOLE_LIMIT_PX = 10_000_000
"""A level of so many pixels is one block: 40 MB. Half of an A1 scan of 300 dpi has 8.7 million."""


def draw_tile(sheet: Sheet, tile: Tile, image_format: str) -> Drawing:
    """The tile as a picture of just its size. Raises RegionOutsidePage for one that is not within its level or within a
    block, DocumentDamaged, DocumentTooHeavy."""
    right, bottom = tile.left + tile.width, tile.top + tile.height
    if min(tile.left, tile.top) < 0 or min(tile.width, tile.height) < 1:
        raise RegionOutsidePage(f"{tile}")
    place = _block_of(tile)
    if right > place[2] or bottom > place[3]:
        raise RegionOutsidePage(f"{tile}")
    block = sheet.block((tile.level_width_px, tile.level_height_px), place)
    picture = block.crop((tile.left - place[0], tile.top - place[1], right - place[0], bottom - place[1]))
    return encode(picture, image_format, tile.level_width_px / sheet.page.rect.width * 72)


def _block_of(tile: Tile) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn for the tile, in pixels of its level."""
    width, height = tile.level_width_px, tile.level_height_px
    if width * height <= WHOLE_LIMIT_PX:
        return (0, 0, width, height)
    left, top = tile.left // BLOCK_PX * BLOCK_PX, tile.top // BLOCK_PX * BLOCK_PX
    return (left, top, min(left + BLOCK_PX, width), min(top + BLOCK_PX, height))
