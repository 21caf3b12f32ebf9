"""Small PDFs made for a test."""

from collections.abc import Callable
from typing import Any

import pymupdf

Draw = Callable[[pymupdf.Page], Any]

FONT = "helv"


def pdf_of(*pages: Draw, width: float = 595, height: float = 842) -> bytes:
    """One page per function, which draws on it."""
    with pymupdf.open() as document:
        for draw in pages:
            draw(document.new_page(width=width, height=height))
        return document.tobytes()


def text_page(text: str, *, size: float = 11, **options: Any) -> Draw:
    """Text from (72, 72) on; `options` are those of `insert_text`."""
    return lambda page: page.insert_text((72, 72), text, fontsize=size, **options)


def table_page(rows: list[list[str]], *, left: float = 72, top: float = 100, width: float = 110) -> Draw:
    """A ruled table, 20 pt a row."""

    def draw(page: pymupdf.Page) -> None:
        right, bottom = left + width * len(rows[0]), top + 20 * len(rows)
        for number in range(len(rows) + 1):
            page.draw_line((left, top + 20 * number), (right, top + 20 * number))
        for number in range(len(rows[0]) + 1):
            page.draw_line((left + width * number, top), (left + width * number, bottom))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                page.insert_text((left + width * column + 4, top + 20 * row + 14), text, fontsize=10)

    return draw


def turned(draw: Draw, rotation: int, crop: tuple[float, float, float, float] | None = None) -> Draw:
    """The same page shown rotated, and cut to the crop box given."""

    def draw_turned(page: pymupdf.Page) -> None:
        draw(page)
        if crop:
            page.set_cropbox(pymupdf.Rect(crop))
        page.set_rotation(rotation)

    return draw_turned
