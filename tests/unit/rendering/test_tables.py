"""Tables: rows stay together."""

from collections.abc import Callable

import pymupdf
import pytest

from domain.documents import BlockKind, PageContent
from tests.fakes.pdfs import pdf_of, table_page

Read = Callable[[bytes], list[PageContent]]

ROWS = [["Pos", "Name", "Qty"], ["1", "Valve DN50", "4"], ["2", "Pump P-101", "2"], ["3", "Filter", "7"]]


def test_a_ruled_table_is_one_block_with_a_row_per_line(read: Read):
    (content,) = read(pdf_of(table_page(ROWS)))

    (table,) = [block for block in content.blocks if block.kind is BlockKind.TABLE]
    assert table.content.split("\n") == [
        "| Pos | Name | Qty |",
        "|---|---|---|",
        "| 1 | Valve DN50 | 4 |",
        "| 2 | Pump P-101 | 2 |",
        "| 3 | Filter | 7 |",
    ]
    assert table.box == pytest.approx((72 / 595, 100 / 842, 402 / 595, 180 / 842), abs=0.003)


def test_the_words_of_a_row_share_its_line_number(read: Read):
    (content,) = read(pdf_of(table_page(ROWS)))

    lines = {word.text: word.line_no for word in content.words}
    assert lines["Pump"] == lines["P-101"] == lines["2"] == 2
    assert lines["Valve"] == 1


def test_a_table_drawn_as_filled_bars_is_a_table(read: Read):
    def draw(page: pymupdf.Page) -> None:
        for row in range(4):
            page.draw_rect(pymupdf.Rect(72, 100 + 20 * row, 292, 100.7 + 20 * row), fill=(0, 0, 0), width=0)
        for column in range(3):
            page.draw_rect(pymupdf.Rect(72 + 110 * column, 100, 72.7 + 110 * column, 160), fill=(0, 0, 0), width=0)
        for row, cells in enumerate((("A", "B"), ("1", "2"), ("3", "4"))):
            for column, text in enumerate(cells):
                page.insert_text((80 + 110 * column, 114 + 20 * row), text)

    (content,) = read(pdf_of(draw))

    assert [block.content for block in content.blocks if block.kind is BlockKind.TABLE] == [
        "| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"
    ]


def test_rows_without_lines_between_them_are_rows_all_the_same(read: Read):
    def draw(page: pymupdf.Page) -> None:
        table_page([["Pos", "Name", "Qty"], ["", "", ""]])(page)
        for x in (72, 182, 292, 402):
            page.draw_line((x, 120), (x, 220))
        page.draw_line((72, 220), (402, 220))
        for row, cells in enumerate((("1", "Valve", "4"), ("2", "Pump", "2"), ("3", "Filter", "7"))):
            for column, text in enumerate(cells):
                page.insert_text((78 + 110 * column, 160 + 18 * row), text)

    (content,) = read(pdf_of(draw))

    (table,) = [block for block in content.blocks if block.kind is BlockKind.TABLE]
    assert "| 2 | Pump | 2 |" in table.content


def test_what_stands_apart_in_a_merged_cell_goes_under_its_column(read: Read):
    def draw(page: pymupdf.Page) -> None:
        table_page([["Name", "Min", "Typ", "Max"]], width=90)(page)
        for y in (120, 140, 160):
            page.draw_line((72, y), (432, y))
        for x in (72, 162, 432):
            page.draw_line((x, 120), (x, 160))
        for row, (name, low, high) in enumerate((("Voltage", "2.6", "5.5"), ("Current", "10", "90"))):
            page.insert_text((76, 134 + 20 * row), name)
            page.insert_text((190, 134 + 20 * row), low)
            page.insert_text((370, 134 + 20 * row), high)

    (content,) = read(pdf_of(draw))

    (table,) = [block for block in content.blocks if block.kind is BlockKind.TABLE]
    assert "| Voltage | 2.6 |  | 5.5 |" in table.content


def test_a_title_block_below_a_parts_list_is_a_table_of_its_own(read: Read):
    def draw(page: pymupdf.Page) -> None:
        table_page(ROWS, left=72, top=100, width=120)(page)
        labels = [["Rev", "Sheet", "Doc no", "Sign", "Date"], ["1", "2", "3", "4", "5"], ["6", "7", "8", "9", "10"]]
        table_page(labels, left=72, top=180, width=72)(page)

    (content,) = read(pdf_of(draw))

    tables = [block.content.split("\n")[0] for block in content.blocks if block.kind is BlockKind.TABLE]
    assert tables == ["| Pos | Name | Qty |", "| Rev | Sheet | Doc no | Sign | Date |"]


def test_a_long_table_becomes_several_blocks_each_with_the_header(read: Read):
    rows = [["Name", "Text"]] + [[f"item {number}", "x" * 40] for number in range(36)]
    draw = table_page(rows, top=40, width=250)
    long = pdf_of(draw, draw)

    contents = read(long)
    tables = [block for block in contents[0].blocks if block.kind is BlockKind.TABLE]

    assert all(table.content.startswith("| Name | Text |\n|---|---|\n") for table in tables)
    assert sum(table.content.count("| item") for table in tables) == 36


def test_a_frame_and_a_rectangle_are_no_table(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.draw_rect(pymupdf.Rect(20, 20, 575, 822))
        page.draw_rect(pymupdf.Rect(100, 100, 300, 200))
        page.insert_text((120, 150), "A view")

    (content,) = read(pdf_of(draw))

    assert not [block for block in content.blocks if block.kind is BlockKind.TABLE]


def test_lines_of_a_diagram_that_run_through_its_labels_make_no_table(read: Read):
    def draw(page: pymupdf.Page) -> None:
        for x in (72, 104, 200, 330):
            page.draw_line((x, 100), (x, 220))
        for y in (100, 140, 180, 220):
            page.draw_line((72, y), (330, y))
        for number in range(3):
            page.insert_text((78, 125 + 40 * number), "heat port, connected to the air volume", fontsize=11)

    (content,) = read(pdf_of(draw))

    assert [block.kind for block in content.blocks if block.kind is BlockKind.TABLE] == []
    assert "heat port, connected to the air volume" in content.blocks[0].content
