"""Small DOCX and XLSX files, sound ones and ones that attack their readers."""

import io
import zipfile
from collections.abc import Sequence

import docx
import openpyxl
from docx.enum.text import WD_BREAK

_ROWS = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData>{more}</worksheet>'
)


def docx_of(
    *paragraphs: tuple[str, str], table: Sequence[Sequence[str]] = (), break_before_table: bool = False
) -> bytes:
    """Paragraphs as (style, text), then a table."""
    document = docx.Document()
    for style, text in paragraphs:
        document.add_paragraph(text, style)
    if break_before_table:
        document.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, cells in zip(made.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    return _saved(document)


def xlsx_of(**sheets: Sequence[Sequence[object]]) -> bytes:
    """Sheets by name, as rows of cells."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return _saved(book)


def with_member(file: bytes, name: str, data: bytes) -> bytes:
    """The same package with one member replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(file)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for member in source.infolist():
            if member.filename != name:
                target.writestr(member, source.read(member))
        target.writestr(name, data)
    return buffer.getvalue()


def sheet_of(rows: str, more: str = "") -> bytes:
    """The XML of a worksheet that declares all rows and columns there can be."""
    return _ROWS.format(rows=rows, more=more).encode()


def _saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()
