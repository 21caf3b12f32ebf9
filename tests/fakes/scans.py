"""Pages as a scanner gives them: pictures with noise and no text."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import pymupdf

FONT = "cjk"
"""Droid Sans Fallback, the only font inside PyMuPDF with Cyrillic letters."""

NOISE = 12.0
"""Standard deviation, of 255 shades."""

Row = tuple[float, float, str]
"""Left, baseline (points) and text."""


def write_rows(page: pymupdf.Page, rows: Iterable[Row], *, size: float = 11, rotate: int = 0) -> None:
    page.insert_font(fontname=FONT, fontbuffer=pymupdf.Font(FONT).buffer)
    for left, baseline, text in rows:
        page.insert_text((left, baseline), text, fontname=FONT, fontsize=size, rotate=rotate)


def lettered(rows: Sequence[Row], *, width: float = 595, height: float = 842, size: float = 11) -> bytes:
    """A PDF of one page with these rows."""
    with pymupdf.open() as document:
        write_rows(document.new_page(width=width, height=height), rows, size=size)
        return document.tobytes()


def scan_of(pdf: bytes, *, dpi: int = 200, rotation: int = 0, laid: int | None = None) -> bytes:
    """The first page as a noisy picture in a PDF that is shown rotated by `rotation`. `laid` is one of OpenCV's
    rotations: how the sheet lay on the scanner."""
    with pymupdf.open(stream=pdf) as document, pymupdf.open() as scanned:
        pixmap = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        sheet = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)[:, : pixmap.width]
        sheet = sheet if laid is None else cv2.rotate(sheet, laid)
        noise = np.random.default_rng(7).normal(0, NOISE, sheet.shape)
        picture = np.clip(cv2.GaussianBlur(sheet, (0, 0), 0.7) + noise, 0, 255).astype(np.uint8)
        page = scanned.new_page(width=sheet.shape[1] * 72 / dpi, height=sheet.shape[0] * 72 / dpi)
        page.insert_image(page.rect, stream=cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
        page.set_rotation(rotation)
        return scanned.tobytes()


def joined(*pdfs: bytes) -> bytes:
    """The pages of all of them in one file."""
    with pymupdf.open() as whole:
        for pdf in pdfs:
            with pymupdf.open(stream=pdf) as part:
                whole.insert_pdf(part)
        return whole.tobytes()
