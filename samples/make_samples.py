"""Writes the sample drawing set beside this file: `python samples/make_samples.py`."""

from collections.abc import Callable
from pathlib import Path

import pymupdf
from datasheet import draw_datasheet
from general_notes import draw_general_notes
from plan import draw_plan
from specification import draw_specification

FOLDER = Path(__file__).resolve().parent

DOCUMENTS: dict[str, tuple[str, Callable[[pymupdf.Document], None]]] = {
    "24-118-ОВ_План_вентиляции.pdf": ("24-118-ОВ, лист 2. План систем вентиляции на отм. +4,200", draw_plan),
    "24-118-ОВ.С_Спецификация.pdf": (
        "24-118-ОВ.С. Спецификация оборудования, изделий и материалов",
        draw_specification,
    ),
    "24-118-ОВ_Общие_данные.pdf": ("24-118-ОВ, лист 1. Общие данные", draw_general_notes),
    "AHU_datasheet_EN.pdf": ("AX-58-W. Technical datasheet of AHU-1 (П1)", draw_datasheet),
}


def main() -> None:
    for name, (title, draw) in DOCUMENTS.items():
        write_document(FOLDER / name, title, draw)


def write_document(path: Path, title: str, draw: Callable[[pymupdf.Document], None]) -> None:
    """Draw one document and save it with subset fonts, without dates: the same bytes on every run."""
    document = pymupdf.open()
    draw(document)
    document.set_metadata({"title": title, "author": "AIZoomDoc samples", "subject": "Invented sample project"})
    document.subset_fonts()
    document.save(path, garbage=4, deflate=True, deflate_fonts=True, no_new_id=True)
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KB, {document.page_count} p.")


if __name__ == "__main__":
    main()
