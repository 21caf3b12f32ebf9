"""Whether something is drawn at a place of a page. Runs in render children only."""

import math

import pymupdf

from domain.documents import Box
from workers.rendering.geometry import Frame

DARK_BELOW = 0xE8
"""Of 255; paler pixels are paper."""

PIXELS = 4_000_000
"""Of the picture in which ink is looked for: 72 dpi up to A1."""


class Ink:
    """Looks at the drawn page, once and only if need be. Pale letters are seen if something darker is under or around
    them; invisible ones are the text of what is drawn there: of a picture, or of letters drawn as curves."""

    def __init__(self, page: pymupdf.Page, frame: Frame) -> None:
        self._page = page
        self._frame = frame
        self._pixmap: pymupdf.Pixmap | None = None
        self._scale = min(1.0, math.sqrt(PIXELS / max(frame.width_pt * frame.height_pt, 1.0)))

    def is_under(self, box: Box) -> bool:
        """`box` in points of the unrotated page."""
        if self._pixmap is None:
            matrix = pymupdf.Matrix(self._scale, self._scale)
            self._pixmap = self._page.get_pixmap(matrix=matrix, alpha=False, colorspace=pymupdf.csGRAY)
        x0, y0, x1, y1 = self._frame.to_drawn(box)
        left, right = max(int(x0 * self._scale), 0), min(int(x1 * self._scale) + 1, self._pixmap.width)
        rows = range(max(int(y0 * self._scale), 0), min(int(y1 * self._scale) + 1, self._pixmap.height))
        samples, stride = self._pixmap.samples_mv, self._pixmap.stride
        return any(min(samples[row * stride + left : row * stride + right], default=255) < DARK_BELOW for row in rows)
