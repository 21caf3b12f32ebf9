"""Pictures of regions."""

import io
from collections.abc import Callable

import pymupdf
import pytest
from PIL import Image

from domain.documents import Box
from domain.errors import RegionOutsidePage
from domain.evidence import Drawing, RenderSpec
from tests.fakes.pdfs import pdf_of, turned

DrawFile = Callable[[bytes, RenderSpec], Drawing]


def _red_square(page: pymupdf.Page) -> None:
    """Red from 10 % to 20 % of the width and 60 % to 70 % of the height."""
    page.draw_rect(pymupdf.Rect(59.5, 505.2, 119, 589.4), color=None, fill=(1, 0, 0), width=0)


RED_BOX: Box = (0.1, 0.6, 0.2, 0.7)


def _picture(drawing: Drawing) -> Image.Image:
    return Image.open(io.BytesIO(drawing.data)).convert("RGB")


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_region_of_the_unrotated_page_is_shown_as_the_page_is_read(draw_file: DrawFile, rotation: int):
    file = pdf_of(turned(_red_square, rotation))

    drawing = draw_file(file, RenderSpec(sha256="x", page_no=1, region=RED_BOX, dpi=100))

    picture = _picture(drawing)
    assert picture.size == (drawing.width_px, drawing.height_px)
    assert (picture.width > picture.height) == (rotation in (90, 270))
    colours = {picture.getpixel((x, y)) for x in (3, picture.width - 4) for y in (3, picture.height - 4)}
    assert colours == {(255, 0, 0)}


def test_the_whole_page_is_drawn_at_the_dpi_asked_for(draw_file: DrawFile):
    drawing = draw_file(pdf_of(_red_square), RenderSpec(sha256="x", page_no=1, dpi=72))

    assert (drawing.width_px, drawing.height_px, drawing.dpi) == (595, 842, 72)


def test_the_dpi_is_lowered_to_the_pixel_limit_and_said(draw_file: DrawFile):
    huge = pdf_of(_red_square, width=5000, height=5000)

    drawing = draw_file(huge, RenderSpec(sha256="x", page_no=1, dpi=400))

    assert drawing.width_px * drawing.height_px <= 25_100_000
    assert drawing.dpi == 72


def test_a_mark_is_drawn_around_its_box_in_a_colour_the_drawing_does_not_use(draw_file: DrawFile):
    spec = RenderSpec(sha256="x", page_no=1, dpi=72, marks=(RED_BOX,))

    picture = _picture(draw_file(pdf_of(_red_square), spec))

    assert picture.getpixel((90, 550)) == (255, 0, 0), "what is marked stays readable"
    assert picture.getpixel((57, 550)) not in ((255, 255, 255), (255, 0, 0))


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_every_format_can_be_decoded(draw_file: DrawFile, image_format: str):
    spec = RenderSpec(sha256="x", page_no=1, dpi=36, image_format=image_format)

    drawing = draw_file(pdf_of(_red_square), spec)

    assert drawing.mime_type == f"image/{image_format}"
    assert _picture(drawing).size == (drawing.width_px, drawing.height_px)


@pytest.mark.parametrize(
    ("page_no", "region"),
    [(2, None), (0, None), (1, (0.5, 0.5, 1.2, 0.9)), (1, (0.5, 0.5, 0.5, 0.9)), (1, (-0.1, 0.0, 0.5, 0.5))],
)
def test_a_region_outside_the_page_is_refused(draw_file: DrawFile, page_no: int, region: Box | None):
    with pytest.raises(RegionOutsidePage):
        draw_file(pdf_of(_red_square), RenderSpec(sha256="x", page_no=page_no, region=region))


def test_a_strip_of_less_than_a_pixel_is_still_a_picture(draw_file: DrawFile):
    spec = RenderSpec(sha256="x", page_no=1, dpi=36, region=(0.0, 0.5, 1.0, 0.50001))

    drawing = draw_file(pdf_of(_red_square), spec)

    assert drawing.height_px >= 1
