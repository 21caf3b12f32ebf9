"""Pictures as the bytes of a file."""

import io

import pytest
from PIL import Image

from workers.rendering.encoders import encode

COLOURED = Image.linear_gradient("L").resize((301, 97)).convert("RGB")
COLOURED.putpixel((5, 5), (255, 0, 1))
GREY = Image.linear_gradient("L").resize((301, 97)).convert("RGB")


@pytest.mark.parametrize(("picture", "mode"), [(COLOURED, "RGB"), (GREY, "L")], ids=["coloured", "grey"])
def test_png_keeps_every_pixel(picture: Image.Image, mode: str):
    drawing = encode(picture, "png", 72)

    decoded = Image.open(io.BytesIO(drawing.data))
    assert (decoded.mode, decoded.size) == (mode, (301, 97))
    assert decoded.convert("RGB").tobytes() == picture.tobytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 2)])
def test_png_of_any_size(size: tuple[int, int]):
    picture = Image.new("RGB", size, (1, 200, 3))

    decoded = Image.open(io.BytesIO(encode(picture, "png", 72).data))

    assert decoded.tobytes() == picture.tobytes()


@pytest.mark.parametrize("image_format", ["jpeg", "webp"])
def test_lossy_formats_are_close(image_format: str):
    drawing = encode(GREY, image_format, 72.4)

    decoded = Image.open(io.BytesIO(drawing.data)).convert("L")
    assert (drawing.mime_type, drawing.dpi) == (f"image/{image_format}", 72)
    assert all(abs(a - b) < 12 for a, b in zip(decoded.tobytes(), GREY.convert("L").tobytes(), strict=True))
