"""What is on a page beside its text: vector paths and raster pictures. Runs in render children only.

A text page made with `TEXT_PRESERVE_IMAGES` would tell the pictures along with the text, but PyMuPDF 1.28.2 draws each
shading at full size for it: 300 of them took 55 s and 10 GB. So pictures have a device of their own, run only where the
page may have any.
"""

import re
from typing import Any

import msgspec
import pymupdf
from pymupdf import mupdf

from domain.documents import Box
from workers.rendering.geometry import Frame
from workers.rendering.pieces import Vector, area

SCAN_SHARE = 0.6
"""Of the page: the least that a scan covers."""

INLINE_PICTURE = re.compile(rb"\sBI\s")


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes in points of the page as seen."""

    pictures: list[Box]
    vectors: list[Vector]
    covers_text: bool = False
    """A picture of most of the page is drawn over most of its text, as on scans with recognised text."""


def read_pictures(page: pymupdf.Page, frame: Frame) -> tuple[list[Box], bool]:
    """The boxes of the raster pictures, in the order in which they are drawn, cut to the page; and whether one that
    covers the page is drawn over its text."""
    if not _may_have_pictures(page):
        return [], False
    device = _PictureDevice()
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    boxes: list[Box] = []
    covered_texts = 0
    x0, y0, x1, y1 = frame.page_box
    for square, texts_before in device.squares:
        seen = frame.of_drawn(square)
        box = (max(seen[0], x0), max(seen[1], y0), min(seen[2], x1), min(seen[3], y1))
        if box[0] < box[2] and box[1] < box[3]:
            boxes.append(box)
        if area(box) >= SCAN_SHARE * area(frame.page_box):
            covered_texts = texts_before
    return boxes, covered_texts > 0 and 2 * covered_texts >= device.texts


def _may_have_pictures(page: pymupdf.Page) -> bool:
    """Asked of the resources first: a run costs as much as the reading of the text."""
    document = page.parent
    if document is None or not document.is_pdf or page.get_images() or page.get_xobjects() or page.first_annot:
        return True
    return INLINE_PICTURE.search(page.read_contents()) is not None


class _PictureDevice(mupdf.FzDevice2):
    """Notes where pictures are drawn, each with the number of pieces of text drawn before it.

    MuPDF calls the methods by position; the generated base names their arguments arg_0 and so on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.use_virtual_fill_image()
        self.use_virtual_fill_image_mask()
        self.use_virtual_fill_text()
        self.squares: list[tuple[Box, int]] = []
        self.texts = 0

    def fill_text(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.texts += 1

    def fill_image(self, _context: Any, _image: Any, matrix: Any, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.squares.append((_turned_square(matrix), self.texts))

    def fill_image_mask(self, _context: Any, _image: Any, matrix: Any, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.squares.append((_turned_square(matrix), self.texts))


def _turned_square(matrix: Any) -> Box:
    """Where the unit square of a picture comes to lie, in points of the page as seen."""
    xs = (matrix.e, matrix.e + matrix.a, matrix.e + matrix.c, matrix.e + matrix.a + matrix.c)
    ys = (matrix.f, matrix.f + matrix.b, matrix.f + matrix.d, matrix.f + matrix.b + matrix.d)
    return (min(xs), min(ys), max(xs), max(ys))
