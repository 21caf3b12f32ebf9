"""Tables with exact cells: headings of several rows, wrapped texts, empty cells; and grids of drawings."""

import random
from collections.abc import Callable

import pymupdf
import pytest

from domain.documents import BlockKind, PageContent
from tests.fakes.pdfs import Draw, pdf_of

Read = Callable[[bytes], list[PageContent]]

LEFT, TOP, ROW_PT = 60, 80, 30
WIDTHS = (60, 150, 60, 80)
HEADING = (("Room", "num-", "ber"), ("Designation",), ("Mass,", "kg"), ("Note", "on the", "room"))
TEXTS = (("12", "0.35", "7"), ("Valve DN50", "Pump", "Gate valve, cast iron"), ("4", "", "1.5"), ("see 5", "", "spare"))


def specification(seed: int) -> tuple[Draw, list[list[str]]]:
    """A table with some empty cells and cells of two lines, and its rows as they should be read."""
    choose = random.Random(seed)
    rows = [[choose.choice(texts) for texts in TEXTS] for _ in range(choose.randint(3, 7))]
    is_ruled = choose.random() < 0.7

    def draw(page: pymupdf.Page) -> None:
        bottom = TOP + ROW_PT * (len(rows) + 1.5)
        edges = [LEFT + sum(WIDTHS[:number]) for number in range(len(WIDTHS) + 1)]
        tops = [TOP, TOP + 1.5 * ROW_PT, *(TOP + ROW_PT * (number + 2.5) for number in range(len(rows)))]
        for y in tops if is_ruled else (tops[0], tops[1], bottom):
            page.draw_line((LEFT, y), (edges[-1], y))
        for x in edges:
            page.draw_line((x, TOP), (x, bottom))
        for x, lines in zip(edges, HEADING, strict=False):
            for number, line in enumerate(lines):
                page.insert_text((x + 3, TOP + 12 + 12 * number), line, fontsize=9)
        for y, row in zip(tops[1:], rows, strict=False):
            for x, text in zip(edges, row, strict=False):
                page.insert_text((x + 3, y + 18), text, fontsize=9)

    heading = ["Room number", "Designation", "Mass, kg", "Note on the room"]
    return draw, [heading, *rows]


@pytest.mark.parametrize("seed", range(8))
def test_every_cell_of_a_specification_is_exact(read: Read, seed: int):
    draw, rows = specification(seed)

    (content,) = read(pdf_of(draw))

    (table,) = _tables(content)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.split("\n")]
    assert [cell.replace("num- ber", "number") for cell in cells[0]] == rows[0]
    assert cells[2:] == [row for row in rows[1:] if any(row)]


def test_rows_below_a_heading_of_two_rows_are_rows_without_lines_between_them(read: Read):
    def draw(page: pymupdf.Page) -> None:
        for y in (100, 140, 240):
            page.draw_line((60, y), (360, y))
        page.draw_line((160, 120), (360, 120))
        for x in (60, 160, 360):
            page.draw_line((x, 100), (x, 240))
        page.draw_line((260, 120), (260, 240))
        for x, y, text in ((70, 124, "Name"), (200, 114, "Length"), (170, 134, "from"), (270, 134, "to")):
            page.insert_text((x, y), text, fontsize=9)
        for number, row in enumerate((("Cable 1", "10", "12"), ("Cable 2", "20", "25"), ("Cable 3", "3", "4"))):
            for x, text in zip((70, 170, 270), row, strict=True):
                page.insert_text((x, 160 + 25 * number), text, fontsize=9)

    (content,) = read(pdf_of(draw))

    more = "| Cable 2 | 20 | 25 |\n| Cable 3 | 3 | 4 |"
    assert _tables(content) == [
        "| Name | Length from | Length to |\n|---|---|---|\n| Cable 1 | 10 | 12 |\n" + more,
    ]


def _grid(page: pymupdf.Page, xs: tuple[int, ...], ys: tuple[int, ...]) -> None:
    for x in xs:
        page.draw_line((x, ys[0]), (x, ys[-1]))
    for y in ys:
        page.draw_line((xs[0], y), (xs[-1], y))


def _rooms(page: pymupdf.Page) -> None:
    """Names that stand over the lines of a raster."""
    _grid(page, tuple(range(60, 360, 30)), tuple(range(100, 300, 20)))
    for number in range(9):
        page.insert_text((70 + 90 * (number % 3), 125 + 60 * (number // 3)), f"BEDROOM {number}", fontsize=9)


def _joists(page: pymupdf.Page) -> None:
    """Level and upright lettering in the same fields."""
    _grid(page, (60, 160, 260, 360), (100, 180, 260, 340))
    for number in range(9):
        x, y = 70 + 100 * (number % 3), 120 + 80 * (number // 3)
        page.insert_text((x, y), f"2x{number}", fontsize=9)
        page.insert_text((x + 60, y + 50), "JOIST", fontsize=9, rotate=90)


def _dimensions(page: pymupdf.Page) -> None:
    """Two narrow bands of fields along two sides of a building: most of the area between is free."""
    _grid(page, (60, 120, 180, 240, 500), (100, 120, 140))
    _grid(page, (480, 500), (120, 140, 300, 400, 600))
    page.draw_line((60, 100), (60, 140))
    for number in range(4):
        page.insert_text((66 + 60 * number, 114), f"1{number}'", fontsize=9)
        page.insert_text((66 + 60 * number, 134), f"{number}0", fontsize=9)
        page.insert_text((483, 200 + 100 * number), f"{number}", fontsize=9)


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(_rooms, id="names over a raster"),
        pytest.param(_joists, id="level and upright text in one field"),
        pytest.param(_dimensions, id="bands of dimension lines"),
    ],
)
def test_a_grid_of_a_drawing_is_no_table(read: Read, draw: Draw):
    (content,) = read(pdf_of(draw))

    assert _tables(content) == []


def test_the_listing_of_a_program_is_no_table(read: Read):
    rows = [("MOV", "C,ADDO", "//read one bit"), ("XCH", "A,R7", "//move data"), ("RLC", "A", ""), ("NOP", "", "")]

    def draw(page: pymupdf.Page) -> None:
        for number, row in enumerate(rows * 3):
            for x, text in zip((72, 130, 220), row, strict=True):
                page.insert_text((x, 100 + 14 * number), text, fontsize=10)

    (content,) = read(pdf_of(draw))

    assert _tables(content) == []


def _tables(content: PageContent) -> list[str]:
    return [block.content for block in content.blocks if block.kind is BlockKind.TABLE]
