"""The text and the vectors of a page in one run of PyMuPDF. Runs in render children only.

PyMuPDF 1.28.2: a text page made with `TEXT_COLLECT_VECTORS` tells the boxes of all paths in the run that collects the
text (191,000 paths in 0.4 s; `get_bboxlog` and `get_cdrawings` need 1.2 s each). It parts a path of level and upright
segments into a box for each. But it widens stroked boxes by half of the line's width in units of the file instead of
points: by 3.5 pt where the line is 1.7 pt thick. Run at a magnification, the same surplus shrinks to nothing.
"""

from typing import Any

import pymupdf

from domain.documents import Box
from workers.rendering.geometry import Frame
from workers.rendering.pieces import Vector

SCALE = 256.0
"""Single precision leaves 0.001 pt on the largest page (14,400 pt)."""

# A font without a table of Unicode values mostly has the codes of ASCII, so the code is taken for the letter.
_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_COLLECT_VECTORS | pymupdf.TEXT_LAZY_VECTORS
_VECTOR = 3
"""The type of a vector's block (mupdf/structured-text.h, FZ_STEXT_BLOCK_VECTOR)."""


def read_magnified(page: pymupdf.Page, frame: Frame, *, codes_for_unknown: bool = True) -> pymupdf.TextPage:
    """All its measures are `SCALE` times points of the unrotated page."""
    clip = pymupdf.Rect(0, 0, frame.width_pt * SCALE, frame.height_pt * SCALE)
    flags = _FLAGS | (pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE if codes_for_unknown else 0)
    return page.get_textpage(clip=clip, flags=flags, matrix=pymupdf.Matrix(SCALE, SCALE))


def in_points(box: Box) -> Box:
    return (box[0] / SCALE, box[1] / SCALE, box[2] / SCALE, box[3] / SCALE)


def vectors_of(blocks: list[dict[str, Any]], frame: Frame) -> list[Vector]:
    """The vectors among the blocks of a magnified text page's dictionary; boxes of the page as read."""
    turned = frame.seen_all([block["bbox"] for block in blocks if block["type"] == _VECTOR], SCALE)
    kinds = ((block["stroked"], block["isrect"]) for block in blocks if block["type"] == _VECTOR)
    return [Vector(box, is_stroked, is_straight) for box, (is_stroked, is_straight) in zip(turned, kinds, strict=True)]
