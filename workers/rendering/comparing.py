"""Compares two pictures of one sheet: lays the earlier one on the later one and finds ink that one lacks.

The pictures are our own renderings, hence this runs in a thread of the worker, not in a child.
"""

import asyncio
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.documents import Box
from domain.errors import DocumentDamaged
from domain.ports import BlobStore
from domain.revisions.types import ChangeKind, PictureDifference, PictureRegion

REGISTER_PX = 1_400
"""Longer side of the pictures while they are laid on each other. A guess: 1 px of it is 0.6 mm of an A1 sheet."""

EXACT_PX = 2_400
EXACT_STEPS = 12
"""Longer side and steps of the second laying, which starts from the first: it leaves 0.4 px at the corners of sample
sheets scanned at 200 dpi where the first leaves 2 px (measured 2026-11)."""

STEPS = 60
PRECISION = 1e-5
LEAST_CORRELATION = 0.05
"""Of the laid pictures; below, they have nothing in common and lie as they are. A guess."""

PAPER_SHADES = 8
"""Of 255: smaller contrasts are paper, not ink. A guess."""

INK_SHADE, CLEAN_SHARE = 160, 0.25
"""Pictures of which no more than this share of the ink (darker than the shade) differs carry no noise: a thin line
that lies a pixel beside itself differs wholly. Guesses."""

FAINT_SHARE = 0.4
"""Of the level of ink: fainter ink is still a trace of the line, so that thin lines do not come and go. A guess."""

REACH_MM, NARROW_REACH_MM = 0.3, 0.15
"""Ink this far from ink is the same line: half a line of drawing, and what scanning shifts. A guess. The narrow one is
for sheets that lie exactly: of changed words of an A4 scan at 200 dpi it finds 35 of 39, the wide one 28 (2026-11)."""

LOOSE_SHARE = 0.004
"""Of the ink: with more than this between the two reaches, the sheets do not lie exactly. Measured 2026-11 at 200 dpi:
0.0003 to 0.003 on sheets with some twenty edits, 0.009 on paper warped by 3 px."""

SPECK_MM = 0.6
DOT_MM = 1.2
BESIDE_MM = 1.0
"""Differences smaller than the first are noise of a scan, and so are dots smaller than the second without other ink
this near. Guesses: the smallest letters of drawings are 1.8 mm tall, dust is below 1 mm."""

TOGETHER_MM = 3.0
"""Differences nearer than this are one change. A guess: a letter's height."""

RED, BLUE = (40, 40, 220), (220, 110, 20)
"""Of OpenCV's blue, green, red order."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """`overlay` is a PNG of the later sheet: what went is red, what came is blue, what stayed is grey."""

    regions: tuple[PictureRegion, ...]
    overlay: bytes


class PictureComparer:
    """See `domain.ports.PictureComparer`. Two at a time: each needs some 300 MB for an A1 sheet at 200 dpi."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._free = asyncio.Semaphore(2)

    async def compare(self, earlier: str, later: str, px_per_mm: float) -> PictureDifference:
        async with self._free:
            one, other = await self._blobs.get(earlier), await self._blobs.get(later)
            compared = await asyncio.to_thread(compare_pictures, one, other, px_per_mm)
        digest = await self._blobs.put(compared.overlay, "image/png")
        return PictureDifference(regions=compared.regions, overlay_digest=digest)


def compare_pictures(earlier: bytes, later: bytes, px_per_mm: float) -> Compared:
    """Regions in which the pictures (PNG, JPEG or WebP) differ, larger ones first, and the overlay.

    `px_per_mm` is the scale of the later one. A shift, a small turn and a small change of scale are undone first.
    Blocks for about a second per 10 million pixels. Raises DocumentDamaged for what is no picture.
    """
    a, b = _grey(earlier), _grey(later)
    is_clean = _is_clean(a, b)
    matrix = _matrix([[1, 0, 0], [0, 1, 0]]) if is_clean else _exact(a, b, _register(a, b))
    laid = cv2.warpAffine(a, matrix, (b.shape[1], b.shape[0]), flags=cv2.INTER_LINEAR, borderValue=255)
    contrast_a, contrast_b = _contrast(laid), _contrast(b)
    reach = 0 if is_clean else _reach(contrast_a, contrast_b, px_per_mm)
    all_removed, removed = _alone(contrast_a, contrast_b, reach, px_per_mm)
    all_added, added = _alone(contrast_b, contrast_a, reach, px_per_mm)
    regions = _regions(removed, added, a, b, matrix, px_per_mm)
    shown = (all_removed, all_added) if is_clean else (removed, added)
    return Compared(regions=tuple(regions), overlay=_overlay(laid, b, *shown))


Picture = NDArray[Any]
"""Rows of pixels, or a matrix; OpenCV's own types do not fit numpy's."""


def _grey(data: bytes) -> Picture:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DocumentDamaged("not a picture")
    return picture


def _is_clean(a: Picture, b: Picture) -> bool:
    """Whether both are drawn alike, pixel on pixel, but for few changes: drawn pages, no scans."""
    if a.shape != b.shape:
        return False
    ink = int((cv2.min(a, b) < INK_SHADE).sum())
    return int((cv2.absdiff(a, b) > PAPER_SHADES).sum()) <= CLEAN_SHARE * ink


def _register(a: Picture, b: Picture) -> Picture:
    """The 2 × 3 matrix that carries pixels of a to pixels of b."""
    share = min(b.shape[1] / a.shape[1], b.shape[0] / a.shape[0])
    start = _matrix([[share, 0, 0], [0, share, 0]])
    shrink = min(REGISTER_PX / max(b.shape), 1.0)
    small_b = _soft(cv2.resize(b, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA))
    small_a = cv2.warpAffine(
        a,
        start * _matrix([[shrink], [shrink]]),
        (small_b.shape[1], small_b.shape[0]),
        flags=cv2.INTER_AREA,
        borderValue=255,
    )
    small_a = _soft(small_a)
    (dx, dy), _ = cv2.phaseCorrelate(small_a, small_b)
    guesses = [_matrix([[1, 0, 0], [0, 1, 0]]), _matrix([[1, 0, dx], [0, 1, dy]])]
    best = max(guesses, key=lambda guess: _correlation(small_a, small_b, guess))
    refined = _refined(small_a, small_b, best)
    if _correlation(small_a, small_b, refined) < _correlation(small_a, small_b, best):
        refined = best
    refined[:, 2] /= shrink
    if _correlation(small_a, small_b, best) < LEAST_CORRELATION:
        return start
    # First the scale of the paper, then what was found.
    return _matrix(refined @ np.vstack([start, [0, 0, 1]]))


def _exact(a: Picture, b: Picture, matrix: Picture) -> Picture:
    """The matrix refined on larger pictures; as it is where the pictures are small or the larger ones disagree."""
    shrink = min(EXACT_PX / max(b.shape), 1.0)
    if shrink * max(b.shape) <= REGISTER_PX:
        return matrix
    small_a, small_b = (
        _soft(cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)) for picture in (a, b)
    )
    guess = matrix.copy()
    guess[:, 2] *= shrink
    refined = _refined(small_a, small_b, guess, EXACT_STEPS)
    if _correlation(small_a, small_b, refined) < _correlation(small_a, small_b, guess):
        return matrix
    refined[:, 2] /= shrink
    return refined


def _matrix(rows: Any) -> Picture:
    return np.asarray(rows, dtype=np.float32)


def _soft(picture: Picture) -> Picture:
    """Ink as bright, blurred lines: thin lines would have to meet exactly otherwise."""
    return cv2.GaussianBlur(255 - picture, (0, 0), 2).astype(np.float32) / 255


def _refined(a: Picture, b: Picture, guess: Picture, steps: int = STEPS) -> Picture:
    """An affine matrix from a to b by enhanced correlation; the guess where that finds none."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, steps, PRECISION)
    back = cv2.invertAffineTransform(guess)
    everywhere = np.full(b.shape, 255, np.uint8)
    try:
        _, found = cv2.findTransformECC(b, a, _matrix(back), cv2.MOTION_AFFINE, criteria, everywhere, 5)
    except cv2.error:
        return guess
    return _matrix(cv2.invertAffineTransform(found))


def _correlation(a: Picture, b: Picture, matrix: Picture) -> float:
    laid = cv2.warpAffine(a, matrix, (b.shape[1], b.shape[0]))
    one, other = laid - laid.mean(), b - b.mean()
    return float((one * other).sum() / max(np.sqrt((one**2).sum() * (other**2).sum()), 1e-9))


def _contrast(picture: Picture) -> Picture:
    """How much darker than its paper each pixel is."""
    paper = cv2.blur(cv2.dilate(cv2.medianBlur(picture, 3), np.ones((15, 15), np.uint8)), (31, 31))
    return cv2.subtract(paper, cv2.GaussianBlur(picture, (0, 0), 0.8))


def _level(contrast: Picture) -> float:
    """The contrast from which pixels are ink."""
    shades = contrast[contrast > PAPER_SHADES]
    if not shades.size:
        return 60.0
    level, _ = cv2.threshold(shades.reshape(-1, 1), 0, 255, cv2.THRESH_OTSU)
    return min(max(level * 0.7, 24.0), 90.0)


def _reach(a: Picture, b: Picture, px_per_mm: float) -> int:
    """How far ink may lie from ink and be the same, in pixels: narrow where the wide reach hides little more."""
    narrow, wide = max(1, round(NARROW_REACH_MM * px_per_mm)), max(1, round(REACH_MM * px_per_mm))
    ink = between = 0
    for contrast, other in ((a, b), (b, a)):
        sure = contrast > _level(contrast)
        ink += int(sure.sum())
        between += int((sure & _near(other, wide) & ~_near(other, narrow)).sum())
    return narrow if between <= LOOSE_SHARE * max(ink, 1) else wide


def _near(contrast: Picture, reach: int) -> Picture:
    """Where even faint ink is within the reach."""
    faint = (contrast > FAINT_SHARE * _level(contrast)).astype(np.uint8)
    return cv2.dilate(faint, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))) > 0


def _alone(contrast: Picture, other: Picture, reach: int, px_per_mm: float) -> tuple[Picture, Picture]:
    """Sure ink without even faint ink of the other near it, and the same with specks left out."""
    sure, near = contrast > _level(contrast), _near(other, reach)
    alone = (sure & ~near).astype(np.uint8)
    beside = cv2.dilate((sure & near).astype(np.uint8), np.ones((2 * round(BESIDE_MM * px_per_mm) + 1,) * 2, np.uint8))
    return alone, _without_specks(alone, beside, px_per_mm)


def _without_specks(alone: Picture, beside: Picture, px_per_mm: float) -> Picture:
    """Leaves out what is smaller than any mark, and lone dots: a changed letter has letters or its rest beside it."""
    count, found, stats, _ = cv2.connectedComponentsWithStats(alone, connectivity=8)
    labels = np.asarray(found, dtype=np.intp)
    longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    has_company = np.zeros(count, bool)
    has_company[np.unique(labels[(alone > 0) & (beside > 0)])] = True
    least = np.where(has_company, SPECK_MM, DOT_MM) * px_per_mm
    keep = (longest >= least) & (stats[:, cv2.CC_STAT_AREA] >= SPECK_MM * px_per_mm)
    keep[0] = False
    return np.where(keep[labels], 255, 0).astype(np.uint8)


def _regions(
    removed: Picture, added: Picture, a: Picture, b: Picture, matrix: Picture, px_per_mm: float
) -> list[PictureRegion]:
    gap = max(3, round(TOGETHER_MM * px_per_mm) | 1)
    either = cv2.morphologyEx(cv2.bitwise_or(removed, added), cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    count, found = cv2.connectedComponents(either, connectivity=8)
    labels = np.asarray(found, dtype=np.intp)
    boxes_gone, boxes_come = _boxes(labels, removed, count), _boxes(labels, added, count)
    back = cv2.invertAffineTransform(matrix)
    regions = []
    for label in range(1, count):
        gone, come = boxes_gone.get(label), boxes_come.get(label)
        if gone is None and come is None:
            continue
        kind = ChangeKind.CHANGED if gone and come else ChangeKind.REMOVED if gone else ChangeKind.ADDED
        box_a = _share(_carried(gone, back), a) if gone else None
        regions.append(PictureRegion(kind=kind, box_a=box_a, box_b=_share(come, b) if come else None))
    return sorted(regions, key=lambda region: -_area(region.box_b or region.box_a))


def _boxes(labels: Picture, mask: Picture, count: int) -> dict[int, Box]:
    """The box in pixels of the mask's ink under each label."""
    ys, xs = np.nonzero(mask)
    if len(xs) == 0:
        return {}
    found = labels[ys, xs]
    low_x, low_y = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).max)
    high_x, high_y = np.full(count, -1), np.full(count, -1)
    np.minimum.at(low_x, found, xs)
    np.minimum.at(low_y, found, ys)
    np.maximum.at(high_x, found, xs)
    np.maximum.at(high_y, found, ys)
    return {
        label: (float(low_x[label]), float(low_y[label]), float(high_x[label] + 1), float(high_y[label] + 1))
        for label in range(1, count)
        if high_x[label] >= 0
    }


def _carried(box: Box, matrix: Picture) -> Box:
    corners = _matrix([[[box[0], box[1]], [box[2], box[1]], [box[0], box[3]], [box[2], box[3]]]])
    points = cv2.transform(corners, matrix)[0]
    return (
        float(points[:, 0].min()),
        float(points[:, 1].min()),
        float(points[:, 0].max()),
        float(points[:, 1].max()),
    )


def _share(box: Box, picture: Picture) -> Box:
    height, width = picture.shape
    x0, y0, x1, y1 = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    return (max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0))


def _area(box: Box | None) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) if box else 0.0


def _overlay(laid: Picture, b: Picture, removed: Picture, added: Picture) -> bytes:
    """What stayed pale, what went red, what came blue."""
    pale = cv2.addWeighted(b, 0.45, np.full_like(b, 255), 0.55, 0)
    picture = cv2.cvtColor(pale, cv2.COLOR_GRAY2BGR)
    thick = np.ones((3, 3), np.uint8)
    for mask, colour in ((removed, RED), (added, BLUE)):
        picture[cv2.dilate(mask, thick) > 0] = colour
    return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1].tobytes()
