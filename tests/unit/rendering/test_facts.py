"""Facts of a page: how small, how sound, and whether its text is all there is to read."""

from collections.abc import Callable

import pymupdf

from domain.documents import PageContent
from tests.fakes.pdfs import pdf_of

Read = Callable[[bytes], list[PageContent]]


def _scan(page: pymupdf.Page) -> None:
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 50, 50))
    pixmap.clear_with(200)
    page.insert_image(page.rect, pixmap=pixmap, keep_proportion=False)


def test_a_scan_with_a_handful_of_letters_needs_recognition(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _scan(page)
        page.insert_text((72, 800), "Scanned by the archive, copy no. 17")

    (content,) = read(pdf_of(draw))

    assert content.page.facts.needs_ocr


def test_a_page_whose_lettering_is_curves_needs_recognition(read: Read):
    def draw(page: pymupdf.Page) -> None:
        shape = page.new_shape()
        for number in range(2500):
            x, y = 40 + number % 60 * 8, 60 + number // 60 * 12
            shape.draw_line((x, y), (x + 3, y + 5))
            shape.finish()
        shape.commit()
        page.insert_text((72, 800), "Exported by a program for drawings")

    (content,) = read(pdf_of(draw))

    assert content.page.facts.needs_ocr
    assert "lettering_in_curves" in content.page.facts.warnings


def test_the_smallest_glyph_is_that_of_letters_one_can_see(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((72, 72), "Body text of the page", fontsize=11)
        page.insert_text((72, 90), "index", fontsize=6)
        page.insert_text((72, 110), ".", fontsize=2)
        page.insert_text((72, 130), "invisible", fontsize=3, render_mode=3)

    (content,) = read(pdf_of(draw))

    assert content.page.facts.smallest_glyph_pt == 6
