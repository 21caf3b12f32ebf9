"""Whether something is drawn at a place of a page. Runs in render children only."""

import math

import pymupdf

from domain.documents import Box
from workers.rendering.geometry import Frame
from workers.rendering.pieces import around

DARK_BELOW = 0xE8
"""Of 255; paler pixels are paper."""

PIXELS = 4_000_000
"""Of the picture in which ink is looked for: 72 dpi up to A1."""


def has_ink(page: pymupdf.Page, frame: Frame, boxes: list[Box]) -> list[bool]:
    """For each of the boxes, in points of the unrotated page, whether something darker than paper is drawn there.

    Pale letters are seen if it is, under or around them; invisible ones are the text of what is drawn there: of a
    picture, or of letters drawn as curves. Only the part of the page around all boxes is drawn.
    """
    drawn = [frame.to_drawn(box) for box in boxes]
    if not drawn:
        return []
    scale = min(1.0, math.sqrt(PIXELS / max(frame.width_pt * frame.height_pt, 1.0)))
    x0, y0, x1, y1 = around(drawn)
    pixmap = page.get_pixmap(
        matrix=pymupdf.Matrix(scale, scale),
        alpha=False,
        colorspace=pymupdf.csGRAY,
        clip=pymupdf.Rect(x0 - 1, y0 - 1, x1 + 1, y1 + 1),
    )
    return [_is_dark(pixmap, (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)) for box in drawn]


def _is_dark(pixmap: pymupdf.Pixmap, box: Box) -> bool:
    """`box` in pixels of the page."""
    x0, y0, x1, y1 = box
    left, right = int(max(x0, pixmap.x)), int(min(x1 + 1, pixmap.x + pixmap.width))
    rows = range(int(max(y0, pixmap.y)), int(min(y1 + 1, pixmap.y + pixmap.height)))
    samples, stride = pixmap.samples_mv, pixmap.stride
    starts = [(row - pixmap.y) * stride - pixmap.x for row in rows]
    return any(min(samples[start + left : start + right], default=255) < DARK_BELOW for start in starts)
