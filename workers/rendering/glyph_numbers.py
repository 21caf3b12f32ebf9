"""Repairs the text of fonts without a table of Unicode values whose glyphs are numbered like ASCII from 3 on.

So do the TrueType fonts of many exporters: .notdef, .null, return, then space as glyph 3; "WATER" reads ":$7(5" and
digits read as control characters, which PyMuPDF takes for white space. Runs in render children only.
"""

import msgspec
import numpy as np
import pymupdf
from numpy.typing import NDArray

from workers.rendering.encoding import is_spoken
from workers.rendering.geometry import Frame
from workers.rendering.magnified import read_magnified
from workers.rendering.stext_letters import Letters
from workers.rendering.words import RawWords, split_words

SHIFT = 29
UNKNOWN = 0xFFFD
CONTROL_SHARE = 0.02
"""Of letters; sound pages have none."""

_WHITE = (0x09, 0x0A, 0x0D)
"""Control characters that stand in sound texts."""


class ByNumber(msgspec.Struct, frozen=True):
    """The letters as they are meant, and their words."""

    letters: Letters
    words: RawWords


def read_by_number(page: pymupdf.Page, frame: Frame, letters: Letters) -> ByNumber | None:
    """The text of the page read by its glyphs' numbers; null where that gives no words.

    `letters` are those of the magnified page, which has the numbers of unknown letters in place of U+FFFD.
    """
    controls = (letters.codes < 0x20) & ~np.isin(letters.codes, _WHITE)
    if int(controls.sum()) <= CONTROL_SHARE * len(controls):
        return None
    marked, _ = read_magnified(page, frame, codes_for_unknown=False)
    own, other = _same(letters, marked)
    codes, unknown = letters.codes[own], marked.codes[other] == UNKNOWN
    meant = codes + SHIFT
    meant[(meant < 32) | (meant >= 127)] = UNKNOWN
    read = msgspec.structs.replace(
        letters,
        codes=np.where(unknown, meant, codes),
        boxes=letters.boxes[:, own],
        line=letters.line[own],
        span=letters.span[own],
    )
    words = split_words(read)
    until = np.append(0, np.cumsum(unknown))
    has_unknown = until[words.last + 1] > until[words.first]
    repaired = [text for text, has in zip(words.texts, has_unknown.tolist(), strict=True) if has]
    return ByNumber(read, words) if is_spoken(repaired) else None


def _same(letters: Letters, marked: Letters) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of the same letters in both texts; lines that differ are left out."""
    places = {place: (first, end) for place, first, end in _lines(marked)}
    pairs = [
        (first, end, *places[place])
        for place, first, end in _lines(letters)
        if place in places and places[place][1] - places[place][0] == end - first
    ]
    nothing = np.empty(0, np.int64)
    own = [np.arange(first, end) for first, end, _, _ in pairs]
    other = [np.arange(first, end) for _, _, first, end in pairs]
    return np.concatenate([nothing, *own]), np.concatenate([nothing, *other])


def _lines(letters: Letters) -> list[tuple[tuple[int, int], int, int]]:
    """For each line the number of its block and that in it, and where its letters begin and end."""
    block = letters.block
    in_block = np.arange(len(block)) - np.searchsorted(block, block)
    numbers = np.arange(len(block))
    firsts, ends = np.searchsorted(letters.line, numbers), np.searchsorted(letters.line, numbers, "right")
    places = zip(block.tolist(), in_block.tolist(), strict=True)
    return list(zip(places, firsts.tolist(), ends.tolist(), strict=True))
