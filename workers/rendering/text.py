"""The text of a page as lines of words, without what a reader cannot see. Runs in render children only.

Quirks of PyMuPDF 1.28.2, each tried on pages rotated by 0, 90, 180 and 270 with a shifted CropBox: text and vectors are
in points of the *unrotated* page with the CropBox's corner as origin; `get_pixmap` takes its clip in points of the page
as seen. Invisible text (render mode 3) has neither the filled nor the stroked flag.
"""

import re
from collections import Counter

import msgspec
import numpy as np
import pymupdf
from numpy.typing import NDArray

from domain.documents import Box
from workers.rendering.encoding import repair
from workers.rendering.geometry import Frame
from workers.rendering.glyph_numbers import read_by_number
from workers.rendering.letter_spacing import LEAST_LETTERS, join_spaced
from workers.rendering.magnified import SCALE
from workers.rendering.pieces import TextLine, TextWord
from workers.rendering.stext_letters import Letters
from workers.rendering.styles import read_styles
from workers.rendering.words import split_words, text_of

LEVEL_COSINE = 0.9
"""A line slanted by less than 26° is level."""

SMALLEST_LETTERS = 3
"""Of a size, so that it counts as the smallest: a lone dot or tick of 1 pt is no lettering."""

SAME_PT = 2.0
"""Words of one text this near to each other are one: printed twice to look bold, or by an export that draws a table and
its text twice."""

_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0b\x0e-\x1b]")


class PageText(msgspec.Struct, frozen=True, kw_only=True):
    """`is_recognised`: the text is the invisible layer that an OCR laid over a picture."""

    lines: tuple[TextLine, ...]
    hidden_words: int = 0
    smallest_size_pt: float | None = None
    is_recognised: bool = False
    is_repaired: bool = False
    unknown_share: float = 0.0
    """Of letters that are none: control, private and replacement characters."""


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    """Those that a reader sees, in order. `boxes` are in points of the unrotated page, a row each."""

    texts: list[str]
    boxes: NDArray[np.float64]
    line: NDArray[np.int64]
    size_pt: NDArray[np.float64]
    is_bold: NDArray[np.bool_]
    lengths: NDArray[np.int64]


def read_text(page: pymupdf.Page, frame: Frame, letters: Letters, pictures: list[Box]) -> PageText:
    """`letters` are those of the magnified page, `pictures` boxes of the page as read."""
    by_number = read_by_number(page, frame, letters)
    raw = by_number.words if by_number else split_words(letters)
    own = by_number.letters if by_number else letters
    repaired, is_repaired = repair(raw.texts)
    texts = _printable(repaired)
    styles = read_styles(page, frame, own, pictures)
    boxes = raw.boxes / SCALE
    span = own.span[(raw.first + raw.last) // 2]
    seen = np.flatnonzero(_is_on_page(boxes, frame) & ~styles.is_hidden[span])
    kept = _printed_once(seen, texts, boxes)
    span = span[kept]
    chosen = texts if len(kept) == len(texts) else [texts[number] for number in kept.tolist()]
    words = _Words(
        texts=chosen,
        boxes=boxes[kept],
        line=own.line[raw.first[kept]],
        size_pt=styles.size_pt[span],
        is_bold=styles.is_bold[span],
        lengths=np.array(list(map(len, chosen)), np.int64),
    )
    return PageText(
        lines=_lines(frame, own, words),
        hidden_words=len(texts) - len(seen),
        smallest_size_pt=_smallest(words),
        is_recognised=2 * int(styles.is_recognised[span].sum()) > len(kept),
        is_repaired=is_repaired or by_number is not None,
        unknown_share=_unknown_share("".join(repaired) if by_number else text_of(letters.codes)),
    )


def _is_on_page(boxes: NDArray[np.float64], frame: Frame) -> NDArray[np.bool_]:
    """Whose middle is."""
    doubled = boxes[:, :2] + boxes[:, 2:]
    on_page = (doubled >= 0) & (doubled <= (2 * frame.width_pt, 2 * frame.height_pt))
    return on_page[:, 0] & on_page[:, 1]


def _lines(frame: Frame, letters: Letters, words: _Words) -> tuple[TextLine, ...]:
    if not len(words.line):
        return ()
    firsts = np.flatnonzero(np.diff(words.line, prepend=-1))
    line = words.line[firsts]
    seen = frame.seen_all(words.boxes)
    least = np.minimum.reduceat(seen[:, :2], firsts, axis=0)
    most = np.maximum.reduceat(seen[:, 2:], firsts, axis=0)
    single = np.add.reduceat((words.lengths == 1).astype(np.int64), firsts)
    level = rotations(letters)[line] == frame.reading_rotation
    columns = (
        firsts,
        np.append(firsts[1:], len(seen)),
        np.maximum.reduceat(words.size_pt, firsts),
        letters.block[line],
        np.logical_and.reduceat(words.is_bold, firsts),
        level,
        level & (single >= LEAST_LETTERS),
    )
    every = [TextWord(text, box) for text, box in zip(words.texts, zip(*seen.T.tolist(), strict=True), strict=True)]
    boxes = map(tuple, np.concatenate((least, most), axis=1).tolist())
    rows = zip(boxes, *(column.tolist() for column in columns), strict=True)
    return tuple([_line(every, *row) for row in rows])


def _line(
    every: list[TextWord],
    box: Box,
    first: int,
    end: int,
    size_pt: float,
    paragraph: int,
    is_bold: bool,
    is_level: bool,
    is_spaced: bool,
) -> TextLine:
    """`is_spaced`: the line may be set letter by letter."""
    words = tuple(every[first:end])
    return TextLine(
        words=join_spaced(words, size_pt) if is_spaced else words,
        box=box,
        size_pt=size_pt,
        paragraph=paragraph,
        is_bold=is_bold,
        is_level=is_level,
    )


def _printable(texts: list[str]) -> list[str]:
    """Without what PostgreSQL stores in no text (NUL, lone surrogates) and no reader shows."""
    if "".join(texts).isprintable():
        return texts
    return [text if text.isprintable() else _UNSTORABLE.sub("\ufffd", text) for text in texts]


def _printed_once(seen: NDArray[np.int64], texts: list[str], boxes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Those of the seen words of which none before has the same text and place."""
    text = np.fromiter(map(hash, texts), np.int64, len(texts))[seen]
    may_be_again = np.flatnonzero(_has_near(text, boxes[seen, 0]))
    may_be_again = may_be_again[_has_near(text[may_be_again], boxes[seen[may_be_again], 1])]
    if not len(may_be_again):
        return seen
    printed = _Printed()
    again = [
        place
        for place, word in zip(may_be_again.tolist(), seen[may_be_again].tolist(), strict=True)
        if printed.again(texts[word], *boxes[word, :2].tolist())
    ]
    return np.delete(seen, again)


def _has_near(text: NDArray[np.int64], place: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which have another one of their text near to them along one side of the page."""
    order = np.lexsort((place, text))
    near = (np.diff(text[order]) == 0) & (np.diff(place[order]) <= 2 * SAME_PT)
    found = np.zeros(len(text), np.bool_)
    found[order[1:][near]] = True
    found[order[:-1][near]] = True
    return found


class _Printed:
    """The places of words, to the tolerance."""

    def __init__(self) -> None:
        self._places: dict[str, set[tuple[int, int]]] = {}

    def again(self, text: str, x0: float, y0: float) -> bool:
        """Whether the word stands there already; remembers it."""
        x, y = int(x0 / SAME_PT), int(y0 / SAME_PT)
        places = self._places.get(text)
        if places is None:
            self._places[text] = {(x, y)}
            return False
        known = not places.isdisjoint([(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
        places.add((x, y))
        return known


def _smallest(words: _Words) -> float | None:
    """The smallest size in points that more than a stray letter or two have."""
    exact: dict[float, int] = {}
    for size, letters in zip(words.size_pt.tolist(), words.lengths.tolist(), strict=True):
        exact[size] = exact.get(size, 0) + letters
    sizes: Counter[float] = Counter()
    for size, letters in exact.items():
        sizes[round(size, 1)] += letters
    lettered = [size for size, letters in sizes.items() if letters >= SMALLEST_LETTERS]
    return min(lettered or sizes, default=None)


def _unknown_share(letters: str) -> float:
    return round(len(_UNKNOWN.findall(letters)) / len(letters), 3) if letters else 0.0


def rotations(letters: Letters) -> NDArray[np.int64]:
    """For each line by how much the page is turned so that it is from left to right; -1 for a slanted one."""
    x, y = letters.directions.T
    sides = [x > LEVEL_COSINE, x < -LEVEL_COSINE, y > LEVEL_COSINE, y < -LEVEL_COSINE]
    return np.select(sides, [0, 180, 270, 90], -1)


def reading_rotation(frame: Frame, letters: Letters) -> int:
    """The rotation by which the text is level; another than the file's only where nearly all of the text says so."""
    turned = rotations(letters)[letters.line]
    count = np.bincount(turned[turned >= 0], minlength=1)
    rotation = int(count.argmax())
    total = int(count.sum())
    return rotation if total >= TURNED_LETTERS and count[rotation] >= TURNED_SHARE * total else frame.rotation


TURNED_LETTERS = 100
TURNED_SHARE = 0.8
"""A table laid on its side fills its page; a drawing has its labels in both directions. A guess."""
