"""Tables that no lines enclose, and what only looks like one."""

from collections.abc import Callable

import pymupdf
import pytest

from domain.documents import BlockKind, PageContent
from tests.fakes.pdfs import Draw, pdf_of

Read = Callable[[bytes], list[PageContent]]

STATEMENT = [
    ("Net sales", "$ 1,204", "$ 998"),
    ("Cost of sales", "(700)", "(655)"),
    ("Gross profit", "504", "343"),
    ("Income tax", "(101)", "(70)"),
    ("Net income", "$ 403", "$ 273"),
]
CONTENTS = [(f"{number}. Chapter with a name", str(4 * number)) for number in range(1, 8)]
LIST = [(f"{number}.", "A step that has to be done before the next") for number in range(1, 8)]
PROSE = "The pump delivers water to the tank and the valve closes"


def _rows(rows: list[tuple[str, ...]], xs: tuple[float, ...], *, top: float = 120, pitch: float = 16) -> Draw:
    """Texts at these x, the numbers among them ending 60 pt further right."""

    def draw(page: pymupdf.Page) -> None:
        for number, row in enumerate(rows):
            for x, text in zip(xs, row, strict=False):
                is_number = text[:1] in "$(0123456789" and len(text) < 9 and x > xs[0]
                left = x + 60 - pymupdf.get_text_length(text, fontsize=10) if is_number else x
                page.insert_text((left, top + pitch * number), text, fontsize=10)

    return draw


def _tables(content: PageContent) -> list[list[str]]:
    return [block.content.split("\n") for block in content.blocks if block.kind is BlockKind.TABLE]


def test_aligned_columns_without_lines_are_a_table(read: Read):
    heading = [("In millions", "2023", "2022")]

    (content,) = read(pdf_of(_rows(heading + STATEMENT, (72, 300, 400))))

    (table,) = _tables(content)
    assert table[0] == "| In millions | 2023 | 2022 |"
    assert table[2:4] == ["| Net sales | $ 1,204 | $ 998 |", "| Cost of sales | (700) | (655) |"]
    assert len(table) == 7


def test_the_box_of_a_table_without_lines_holds_its_words_exactly(read: Read):
    (content,) = read(pdf_of(_rows(STATEMENT, (72, 300, 400))))

    (block,) = [block for block in content.blocks if block.kind is BlockKind.TABLE]
    boxes = [word.box for word in content.words if word.block_no == block.block_no]
    assert block.box == pytest.approx(
        (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    )


def test_a_heading_over_several_columns_is_told_in_each(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((330, 104), "Three months ended", fontsize=10)
        _rows([("", "2023", "2022"), *STATEMENT], (72, 300, 400))(page)

    (content,) = read(pdf_of(draw))

    (table,) = _tables(content)
    assert table[0] == "|  | Three months ended 2023 | Three months ended 2022 |"


def test_a_label_on_two_lines_is_one_cell(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _rows(STATEMENT[:3], (72, 300, 400))(page)
        page.insert_text((72, 168), "Net income attributable to", fontsize=10)
        _rows([("noncontrolling interests", "12", "9")], (72, 300, 400), top=179)(page)
        _rows(STATEMENT[3:], (72, 300, 400), top=195)(page)

    (content,) = read(pdf_of(draw))

    (table,) = _tables(content)
    assert "| Net income attributable to noncontrolling interests | 12 | 9 |" in table


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(_rows(CONTENTS, (72, 420)), id="table of contents"),
        pytest.param(_rows([(text, "." * 40, page) for text, page in CONTENTS], (72, 230, 420)), id="leaders"),
        pytest.param(_rows(LIST, (72, 100)), id="numbered list"),
        pytest.param(_rows([("•", text) for _, text in LIST], (72, 100)), id="bullets"),
        pytest.param(_rows([(PROSE, PROSE)] * 10, (40, 310), pitch=13), id="text in two columns"),
        pytest.param(_rows([("Left", "Right")] * 3, (72, 400)), id="too few rows"),
    ],
)
def test_what_only_looks_like_columns_is_no_table(read: Read, draw: Draw):
    (content,) = read(pdf_of(draw))

    assert _tables(content) == []


def test_labels_of_a_drawing_are_no_table(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _rows([("Pump", "Tank", "Valve")] * 5, (100, 250, 400), pitch=20)(page)
        for number in range(30):
            page.draw_line((90 + 12 * number, 110), (80 + 13 * number, 200))

    (content,) = read(pdf_of(draw))

    assert _tables(content) == []


def test_a_table_with_level_lines_only_is_read_by_them(read: Read):
    def draw(page: pymupdf.Page) -> None:
        _rows([("Parameter", "Min", "Max"), *STATEMENT], (72, 300, 400))(page)
        for y in (108, 124, 205):
            page.draw_line((72, y), (470, y))

    (content,) = read(pdf_of(draw))

    (table,) = _tables(content)
    assert table[0] == "| Parameter | Min | Max |"


def test_a_ruled_heading_of_two_rows_becomes_one(read: Read):
    def draw(page: pymupdf.Page) -> None:
        for y, left in ((100, 72), (120, 172), (140, 72), (160, 72), (180, 72)):
            page.draw_line((left, y), (372, y))
        for x, top in ((72, 100), (172, 100), (272, 120), (372, 100)):
            page.draw_line((x, top), (x, 180))
        for x, y, text in (
            (80, 124, "Mode"),
            (240, 114, "LED1"),
            (180, 134, "Colour"),
            (280, 134, "Light"),
            (80, 154, "Mains"),
            (180, 154, "green"),
            (280, 154, "steady"),
            (80, 174, "Battery"),
            (180, 174, "red"),
            (280, 174, "blinking"),
        ):
            page.insert_text((x, y), text, fontsize=10)

    (content,) = read(pdf_of(draw))

    (table,) = _tables(content)
    assert table[0] == "| Mode | LED1 Colour | LED1 Light |"
    assert table[2] == "| Mains | green | steady |"


def test_a_ruled_table_open_on_its_sides_keeps_its_outer_columns(read: Read):
    def draw(page: pymupdf.Page) -> None:
        for y in (100, 120, 140, 160):
            page.draw_line((72, y), (372, y))
        for x in (172, 272):
            page.draw_line((x, 100), (x, 160))
        for row, cells in enumerate((("Pin", "Name", "Use"), ("1", "VCC", "Supply"), ("2", "GND", "Ground"))):
            for column, text in enumerate(cells):
                page.insert_text((80 + 100 * column, 114 + 20 * row), text, fontsize=10)

    (content,) = read(pdf_of(draw))

    assert _tables(content) == [
        ["| Pin | Name | Use |", "|---|---|---|", "| 1 | VCC | Supply |", "| 2 | GND | Ground |"]
    ]


def test_a_line_along_the_page_parts_what_stands_beside_it(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.draw_line((300, 40), (300, 800))
        for number in range(6):
            page.insert_text((60, 120 + 16 * number), f"Step {number} of the left side", fontsize=10)
            page.insert_text((330, 120 + 16 * number), f"{number},5", fontsize=10)

    (content,) = read(pdf_of(draw))

    assert _tables(content) == []


def test_a_table_beside_a_line_along_the_page_is_found(read: Read):
    def draw(page: pymupdf.Page) -> None:
        page.draw_line((250, 40), (250, 800))
        for number in range(6):
            page.insert_text((40, 120 + 16 * number), f"Step {number} of the left side", fontsize=10)
        _rows(STATEMENT, (270, 400, 480))(page)

    (content,) = read(pdf_of(draw))

    (table,) = _tables(content)
    assert table[0] == "| Net sales | $ 1,204 | $ 998 |"
