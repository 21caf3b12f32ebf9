"""Draws a region of a page as a picture, with marks. Runs in render children only.

The clip is rendered, never the whole page and then cut: on an A1 sheet at 300 dpi 0.05 s instead of 2 s
(dependencies.md §9).
"""

import io
import math

import pymupdf
from PIL import Image, ImageDraw

from domain.documents import Box
from domain.errors import DocumentDamaged, DocumentTooHeavy, RegionOutsidePage
from domain.evidence import Drawing, RenderSpec
from workers.rendering.geometry import checked_region, to_seen
from workers.rendering.opening import DAMAGES, is_out_of_memory, load_page

PIXEL_LIMIT = 25_000_000
"""Of one picture (reliability.md §5.1)."""

SIDE_LIMIT_PX = 16_000
"""WebP allows 16,383 px on a side."""

MARK_COLOURS = ((230, 0, 126), (255, 110, 0), (0, 150, 220), (60, 170, 0))
"""Magenta is rare on drawings; another one is taken where it is not."""

MARK_WIDTH_SHARE = 1 / 350
MARK_WIDTH_MIN_PX = 2
"""A guess: seen at a glance at any size, thinner than most letters."""

_QUALITY = {"jpeg": 88, "webp": 85}


def draw(document: pymupdf.Document, spec: RenderSpec) -> Drawing:
    """The picture of the region as the page is read (rotation applied), RGB, at least one pixel each way.

    The dpi is lowered where the picture would exceed the pixel limits. Raises RegionOutsidePage, DocumentDamaged or
    DocumentTooHeavy.
    """
    if not 1 <= spec.page_no <= document.page_count:
        raise RegionOutsidePage(f"page {spec.page_no} of {document.page_count}")
    page = load_page(document, spec.page_no)
    clip = to_seen(page, checked_region(spec.region))
    scale = _allowed_scale(clip, spec.dpi / 72)
    try:
        pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), clip=clip, alpha=False)
    except DAMAGES as damage:
        raise (DocumentTooHeavy if is_out_of_memory(damage) else DocumentDamaged)(str(damage)) from damage
    picture = Image.frombuffer("RGB", (pixmap.width, pixmap.height), pixmap.samples_mv, "raw", "RGB", 0, 1)
    if spec.marks:
        picture = picture.copy()
        _mark(picture, [_on_picture(page, pixmap, scale, box) for box in spec.marks])
    return _encoded(picture, spec.image_format, round(scale * 72))


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


def _mark(picture: Image.Image, boxes: list[Box]) -> None:
    """Outlines around the boxes, outside of what they enclose."""
    width_px = max(MARK_WIDTH_MIN_PX, round(min(picture.size) * MARK_WIDTH_SHARE))
    colour = _free_colour(picture)
    pen = ImageDraw.Draw(picture)
    for x0, y0, x1, y1 in boxes:
        gap = width_px + 1
        pen.rectangle((x0 - gap, y0 - gap, x1 + gap, y1 + gap), outline=colour, width=width_px)


def _free_colour(picture: Image.Image) -> tuple[int, int, int]:
    """The mark colour that the picture itself uses least."""
    small = picture.resize((128, 128), Image.Resampling.NEAREST)
    pixels = small.getcolors(128 * 128) or []

    def use(colour: tuple[int, int, int]) -> int:
        return sum(
            count
            for count, seen in pixels
            if isinstance(seen, tuple) and all(abs(a - b) < 70 for a, b in zip(colour, seen, strict=True))
        )

    return min(MARK_COLOURS, key=use)


def _encoded(picture: Image.Image, image_format: str, dpi: int) -> Drawing:
    buffer = io.BytesIO()
    if image_format == "png":
        picture.save(buffer, "PNG", compress_level=4)
    else:
        picture.save(buffer, image_format.upper(), quality=_QUALITY[image_format])
    return Drawing(
        data=buffer.getvalue(),
        mime_type=f"image/{image_format}",
        width_px=picture.width,
        height_px=picture.height,
        dpi=max(dpi, 1),
    )
