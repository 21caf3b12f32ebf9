"""Figures: where they are, and what is said about them."""

from collections.abc import Callable

import pymupdf
import pytest

from domain.documents import Block, BlockKind, PageContent
from tests.fakes.pdfs import pdf_of

Read = Callable[[bytes], list[PageContent]]


def _images(content: PageContent) -> list[Block]:
    return [block for block in content.blocks if block.kind is BlockKind.IMAGE]


def _fan(page: pymupdf.Page, x: float, y: float) -> None:
    """Forty lines in a field of 120 by 120 pt."""
    for number in range(41):
        page.draw_line((x, y), (x + 3 * number, y + 120 - 3 * number))


def _grey(page: pymupdf.Page, box: tuple[float, float, float, float]) -> None:
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 50, 50))
    pixmap.clear_with(200)
    page.insert_image(pymupdf.Rect(box), pixmap=pixmap, keep_proportion=False)


def test_two_views_are_two_figures_with_tight_boxes(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.draw_rect(pymupdf.Rect(20, 20, 575, 822))
        _fan(page, 80, 100)
        _fan(page, 350, 100)
        page.insert_text((80, 700), "A sheet with two views")

    (content,) = read(pdf_of(draw))

    left, right = sorted((block.box for block in _images(content)), key=lambda box: box or ())
    assert left == pytest.approx((80 / 595, 100 / 842, 200 / 595, 220 / 842), abs=0.003)
    assert right == pytest.approx((350 / 595, 100 / 842, 470 / 595, 220 / 842), abs=0.003)


def test_a_figure_says_its_caption_and_its_labels(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _fan(page, 80, 100)
        page.insert_text((120, 150), "Inlet valve", fontsize=8)
        page.insert_text((80, 240), "Figure 2. The pump station", fontsize=10)

    (content,) = read(pdf_of(draw))

    (figure,) = _images(content)
    assert figure.content == "Figure 2. The pump station\nInlet valve"


def test_a_picture_is_found_where_it_is_drawn_on_a_turned_page(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _grey(page, (100, 200, 300, 400))
        page.insert_text((100, 100), "A page with a photograph")
        page.set_rotation(90)

    (content,) = read(pdf_of(draw))

    (picture,) = _images(content)
    assert picture.box == pytest.approx((100 / 595, 200 / 842, 300 / 595, 400 / 842), abs=0.002)


def test_a_scan_under_its_text_is_no_figure_of_its_own(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _grey(page, tuple(page.rect))
        page.insert_text((72, 72), "recognised words of the scan", render_mode=3)

    (content,) = read(pdf_of(draw))

    assert _images(content) == []


def test_shadings_are_not_drawn_while_the_text_is_read(read: Read):
    function = b"<< /FunctionType 2 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] /N 1 >>"
    shading = b"<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 600 800] /Function %s /Extend [true true] >>"
    with pymupdf.open(stream=pdf_of(lambda page: page.insert_text((72, 72), "shaded")), filetype="pdf") as document:
        page = document[0]
        resources = int(document.xref_get_key(page.xref, "Resources")[1].split()[0])
        document.xref_set_key(resources, "Shading", f"<< /S {(shading % function).decode()} >>")
        document.update_stream(page.get_contents()[0], b"/S sh " * 3000 + page.read_contents())
        file = document.tobytes()

    (content,) = read(file)

    assert content.blocks[0].content == "shaded"


def test_what_is_drawn_outside_of_the_frame_belongs_to_no_figure(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.draw_rect(pymupdf.Rect(57, 14, 581, 828))
        for number in range(40):
            page.draw_line((20, 60 + 5 * number), (50, 62 + 5 * number))
        _fan(page, 70, 100)
        page.insert_text((80, 700), "A sheet with one view")

    (content,) = read(pdf_of(draw))

    (view,) = _images(content)
    assert view.box == pytest.approx((70 / 595, 100 / 842, 190 / 595, 220 / 842), abs=0.003)


def test_a_line_along_the_page_parts_the_figures_beside_it(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.draw_line((300, 20), (300, 822))
        _fan(page, 178, 100)
        _fan(page, 304, 100)
        page.insert_text((80, 700), "A leaflet with two columns")

    (content,) = read(pdf_of(draw))

    assert len(_images(content)) == 2


def test_shadows_along_two_edges_of_a_sheet_are_no_picture(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _grey(page, (560, 200, 580, 820))
        _grey(page, (100, 800, 580, 820))
        page.insert_text((80, 700), "A sheet with the shadow of its template")

    (content,) = read(pdf_of(draw))

    assert _images(content) == []
