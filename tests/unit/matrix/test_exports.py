"""The matrix as files: nothing in a cell is reckoned, every format tells the same."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from api.exports.matrix_csv import write_csv
from api.exports.matrix_html import write_html
from api.exports.matrix_table import Table, table_of
from api.exports.matrix_xlsx import write_xlsx
from api.exports.neutral import neutral

MADE_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLACE = {
    "document_name": "АР.pdf",
    "sheet": "лист 5 (стр. 7)",
    "block_id": "AAAA-BBBB-CCC",
    "quote": "Ширина коридора 1100 мм",
    "render": "/documents/1/pages/7/render?region=0,0,1,1",
    "verdict": "fail",
    "basis": "computed",
    "found": "1100 мм",
}


def _table(language: str = "ru", **fields: Any) -> Table:
    item = {
        "number": 1,
        "clause": "5.1",
        "requirement": "Ширина коридора должна быть не менее 1,2 м.",
        "expected": "не менее 1,2 м",
        "condition": "",
        "found": "1100 мм",
        "verdict": "fail",
        "explanation": "Значение нарушает требование.",
        "note": "",
        "place": {**PLACE, "document_name": "ТЗ.pdf", "found": "", "verdict": "unknown"},
        "evidence": [PLACE],
        **fields,
    }
    summary = {
        "requirements_name": "ТЗ.pdf",
        "drawings": [{"id": "1", "name": "АР.pdf"}],
        "total": 1,
        "judged": 1,
        "by_verdict": {"pass": 0, "fail": 1, "unknown": 0},
        "models": [],
        "notes": [],
        "is_complete": True,
    }
    return table_of(summary, [item], language=language, base="https://service.example", made_at=MADE_AT)


def _sheet(table: Table) -> Any:
    return openpyxl.load_workbook(io.BytesIO(write_xlsx(table))).active


FORMULAS = ["=1+1", "+7 900", "-5", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1"]


@pytest.mark.parametrize("text", FORMULAS, ids=["equals", "plus", "minus", "at", "tab", "return", "space", "wide"])
def test_a_cell_that_looks_like_a_formula_is_made_harmless(text: str) -> None:
    table = _table(requirement=text, found=text)

    cells = [cell for row in _sheet(table).iter_rows() for cell in row if cell.value is not None]
    rows = list(csv.reader(io.StringIO(write_csv(table).decode("utf-8-sig")), delimiter=";"))
    assert all(cell.data_type != "f" for cell in cells)
    assert (rows[1][2], rows[1][5]) == (f"'{text}", f"'{text}")


def test_words_and_numbers_are_left_as_they_are() -> None:
    assert [neutral(text) for text in ("не менее 1,2 м", "5.1", "«=»", "")] == ["не менее 1,2 м", "5.1", "«=»", ""]


def test_characters_that_a_workbook_cannot_hold_are_left_out() -> None:
    assert _sheet(_table(found="1\x00\x0b100 мм"))["F12"].value == "1100 мм"


def test_the_workbook_has_a_head_a_frozen_row_a_filter_and_links() -> None:
    sheet = _sheet(_table())

    assert sheet["A1"].value == "Матрица соответствия"
    assert [cell.value for cell in sheet[11]][:3] == ["№", "Пункт", "Требование"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A12", "A11:I12")
    assert sheet["G12"].value == "Не соответствует"
    assert sheet["I12"].hyperlink.target == "https://service.example/documents/1/pages/7/render?region=0,0,1,1"


def test_an_evidence_tells_value_words_sheet_and_block() -> None:
    told = _sheet(_table())["I12"].value

    assert told == "✗ 1100 мм — «Ширина коридора 1100 мм», АР.pdf, лист 5 (стр. 7), блок AAAA-BBBB-CCC"


def test_html_holds_no_markup_of_the_documents() -> None:
    page = write_html(_table(requirement="<script>alert(1)</script>")).decode()

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_unfinished_matrix_says_so() -> None:
    table = _table("en")

    assert _partial(table.notes) is False
    unfinished = table_of(
        {
            "requirements_name": "",
            "drawings": [],
            "total": 5,
            "judged": 1,
            "by_verdict": {},
            "models": [],
            "notes": [],
            "is_complete": False,
        },
        [],
        language="en",
        base="",
        made_at=MADE_AT,
    )
    assert _partial(unfinished.notes) is True


def _partial(notes: tuple[str, ...]) -> bool:
    return any("Not finished" in note for note in notes)
