"""Pictures as the bytes of a file. Runs in render children only."""

import io

import pymupdf
from PIL import Image, ImageChops

from domain.evidence import Drawing
from workers.rendering.png import encode_png

_QUALITY = {"jpeg": 88, "webp": 85}
_WEBP_METHOD = 1
"""Of 0–6: 4, Pillow's own choice, takes three times as long for a tenth less."""

_LOOK_EVERY_ROWS = 61
"""Rows looked at for colour before the whole picture is: most coloured drawings are told by them."""


def encode_pixels(pixmap: pymupdf.Pixmap, image_format: str, dpi: float) -> Drawing:
    """An RGB pixmap as png, jpeg or webp; see `encode`. Of a coloured one nothing is copied."""
    if image_format == "png" and _is_coloured(pixmap):
        png = encode_png(pixmap.samples_mv, pixmap.width, pixmap.height, 3)
        return _drawing(png, image_format, (pixmap.width, pixmap.height), dpi)
    return encode(picture_of(pixmap), image_format, dpi)


def encode(picture: Image.Image, image_format: str, dpi: float) -> Drawing:
    """An RGB picture as png, jpeg or webp. One without colour becomes grey: half the bytes, half the time."""
    picture = _without_colour(picture)
    data = _png(picture) if image_format == "png" else _lossy(picture, image_format)
    return _drawing(data, image_format, picture.size, dpi)


def picture_of(pixmap: pymupdf.Pixmap) -> Image.Image:
    """A copy of the pixels."""
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples_mv)


def _drawing(data: bytes, image_format: str, size: tuple[int, int], dpi: float) -> Drawing:
    return Drawing(
        data=data,
        mime_type=f"image/{image_format}",
        width_px=size[0],
        height_px=size[1],
        dpi=max(round(dpi), 1),
    )


def _is_coloured(pixmap: pymupdf.Pixmap) -> bool:
    """False when the rows looked at are grey: the others may be coloured all the same."""
    samples, length = pixmap.samples_mv, pixmap.stride
    for start in range(0, len(samples), length * _LOOK_EVERY_ROWS):
        row = bytes(samples[start : start + length])
        if row[0::3] != row[1::3] or row[1::3] != row[2::3]:
            return True
    return False


def _without_colour(picture: Image.Image) -> Image.Image:
    red, green, blue = picture.split()
    is_grey = all(ImageChops.difference(green, other).getbbox() is None for other in (red, blue))
    return green if is_grey else picture


def _png(picture: Image.Image) -> bytes:
    return encode_png(picture.tobytes(), picture.width, picture.height, len(picture.getbands()))


def _lossy(picture: Image.Image, image_format: str) -> bytes:
    written = io.BytesIO()
    options = {"method": _WEBP_METHOD} if image_format == "webp" else {}
    picture.save(written, image_format.upper(), quality=_QUALITY[image_format], **options)
    return written.getvalue()
