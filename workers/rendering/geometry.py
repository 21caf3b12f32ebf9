"""Between the three spaces of a page: 0–1 of the unrotated page (ours), points of the unrotated page (what PyMuPDF's
text and drawings are in, origin at the CropBox) and points of the page as seen (rotated; what PyMuPDF draws)."""

from collections.abc import Sequence
from itertools import chain

import msgspec
import numpy as np
import pymupdf
from numpy.typing import NDArray

from domain.documents import Box
from domain.errors import RegionOutsidePage

OUTSIDE_TOLERANCE = 0.001
"""Boxes that come from rounding stick out by less (0.1 %)."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The measures of a page, asked for once: each question to PyMuPDF costs 20 µs, and a page has hundreds of words.

    `width_pt` and `height_pt` are those of the unrotated page, `rotation` that of the file, `reading_rotation` the one
    by which most of the text is level: blocks are made of the page so turned. Degrees, clockwise.
    """

    width_pt: float
    height_pt: float
    rotation: int
    reading_rotation: int

    @classmethod
    def of(cls, page: pymupdf.Page) -> "Frame":
        rect, rotation = page.rect, page.rotation
        width, height = (rect.height, rect.width) if rotation in (90, 270) else (rect.width, rect.height)
        return cls(width_pt=width, height_pt=height, rotation=rotation, reading_rotation=rotation)

    @property
    def page_box(self) -> Box:
        """The page as read, in points."""
        if self.reading_rotation in (90, 270):
            return (0.0, 0.0, self.height_pt, self.width_pt)
        return (0.0, 0.0, self.width_pt, self.height_pt)

    def seen(self, box: Box) -> Box:
        """Points of the unrotated page as points of the page as read."""
        x0, y0, x1, y1 = box
        match self.reading_rotation:
            case 90:
                return (self.height_pt - y1, x0, self.height_pt - y0, x1)
            case 180:
                return (self.width_pt - x1, self.height_pt - y1, self.width_pt - x0, self.height_pt - y0)
            case 270:
                return (y0, self.width_pt - x1, y1, self.width_pt - x0)
        return box

    def seen_all(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Many boxes at once, a row each."""
        x0, y0, x1, y1 = boxes.T
        width, height = self.width_pt, self.height_pt
        match self.reading_rotation:
            case 90:
                return np.stack((height - y1, x0, height - y0, x1), axis=1)
            case 180:
                return np.stack((width - x1, height - y1, width - x0, height - y0), axis=1)
            case 270:
                return np.stack((y0, width - x1, y1, width - x0), axis=1)
        return boxes

    def unrotated_all(self, boxes: Sequence[Box]) -> list[Box]:
        """Points of the page as read to 0–1 of the unrotated page, cut to it."""
        if not boxes:
            return []
        x0, y0, x1, y1 = np.fromiter(chain.from_iterable(boxes), np.float64, 4 * len(boxes)).reshape(-1, 4).T
        width, height = self.width_pt, self.height_pt
        match self.reading_rotation:
            case 90:
                x0, y0, x1, y1 = y0, height - x1, y1, height - x0
            case 180:
                x0, y0, x1, y1 = width - x1, height - y1, width - x0, height - y0
            case 270:
                x0, y0, x1, y1 = width - y1, x0, width - y0, x1
        shares = np.stack((x0 / width, y0 / height, x1 / width, y1 / height))
        return list(zip(*np.clip(shares, 0, 1).round(5).tolist(), strict=True))

    def to_drawn(self, box: Box) -> Box:
        """Points of the unrotated page as points of the page as PyMuPDF draws it."""
        return msgspec.structs.replace(self, reading_rotation=self.rotation).seen(box)


def unrotated_size(page: pymupdf.Page) -> tuple[float, float]:
    """Width and height in points of the page before its rotation."""
    width, height = page.rect.width, page.rect.height
    return (height, width) if page.rotation in (90, 270) else (width, height)


def to_seen(page: pymupdf.Page, box: Box) -> pymupdf.Rect:
    """A box of ours as points of the page as seen."""
    width, height = unrotated_size(page)
    points = pymupdf.Rect(box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    return points * page.rotation_matrix


def checked_region(region: Box | None) -> Box:
    """The region cut to the page; null is the whole page. Raises RegionOutsidePage, also for an empty region."""
    if region is None:
        return (0.0, 0.0, 1.0, 1.0)
    x0, y0, x1, y1 = region
    inside = all(-OUTSIDE_TOLERANCE <= edge <= 1 + OUTSIDE_TOLERANCE for edge in region)
    if not inside or x1 <= x0 or y1 <= y0:
        raise RegionOutsidePage(f"region {region}")
    return (max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0))
