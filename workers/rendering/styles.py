"""How the spans of a page are printed, and whether a reader sees them. Runs in render children only."""

import msgspec
import numpy as np
import pymupdf
from numpy.typing import NDArray
from pymupdf import mupdf

from domain.documents import Box
from workers.rendering.geometry import Frame
from workers.rendering.ink import has_ink
from workers.rendering.magnified import SCALE
from workers.rendering.pieces import centre, is_within
from workers.rendering.stext_letters import Letters
from workers.rendering.words import boxes_around

LEAST_SIZE_PT = 1.0
"""Smaller letters cannot be read on paper. Real sheets scaled down from A0 have 1.5–2 pt."""

PALE_FROM = 0xE8
"""From this value in all three channels a colour may be taken for paper; then the picture decides."""

_SEEN = mupdf.FZ_STEXT_FILLED | mupdf.FZ_STEXT_STROKED | mupdf.FZ_STEXT_CLIPPED


class Styles(msgspec.Struct, frozen=True, kw_only=True):
    """Of the spans, a row each."""

    size_pt: NDArray[np.float64]
    is_bold: NDArray[np.bool_]
    is_hidden: NDArray[np.bool_]
    is_recognised: NDArray[np.bool_]
    """Invisible over a picture, as an OCR lays it there."""


def read_styles(page: pymupdf.Page, frame: Frame, letters: Letters, pictures: list[Box]) -> Styles:
    """`pictures`: boxes of the page as read. Only what may be hidden is looked at one by one."""
    spans = letters.spans
    size_pt = spans.size / SCALE
    is_invisible = (spans.colour >> 24 == 0) | (spans.flags & _SEEN == 0)
    channels = (spans.colour[:, None] >> np.array((0, 8, 16), np.uint32)) & 0xFF
    is_small = size_pt < LEAST_SIZE_PT
    doubtful = np.flatnonzero(is_invisible | is_small | (channels >= PALE_FROM).all(axis=1))
    is_hidden, is_recognised = is_small.copy(), np.zeros(len(size_pt), np.bool_)
    asked: list[tuple[int, Box]] = []
    for number, box in zip(*_boxes(letters, doubtful), strict=True):
        middle = centre(frame.seen(box))
        if is_invisible[number] and any(is_within(middle, picture) for picture in pictures):
            is_recognised[number] = True
        elif not is_small[number]:
            asked.append((number, box))
    for (number, _), inked in zip(asked, has_ink(page, frame, [box for _, box in asked]), strict=True):
        is_hidden[number] = not inked
    return Styles(size_pt=size_pt, is_bold=spans.is_bold, is_hidden=is_hidden, is_recognised=is_recognised)


def _boxes(letters: Letters, spans: NDArray[np.int64]) -> tuple[list[int], list[Box]]:
    """The numbers of those spans of which something lies on the page, and their boxes in points."""
    firsts, lasts = np.searchsorted(letters.span, spans), np.searchsorted(letters.span, spans, "right") - 1
    is_there = firsts <= lasts
    boxes = boxes_around(letters.boxes, firsts[is_there], lasts[is_there]) / SCALE
    return spans[is_there].tolist(), list(map(tuple, boxes.tolist()))
