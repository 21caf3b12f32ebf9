"""The text of a page as lines of words, without what a reader cannot see. Runs in render children only.

Quirks of PyMuPDF 1.28.2, each tried on pages rotated by 0, 90, 180 and 270 with a shifted CropBox: text and vectors are
in points of the *unrotated* page with the CropBox's corner as origin; `get_pixmap` takes its clip in points of the page
as seen. Invisible text (render mode 3) has neither the filled nor the stroked flag. `extractWORDS` numbers the blocks
of text alone, `extractDICT` those of vectors too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, repeat
from typing import Any

import msgspec
import numpy as np
import pymupdf
from numpy.typing import NDArray
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

LEVEL_COSINE = 0.9
"""A line slanted by less than 26° is level."""

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
    """`box` matters only beside spans of another kind."""

    size_pt: float
    is_bold: bool
    is_hidden: bool = False
    is_recognised: bool = False
    box: Box = (0.0, 0.0, 0.0, 0.0)

    @property
    def kind(self) -> tuple[float, bool, bool, bool]:
        return (self.size_pt, self.is_bold, self.is_hidden, self.is_recognised)


class _Raw(msgspec.Struct, frozen=True):
    """A line as PyMuPDF tells it; its spans are one where they are of one kind."""

    spans: list[_Span]
    is_level: bool
    flipped_at_pt: float | None = None
    """The baseline of a line whose boxes are mirrored at it."""


_Key = tuple[int, int]
"""The number of a block of text and of the line in it."""


def read_text(
    page: pymupdf.Page, frame: Frame, textpage: pymupdf.TextPage, blocks: list[dict[str, Any]], pictures: list[Box]
) -> PageText:
    """`blocks` are those with text of the magnified textpage's dictionary, `pictures` boxes of the page as read."""
    raw_lines = _raw_lines(page, frame, blocks, pictures)
    letters = "".join(span["text"] for block in blocks for line in block["lines"] for span in line["spans"])
    by_number = read_by_number(page, frame, textpage, letters)
    raw_words = by_number or textpage.extractWORDS()
    texts, is_repaired = repair([word[4] for word in raw_words])
    gathered = _Gathered(raw_lines, _Words(frame, raw_words, _printable(texts), raw_lines))
    for key, numbers in groupby(range(len(raw_words)), key=[word[5:7] for word in raw_words].__getitem__):
        gathered.add(key, list(numbers))
    return PageText(
        lines=tuple(gathered.lines),
        hidden_words=gathered.hidden_words,
        smallest_size_pt=_smallest(gathered.letters_of_size),
        is_recognised=gathered.recognised_words * 2 > gathered.words > 0,
        is_repaired=is_repaired or by_number is not None,
        unknown_share=_unknown_share("".join(texts) if by_number else letters),
    )


class _Words:
    """The words of the page, all at once: there are thousands. `boxes` are in points of the unrotated page."""

    def __init__(
        self, frame: Frame, raw_words: Sequence[RawWord], texts: Sequence[str], raw_lines: Mapping[_Key, _Raw]
    ) -> None:
        edges = list(zip(*raw_words, strict=True))[:4]
        boxes = np.array(edges, np.float64).T.reshape(-1, 4) / SCALE
        if any(line.flipped_at_pt is not None for line in raw_lines.values()):
            _unflip(boxes, [raw_lines.get(word[5:7]) for word in raw_words])
        doubled = boxes[:, :2] + boxes[:, 2:]
        on_page = (doubled >= 0) & (doubled <= (2 * frame.width_pt, 2 * frame.height_pt))
        self.boxes: list[Any] = boxes.tolist()
        seen = map(tuple, frame.seen_all(boxes).tolist())
        self.words = [TextWord(text, box) for text, box in zip(texts, seen, strict=True)]
        self.is_on_page: list[Any] = (on_page[:, 0] & on_page[:, 1]).tolist()
        self.may_be_again = _may_be_again(texts, boxes)


def _unflip(boxes: NDArray[np.float64], lines: Sequence[_Raw | None]) -> None:
    for box, line in zip(boxes, lines, strict=True):
        if line and line.flipped_at_pt is not None:
            x0, y0, x1, y1 = box.tolist()
            box[:] = _unflipped((x0, y0, x1, y1), line.flipped_at_pt)


def _may_be_again(texts: Sequence[str], boxes: NDArray[np.float64]) -> list[bool]:
    """Which words stand at the height of another one of the same text."""
    numbers: dict[str, int] = {}
    number = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)
    order = np.lexsort((boxes[:, 1], number))
    near = (np.diff(number[order]) == 0) & (np.diff(boxes[order, 1]) <= 2 * _Printed.SAME_PT)
    found = np.zeros(len(texts), np.bool_)
    found[order[1:][near]] = True
    found[order[:-1][near]] = True
    return found.tolist()


class _Gathered:
    """The lines while they are collected, and what is counted of their words."""

    def __init__(self, raw_lines: Mapping[_Key, _Raw], words: _Words) -> None:
        self._raw_lines = raw_lines
        self._all = words
        self._printed = _Printed()
        self.lines: list[TextLine] = []
        self.words = self.hidden_words = self.recognised_words = 0
        self.letters_of_size: Counter[float] = Counter()

    def add(self, key: _Key, numbers: Sequence[int]) -> None:
        """`numbers` are those of the line's words."""
        raw = self._raw_lines.get(key)
        if raw is None or not raw.spans:
            self.hidden_words += len(numbers)
            return
        seen = [number for number in numbers if self._all.is_on_page[number]]
        if len(raw.spans) == 1:
            seen = [] if raw.spans[0].is_hidden else seen
            span_of = dict.fromkeys(seen, raw.spans[0])
        else:
            span_of = {number: _span_at(raw.spans, self._all.boxes[number]) for number in seen}
            seen = [number for number in seen if not span_of[number].is_hidden]
        self.hidden_words += len(numbers) - len(seen)
        if kept := [number for number in seen if not self._is_again(number)]:
            spans = raw.spans if len(raw.spans) == 1 else [span_of[number] for number in kept]
            self._add_line(key[0], kept, spans, is_level=raw.is_level)

    def _is_again(self, number: int) -> bool:
        if not self._all.may_be_again[number]:
            return False
        x0, y0, *_ = self._all.boxes[number]
        return self._printed.again(self._all.words[number].text, x0, y0)

    def _add_line(self, paragraph: int, kept: Sequence[int], spans: Sequence[_Span], *, is_level: bool) -> None:
        """`spans`: one of all the words, or one of each."""
        words = tuple([self._all.words[number] for number in kept])
        self.words += len(words)
        for word, span in zip(words, spans if len(spans) > 1 else repeat(spans[0]), strict=False):
            self.letters_of_size[span.size_pt] += len(word.text)
            self.recognised_words += span.is_recognised
        size_pt = max(span.size_pt for span in spans)
        self.lines.append(
            TextLine(
                words=join_spaced(words, size_pt) if is_level else words,
                box=around([word.box for word in words]),
                size_pt=size_pt,
                paragraph=paragraph,
                is_bold=all(span.is_bold for span in spans),
                is_level=is_level,
            )
        )


def _raw_lines(page: pymupdf.Page, frame: Frame, blocks: list[dict[str, Any]], pictures: list[Box]) -> dict[_Key, _Raw]:
    reader = _SpanReader(page, frame, pictures)
    return {
        (block_no, line_no): reader.line(line)
        for block_no, block in enumerate(blocks)
        for line_no, line in enumerate(block["lines"])
    }


class _SpanReader:
    def __init__(self, page: pymupdf.Page, frame: Frame, pictures: list[Box]) -> None:
        self._frame = frame
        self._pictures = pictures
        self._ink = Ink(page, frame)

    def line(self, line: dict[str, Any]) -> _Raw:
        flipped_at_pt = _flipped_at(line)
        spans = [self._span(span, flipped_at_pt) for span in line["spans"]]
        if len(spans) > 1 and len({span.kind for span in spans}) == 1:
            spans = spans[:1]
        return _Raw(spans, is_level(self._frame.reading_rotation, line["dir"]), flipped_at_pt)

    def _span(self, span: dict[str, Any], flipped_at_pt: float | None) -> _Span:
        size_pt, is_bold = span["size"] / SCALE, bool(span["flags"] & _BOLD)
        box = _unflipped(in_points(span["bbox"]), flipped_at_pt)
        invisible = span["alpha"] == 0 or not span["char_flags"] & _SEEN
        if not invisible and size_pt >= LEAST_SIZE_PT and not _is_pale(span["color"]):
            return _Span(size_pt, is_bold, box=box)
        middle = centre(self._frame.seen(box))
        over_picture = invisible and any(is_within(middle, picture) for picture in self._pictures)
        hidden = size_pt < LEAST_SIZE_PT or not (over_picture or self._ink.is_under(box))
        return _Span(size_pt, is_bold, hidden, over_picture, box)


def _flipped_at(line: dict[str, Any]) -> float | None:
    """The baseline of a line written from right to left, upside down (-1, 0): with small glyph heights PyMuPDF takes it
    for mirrored and puts the boxes on the wrong side of it (`JM_char_quad`, "left-right flip"; measured 2026-11)."""
    return line["spans"][0]["origin"][1] / SCALE if line["dir"][0] == -1 and line["spans"] else None


def _unflipped(box: Box, baseline_pt: float | None) -> Box:
    if baseline_pt is None:
        return box
    return (box[0], 2 * baseline_pt - box[3], box[2], 2 * baseline_pt - box[1])


def is_level(rotation: int, direction: tuple[float, float]) -> bool:
    """The direction of writing turned with the page: (1, 0) is from left to right."""
    return _rotation_of(direction) == rotation


def _rotation_of(direction: tuple[float, float]) -> int | None:
    """By how much the page is turned so that this direction is from left to right; null for a slanted one."""
    x, y = direction
    if x > LEVEL_COSINE:
        return 0
    if x < -LEVEL_COSINE:
        return 180
    if y > LEVEL_COSINE:
        return 270
    return 90 if y < -LEVEL_COSINE else None


def _printable(texts: Sequence[str]) -> Sequence[str]:
    """Without what PostgreSQL stores in no text (NUL, lone surrogates) and no reader shows."""
    if "".join(texts).isprintable():
        return texts
    return [text if text.isprintable() else _UNSTORABLE.sub("\ufffd", text) for text in texts]


class _Printed:
    """Words printed twice on one place, to look bold or by an export that draws a table and its text twice."""

    SAME_PT = 2.0

    def __init__(self) -> None:
        self._places: dict[str, set[tuple[int, int]]] = {}

    def again(self, text: str, x0: float, y0: float) -> bool:
        """Whether the word stands there already; remembers it."""
        x, y = int(x0 / self.SAME_PT), int(y0 / self.SAME_PT)
        places = self._places.get(text)
        if places is None:
            self._places[text] = {(x, y)}
            return False
        known = not places.isdisjoint([(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
        places.add((x, y))
        return known


def _is_pale(colour: int) -> bool:
    if not colour:
        return False
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
            if (rotation := _rotation_of(line["dir"])) is not None:
                letters[rotation] += count
    total = letters.total()
    rotation, count = max(letters.items(), key=lambda item: item[1], default=(frame.rotation, 0))
    return rotation if total >= TURNED_LETTERS and count >= TURNED_SHARE * total else frame.rotation


TURNED_LETTERS = 100
TURNED_SHARE = 0.8
"""A table laid on its side fills its page; a drawing has its labels in both directions. A guess."""
