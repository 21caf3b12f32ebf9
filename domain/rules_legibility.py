"""The legibility contract: a picture whose smallest letters cannot be read is never sent as one to be read (DESIGN §6).

All heights of letters are of capitals and digits, in pixels, after the model's provider has scaled the picture down to
its own longest side.
"""

import math

import msgspec

from domain.documents import Box, Page
from domain.rules_seen import WHOLE, part_of, tiles_of, to_seen

GLYPH_PX = 15.0
"""What is aimed at: 14–16 px (peers.md §5d.3; 15 px is the least that ServiceNow states for OCR, §5c)."""

READABLE_PX = 12.0
"""Below this a picture may not carry an answer (DESIGN §7)."""

CAPITAL_SHARE = 0.7
"""Height of capitals and digits to the size of a font: 0.716 of Arial, 0.66 of Times, 0.7 of the GOST fonts."""

ASSUMED_GLYPH_PT = 1.8 / 25.4 * 72 / CAPITAL_SHARE
"""Font size where a page tells none, as of scans: 1.8 mm letters, the smallest in use by GOST 2.304. A guess."""

MAX_DPI = 400
LEAST_GLYPH_PT = READABLE_PX / MAX_DPI * 72 / CAPITAL_SHARE
"""Smaller letters (3.1 pt) are read by nobody, at no allowed dpi: they do not decide how the page is shown."""

MIN_DPI = 36
GROWTH = 1.2
MIN_MARGIN_MM = 10.0
"""A place is shown with its surroundings: box × 1.2, at least 10 mm on each side (peers.md §5d.3)."""

FINER_STEP = 0.9
"""By so much the sharpness gives way until few enough pictures cover a place."""

OVERLAP = 0.1
MIN_SIDE_PX = 512
MAX_TILES = 6
"""Of one place (spec/aizoomdoc.md §1.3, MAX_ROIS_PER_ITERATION)."""


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One picture to be drawn. `box` is in the unrotated page; `glyph_px` is the height that letters will have."""

    box: Box
    dpi: int
    glyph_px: float


def plan_shots(page: Page, box: Box | None, side_px: int, *, max_tiles: int = MAX_TILES) -> list[Shot]:
    """The pictures in which everything of a place can be read: one, or overlapping tiles, row by row as seen.

    `side_px` is the longest side that the provider keeps. A place that needs more than `max_tiles` gets one picture,
    whose `glyph_px` says that it cannot be read: it shows where to look closer.
    """
    place = with_margin(page, box) if box is not None else WHOLE
    wanted = _wanted_dpi(page)
    width, height = _inches(page, place)
    columns, rows = (_tiles_along(side, wanted, side_px) for side in (width, height))
    if columns * rows > max_tiles:
        columns = rows = 1
    parts = [part_of(place, part, page.rotation) for part in tiles_of(columns, rows, OVERLAP)]
    return [_shot(page, part, wanted, side_px) for part in parts]


def cut_shots(
    page: Page, place: Box, side_px: int, *, glyph_px: float, overlap: float, least_tiles: int, max_tiles: int
) -> list[Shot]:
    """`least_tiles` to `max_tiles` overlapping pictures of the place, its smallest letters `glyph_px` high or as high
    as so many pictures allow."""
    wanted = min(glyph_px * 72 / _glyph_pt(page), MAX_DPI)
    width, height = _inches(page, place)
    columns = rows = max_tiles + 1
    while columns * rows > max_tiles:
        columns, rows = (_tiles_along(side, wanted, side_px) for side in (width, height))
        wanted *= FINER_STEP
    if columns * rows < least_tiles:
        columns, rows = (2, 1) if width >= height else (1, 2)
    parts = [part_of(place, part, page.rotation) for part in tiles_of(columns, rows, overlap)]
    return [_shot(page, part, wanted / FINER_STEP, side_px) for part in parts]


def with_margin(page: Page, box: Box) -> Box:
    """The box grown by 1.2, at least by 10 mm on each side, within the page."""
    return grown_by(page, box, MIN_MARGIN_MM)


def grown_by(page: Page, box: Box, margin_mm: float) -> Box:
    """The box grown by 1.2, at least by the margin on each side, within the page."""
    margin_pt = margin_mm / 25.4 * 72
    grown_x = max((box[2] - box[0]) * (GROWTH - 1) / 2, margin_pt / page.width_pt)
    grown_y = max((box[3] - box[1]) * (GROWTH - 1) / 2, margin_pt / page.height_pt)
    return (
        max(box[0] - grown_x, 0.0),
        max(box[1] - grown_y, 0.0),
        min(box[2] + grown_x, 1.0),
        min(box[3] + grown_y, 1.0),
    )


def seen_glyph_px(page: Page, dpi: int, longest_px: int, side_px: int) -> float:
    """How high the smallest letters of a picture are for the model: drawn at `dpi`, its longer side is `longest_px`."""
    return height_px(_glyph_pt(page), dpi, longest_px, side_px)


def height_px(height_pt: float, dpi: int, longest_px: int, side_px: int) -> float:
    """How high letters of `height_pt` are for the model, in a picture drawn at `dpi` whose longer side is
    `longest_px`, when its provider keeps `side_px`."""
    return round(height_pt * dpi / 72 * min(1.0, side_px / max(longest_px, 1)), 1)


def _shot(page: Page, box: Box, wanted: float, side_px: int) -> Shot:
    """As sharp as wanted, never larger than the provider keeps, and not smaller than a picture should be."""
    longest_in = max(*_inches(page, box), 0.01)
    least = MIN_SIDE_PX / longest_in
    dpi = int(min(max(wanted, least), side_px / longest_in, MAX_DPI))
    dpi = max(dpi, MIN_DPI)
    return Shot(box=box, dpi=dpi, glyph_px=seen_glyph_px(page, dpi, round(longest_in * dpi), side_px))


def _wanted_dpi(page: Page) -> float:
    return min(GLYPH_PX * 72 / _glyph_pt(page), MAX_DPI)


def _glyph_pt(page: Page) -> float:
    """Height of the smallest capitals of the page, in points."""
    return max(page.facts.smallest_glyph_pt or ASSUMED_GLYPH_PT, LEAST_GLYPH_PT) * CAPITAL_SHARE


def _tiles_along(inches: float, dpi: float, side_px: int) -> int:
    """How many tiles of `side_px` cover a side, each sharing a tenth with the next."""
    sides = inches * dpi / side_px
    if sides <= 1.0:
        return 1
    return math.ceil((sides - OVERLAP) / (1 - OVERLAP) - 1e-9)


def _inches(page: Page, box: Box) -> tuple[float, float]:
    """Width and height of a place as it is seen."""
    width_pt, height_pt = page.width_pt, page.height_pt
    if page.rotation in (90, 270):
        width_pt, height_pt = height_pt, width_pt
    x0, y0, x1, y1 = to_seen(box, page.rotation)
    return (x1 - x0) * width_pt / 72, (y1 - y0) * height_pt / 72
