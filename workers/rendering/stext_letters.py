"""Reads the letters of a MuPDF text page where they stand, with the boxes that PyMuPDF would give them.

Runs in render children only. The layout is that of `fz_stext_line`, `fz_stext_char` (mupdf/fitz/structured-text.h) and
`fz_font` (mupdf/fitz/font.h); a test compares with what PyMuPDF tells. Boxes are as high as the type's size
(`TOOLS.set_small_glyph_heights`): PyMuPDF's `JM_char_quad` (src/extra.i), for all letters at once, in single precision
like it. It differs in two places: a letter written upside down stands on its right side of the baseline, and a letter
without width, as the second one of a ligature, has none.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from workers.rendering.memory import Memory

LETTERS_LIMIT = 2_000_000
"""Per page (reliability.md §5.1: 5 MB of text). Hidden ones and those printed twice count: they
take as long to read."""

_LINE_BYTES, _LINE_NEXT_AT = 64, 56
_LETTER_BYTES, _LETTER_NEXT_AT = 72, 64
"""The size, and where the pointer to the next one is."""

_FIRST_LETTER = 4
"""Of a line, in words of eight bytes."""

_MODE, _DIRECTION = 0, slice(1, 3)
"""Of a line, in words of four bytes; the first byte of the mode tells upright writing."""

_CODE, _FLAGS, _COLOUR, _ORIGIN, _SIZE = 0, 1, 2, slice(3, 5), 13
_CORNERS_X, _CORNERS_Y = slice(5, 13, 2), slice(6, 13, 2)
"""Of a letter, in words of four bytes. Corners: upper left, upper right, lower left, lower right."""

_FONT = 7
"""Of a letter, in words of eight bytes."""

_FONT_FLAGS, _FONT_ASCENDER, _FONT_BYTES = 20, 55, 232
"""Of a font, in words of four bytes, and the part of it that is looked at; the descender follows the ascender."""

_BOLD = 4
_SYNTHETIC = 4
_EPSILON = np.float32(2**-23)
_NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64))


class Spans(msgspec.Struct, frozen=True, kw_only=True):
    """Letters of one line and one style, a row each."""

    size: NDArray[np.float64]
    colour: NDArray[np.uint32]
    """0xAARRGGBB, opaque is 0xFF."""

    flags: NDArray[np.uint32]
    """FZ_STEXT_FILLED and others."""

    is_bold: NDArray[np.bool_]
    ascender: NDArray[np.float32]
    descender: NDArray[np.float32]
    """Of the font, in shares of its size."""


class Letters(msgspec.Struct, frozen=True, kw_only=True):
    """The letters that lie on the page at least in part, in the measure of the text page."""

    codes: NDArray[np.int32]
    boxes: NDArray[np.float32]
    """x0, y0, x1, y1: four rows, a letter is a column."""

    line: NDArray[np.int64]
    span: NDArray[np.int64]
    """The numbers of its line and its span."""

    spans: Spans
    block: NDArray[np.int64]
    """For each line the number of its block of text."""

    directions: NDArray[np.float32]
    """For each line that of writing, of length 1: cosine and sine."""

    is_whole: bool = True
    """False where the page has more letters than the limit: none are told then."""


def read_letters(memory: Memory, first_lines: list[int], width: float, height: float) -> Letters:
    """The text of the blocks whose first lines have these addresses; what lies off the page is left out."""
    found_lines = memory.chains(first_lines, _LINE_NEXT_AT, limit=LETTERS_LIMIT)
    places, block = found_lines or _NOTHING
    lines = memory.copied(places, _LINE_BYTES)
    first_letters = lines.view(np.int64)[:, _FIRST_LETTER].tolist()
    found = memory.chains(first_letters, _LETTER_NEXT_AT, limit=LETTERS_LIMIT)
    places, line = found or _NOTHING
    letters = memory.copied(places, _LETTER_BYTES)
    directions = lines[:, _DIRECTION].view(np.float32)
    is_upright = lines[:, _MODE] & 0xFF != 0
    numbers = np.ascontiguousarray(letters.T)
    fonts = letters.view(np.int64)[:, _FONT]
    with np.errstate(all="ignore"):
        spans, span = _spans(memory, numbers, fonts, line)
        boxes = _boxes(numbers.view(np.float32), spans, span, directions[line].T)
        if is_upright.any():
            boxes = np.where(is_upright[line], _upright_boxes(numbers.view(np.float32)), boxes)
    x0, y0, x1, y1 = boxes
    on_page = (x0 < width) & (y0 < height) & (x1 > 0) & (y1 > 0)
    is_on = slice(None) if on_page.all() else on_page
    return Letters(
        codes=numbers[_CODE].view(np.int32)[is_on],
        boxes=boxes[:, is_on],
        line=line[is_on],
        span=span[is_on],
        spans=spans,
        block=block,
        directions=directions,
        is_whole=found_lines is not None and found is not None,
    )


def _spans(
    memory: Memory, numbers: NDArray[np.uint32], fonts: NDArray[np.int64], line: NDArray[np.int64]
) -> tuple[Spans, NDArray[np.int64]]:
    """The spans, and for each letter the number of its own."""
    flags = (numbers[_FLAGS] >> 16) & ~np.uint32(_SYNTHETIC)
    begins = np.ones(len(line), np.bool_)
    parts = (line, fonts, flags, numbers[_SIZE], numbers[_COLOUR])
    begins[1:] = np.logical_or.reduce([part[1:] != part[:-1] for part in parts])
    first = np.flatnonzero(begins)
    font = fonts[first].tolist()
    said = {address: _font(memory, address) for address in set(font)}
    bold, ascender, descender = zip(*map(said.__getitem__, font), strict=True) if font else ((), (), ())
    spans = Spans(
        size=numbers[_SIZE, first].view(np.float32).astype(np.float64),
        colour=numbers[_COLOUR, first],
        flags=flags[first],
        is_bold=np.array(bold, np.bool_),
        ascender=np.array(ascender, np.float32),
        descender=np.array(descender, np.float32),
    )
    return spans, np.cumsum(begins) - 1


def _font(memory: Memory, address: int) -> tuple[bool, float, float]:
    """Whether it is bold, its ascender and its descender."""
    words = memory.copied(np.array([address], np.int64), _FONT_BYTES)[0]
    ascender, descender = words[_FONT_ASCENDER : _FONT_ASCENDER + 2].view(np.float32).tolist()
    return bool(words[_FONT_FLAGS] & _BOLD), ascender, descender


def _boxes(
    numbers: NDArray[np.float32], spans: Spans, span: NDArray[np.int64], direction: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The letter is turned level, made as high as the type's size, and turned back."""
    cosine, sine = direction
    origin_x, origin_y = numbers[_ORIGIN]
    corners_x, corners_y = numbers[_CORNERS_X] - origin_x, numbers[_CORNERS_Y] - origin_y
    x = corners_x * cosine + corners_y * sine
    is_flipped = corners_y[0] * cosine - corners_x[0] * sine > 0
    left, right = x[0::2], x[1::2]
    left[:, left[1] < 0] = 0
    up, down = (height[span] for height in _heights(spans))
    sign = np.where(is_flipped, np.float32(1), np.float32(-1))
    y = np.stack((up * sign, down * sign))
    xs = np.concatenate((left, right))
    ys = np.concatenate((y, y))
    turned_x, turned_y = xs * cosine - ys * sine + origin_x, xs * sine + ys * cosine + origin_y
    return np.stack((turned_x.min(axis=0), turned_y.min(axis=0), turned_x.max(axis=0), turned_y.max(axis=0)))


def _heights(spans: Spans) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Above and below the baseline; together the type's size. Fonts without a height are those of OCR layers."""
    has_height = spans.ascender >= np.float32(1e-3)
    up = np.where(has_height, spans.ascender, np.float32(0.9))
    down = np.where(has_height, spans.descender, np.float32(-0.1))
    high = np.where(has_height, up - down + _EPSILON, np.float32(1))
    up, down = up / high, down / high
    size = spans.size.astype(np.float32)
    return up * size / (up - down), down * size / (up - down)


def _upright_boxes(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of letters written one below the other: as they are told, at least as high as the type's size."""
    x, y = numbers[_CORNERS_X], numbers[_CORNERS_Y]
    bottom = y.max(axis=0)
    return np.stack((x.min(axis=0), np.minimum(y.min(axis=0), bottom - numbers[_SIZE]), x.max(axis=0), bottom))
