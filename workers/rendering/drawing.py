"""Draws a region of a page as a picture, with marks and grid. Runs in render children only.

The clip is rendered, never the whole page and then cut: on an A1 sheet at 300 dpi 0.05 s instead of 2 s
(dependencies.md §9).
"""

import math

import pymupdf

from domain.documents import Box
from domain.errors import RegionOutsidePage
from domain.evidence import Drawing, RenderKind, RenderSpec
from workers.rendering.encoders import encode, encode_pixels, picture_of
from workers.rendering.geometry import checked_region, to_seen
from workers.rendering.grid import border_px, with_grid
from workers.rendering.outlines import outline
from workers.rendering.sheets import Sheet, Sheets
from workers.rendering.tiles import draw_tile

PIXEL_LIMIT = 25_000_000
"""Of one picture (reliability.md §5.1)."""

SIDE_LIMIT_PX = 16_000
"""WebP allows 16,383 px on a side."""

LONGEST_PX = {RenderKind.OVERVIEW: 1568, RenderKind.THUMBNAIL: 320}
"""What Claude's standard tier keeps of a picture (peers.md §5b), the smallest of the models in use; thumbnails: a
guess."""


def draw(sheets: Sheets, spec: RenderSpec) -> Drawing:
    """The picture of the region as the page is read (rotation applied), at least one pixel each way.

    The dpi is lowered where the picture would exceed the pixel limits or the sharpness of a scan, and raised for small
    regions; see `RenderSpec`. Raises RegionOutsidePage, DocumentDamaged or DocumentTooHeavy.
    """
    sheet = sheets.open(spec.page_no)
    if spec.kind is RenderKind.TILE:
        if spec.tile is None:
            raise RegionOutsidePage("no tile")
        return draw_tile(sheet, spec.tile, spec.image_format)
    clip = to_seen(sheet.page, checked_region(spec.region))
    scale = _allowed_scale(clip, _wanted_scale(sheet, spec, clip))
    pixmap = sheet.cut(pymupdf.Matrix(scale, scale), clip)
    if not spec.marks and not spec.grid:
        return encode_pixels(pixmap, spec.image_format, scale * 72)
    picture = picture_of(pixmap)
    if spec.marks:
        outline(picture, [_on_picture(sheet.page, pixmap, scale, box) for box in spec.marks])
    if spec.grid:
        picture = with_grid(picture, border_px(_longest_px(spec) or max(picture.size)))
    return encode(picture, spec.image_format, scale * 72)


def _wanted_scale(sheet: Sheet, spec: RenderSpec, clip: pymupdf.Rect) -> float:
    """Pixels per point by the wish alone."""
    longest_pt = max(clip.width, clip.height, 1e-9)
    wanted = spec.dpi / 72
    if native := sheet.native_dpi((clip.x0, clip.y0, clip.x1, clip.y1)):
        wanted = min(wanted, native / 72)
    if spec.kind is RenderKind.REGION:
        wanted = max(wanted, spec.least_px / longest_pt)
    if longest := _longest_px(spec):
        room = longest - 2 * border_px(longest) if spec.grid else longest
        # Edges are rounded outwards, which may add a pixel.
        wanted = min(wanted, max(room - 1, 1) / longest_pt)
    return wanted


def _longest_px(spec: RenderSpec) -> int | None:
    return spec.longest_px or LONGEST_PX.get(spec.kind)


def _allowed_scale(clip: pymupdf.Rect, wanted: float) -> float:
    """Pixels per point. A page may be a billion points wide."""
    area, longest = max(clip.width * clip.height, 1e-9), max(clip.width, clip.height, 1e-9)
    allowed = min(wanted, math.sqrt(PIXEL_LIMIT / area), SIDE_LIMIT_PX / longest)
    shortest = max(min(clip.width, clip.height), 1e-9)
    # A strip of less than a pixel is no picture; the other side stays within its limit all the same.
    return max(allowed, min(1.5 / shortest, SIDE_LIMIT_PX / longest))


def _on_picture(page: pymupdf.Page, pixmap: pymupdf.Pixmap, scale: float, box: Box) -> Box:
    seen = to_seen(page, box) * scale
    return (seen.x0 - pixmap.x, seen.y0 - pixmap.y, seen.x1 - pixmap.x, seen.y1 - pixmap.y)
