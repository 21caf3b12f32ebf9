"""Finds how sharp a scanned page really is, so that it is not drawn larger than it was scanned. Runs in render children
only. All boxes are points of the page as seen.

Quirk: `get_image_info` draws each shading at full size (300 of them took 55 s), hence a device of its own, which
is called for pictures, paths and texts only and stops the run when there are more than a scan has.
"""

import math
from typing import Any

import msgspec
import pymupdf
from pymupdf import mupdf

from domain.documents import Box
from workers.rendering.opening import DAMAGES
from workers.rendering.pieces import area

LEAST_PICTURE_PX = 250_000
"""A page with fewer in all its pictures is no scan: 500 by 500 are half a page at 72 dpi. A guess."""

MARKS_LIMIT = 100
"""Paths and texts over the pictures of a scan: a scanner's own stamp, not a drawing. A guess."""

PICTURES_LIMIT = 2000
"""Scans may come in strips of eight rows. A guess."""

COVERED_SHARE = 0.95
"""Of a region: so much must be pictures. A guess."""

MATTERS_SHARE = 0.1
"""Of a region: a smaller picture in it, such as a logo, does not decide its sharpness. A guess."""


class ScanPicture(msgspec.Struct, frozen=True, array_like=True):
    box: Box
    dpi: float


def read_scan(page: pymupdf.Page) -> tuple[ScanPicture, ...]:
    """The pictures that make up a scanned page; none for another page. Most pages are told without running them."""
    if not _may_be_scan(page):
        return ()
    cookie = mupdf.FzCookie()
    device = _Watch(cookie)
    try:
        mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), cookie)
        mupdf.fz_close_device(device)
    except DAMAGES:
        return ()
    return () if device.is_no_scan else tuple(device.pictures)


def native_dpi(pictures: tuple[ScanPicture, ...], region: Box) -> float | None:
    """The dpi at which a region was scanned; null where the region is not a scan."""
    if not pictures or area(region) <= 0:
        return None
    shares = [(_shared(picture.box, region) / area(region), picture.dpi) for picture in pictures]
    if sum(share for share, _ in shares) < COVERED_SHARE:
        return None
    strips = max(share for share, _ in shares)
    return max(dpi for share, dpi in shares if share >= min(MATTERS_SHARE, strips))


def _may_be_scan(page: pymupdf.Page) -> bool:
    """By the resources of the page alone. A picture file is one picture."""
    document = page.parent
    if document is None or not document.is_pdf:
        return True
    return sum(width * height for _, _, width, height, *_ in page.get_images()) >= LEAST_PICTURE_PX


class _Watch(mupdf.FzDevice2):
    """Notes the pictures, and counts what is drawn over the first of them. SWIG calls by position."""

    def __init__(self, cookie: mupdf.FzCookie) -> None:
        super().__init__()
        self.use_virtual_fill_image()
        self.use_virtual_fill_image_mask()
        self.use_virtual_fill_text()
        self.use_virtual_fill_path()
        self.use_virtual_stroke_path()
        self.pictures: list[ScanPicture] = []
        self.is_no_scan = False
        self._cookie = cookie
        self._marks = 0

    def fill_image(self, _context: Any, image: Any, matrix: Any, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._note(image, matrix)

    def fill_image_mask(self, _context: Any, image: Any, matrix: Any, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._note(image, matrix)

    def fill_text(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._count()

    def fill_path(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._count()

    def stroke_path(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._count()

    def _note(self, image: Any, matrix: Any) -> None:
        covered = abs(matrix.a * matrix.d - matrix.b * matrix.c)
        if covered > 0:
            self.pictures.append(ScanPicture(_square(matrix), 72 * math.sqrt(image.w * image.h / covered)))
        if len(self.pictures) > PICTURES_LIMIT:
            self._stop()

    def _count(self) -> None:
        # What lies under the picture is not seen: the text of a scan with recognised text.
        self._marks += bool(self.pictures)
        if self._marks > MARKS_LIMIT:
            self._stop()

    def _stop(self) -> None:
        self.is_no_scan = True
        self._cookie.m_internal.abort = 1


def _square(matrix: Any) -> Box:
    """Where the unit square of a picture comes to lie."""
    xs = (matrix.e, matrix.e + matrix.a, matrix.e + matrix.c, matrix.e + matrix.a + matrix.c)
    ys = (matrix.f, matrix.f + matrix.b, matrix.f + matrix.d, matrix.f + matrix.b + matrix.d)
    return (min(xs), min(ys), max(xs), max(ys))


def _shared(one: Box, other: Box) -> float:
    return area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))
