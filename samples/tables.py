"""Ruled tables in the manner of project documents: columns of fixed width, rows that grow with their text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from sheet import MAIN, THIN, Pen, Point, Sheet, wrap

PADDING = 1.2


@dataclass(frozen=True)
class Column:
    """`align` is left, centre or right and holds for the cells; headings are always centred.

    Neighbours of one `group` stand under a common heading, which takes the upper third of the heading row.
    """

    title: str
    width_mm: float
    align: str = "centre"
    turned: bool = False
    group: str = ""


@dataclass(frozen=True)
class TableStyle:
    """Sizes of a table: letters, the least height of a row, the height of the heading, the pitch of wrapped lines."""

    lettering_mm: float = 2.5
    row_mm: float = 8.0
    header_mm: float = 15.0
    pitch_mm: float = 4.3
    ruling: Pen = THIN


def draw_table(
    sheet: Sheet, corner: Point, columns: Sequence[Column], rows: Sequence[Sequence[str]], style: TableStyle
) -> float:
    """Draw heading and rows with the top left at `corner`; returns the y of the lower edge.

    A row of one cell is a group title: underlined in the middle of the first column that is set to the left.
    """
    left = corner[0]
    width = sum(column.width_mm for column in columns)
    bottom = draw_heading(sheet, corner, columns, style)
    for row in rows:
        height = row_height(sheet, columns, row, style)
        if len(row) == 1:
            _write_group_title(sheet, (_title_x(left, columns), bottom), row[0], height, style)
        else:
            _write_row(sheet, (left, bottom), columns, row, height, style)
        bottom += height
        sheet.line((left, bottom), (left + width, bottom), style.ruling)
    _rule_columns(sheet, corner, bottom, columns, style.header_mm / 3)
    return bottom


def draw_heading(sheet: Sheet, corner: Point, columns: Sequence[Column], style: TableStyle) -> float:
    """The heading row alone; returns the y of its lower edge."""
    left, top = corner
    x = left
    for group, members in groupby(columns, key=lambda column: column.group):
        cells = list(members)
        width = sum(column.width_mm for column in cells)
        drop = style.header_mm / 3 if group else 0
        if group:
            _write_heading(sheet, (x, top), Column(group, width), replace(style, header_mm=drop))
            sheet.line((x, top + drop), (x + width, top + drop), MAIN)
        for column in cells:
            _write_heading(sheet, (x, top + drop), column, replace(style, header_mm=style.header_mm - drop))
            x += column.width_mm
    bottom = top + style.header_mm
    sheet.line((left, bottom), (x, bottom), MAIN)
    return bottom


def row_height(sheet: Sheet, columns: Sequence[Column], row: Sequence[str], style: TableStyle) -> float:
    if len(row) == 1:
        return style.row_mm
    lines = max(len(_cell_lines(sheet, column, cell, style)) for column, cell in zip(columns, row, strict=True))
    return max(style.row_mm, lines * style.pitch_mm + style.row_mm - style.pitch_mm - 0.4)


def rule_empty_rows(
    sheet: Sheet, corner: Point, columns: Sequence[Column], bottom_limit: float, style: TableStyle
) -> float:
    """Continue a table with empty rows down to `bottom_limit`, as printed forms do; returns the lower edge."""
    left, top = corner
    width = sum(column.width_mm for column in columns)
    bottom = top
    while bottom + style.row_mm <= bottom_limit + 0.01:
        bottom += style.row_mm
        sheet.line((left, bottom), (left + width, bottom), style.ruling)
    _rule_columns(sheet, corner, bottom, columns)
    return bottom


def _rule_columns(sheet: Sheet, corner: Point, bottom: float, columns: Sequence[Column], group_mm: float = 0.0) -> None:
    left, top = corner
    width = sum(column.width_mm for column in columns)
    sheet.rect(left, top, width, bottom - top, MAIN)
    x = left
    for column, following in pairwise(columns):
        x += column.width_mm
        shared = bool(column.group) and column.group == following.group
        sheet.line((x, top + (group_mm if shared else 0)), (x, bottom), MAIN)


def _write_heading(sheet: Sheet, corner: Point, column: Column, style: TableStyle) -> None:
    if column.turned:
        lines = wrap(column.title, style.header_mm - 2, style.lettering_mm, sheet.lettering)
        first = corner[0] + (column.width_mm - (len(lines) - 1) * style.pitch_mm + style.lettering_mm) / 2
        for index, line in enumerate(lines):
            at = (first + index * style.pitch_mm, corner[1] + style.header_mm / 2)
            sheet.text(at, line, style.lettering_mm, align="centre", turn_deg=90)
        return
    lines = wrap(column.title, column.width_mm - 1, style.lettering_mm, sheet.lettering)
    first = corner[1] + (style.header_mm - (len(lines) - 1) * style.pitch_mm + style.lettering_mm) / 2
    for index, line in enumerate(lines):
        at = (corner[0] + column.width_mm / 2, first + index * style.pitch_mm)
        sheet.text(at, line, style.lettering_mm, align="centre", fit_mm=column.width_mm - 1)


def _title_x(left: float, columns: Sequence[Column]) -> float:
    x = left
    for column in columns:
        if column.align == "left":
            return x + column.width_mm / 2
        x += column.width_mm
    return (left + x) / 2


def _write_group_title(sheet: Sheet, top_centre: Point, title: str, height: float, style: TableStyle) -> None:
    baseline = top_centre[1] + (height + style.lettering_mm) / 2
    width = sheet.text((top_centre[0], baseline), title, style.lettering_mm, align="centre")
    underline = baseline + 0.9
    sheet.line((top_centre[0] - width / 2, underline), (top_centre[0] + width / 2, underline), THIN)


def _write_row(
    sheet: Sheet, corner: Point, columns: Sequence[Column], row: Sequence[str], height: float, style: TableStyle
) -> None:
    x = corner[0]
    for column, cell in zip(columns, row, strict=True):
        lines = _cell_lines(sheet, column, cell, style)
        first = corner[1] + (height - (len(lines) - 1) * style.pitch_mm + style.lettering_mm) / 2
        for index, line in enumerate(lines):
            at = (_anchor(x, column), first + index * style.pitch_mm)
            fit = column.width_mm - PADDING
            sheet.text(at, line, style.lettering_mm, align=column.align, fit_mm=fit)
        x += column.width_mm


def _anchor(x: float, column: Column) -> float:
    return x + {"left": PADDING, "centre": column.width_mm / 2, "right": column.width_mm - PADDING}[column.align]


def _cell_lines(sheet: Sheet, column: Column, cell: str, style: TableStyle) -> list[str]:
    return wrap(cell, column.width_mm - 2 * PADDING, style.lettering_mm, sheet.lettering)
