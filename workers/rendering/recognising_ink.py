"""What is done to a picture of a page before letters are looked for in it. Pictures are grey, 300 dpi.

They are our own renderings, hence this runs in threads of the worker, not in a child.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.documents import Box
from domain.errors import DocumentDamaged

Picture = NDArray[Any]
"""Rows of pixels; OpenCV's own types do not fit numpy's."""

DPI = 300
"""Letters of 2.5 mm are 30 px high: Tesseract needs 20 (tesseract-ocr.github.io/tessdoc/ImproveQuality)."""

RULING_PX = 100
RULING_WIDTH_PX = 14
"""A line is longer (8.5 mm: a table's row) and thinner than this. Guesses."""

SLANT = math.tan(math.radians(15))
WIDER = 1.35
"""GOST 2.304-81 lettering leans by 15° and is narrow; the width was measured on two sheets with it (2026-11-20): made
upright 0.30 → 0.44 and 0.36 → 0.51 of the words were found, made upright and wider 0.49 and 0.62."""

LETTER_PX = (10, 110)
"""Longer side of letters: 0.8 to 9 mm."""

WORD_PX = 600
"""Letters that touch each other make spots of up to this length: a bold word. A guess."""

BESIDE_PX = 12
"""Dots, commas and hyphens are this near to their letters: 1 mm."""

PAPER = 255


def read_picture(data: bytes, dpi: float) -> Picture:
    """A picture file drawn at `dpi`, grey and at 300 dpi. Raises DocumentDamaged for what is no picture."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DocumentDamaged("not a picture")
    scale = DPI / dpi
    if abs(scale - 1) < 0.02:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)


def as_png(picture: Picture) -> bytes:
    return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def without_rulings(picture: Picture) -> tuple[Picture, list[Box]]:
    """The picture without its long straight lines, and these as thin boxes in pixels: cells of tables and frames,
    which Tesseract takes for letters."""
    ink = _ink(picture)
    taken = np.zeros_like(ink)
    boxes: list[Box] = []
    for shape in ((RULING_PX, 1), (1, RULING_PX)):
        long = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape[::-1], np.uint8))
        count, found, stats, _ = cv2.connectedComponentsWithStats(long, connectivity=8)
        labels = np.asarray(found, dtype=np.intp)
        length = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
        thin = stats[:, cv2.CC_STAT_AREA] <= RULING_WIDTH_PX * length
        thin[0] = False
        taken |= np.where(thin[labels], PAPER, 0).astype(np.uint8)
        boxes += [_ruling(stats[label]) for label in range(1, count) if thin[label]]
    cleaned = picture.copy()
    cleaned[cv2.dilate(taken, np.ones((3, 3), np.uint8)) > 0] = _paper(picture)
    return cleaned, boxes


def letters_beside(picture: Picture, boxes: list[Box]) -> tuple[Picture, int]:
    """The picture with nothing but spots of the size of letters and what is close to them, outside of the boxes; and
    how many spots these are. The strokes of a drawing are no letters, and specks must go: Tesseract takes 50 s to find
    no words in the noise of a scan (measured 2026-11-20)."""
    ink = _ink(picture)
    for x0, y0, x1, y1 in boxes:
        ink[max(int(y0) - 1, 0) : int(y1) + 2, max(int(x0) - 1, 0) : int(x1) + 2] = 0
    _, found, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    labels = np.asarray(found, dtype=np.intp)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    least, most = LETTER_PX
    longest, shortest = np.maximum(width, height), np.minimum(width, height)
    letters = (longest >= least) & (longest <= most) & (shortest * 8 >= longest)
    strokes = (shortest > most) | (longest > WORD_PX) | ((longest > most) & (shortest * 8 < longest))
    letters[0] = strokes[0] = False
    kept = (longest >= least) & ~strokes
    kept[0] = False
    near = _spread(kept[labels], BESIDE_PX) & ~_spread(strokes[labels], 1)
    for x0, y0, x1, y1 in boxes:
        near[max(int(y0) - 1, 0) : int(y1) + 2, max(int(x0) - 1, 0) : int(x1) + 2] = False
    return np.where(near, picture, np.uint8(_paper(picture))), int(letters.sum())


def upright(picture: Picture) -> Picture:
    """The picture with slanted, narrow letters made upright and wider."""
    height, width = picture.shape
    matrix = np.asarray([[WIDER, SLANT * WIDER, 0], [0, 1, 0]], dtype=np.float32)
    size = (math.ceil((width + SLANT * height) * WIDER), height)
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderValue=_paper(picture))


def slanted_back(box: Box) -> Box:
    """A box of the picture made by `upright` in the picture that it was made of."""
    x0, y0, x1, y1 = box
    return (x0 / WIDER - SLANT * y1, y0, x1 / WIDER - SLANT * y0, y1)


def turned(picture: Picture, turn: int) -> Picture:
    """`turn`: degrees clockwise."""
    code = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}.get(turn)
    return picture if code is None else cv2.rotate(picture, code)


def turned_back(box: Box, turn: int, size: tuple[int, int]) -> Box:
    """A box of the turned picture in the picture before, which is `size` = (width, height) px."""
    width, height = size
    x0, y0, x1, y1 = box
    match turn:
        case 90:
            return (y0, height - x1, y1, height - x0)
        case 180:
            return (width - x1, height - y1, width - x0, height - y0)
        case 270:
            return (width - y1, x0, width - y0, x1)
    return box


def _ink(picture: Picture) -> Picture:
    """255 where something is darker than the paper around it."""
    ink = cv2.adaptiveThreshold(picture, PAPER, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 15)
    return cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))


def _spread(mask: Picture, by_px: int) -> Picture:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * by_px + 1, 2 * by_px + 1), np.uint8)) > 0


def _ruling(stats: Any) -> Box:
    """The box of a line, which may be a little skewed, as a line through its middle."""
    left, top = float(stats[cv2.CC_STAT_LEFT]), float(stats[cv2.CC_STAT_TOP])
    width, height = float(stats[cv2.CC_STAT_WIDTH]), float(stats[cv2.CC_STAT_HEIGHT])
    if width > height:
        return (left, top + height / 2, left + width, top + height / 2)
    return (left + width / 2, top, left + width / 2, top + height)


def _paper(picture: Picture) -> int:
    return int(np.percentile(picture[::7, ::7], 80)) if picture.size else PAPER
