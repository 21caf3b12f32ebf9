"""The vectors and pictures that are read of a text page in memory, against what PyMuPDF tells of it."""

from collections.abc import Callable
from typing import Any

import pymupdf
import pytest

from domain.documents import PageContent
from tests.fakes.pdfs import pdf_of
from workers.rendering.geometry import Frame
from workers.rendering.magnified import SCALE, read_magnified
from workers.rendering.memory import Memory
from workers.rendering.stext_blocks import RawMarks, read_blocks

Read = Callable[[bytes], list[PageContent]]

FLAGS = pymupdf.TEXT_COLLECT_VECTORS | pymupdf.TEXT_PRESERVE_IMAGES


def _mixed(page: pymupdf.Page) -> None:
    page.draw_line((20, 700), (500, 700))
    page.insert_text((72, 72), "above the picture")
    page.draw_bezier((20, 20), (60, 90), (90, 10), (140, 80))
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 50, 50))
    page.insert_image(pymupdf.Rect(100, 200, 300, 400), pixmap=pixmap)
    page.insert_text((72, 600), "below the picture")
    page.draw_rect(pymupdf.Rect(30, 30, 60, 60), fill=(1, 0, 0), color=None)


def _told(draw: Callable[[pymupdf.Page], Any]) -> tuple[RawMarks, list[dict[str, Any]]]:
    document = pymupdf.open(stream=pdf_of(draw), filetype="pdf")
    textpage = document[0].get_textpage(flags=FLAGS)
    marks, _ = read_blocks(Memory(), textpage.this)
    return marks, textpage.extractDICT()["blocks"]


def test_vectors_and_pictures_are_those_that_pymupdf_tells():
    marks, told = _told(_mixed)

    vectors = [block for block in told if block["type"] == 3]
    assert marks.vectors.tolist() == [list(block["bbox"]) for block in vectors]
    assert marks.is_stroked.tolist() == [block["stroked"] for block in vectors]
    assert marks.is_straight.tolist() == [block["isrect"] for block in vectors]
    assert marks.pictures.tolist() == [list(block["bbox"]) for block in told if block["type"] == 1]
    assert (marks.texts, marks.texts_before.tolist()) == (2, [1])


def test_a_long_list_of_vectors_is_read_to_its_end():
    def draw(page: pymupdf.Page) -> None:
        shape = page.new_shape()
        for number in range(500):
            shape.draw_line((20, 20 + number), (20 + number, 600))
            shape.finish()
        shape.commit()

    marks, told = _told(draw)

    assert marks.vectors.tolist() == [list(block["bbox"]) for block in told]
    assert len(marks.vectors) == 500


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda page: None, id="empty"),
        pytest.param(lambda page: page.draw_line((20, 700), (500, 700)), id="no-text"),
        pytest.param(lambda page: page.insert_text((72, 72), "text"), id="text-alone"),
    ],
)
def test_a_page_without_one_or_the_other_is_read(draw: Callable[[pymupdf.Page], Any]):
    marks, told = _told(draw)

    assert len(marks.vectors) + marks.texts == len(told)


def test_a_picture_within_a_line_does_not_part_it(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((72, 72), "Press the key ")
        pixmap = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 9, 9))
        page.insert_image(pymupdf.Rect(145, 62, 155, 72), pixmap=pixmap)
        page.insert_text((160, 72), "and wait")

    (content,) = read(pdf_of(draw))

    assert content.blocks[0].content == "Press the key and wait"


def test_boxes_of_a_page_in_larger_units_are_of_that_page():
    with pymupdf.open(stream=pdf_of(lambda page: page.insert_text((72, 72), "text")), filetype="pdf") as document:
        document.xref_set_key(document[0].xref, "UserUnit", "2.0")
        document[0].set_rotation(90)
        page = document.reload_page(document[0])
        frame = Frame.of(page)
        letters, _ = read_magnified(page, frame)

    x0, y0, *_ = letters.boxes[:, 0] / SCALE
    assert 0 < x0 < frame.width_pt
    assert 0 < y0 < frame.height_pt / 2
