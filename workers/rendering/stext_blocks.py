"""Reads the blocks of a MuPDF text page where they stand. Runs in render children only.

A sheet has up to 200,000 vectors and 20,000 letters. PyMuPDF makes a Python object of each, 2.5 µs apiece and as much
again to look through them: more than the whole run of the page. So the lists are read in memory. The layout is that of
`fz_stext_page` and `fz_stext_block` in mupdf/fitz/structured-text.h; PyMuPDF is pinned to a version, and a test
compares what is read with what PyMuPDF tells.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray
from pymupdf import mupdf

from workers.rendering.memory import Memory

_FIRST_AT, _NEXT_AT, _BLOCK_BYTES = 32, 64, 72
"""Where in a page the pointer to its first block is, in a block that to its next; and the size of a block."""

_KIND, _BOX, _FLAGS = 0, slice(2, 6), 6
"""Of the block, in words of four bytes; the flags are those of a vector."""

_FIRST_LINE = 3
"""Of a block of text, in words of eight bytes."""

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


def read_blocks(memory: Memory, textpage: mupdf.FzStextPage, *, near: float = 0.0) -> tuple[RawMarks, list[int]]:
    """What is on the page beside its text, and the address of the first line of each block of text, 0 for none.

    `near`: see `parts_text`.
    """
    first_at = int(textpage.m_internal.this) + _FIRST_AT
    blocks = memory.copied(memory.chain(first_at, _BLOCK_BYTES, _NEXT_AT), _BLOCK_BYTES)
    kinds = blocks[:, _KIND]
    boxes = blocks[:, _BOX].view(np.float32)
    vectors, is_text = kinds == _VECTOR, kinds == _TEXT
    if not np.isfinite(boxes[vectors]).all():
        # A damaged matrix makes numbers that are none.
        vectors[vectors] = np.isfinite(boxes[vectors]).all(axis=1)
    before = np.cumsum(is_text)[kinds == _IMAGE]
    flags = blocks[vectors, _FLAGS]
    marks = RawMarks(
        vectors=boxes[vectors].astype(np.float64),
        is_stroked=flags & _STROKED != 0,
        is_straight=flags & _RECTANGLE != 0,
        pictures=boxes[kinds == _IMAGE].astype(np.float64),
        texts=int(is_text.sum()),
        texts_before=before,
        parts_text=_parts_text(before, boxes[is_text], near),
    )
    return marks, blocks.view(np.int64)[is_text, _FIRST_LINE].tolist()


def _parts_text(before: NDArray[np.int64], texts: NDArray[np.float32], near: float) -> bool:
    places = before[(before > 0) & (before < len(texts))]
    one, other = texts[places - 1], texts[places]
    apart = np.maximum(one[:, :2], other[:, :2]) - np.minimum(one[:, 2:], other[:, 2:])
    return bool((apart.max(axis=1, initial=-np.inf) < near).any()) if len(places) else False
