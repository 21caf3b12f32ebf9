"""A page opened for drawing: its display list is made once, and cuts of any size and place are drawn from it. Runs in
render children only.

A region of an A1 sheet takes half the time from the list that it takes when the page is run each time.
"""

from collections import OrderedDict
from functools import cached_property

import pymupdf
from PIL import Image

from domain.documents import Box
from domain.errors import DocumentDamaged, DocumentTooHeavy, RegionOutsidePage
from workers.rendering.encoders import picture_of
from workers.rendering.opening import DAMAGES, is_out_of_memory, load_page
from workers.rendering.scans import ScanPicture, native_dpi, read_scan

BLOCKS_KEPT = 2
"""Blocks of tiles, at most 40 MB each: the one in work, and the next while a viewer moves over its edge. A guess."""


class Sheet:
    """One page. Raises DocumentDamaged or DocumentTooHeavy wherever MuPDF gives up."""

    def __init__(self, page: pymupdf.Page) -> None:
        self.page = page
        self._blocks: OrderedDict[tuple[int, int, int, int, int, int], Image.Image] = OrderedDict()

    def cut(self, matrix: pymupdf.Matrix, clip: pymupdf.Rect) -> pymupdf.Pixmap:
        """The RGB pixels of `clip` (points of the page as seen; `matrix` scales them to pixels); `x` and `y` are where
        the left upper corner lies in pixels of the page."""
        try:
            return self._list.get_pixmap(matrix=matrix, clip=clip, alpha=False)
        except DAMAGES as damage:
            raise (DocumentTooHeavy if is_out_of_memory(damage) else DocumentDamaged)(str(damage)) from damage

    def block(self, level: tuple[int, int], place: tuple[int, int, int, int]) -> Image.Image:
        """The rectangle `place` (left, top, right, bottom; pixels) of the page drawn `level` pixels wide and high; the
        last ones are kept. Both axes are scaled on their own: a level's sides are whole pixels."""
        key = (*level, *place)
        if key not in self._blocks:
            bounds = self.page.rect
            across, down = level[0] / bounds.width, level[1] / bounds.height
            clip = pymupdf.Rect(place[0] / across, place[1] / down, place[2] / across, place[3] / down)
            self._blocks[key] = picture_of(self.cut(pymupdf.Matrix(across, down), clip))
        self._blocks.move_to_end(key)
        while len(self._blocks) > BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return self._blocks[key]

    def native_dpi(self, clip: Box) -> float | None:
        """See `scans.native_dpi`; `clip` is in points of the page as seen."""
        return native_dpi(self._scan, clip)

    @cached_property
    def _list(self) -> pymupdf.DisplayList:
        return self.page.get_displaylist()

    @cached_property
    def _scan(self) -> tuple[ScanPicture, ...]:
        return read_scan(self.page)


class Sheets:
    """The pages of an open document; the one used last is kept open."""

    def __init__(self, document: pymupdf.Document) -> None:
        self._document = document
        self._page_no = 0
        self._sheet: Sheet | None = None

    def open(self, page_no: int) -> Sheet:
        """The page, from 1. Raises RegionOutsidePage or PageNotLoadable."""
        if not 1 <= page_no <= self._document.page_count:
            raise RegionOutsidePage(f"page {page_no} of {self._document.page_count}")
        if self._sheet is None or self._page_no != page_no:
            self._sheet = None
            self._sheet, self._page_no = Sheet(load_page(self._document, page_no)), page_no
        return self._sheet
