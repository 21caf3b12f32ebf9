"""The text of a page as lines of words, without what a reader cannot see. Runs in render children only.

Quirks of PyMuPDF 1.28.2, each tried on pages rotated by 0, 90, 180 and 270 with a shifted CropBox: text and vectors are
in points of the *unrotated* page with the CropBox's corner as origin; `get_pixmap` takes its clip in points of the page
as seen. Invisible text (render mode 3) has neither the filled nor the stroked flag. `extractWORDS` numbers the blocks
of text alone, `extractDICT` those of vectors too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
import pymupdf
from pymupdf import mupdf

from domain.documents import Box
from workers.rendering.encoding import repair
from workers.rendering.geometry import Frame
from workers.rendering.glyph_numbers import RawWord, read_by_number
from workers.rendering.ink import Ink
from workers.rendering.letter_spacing import join_spaced
from workers.rendering.magnified import SCALE, in_points
from workers.rendering.pieces import TextLine, TextWord, around, centre, is_within

LEAST_SIZE_PT = 1.0
"""Smaller letters cannot be read on paper. Real sheets scaled down from A0 have 1.5–2 pt."""

PALE_FROM = 0xE8
"""From this value in all three channels a colour may be taken for paper; then the picture decides."""

SMALLEST_LETTERS = 3
"""Of a size, so that it counts as the smallest: a lone dot or tick of 1 pt is no lettering."""

_SEEN = mupdf.FZ_STEXT_FILLED | mupdf.FZ_STEXT_STROKED | mupdf.FZ_STEXT_CLIPPED
_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0b\x0e-\x1b]")
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


class _Raw(msgspec.Struct, frozen=True):
    """A line as PyMuPDF tells it."""

    spans: list[_Span]
    is_level: bool
    flipped_at_pt: float | None = None
    """The baseline of a line whose boxes are mirrored at it."""


def read_text(
    page: pymupdf.Page, frame: Frame, textpage: pymupdf.TextPage, blocks: list[dict[str, Any]], pictures: list[Box]
) -> PageText:
    """`blocks` are those with text of the magnified textpage's dictionary, `pictures` boxes of the page as read."""
    raw_lines = _raw_lines(page, frame, blocks, pictures)
    letters = "".join(span["text"] for block in blocks for line in block["lines"] for span in line["spans"])
    by_number = read_by_number(page, frame, textpage, letters)
    raw_words = by_number or textpage.extractWORDS()
    texts, is_repaired = repair([word[4] for word in raw_words])
    gathered = _Gathered(frame, raw_lines)
    for key, numbers in groupby(range(len(raw_words)), key=lambda number: raw_words[number][5:7]):
        gathered.add(key, [(raw_words[number], texts[number]) for number in numbers])
    return PageText(
        lines=tuple(gathered.lines),
        hidden_words=gathered.hidden_words,
        smallest_size_pt=_smallest(gathered.letters_of_size),
        is_recognised=gathered.recognised_words * 2 > gathered.words > 0,
        is_repaired=is_repaired or by_number is not None,
        unknown_share=_unknown_share("".join(texts) if by_number else letters),
    )


class _Gathered:
    """The lines while they are collected, and what is counted of their words."""

    def __init__(self, frame: Frame, raw_lines: dict[tuple[int, int], _Raw]) -> None:
        self._frame = frame
        self._raw_lines = raw_lines
        self._printed = _Printed()
        self.lines: list[TextLine] = []
        self.words = self.hidden_words = self.recognised_words = 0
        self.letters_of_size: Counter[float] = Counter()

    def add(self, key: tuple[int, int], words: Sequence[tuple[RawWord, str]]) -> None:
        """`key` is the number of the block and of the line in it."""
        raw = self._raw_lines.get(key)
        if raw is None or not raw.spans:
            self.hidden_words += len(words)
            return
        kept: list[tuple[TextWord, _Span]] = []
        for raw_word, text in words:
            box = x0, y0, x1, y1 = _unflipped(in_points(raw_word[:4]), raw.flipped_at_pt)
            span = raw.spans[0] if len(raw.spans) == 1 else _span_at(raw.spans, box)
            on_page = 0 <= x0 + x1 <= 2 * self._frame.width_pt and 0 <= y0 + y1 <= 2 * self._frame.height_pt
            if span.is_hidden or not on_page:
                self.hidden_words += 1
            elif not self._printed.again(text, x0, y0):
                kept.append((TextWord(_printable(text), self._frame.seen(box)), span))
        if kept:
            self._add_line(key[0], kept, raw.is_level)

    def _add_line(self, paragraph: int, kept: list[tuple[TextWord, _Span]], is_level: bool) -> None:
        spans = [span for _, span in kept]
        self.words += len(kept)
        self.recognised_words += sum(span.is_recognised for span in spans)
        for word, span in kept:
            self.letters_of_size[span.size_pt] += len(word.text)
        size_pt = max(span.size_pt for span in spans)
        words = tuple(word for word, _ in kept)
        self.lines.append(
            TextLine(
                words=join_spaced(words, size_pt) if is_level else words,
                box=around(word.box for word in words),
                size_pt=size_pt,
                paragraph=paragraph,
                is_bold=all(span.is_bold for span in spans),
                is_level=is_level,
            )
        )


def _raw_lines(
    page: pymupdf.Page, frame: Frame, blocks: list[dict[str, Any]], pictures: list[Box]
) -> dict[tuple[int, int], _Raw]:
    """By block and line number; spans alike in all that matters are one."""
    ink = Ink(page, frame)
    lines: dict[tuple[int, int], _Raw] = {}
    for block_no, block in enumerate(blocks):
        for line_no, line in enumerate(block["lines"]):
            flipped_at_pt = _flipped_at(line)
            spans = [_span(span, frame, pictures, ink, flipped_at_pt) for span in line["spans"]]
            lines[block_no, line_no] = _Raw(
                spans[:1] if _are_alike(spans) else spans,
                is_level(frame.reading_rotation, line["dir"]),
                flipped_at_pt,
            )
    return lines


def _are_alike(spans: list[_Span]) -> bool:
    kinds = {(span.size_pt, span.is_bold, span.is_hidden, span.is_recognised) for span in spans}
    return len(kinds) == 1


def _flipped_at(line: dict[str, Any]) -> float | None:
    """The baseline of a line written from right to left, upside down (-1, 0): with small glyph heights PyMuPDF takes it
    for mirrored and puts the boxes on the wrong side of it (`JM_char_quad`, "left-right flip"; measured 2026-11)."""
    return line["spans"][0]["origin"][1] / SCALE if line["dir"][0] == -1 and line["spans"] else None


def _unflipped(box: Box, baseline_pt: float | None) -> Box:
    if baseline_pt is None:
        return box
    return (box[0], 2 * baseline_pt - box[3], box[2], 2 * baseline_pt - box[1])


def _span(span: dict[str, Any], frame: Frame, pictures: list[Box], ink: Ink, flipped_at_pt: float | None) -> _Span:
    box, size_pt = _unflipped(in_points(span["bbox"]), flipped_at_pt), span["size"] / SCALE
    invisible = span["alpha"] == 0 or not span["char_flags"] & _SEEN
    over_picture = invisible and any(is_within(centre(frame.seen(box)), picture) for picture in pictures)
    hidden = size_pt < LEAST_SIZE_PT
    if not hidden and not over_picture and (invisible or _is_pale(span["color"])):
        hidden = not ink.is_under(box)
    return _Span(box, size_pt, bool(span["flags"] & _BOLD), hidden, over_picture)


def is_level(rotation: int, direction: tuple[float, float]) -> bool:
    """The direction of writing turned with the page: (1, 0) is from left to right."""
    x, y = direction
    cosine = {0: x, 90: -y, 180: -x, 270: y}[rotation]
    return cosine > 0.9


def _printable(text: str) -> str:
    """Without what PostgreSQL stores in no text (NUL, lone surrogates) and no reader shows."""
    return text if text.isprintable() else _UNSTORABLE.sub("\ufffd", text)


class _Printed:
    """Words printed twice on one place, to look bold or by an export that draws a table and its text twice."""

    _SAME_PT = 2.0

    def __init__(self) -> None:
        self._places: dict[str, set[tuple[int, int]]] = {}

    def again(self, text: str, x0: float, y0: float) -> bool:
        """Whether the word stands there already; remembers it."""
        x, y = int(x0 / self._SAME_PT), int(y0 / self._SAME_PT)
        places = self._places.get(text)
        if places is None:
            self._places[text] = {(x, y)}
            return False
        known = not places.isdisjoint([(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
        places.add((x, y))
        return known


def _is_pale(colour: int) -> bool:
    return all(colour >> shift & 0xFF >= PALE_FROM for shift in (0, 8, 16))


def _span_at(spans: list[_Span], box: Box) -> _Span:
    """The span that the word's middle is in, else the nearest of its line."""
    x, y = centre(box)

    def distance(span: _Span) -> float:
        middle = centre(span.box)
        return 0.0 if is_within((x, y), span.box) else abs(middle[0] - x) + abs(middle[1] - y)

    return min(spans, key=distance)


def _smallest(letters_of_size: Counter[float]) -> float | None:
    """The smallest size in points that more than a stray letter or two have."""
    sizes: Counter[float] = Counter()
    for size, letters in letters_of_size.items():
        sizes[round(size, 1)] += letters
    lettered = [size for size, letters in sizes.items() if letters >= SMALLEST_LETTERS]
    return min(lettered or sizes, default=None)


def _unknown_share(letters: str) -> float:
    return round(len(_UNKNOWN.findall(letters)) / len(letters), 3) if letters else 0.0


def reading_rotation(frame: Frame, blocks: Iterable[dict[str, Any]]) -> int:
    """The rotation by which the text is level; another than the file's only where nearly all of the text says so."""
    letters: Counter[int] = Counter()
    for block in blocks:
        for line in block["lines"]:
            count = sum(len(span["text"]) for span in line["spans"])
            for rotation in (0, 90, 180, 270):
                if is_level(rotation, line["dir"]):
                    letters[rotation] += count
    total = letters.total()
    rotation, count = max(letters.items(), key=lambda item: item[1], default=(frame.rotation, 0))
    return rotation if total >= TURNED_LETTERS and count >= TURNED_SHARE * total else frame.rotation


TURNED_LETTERS = 100
TURNED_SHARE = 0.8
"""A table laid on its side fills its page; a drawing has its labels in both directions. A guess."""
