"""What is measured of a page while it is read, and whether its text can be trusted to be all of it. Pure."""

from collections.abc import Sequence

import numpy as np

from domain.documents import Box, PageFacts
from workers.rendering.geometry import Frame
from workers.rendering.marks import SCAN_SHARE, Marks
from workers.rendering.pictures import coverage
from workers.rendering.pieces import Vectors
from workers.rendering.stamp import read_stamp
from workers.rendering.text import PageText

NEAR_TEXTLESS = 25
"""Characters: what a scanner stamps on a page is no text layer."""

SCAN_TEXTLESS = 150
"""Characters on a scan: a title or a stamp that was put on it later. A guess."""

ILLEGIBLE_SHARE = 0.1
"""Of letters. The sample P&ID whose font numbers its glyphs from 3 has 0.2; sound pages have 0."""

LETTER_PT = (1.0, 12.0)
"""The size of paths that may be letters, or strokes of them."""

CURVES = 2000
CURVES_PER_CHARACTER = 40
"""Of such paths. Sample sheets whose lettering is text have up to 22 per character, the schematic whose lettering is
curves has 98 (measured 2026-11-20)."""


def make_facts(frame: Frame, text: PageText, marks: Marks, cells: Sequence[Box], warnings: Sequence[str]) -> PageFacts:
    """`cells`: what its lines enclose; `warnings`: those of the reading so far."""
    characters = sum(len(line.text) for line in text.lines)
    covered = coverage(marks.pictures, frame.page_box)
    is_recognised = text.is_recognised or marks.covers_text
    illegible = text.unknown_share > ILLEGIBLE_SHARE
    in_curves = _is_lettering_in_curves(marks.vectors, characters)
    textless = characters < NEAR_TEXTLESS and (covered > 0 or len(marks.vectors) > 0)
    scanned = characters < SCAN_TEXTLESS and covered >= SCAN_SHARE and not is_recognised
    said = {
        "hidden_text_left_out": text.hidden_words > 0,
        "text_layer_repaired": text.is_repaired,
        "text_layer_illegible": illegible,
        "lettering_in_curves": in_curves,
    }
    stamp = read_stamp(text.lines, cells, frame.page_box)
    return PageFacts(
        characters=characters,
        picture_coverage=covered,
        smallest_glyph_pt=text.smallest_size_pt,
        needs_ocr=illegible or textless or scanned or in_curves,
        read_by="recognised_layer" if is_recognised else "text",
        sheet=stamp.get("sheet"),
        title=stamp.get("title"),
        stamp=stamp,
        warnings=(*warnings, *(name for name, holds in said.items() if holds)),
    )


def _is_lettering_in_curves(vectors: Vectors, characters: int) -> bool:
    wanted = max(CURVES, CURVES_PER_CHARACTER * characters)
    if len(vectors) < wanted:
        return False
    least, most = LETTER_PT
    longest = np.maximum(*(vectors.boxes[:, 2:] - vectors.boxes[:, :2]).T)
    return int(((least < longest) & (longest <= most)).sum()) >= wanted
