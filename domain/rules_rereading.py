"""How a place is shown for a second and third reading: another cut and another scale than before, never the same. Pure.

The same picture is misread the same way twice; another one seldom is (peers.md §5d.8).
"""

import msgspec

from domain.documents import Box, Page
from domain.rules_legibility import READABLE_PX, Shot, cut_shots, grown_by
from domain.rules_seen import WHOLE, area_of

LEAST_PX = 1024
"""A small crop is drawn so large: the first one has 512 px at least."""

MAX_TILES = 4
MOSTLY = 0.9
"""A place that is nearly the whole page is always cut: its one picture was seen already."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """`glyph_px` is what the smallest letters should have; the first look has 15 px, 10 mm and a tenth."""

    margin_mm: float
    glyph_px: float
    overlap: float


MANNERS = (Manner(margin_mm=5.0, glyph_px=22.0, overlap=0.2), Manner(margin_mm=16.0, glyph_px=28.0, overlap=0.3))
"""Of the second and the third reading. Guesses."""


def shots_again(page: Page, box: Box | None, side_px: int, manner: Manner) -> list[Shot]:
    """One to `MAX_TILES` pictures of the place, row by row; none when it cannot be shown readably in so many."""
    place = WHOLE if box is None else grown_by(page, box, manner.margin_mm)
    least_tiles = 2 if area_of(place) > MOSTLY else 1
    shots = cut_shots(
        page,
        place,
        side_px,
        glyph_px=manner.glyph_px,
        overlap=manner.overlap,
        least_tiles=least_tiles,
        max_tiles=MAX_TILES,
    )
    return [] if any(shot.glyph_px < READABLE_PX for shot in shots) else shots
