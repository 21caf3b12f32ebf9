"""Splits the letters of a text page into words as PyMuPDF's `extractWORDS` does. Pure.

At white space, and where the direction of writing changes. A word without area is none.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from workers.rendering.stext_letters import Letters

_SPACE = 32
_FROM_RIGHT = (0x590, 0x900)
_DIRECTION_SIGNS = (0x202A, 0x202E)


class RawWords(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of the letters. Boxes in the measure of the text page, a row each."""

    texts: list[str]
    boxes: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    """The numbers of its first and its last letter."""


def split_words(letters: Letters) -> RawWords:
    codes = letters.codes
    is_space = (codes <= _SPACE) | (codes == 0xA0) | _is_among(codes, _DIRECTION_SIGNS)
    begins = ~is_space
    from_right = _is_among(codes, _FROM_RIGHT)
    is_apart = is_space[:-1] | (letters.line[1:] != letters.line[:-1]) | (from_right[1:] != from_right[:-1])
    begins[1:] &= is_apart
    ends = ~is_space
    ends[:-1] &= is_apart | is_space[1:]
    first, last = np.flatnonzero(begins), np.flatnonzero(ends)
    boxes = boxes_around(letters.boxes, first, last)
    has_area = (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])
    if not has_area.all():
        first, last, boxes = first[has_area], last[has_area], boxes[has_area]
    return RawWords(texts=_texts(codes, first, last), boxes=boxes, first=first, last=last)


def boxes_around(
    letters: NDArray[np.float32], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    """A row for each stretch of letters, whose boxes are columns; the stretches follow one another."""
    if not len(first):
        return np.empty((0, 4))
    # Every other stretch is what stands between them.
    edges = np.stack((first, last + 1), axis=1).ravel()
    edges = edges[:-1] if edges[-1] == letters.shape[1] else edges
    least = np.minimum.reduceat(letters[:2], edges, axis=1)[:, ::2]
    most = np.maximum.reduceat(letters[2:], edges, axis=1)[:, ::2]
    return np.concatenate((least, most)).T.astype(np.float64)


def text_of(codes: NDArray[np.int32]) -> str:
    """What is no character is U+FFFD."""
    return codes.astype("<i4").tobytes().decode("utf-32-le", "replace")


def _texts(codes: NDArray[np.int32], first: NDArray[np.int64], last: NDArray[np.int64]) -> list[str]:
    """All in one string with a space after each, parted there."""
    lengths = last - first + 1
    offset = np.cumsum(lengths + 1) - lengths - 1
    number = np.arange(int((lengths + 1).sum())) + np.repeat(first - offset, lengths + 1)
    parted = codes.take(number, mode="clip")
    parted[offset + lengths] = _SPACE
    return text_of(parted).split(" ")[:-1]


def _is_among(codes: NDArray[np.int32], span: tuple[int, int]) -> NDArray[np.bool_]:
    return (codes >= span[0]) & (codes <= span[1])
