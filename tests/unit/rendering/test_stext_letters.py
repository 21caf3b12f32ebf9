"""Letters and words that are read of a text page in memory, against what PyMuPDF tells of it.

An upgrade of PyMuPDF that moves a field of a line, a letter or a font fails here.
"""

from collections.abc import Callable
from typing import Any

import pymupdf
import pytest

from tests.fakes.pdfs import pdf_of, turned
from tests.fakes.scans import FONT
from workers.rendering import stext_letters
from workers.rendering.memory import Memory
from workers.rendering.stext_blocks import read_blocks
from workers.rendering.stext_letters import Letters, read_letters
from workers.rendering.words import split_words

Draw = Callable[[pymupdf.Page], Any]


def _several(page: pymupdf.Page) -> None:
    page.insert_font(fontname=FONT, fontbuffer=pymupdf.Font(FONT).buffer)
    page.insert_text((72, 72), "Насос Н-1: 5.5 kW, 400\u00a0V  \U0001d53d", fontname=FONT, fontsize=11)
    page.insert_text((72, 90), "in bold", fontname="hebo", fontsize=17, color=(1, 0, 0))
    page.insert_text((72, 110), "x\u0590\u05d0\u05d1y", fontname=FONT)
    page.insert_text((300, 300), "upwards", rotate=90)
    page.insert_text((400, 300), "downwards", rotate=270, fontname="cour")
    page.insert_text((-20, 400), "cut by the edge")
    page.insert_text((72, 500), "hidden", render_mode=3)
    page.insert_text((72, 600), "half", fill_opacity=0.5)


def _read(draw: Draw) -> tuple[Letters, pymupdf.TextPage]:
    document = pymupdf.open(stream=pdf_of(draw), filetype="pdf")
    textpage = document[0].get_textpage(flags=pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_COLLECT_VECTORS)
    memory = Memory()
    _, first_lines = read_blocks(memory, textpage.this)
    return read_letters(memory, first_lines, textpage.rect.width, textpage.rect.height), textpage


@pytest.mark.parametrize("rotation", [0, 90])
def test_words_are_those_that_pymupdf_tells(rotation: int):
    letters, textpage = _read(turned(_several, rotation))

    words = split_words(letters)

    told = textpage.extractWORDS()
    lines = letters.line[words.first]
    assert words.texts == [word[4] for word in told]
    assert words.boxes.tolist() == [list(word[:4]) for word in told]
    assert letters.block[lines].tolist() == [word[5] for word in told]


def test_spans_are_those_that_pymupdf_tells():
    letters, textpage = _read(_several)

    told = [
        (
            span["size"],
            bool(span["flags"] & pymupdf.TEXT_FONT_BOLD),
            span["alpha"] << 24 | span["color"],
            span["char_flags"],
            span["ascender"],
            span["descender"],
        )
        for block in textpage.extractDICT()["blocks"]
        for line in block["lines"]
        for span in line["spans"]
    ]
    spans = letters.spans
    columns = (spans.size, spans.is_bold, spans.colour, spans.flags, spans.ascender, spans.descender)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == told


def test_lines_run_as_pymupdf_tells():
    letters, textpage = _read(_several)

    told = [line["dir"] for block in textpage.extractDICT()["blocks"] for line in block["lines"]]
    assert [tuple(direction) for direction in letters.directions.tolist()] == told


def test_a_word_upside_down_stands_on_its_side_of_the_baseline():
    letters, _ = _read(lambda page: page.insert_text((300, 300), "turned", rotate=180, fontsize=10))

    _, y0, x1, y1 = split_words(letters).boxes[0]
    assert (y0 > 297, y1 < 310, x1) == (True, True, pytest.approx(300, abs=0.5))
    assert y1 - y0 == pytest.approx(10, abs=0.01)


def test_a_page_without_text_has_no_letters():
    letters, _ = _read(lambda page: page.draw_line((20, 700), (500, 700)))

    assert split_words(letters).texts == []
    assert letters.is_whole


@pytest.mark.parametrize("limit", [1, 4], ids=["lines", "letters"])
def test_a_page_beyond_the_limit_has_no_letters_and_says_so(limit: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stext_letters, "LETTERS_LIMIT", limit)

    letters, _ = _read(lambda page: page.insert_text((72, 72), "one\ntwo\nsix"))

    assert (len(letters.codes), letters.is_whole) == (0, False)
