"""Between the three spaces of a page: 0–1 of the unrotated page (ours), points of the unrotated page (what PyMuPDF's
text and drawings are in, origin at the CropBox) and points of the page as seen (rotated; what PyMuPDF draws)."""

from collections.abc import Iterable, Iterator

import pymupdf

from domain.documents import Box
from domain.errors import RegionOutsidePage

OUTSIDE_TOLERANCE = 0.001
"""Boxes that come from rounding stick out by less (0.1 %)."""


def unrotated_size(page: pymupdf.Page) -> tuple[float, float]:
    """Width and height in points of the page before its rotation."""
    width, height = page.rect.width, page.rect.height
    return (height, width) if page.rotation in (90, 270) else (width, height)


def to_seen(page: pymupdf.Page, box: Box) -> pymupdf.Rect:
    """A box of ours as points of the page as seen."""
    width, height = unrotated_size(page)
    points = pymupdf.Rect(box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    return points * page.rotation_matrix


def seen_boxes(page: pymupdf.Page, boxes: Iterable[Box]) -> Iterator[Box]:
    """Boxes in points of the unrotated page as boxes of the page as seen. Plain numbers: there may be 200,000."""
    a, b, c, d, e, f = page.rotation_matrix
    for x0, y0, x1, y1 in boxes:
        u0, v0, u1, v1 = a * x0 + c * y0 + e, b * x0 + d * y0 + f, a * x1 + c * y1 + e, b * x1 + d * y1 + f
        yield (min(u0, u1), min(v0, v1), max(u0, u1), max(v0, v1))


def checked_region(region: Box | None) -> Box:
    """The region cut to the page; null is the whole page. Raises RegionOutsidePage, also for an empty region."""
    if region is None:
        return (0.0, 0.0, 1.0, 1.0)
    x0, y0, x1, y1 = region
    inside = all(-OUTSIDE_TOLERANCE <= edge <= 1 + OUTSIDE_TOLERANCE for edge in region)
    if not inside or x1 <= x0 or y1 <= y0:
        raise RegionOutsidePage(f"region {region}")
    return (max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0))
