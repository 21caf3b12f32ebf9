"""Repairs the text of fonts without a table of Unicode values whose glyphs are numbered like ASCII from 3 on.

So do the TrueType fonts of many exporters: .notdef, .null, return, then space as glyph 3; "WATER" reads ":$7(5" and
digits read as control characters, which PyMuPDF takes for white space. Runs in render children only.
"""

import re

import pymupdf

from workers.rendering.encoding import is_spoken
from workers.rendering.geometry import Frame
from workers.rendering.magnified import read_magnified

SHIFT = 29
UNKNOWN = "\ufffd"
CONTROL_SHARE = 0.02
"""Of letters; sound pages have none."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")

RawWord = tuple[float, float, float, float, str, int, int, int]


def read_by_number(page: pymupdf.Page, frame: Frame, textpage: pymupdf.TextPage, letters: str) -> list[RawWord] | None:
    """The words of the page like `extractWORDS`, read by their glyphs' numbers; null where that gives no words.

    `letters` are those of the magnified textpage, which has the numbers of unknown letters in place of U+FFFD.
    """
    if len(_CONTROLS.findall(letters)) <= CONTROL_SHARE * len(letters):
        return None
    with read_magnified(page, frame, codes_for_unknown=False) as (marked, _):
        lines = list(_lines(textpage, marked))
    words: list[RawWord] = []
    repaired: list[str] = []
    for block_no, line_no, line, mark in lines:
        unknown = [letter["c"] == UNKNOWN for letter in mark]
        texts = [
            _meant(letter["c"]) if is_unknown else letter["c"] for letter, is_unknown in zip(line, unknown, strict=True)
        ]
        for start, end in _word_spans(texts):
            boxes = [letter["bbox"] for letter in line[start:end]]
            x0, y0, x1, y1 = zip(*boxes, strict=True)
            text = "".join(texts[start:end])
            words.append((min(x0), min(y0), max(x1), max(y1), text, block_no, line_no, 0))
            if any(unknown[start:end]):
                repaired.append(text)
    return words if is_spoken(repaired) else None


def _lines(textpage: pymupdf.TextPage, marked: pymupdf.TextPage):
    """Block number, line number and the letters of each line, from both text pages; lines that differ are left out."""
    blocks, block_marks = (
        [block for block in each.extractRAWDICT()["blocks"] if "lines" in block] for each in (textpage, marked)
    )
    for block_no, (block, block_mark) in enumerate(zip(blocks, block_marks, strict=False)):
        for line_no, (line, mark) in enumerate(zip(block["lines"], block_mark["lines"], strict=False)):
            letters = [letter for span in line["spans"] for letter in span["chars"]]
            marks = [letter for span in mark["spans"] for letter in span["chars"]]
            if len(letters) == len(marks):
                yield block_no, line_no, letters, marks


def _meant(letter: str) -> str:
    number = ord(letter) + SHIFT
    return chr(number) if 32 <= number < 127 else UNKNOWN


def _word_spans(texts: list[str]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for number, text in enumerate([*texts, " "]):
        if text.isspace() and start is not None:
            spans.append((start, number))
            start = None
        elif not text.isspace() and start is None:
            start = number
    return spans
