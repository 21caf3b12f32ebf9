"""The matrix as a workbook that an engineer can hand on: head, counts, coloured verdicts, filter, printable on A4.

To be called in a thread: two thousand rows take about a second.
"""

import io
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from api.exports.matrix_csv import cells_of
from api.exports.matrix_table import COLUMNS, VERDICTS, Line, Table
from api.exports.neutral import neutral

_WIDTHS = (5, 9, 48, 26, 17, 16, 18, 34, 60)
_COLOURS = {"pass": ("E3F4E9", "1F6E3F"), "fail": ("FBE3E3", "A32020"), "unknown": ("FDF3DC", "8A5A0B")}
_LINE = Side(style="thin", color="D0D7DF")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_WRAP = Alignment(wrap_text=True, vertical="top")
MAX_CELL = 32_000
"""Characters: a cell of Excel holds 32,767 (Excel specifications and limits)."""

VERDICT_COLUMN, EVIDENCE_COLUMN, SOURCE_COLUMN = 6, 8, 3


def write_xlsx(table: Table) -> bytes:
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(table.title[:31])
    _set_up(sheet, head_rows=len(table.heads) + len(table.counts) + 3, lines=len(table.lines))
    sheet.append([_cell(sheet, table.title, font=Font(bold=True, size=16))])
    for name, text in table.heads:
        sheet.append([None, None, _cell(sheet, f"{name}: {text}", alignment=Alignment(vertical="top"))])
    for verdict, count in table.counts:
        fill, colour = _COLOURS[verdict]
        name = VERDICTS[table.language][verdict]
        told = _cell(sheet, f"{name}: {count}", font=Font(bold=True, color=colour))
        told.fill = PatternFill("solid", fgColor=fill)
        sheet.append([None, None, told])
    sheet.append([])
    sheet.append([_head(sheet, name) for name in COLUMNS[table.language]])
    for line in table.lines:
        sheet.append(_row(sheet, line, table.language))
    sheet.append([])
    for note in table.notes:
        sheet.append([None, None, _cell(sheet, note, font=Font(italic=True, color="66707C"))])
    told = io.BytesIO()
    book.save(told)
    return told.getvalue()


def _set_up(sheet: Any, *, head_rows: int, lines: int) -> None:
    for number, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    last = get_column_letter(len(_WIDTHS))
    sheet.freeze_panes = f"A{head_rows + 1}"
    sheet.auto_filter.ref = f"A{head_rows}:{last}{head_rows + max(lines, 1)}"
    sheet.print_title_rows = f"{head_rows}:{head_rows}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "&P / &N"


def _row(sheet: Any, line: Line, language: str) -> list[Any]:
    cells = [_cell(sheet, text, alignment=_WRAP) for text in cells_of(line, language)]
    cells[0].value = line.number
    fill, colour = _COLOURS[line.verdict]
    cells[VERDICT_COLUMN].fill = PatternFill("solid", fgColor=fill)
    cells[VERDICT_COLUMN].font = Font(bold=True, color=colour)
    _link(cells[SOURCE_COLUMN], line.source.url)
    _link(cells[EVIDENCE_COLUMN], next((link.url for link in line.evidence if link.url), ""))
    for cell in cells:
        cell.border = _BORDER
    return cells


def _link(cell: Any, url: str) -> None:
    """The first place of a cell can be clicked; a cell has one address."""
    if url:
        cell.hyperlink = url
        cell.font = Font(color="1D5FA8")


def _head(sheet: Any, name: str) -> Any:
    cell = _cell(sheet, name, font=Font(bold=True, color="FFFFFF"), alignment=_WRAP)
    cell.fill = PatternFill("solid", fgColor="22344A")
    cell.border = _BORDER
    return cell


def _cell(sheet: Any, text: str, *, font: Font | None = None, alignment: Alignment | None = None) -> Any:
    cell = WriteOnlyCell(sheet, value=neutral(text)[:MAX_CELL])
    cell.data_type = "s"
    if font is not None:
        cell.font = font
    if alignment is not None:
        cell.alignment = alignment
    return cell
