"""Reads XLSX as tables, sheet by sheet. Runs in render children only.

Read-only mode of openpyxl: rows come one by one, merged ranges and formats of empty cells cost nothing. Quirk: the
dimension that a sheet declares may be a lie of a million rows (`reset_dimensions`). Formulas give the values that the
spreadsheet program stored.
"""

import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from lxml.etree import LxmlError
from openpyxl.utils.exceptions import InvalidFileException

from domain.documents import BlockKind, PageContent
from domain.errors import DocumentDamaged
from domain.families.ingest.rules_layout import Paragraph, lay_out, markdown_table

SHEETS_LIMIT = 500
COLUMNS_LIMIT = 200
"""A guess: beyond it are formats, not data."""

CELL_CHARACTERS = 2000
PAGE_PT = (842.0, 595.0)

DAMAGES = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    LxmlError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
)
"""What openpyxl raises on damaged workbooks."""


def read_xlsx(file: memoryview) -> tuple[PageContent, ...]:
    """Raises DocumentDamaged, DocumentEmpty, DocumentTooHeavy."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return lay_out(_paragraphs(file), size_pt=PAGE_PT)
    except DAMAGES as damage:
        raise DocumentDamaged(f"XLSX: {damage!r}") from damage


def _paragraphs(file: memoryview) -> Iterator[Paragraph]:
    book = openpyxl.load_workbook(io.BytesIO(file), read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets[:SHEETS_LIMIT]:
        sheet.reset_dimensions()
        is_first = True
        for rows in _tables(sheet.iter_rows()):
            if is_first:
                yield Paragraph(content=f"# {sheet.title}", level=1, is_first=True, sheet=sheet.title)
            is_first = False
            yield _paragraph(rows, sheet.title)


def _tables(rows: Iterable[Any]) -> Iterator[list[list[str]]]:
    """Rows up to an empty one belong together; empty columns at the sides are cut off."""
    table: list[list[str]] = []
    for cells in rows:
        row = [_value(cell) for cell in cells[:COLUMNS_LIMIT]]
        if any(row):
            table.append(row)
            continue
        if table:
            yield _trimmed(table)
        table = []
    if table:
        yield _trimmed(table)


def _trimmed(table: list[list[str]]) -> list[list[str]]:
    filled = {column for row in table for column, cell in enumerate(row) if cell}
    first, last = min(filled), max(filled) + 1
    return [row[first:last] + [""] * (last - max(len(row), first)) for row in table]


def _paragraph(rows: list[list[str]], sheet: str) -> Paragraph:
    """A lone row of one cell is a caption or a note, not a table."""
    if len(rows[0]) == 1 and len(rows) == 1:
        return Paragraph(content=rows[0][0], sheet=sheet)
    return Paragraph(content=markdown_table(rows), kind=BlockKind.TABLE, sheet=sheet)


def _value(cell: Any) -> str:
    """As the sheet shows it, near enough: dates as day.month.year, shares as per cent, numbers without noise."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, float):
        if "%" in (cell.number_format or ""):
            return f"{value * 100:.10g}%"
        return f"{value:.12g}"
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M" if value.time() != time() else "%d.%m.%Y")
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    return str(value)[:CELL_CHARACTERS].replace("\0", "")
