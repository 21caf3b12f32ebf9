"""Reads the vectors and pictures of a MuPDF text page where they stand. Runs in render children only.

A sheet has up to 200,000 vectors. `extractDICT` makes a dictionary of each, 2.5 µs apiece and as much again to look
through them: more than the whole run of the page. So the list of blocks is read in memory, 0.4 µs a vector (measured
2026-11-20), and the vectors and pictures are left out of it while the text is read. The layout is that of
`fz_stext_page` and `fz_stext_block` in mupdf/fitz/structured-text.h; PyMuPDF is pinned to a version, and a test
compares what is read with what PyMuPDF tells.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import pymupdf
from numpy.typing import NDArray

_ADDRESSES = 2**47
"""Of a process in user space, on the 64-bit machines that PyMuPDF has wheels for."""

_POINTER_BYTES = 8
_FIRST_AT, _NEXT_AT, _BLOCK_BYTES = 32, 64, 72
"""Where in a page the pointer to its first block is, in a block that to its next; and the size of a block."""

_KIND, _BOX, _FLAGS = 0, (2, 3, 4, 5), 6
"""Of the block, in words of four bytes; the flags are those of a vector."""

_TEXT, _IMAGE, _VECTOR = 0, 1, 3
_STROKED, _RECTANGLE = 1, 2


class RawMarks(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes in the measure of the text page, a row each, in the order in which they are drawn."""

    vectors: NDArray[np.float64]
    is_stroked: NDArray[np.bool_]
    is_straight: NDArray[np.bool_]
    """A rectangle, or a level or upright segment of a path."""

    pictures: NDArray[np.float64]
    texts: int
    """How many blocks of text the page has."""

    texts_before: NDArray[np.int64]
    """For each picture, how many of them precede it."""

    parts_text: bool
    """Whether a picture stands between two blocks of text so near to each other that they may be one."""


@contextmanager
def text_alone(textpage: pymupdf.TextPage, *, near: float = 0.0) -> Iterator[RawMarks]:
    """What is on the page beside its text. Inside of the block all readers of the text page see its text alone.

    The list is put together again at the end: the page frees its pictures along it. `near`: see `parts_text`.
    """
    memory = memoryview((ctypes.c_char * _ADDRESSES).from_address(0)).cast("B")
    first = int(textpage.this.m_internal.this) + _FIRST_AT
    addresses = _addresses(first, memory)
    if not addresses:
        yield _marks(np.empty(0, np.int64), memory, near)
        return
    at = np.array(addresses, np.int64)
    texts = np.flatnonzero(_words(at, memory, np.dtype("<i4"), _KIND) == _TEXT).tolist()
    ends = [first, *(addresses[number] + _NEXT_AT for number in texts)]
    following = [*addresses, 0]
    others = [addresses[0], *(following[number + 1] for number in texts)]
    _point(ends, [*(addresses[number] for number in texts), 0], memory)
    try:
        yield _marks(at, memory, near)
    finally:
        _point(ends, others, memory)


def _marks(at: NDArray[np.int64], memory: memoryview, near: float) -> RawMarks:
    kinds = _words(at, memory, np.dtype("<i4"), _KIND)
    vectors, pictures, texts = at[kinds == _VECTOR], at[kinds == _IMAGE], at[kinds == _TEXT]
    # A damaged matrix makes numbers that are none.
    vectors = vectors[np.isfinite(_boxes(vectors, memory)).all(axis=1)]
    before = np.cumsum(kinds == _TEXT)[kinds == _IMAGE]
    flags = _words(vectors, memory, np.dtype("<u4"), _FLAGS)
    return RawMarks(
        vectors=_boxes(vectors, memory),
        is_stroked=flags & _STROKED != 0,
        is_straight=flags & _RECTANGLE != 0,
        pictures=_boxes(pictures, memory),
        texts=len(texts),
        texts_before=before,
        parts_text=_parts_text(before, _boxes(texts, memory), near),
    )


def _parts_text(before: NDArray[np.int64], texts: NDArray[np.float64], near: float) -> bool:
    places = before[(before > 0) & (before < len(texts))]
    one, other = texts[places - 1], texts[places]
    apart = np.maximum(one[:, :2], other[:, :2]) - np.minimum(one[:, 2:], other[:, 2:])
    return bool((apart.max(axis=1, initial=-np.inf) < near).any()) if len(places) else False


def _boxes(at: NDArray[np.int64], memory: memoryview) -> NDArray[np.float64]:
    edges = [_words(at, memory, np.dtype("<f4"), place) for place in _BOX]
    return np.stack(edges, axis=1).astype(np.float64)


def _words(at: NDArray[np.int64], memory: memoryview, dtype: np.dtype[Any], place: int) -> NDArray[Any]:
    """The four bytes at this place of each block."""
    if not len(at):
        return np.empty(0, dtype)
    start, end = int(at.min()), int(at.max()) + _BLOCK_BYTES
    return np.frombuffer(memory[start:end], dtype)[(at - start) // 4 + place]


def _addresses(first: int, memory: memoryview) -> list[int]:
    """Of the blocks of the list that begins at the pointer `first`."""
    pointers = memory.cast("Q")
    step = _NEXT_AT // _POINTER_BYTES
    found: list[int] = []
    address = pointers[first // _POINTER_BYTES]
    while address:
        found.append(address)
        address = pointers[address // _POINTER_BYTES + step]
    return found


def _point(places: list[int], addresses: list[int], memory: memoryview) -> None:
    pointers = memory.cast("Q")
    for place, address in zip(places, addresses, strict=True):
        pointers[place // _POINTER_BYTES] = address
