"""Recognising pages without text: who may do it, which pages, and how a page is cut into legible pictures. Pure.

The page as seen is the page with its rotation applied; boxes of it are 0–1, origin top left.
"""

import math
from collections.abc import Iterable

import msgspec
from msgspec import structs

from domain.documents import Box, Page

AUTO, TESSERACT, MODEL, OFF = "auto", "tesseract", "model", "off"
CHOICES = (AUTO, TESSERACT, MODEL, OFF)

UNREAD = "nothing"
"""`read_by` of a page that could not even be opened."""

MISSING = "recogniser_missing"
SWITCHED_OFF = "recognition_off"
BEYOND_LIMIT = "beyond_recognition_limit"
REASONS = (MISSING, SWITCHED_OFF, BEYOND_LIMIT)
"""Why a page was not looked at: warnings of the page, beside the code of an error."""

OVERLAP = 0.1
"""Of a tile's side: at 300 dpi and 2500 px 21 mm, longer than the words of a drawing."""

TILES_LIMIT = 64
"""Of one page: two A0 sheets at 300 dpi and 2500 px. Larger pages are seen at a lower dpi."""


class RecognitionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """`by`: `tesseract` or `model` alone (a failed model is followed by Tesseract), `auto` is the model when one that
    takes pictures is configured, else Tesseract; `off` leaves pages as they are. `pages_limit` is of one document."""

    by: str = AUTO
    pages_limit: int = 300


def without_text(pages: Iterable[Page]) -> list[Page]:
    """Those that have to be recognised."""
    return [page for page in pages if page.facts.needs_ocr and page.facts.read_by != UNREAD]


def with_reason(page: Page, reason: str) -> Page:
    """The page with the warning, once."""
    warnings = (*(warning for warning in page.facts.warnings if warning != reason), reason)
    return structs.replace(page, facts=structs.replace(page.facts, warnings=warnings))


def without_reasons(page: Page) -> Page:
    """The page as it was read, without why it was not looked at so far."""
    warnings = tuple(warning for warning in page.facts.warnings if warning not in REASONS)
    return structs.replace(page, facts=structs.replace(page.facts, warnings=warnings))


def seen_size(width_pt: float, height_pt: float, rotation: int) -> tuple[float, float]:
    """Of the page as seen, in points."""
    return (height_pt, width_pt) if rotation in (90, 270) else (width_pt, height_pt)


def tiles_of(size_pt: tuple[float, float], dpi: float, side_px: int) -> list[Box]:
    """Overlapping parts of the page as seen, each at most `side_px` wide and high at `dpi`, row by row."""
    while True:
        columns, rows = (_parts(length * dpi / 72, side_px) for length in size_pt)
        if len(columns) * len(rows) <= TILES_LIMIT:
            return [(x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns]
        dpi *= 0.9


def to_unrotated(box: Box, rotation: int) -> Box:
    """A box of the page as seen as a box of the unrotated page."""
    x0, y0, x1, y1 = box
    match rotation:
        case 90:
            return (y0, 1 - x1, y1, 1 - x0)
        case 180:
            return (1 - x1, 1 - y1, 1 - x0, 1 - y0)
        case 270:
            return (1 - y1, x0, 1 - y0, x1)
    return box


def within(box: Box, tile: Box) -> Box:
    """A box given in 0–1 of a tile as a box of what the tile is a part of."""
    width, height = tile[2] - tile[0], tile[3] - tile[1]
    x0, y0, x1, y1 = box
    return (tile[0] + x0 * width, tile[1] + y0 * height, tile[0] + x1 * width, tile[1] + y1 * height)


def _parts(length_px: float, side_px: int) -> list[tuple[float, float]]:
    """0–1 of the length."""
    if length_px <= side_px:
        return [(0.0, 1.0)]
    share = side_px / length_px
    count = 1 + math.ceil((1 - share) / (share * (1 - OVERLAP)) - 1e-9)
    step = (1 - share) / (count - 1)
    return [(number * step, min(number * step + share, 1.0)) for number in range(count)]
