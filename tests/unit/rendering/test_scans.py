"""How sharp scans are drawn."""

import io
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest
from PIL import Image, ImageDraw

from domain.documents import Box
from domain.evidence import Drawing, RenderKind, RenderSpec
from tests.fakes.pdfs import pdf_of, turned

DrawFile = Callable[[bytes, RenderSpec], Drawing]
A4_AT_100_DPI = (827, 1169)
HALF: Box = (0.1, 0.1, 0.9, 0.6)
SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "A_engineering"


def _picture(size: tuple[int, int] = A4_AT_100_DPI, image_format: str = "JPEG") -> bytes:
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    for number in range(30):
        pen.line((0, number * 40, size[0], number * 17), fill=0)
    file = io.BytesIO()
    picture.save(file, image_format, dpi=(100, 100))
    return file.getvalue()


def _scan(page: pymupdf.Page) -> None:
    page.insert_image(page.rect, stream=_picture())


def _scan_in_strips(page: pymupdf.Page) -> None:
    for number in range(4):
        box = pymupdf.Rect(0, page.rect.height / 4 * number, page.rect.width, page.rect.height / 4 * (number + 1))
        page.insert_image(box, stream=_picture((827, 290 + number)), keep_proportion=False)


def _recognised_scan(page: pymupdf.Page) -> None:
    for number in range(200):
        page.insert_text((30, 20 + 4 * number), f"слово {number}", render_mode=3)
    _scan(page)
    page.insert_text((30, 30), "Scanned by a scanner")


def _drawn_on_picture(page: pymupdf.Page) -> None:
    _scan(page)
    for number in range(200):
        page.draw_line((0, 4 * number), (595, 4 * number + 9))


def _logo(page: pymupdf.Page) -> None:
    page.insert_image(pymupdf.Rect(20, 20, 120, 160), stream=_picture())
    page.insert_text((100, 300), "text")


def _dpi(draw_file: DrawFile, file: bytes, *, region: Box | None = HALF, dpi: int = 300) -> int:
    kind = RenderKind.REGION if region else RenderKind.PAGE
    return draw_file(file, RenderSpec(sha256="x", page_no=1, kind=kind, region=region, dpi=dpi)).dpi


@pytest.mark.parametrize("draw_page", [_scan, _scan_in_strips, _recognised_scan])
@pytest.mark.parametrize("rotation", [0, 90])
def test_a_scan_is_not_drawn_sharper_than_it_is(draw_file: DrawFile, draw_page: Callable, rotation: int):
    file = pdf_of(turned(draw_page, rotation))

    assert _dpi(draw_file, file) == pytest.approx(100, abs=1)
    assert _dpi(draw_file, file, region=None) == pytest.approx(100, abs=1)
    assert _dpi(draw_file, file, region=None, dpi=72) == 72


@pytest.mark.parametrize("draw_page", [_drawn_on_picture, _logo])
def test_what_is_drawn_is_as_sharp_as_asked(draw_file: DrawFile, draw_page: Callable):
    assert _dpi(draw_file, pdf_of(draw_page)) == 300


def test_a_small_piece_of_a_scan_is_large_enough_to_be_seen(draw_file: DrawFile):
    spec = RenderSpec(sha256="x", page_no=1, region=(0.2, 0.2, 0.3, 0.25), dpi=300)

    drawing = draw_file(pdf_of(_scan), spec)

    assert max(drawing.width_px, drawing.height_px) == pytest.approx(512, abs=2)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "TIFF"])
def test_a_picture_file_is_a_scan_of_one_page(draw_file: DrawFile, image_format: str):
    drawing = draw_file(_picture(image_format=image_format), RenderSpec(sha256="x", page_no=1, region=HALF, dpi=400))

    assert drawing.width_px == pytest.approx(0.8 * A4_AT_100_DPI[0], abs=3)


def test_a_real_scanned_plan_has_its_own_sharpness(draw_file: DrawFile):
    file = (SAMPLES / "en" / "Facilities_Building__1810 S Park St.pdf").read_bytes()

    assert _dpi(draw_file, file, region=(0.4, 0.4, 0.6, 0.6), dpi=400) == pytest.approx(300, abs=2)
