"""The deep-zoom pyramid of a page: levels, sizes and tiles. Pure.

Level 0 is the whole page in one tile; each level doubles the one before; the last one is the page at 400 dpi. Sizes are
in pixels of the page as read (rotation applied), so that a viewer needs to know nothing of rotation.
"""

import msgspec

from domain.documents import Page
from domain.evidence import Tile

TILE_PX = 512
"""Side of a tile; those at the right and lower edge are smaller. A guess: a quarter of the requests of 256, and still
drawn in milliseconds."""

FULL_DPI = 400
"""Of the last level: as sharp as a picture of a page may be (DESIGN §6)."""

SIDE_LIMIT_PX = 65_536
"""Of the last level. A0 at 400 dpi has 18,700; pages may claim to be a billion points wide."""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """`z` counts from 0, the smallest; `columns` and `rows` are those of its tiles."""

    z: int
    width_px: int
    height_px: int
    columns: int
    rows: int


def levels_of(page: Page) -> list[Level]:
    """The levels of a page, smallest first; at least one."""
    width_px, height_px = full_size(page)
    last = 0
    while max(_halved(width_px, last), _halved(height_px, last)) > TILE_PX:
        last += 1
    return [_level(z, _halved(width_px, last - z), _halved(height_px, last - z)) for z in range(last + 1)]


def full_size(page: Page) -> tuple[int, int]:
    """Width and height in pixels of the page as read on the last level."""
    width_pt, height_pt = page.width_pt, page.height_pt
    if page.rotation in (90, 270):
        width_pt, height_pt = height_pt, width_pt
    scale = min(FULL_DPI / 72, SIDE_LIMIT_PX / max(width_pt, height_pt))
    return max(round(width_pt * scale), 1), max(round(height_pt * scale), 1)


def tile_of(page: Page, z: int, x: int, y: int) -> Tile | None:
    """The tile in column `x` and row `y`, both from 0, of level `z`; null when there is none."""
    levels = levels_of(page)
    if not 0 <= z < len(levels):
        return None
    level = levels[z]
    if not (0 <= x < level.columns and 0 <= y < level.rows):
        return None
    left, top = x * TILE_PX, y * TILE_PX
    return Tile(
        level_width_px=level.width_px,
        level_height_px=level.height_px,
        left=left,
        top=top,
        width=min(TILE_PX, level.width_px - left),
        height=min(TILE_PX, level.height_px - top),
    )


def _level(z: int, width_px: int, height_px: int) -> Level:
    return Level(
        z=z, width_px=width_px, height_px=height_px, columns=-(-width_px // TILE_PX), rows=-(-height_px // TILE_PX)
    )


def _halved(pixels: int, times: int) -> int:
    """Rounded up, as deep-zoom viewers expect."""
    return -(-pixels >> times) if times else pixels
