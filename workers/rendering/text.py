"""The text of a page as lines of words, without what a reader cannot see. Runs in render children only.

Quirks of PyMuPDF 1.28.2, each tried on pages rotated by 0, 90, 180 and 270 with a shifted CropBox: text, drawings and
the bounding box log are in points of the *unrotated* page with the CropBox's corner as origin; `get_pixmap` takes its
clip in points of the page as seen. Invisible text (render mode 3) has neither the filled nor the stroked flag.
"""

import math
import re
from collections import defaultdict

import msgspec
import pymupdf
from pymupdf import mupdf

from domain.documents import Box
from workers.rendering.encoding import repair
from workers.rendering.geometry import seen_boxes, unrotated_size
from workers.rendering.glyph_numbers import read_by_number
from workers.rendering.pieces import TextLine, TextWord, around, centre, is_within

LEAST_SIZE_PT = 1.0
"""Smaller letters cannot be read on paper. Real sheets scaled down from A0 have 1.5–2 pt."""

WHITE_FROM = 0xE8
"""From this value in all three channels a colour may be taken for paper; then the picture decides."""

INK_PIXELS = 4_000_000
"""Of the picture in which ink is looked for: 72 dpi up to A1."""

# A font without a table of Unicode values mostly has the codes of ASCII, so the code is taken for the letter.
_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
_SEEN = mupdf.FZ_STEXT_FILLED | mupdf.FZ_STEXT_STROKED | mupdf.FZ_STEXT_CLIPPED
_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_BOLD = pymupdf.TEXT_FONT_BOLD


class PageText(msgspec.Struct, frozen=True, kw_only=True):
    """`is_recognised`: the text is the invisible layer that an OCR laid over a picture."""

    lines: tuple[TextLine, ...]
    hidden_words: int = 0
    smallest_size_pt: float | None = None
    is_recognised: bool = False
    is_repaired: bool = False
    unknown_share: float = 0.0
    """Of letters that are none: control, private and replacement characters."""


class _Span(msgspec.Struct, frozen=True):
    box: Box
    size_pt: float
    is_bold: bool
    is_hidden: bool
    is_recognised: bool


def read_text(page: pymupdf.Page, pictures: list[Box]) -> PageText:
    """`pictures`: the boxes of the raster pictures of the page, in points of the unrotated page."""
    textpage = page.get_textpage(flags=_FLAGS)
    spans, directions = _spans(page, textpage, pictures)
    by_line: dict[tuple[int, int], list[tuple[TextWord, _Span]]] = defaultdict(list)
    hidden_words = 0
    width, height = unrotated_size(page)
    whole = (0.0, 0.0, width, height)
    printed = _Printed()
    by_number = read_by_number(page, textpage, _FLAGS)
    words = by_number or textpage.extractWORDS()
    texts, is_repaired = repair([word[4] for word in words])
    for (x0, y0, x1, y1, _, block_no, line_no, _), raw in zip(words, texts, strict=True):
        box, text = (x0, y0, x1, y1), _printable(raw)
        span = _span_at(spans.get((block_no, line_no), []), box)
        if span is None or span.is_hidden or not is_within(centre(box), whole):
            hidden_words += 1
            continue
        if printed.again(text, box):
            continue
        (seen,) = seen_boxes(page, (box,))
        by_line[block_no, line_no].append((TextWord(text, seen), span))
    lines = [_line(key[0], words, directions[key]) for key, words in by_line.items()]
    shown = [span for words in by_line.values() for _, span in words]
    return PageText(
        lines=tuple(lines),
        hidden_words=hidden_words,
        smallest_size_pt=round(min(span.size_pt for span in shown), 2) if shown else None,
        is_recognised=bool(shown) and sum(span.is_recognised for span in shown) > len(shown) / 2,
        is_repaired=is_repaired or by_number is not None,
        unknown_share=_unknown_share("".join(texts) if by_number else textpage.extractText()),
    )


class _Ink:
    """Looks at the drawn page, once and only if need be. Pale letters are seen if something darker is under or around
    them; invisible ones are the text of what is drawn there: of a picture, or of letters drawn as curves."""

    def __init__(self, page: pymupdf.Page) -> None:
        self._page = page
        self._pixmap: pymupdf.Pixmap | None = None
        self._scale = min(1.0, math.sqrt(INK_PIXELS / max(page.rect.width * page.rect.height, 1.0)))

    def is_under(self, box: Box) -> bool:
        """`box` in points of the unrotated page."""
        if self._pixmap is None:
            matrix = pymupdf.Matrix(self._scale, self._scale)
            self._pixmap = self._page.get_pixmap(matrix=matrix, alpha=False, colorspace=pymupdf.csGRAY)
        ((x0, y0, x1, y1),) = seen_boxes(self._page, (box,))
        left, right = max(int(x0 * self._scale), 0), min(int(x1 * self._scale) + 1, self._pixmap.width)
        rows = range(max(int(y0 * self._scale), 0), min(int(y1 * self._scale) + 1, self._pixmap.height))
        samples, stride = self._pixmap.samples_mv, self._pixmap.stride
        return any(min(samples[row * stride + left : row * stride + right], default=255) < WHITE_FROM for row in rows)


def _spans(
    page: pymupdf.Page, textpage: pymupdf.TextPage, pictures: list[Box]
) -> tuple[dict[tuple[int, int], list[_Span]], dict[tuple[int, int], bool]]:
    """The spans of each line, and whether the line is level on the page as seen; by block and line number."""
    ink = _Ink(page)
    spans: dict[tuple[int, int], list[_Span]] = {}
    directions: dict[tuple[int, int], bool] = {}
    for block in textpage.extractDICT()["blocks"]:
        for line_no, line in enumerate(block.get("lines", ())):
            key = (block["number"], line_no)
            spans[key] = [_span(span, pictures, ink) for span in line["spans"]]
            directions[key] = _is_level(page.rotation, line["dir"])
    return spans, directions


def _span(span: dict, pictures: list[Box], ink: _Ink) -> _Span:
    box = span["bbox"]
    invisible = span["alpha"] == 0 or not span["char_flags"] & _SEEN
    over_picture = invisible and any(is_within(centre(box), picture) for picture in pictures)
    hidden = span["size"] < LEAST_SIZE_PT
    if not hidden and not over_picture and (invisible or _is_pale(span["color"])):
        hidden = not ink.is_under(box)
    return _Span(box, span["size"], bool(span["flags"] & _BOLD), hidden, over_picture)


def _printable(text: str) -> str:
    """Without what PostgreSQL stores in no text (NUL, lone surrogates) and no reader shows."""
    return _UNSTORABLE.sub("\ufffd", text)


class _Printed:
    """Words printed twice on one place, to look bold or by an export that draws a table and its text twice."""

    _SAME_PT = 2.0

    def __init__(self) -> None:
        self._places: set[tuple[str, int, int]] = set()

    def again(self, text: str, box: Box) -> bool:
        """Whether the word stands there already; remembers it."""
        x, y = int(box[0] / self._SAME_PT), int(box[1] / self._SAME_PT)
        known = any((text, x + dx, y + dy) in self._places for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        self._places.add((text, x, y))
        return known


def _is_pale(colour: int) -> bool:
    return all(colour >> shift & 0xFF >= WHITE_FROM for shift in (0, 8, 16))


def _span_at(spans: list[_Span], box: Box) -> _Span | None:
    """The span that the word's middle is in, else the nearest of its line."""
    x, y = centre(box)

    def distance(span: _Span) -> float:
        middle = centre(span.box)
        return 0.0 if is_within((x, y), span.box) else abs(middle[0] - x) + abs(middle[1] - y)

    return min(spans, key=distance, default=None)


def _is_level(rotation: int, direction: tuple[float, float]) -> bool:
    """The direction of writing turned with the page: (1, 0) is from left to right."""
    x, y = direction
    cosine = {0: x, 90: -y, 180: -x, 270: y}[rotation]
    return cosine > 0.9


def _line(paragraph: int, words: list[tuple[TextWord, _Span]], is_level: bool) -> TextLine:
    kept = tuple(word for word, _ in words)
    return TextLine(
        words=kept,
        box=around(word.box for word in kept),
        size_pt=max(span.size_pt for _, span in words),
        paragraph=paragraph,
        is_bold=all(span.is_bold for _, span in words),
        is_level=is_level,
    )


def _unknown_share(letters: str) -> float:
    unknown = sum(
        letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" or (letter < " " and not letter.isspace())
        for letter in letters
    )
    return round(unknown / len(letters), 3) if letters else 0.0
