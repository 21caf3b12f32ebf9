"""Reads DOCX as paragraphs. Runs in render children only.

python-docx opens the package and knows the styles; the body is walked as XML, because its own paragraph and cell
objects cost milliseconds each. Page breaks are those that the word processor noted when it saved the file.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.oxml.ns import qn
from lxml.etree import XMLSyntaxError

from domain.documents import BlockKind, PageContent
from domain.errors import DocumentDamaged
from domain.families.ingest.rules_layout import A4_PT, Paragraph, lay_out, markdown_table

TWIPS = 20
"""In a point."""

CELLS_LIMIT = 200
"""Columns of a table. A guess: more are a drawing made of cells."""

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT, _TAB, _BREAK, _CARRIAGE, _HYPHEN = qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr"), qn("w:noBreakHyphen")
_NOTED_BREAK, _SPAN, _MERGED = qn("w:lastRenderedPageBreak"), qn("w:gridSpan"), qn("w:vMerge")
_VAL, _TYPE, _PARAGRAPH_STYLE, _OUTLINE = qn("w:val"), qn("w:type"), qn("w:pStyle"), qn("w:outlineLvl")
_NUMBERED, _BREAK_BEFORE, _PROPERTIES, _TABS = qn("w:numPr"), qn("w:pageBreakBefore"), qn("w:pPr"), qn("w:tabs")
_LEFT_OUT = {qn("w:del"), qn("w:moveFrom"), qn("w:instrText"), _PROPERTIES}
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_INTO = {qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:smartTag"), qn("w:customXml")}
_HEADING = re.compile(r"^(?:heading|заголовок|title|название)\s*(\d?)$", re.IGNORECASE)

DAMAGES = (XMLSyntaxError, zipfile.BadZipFile, KeyError, ValueError, AttributeError, TypeError, OSError)
"""What python-docx raises on damaged packages; it has no error of its own for them."""


def read_docx(file: memoryview) -> tuple[PageContent, ...]:
    """Raises DocumentDamaged, DocumentEmpty, DocumentTooHeavy."""
    try:
        document = docx.Document(io.BytesIO(file))
        body = document.element.body
        levels = _heading_levels(document)
        size_pt = _page_size(body)
        paragraphs = list(_paragraphs(body, levels))
    except DAMAGES as damage:
        raise DocumentDamaged(f"DOCX: {damage!r}") from damage
    return lay_out(paragraphs, size_pt=size_pt)


def _heading_levels(document: Any) -> dict[str, int]:
    """By style id: the outline level, else the number in the style's name."""
    levels: dict[str, int] = {}
    for style in document.styles.element.style_lst:
        outline = style.find(f".//{_OUTLINE}")
        name = style.find(qn("w:name"))
        named = _HEADING.match(name.get(_VAL, "") if name is not None else "")
        if outline is not None and (outline.get(_VAL) or "").isdigit() and int(outline.get(_VAL)) < 9:
            levels[style.styleId] = min(int(outline.get(_VAL)) + 1, 6)
        elif named:
            levels[style.styleId] = min(max(int(named.group(1) or 1), 1), 6)
    return levels


def _page_size(body: Any) -> tuple[float, float]:
    """Points, of the last section; A4 when the file does not say."""
    size = body.find(f".//{qn('w:pgSz')}")
    try:
        width, height = (float(size.get(qn(f"w:{edge}"))) / TWIPS for edge in "wh")
    except (AttributeError, TypeError, ValueError):
        return A4_PT
    return (width, height) if 0 < width < 1e5 and 0 < height < 1e5 else A4_PT


def _paragraphs(parent: Any, levels: dict[str, int]) -> Iterator[Paragraph]:
    is_first = False
    for element in _elements(parent):
        if element.tag == _TABLE:
            if rows := _rows(element):
                yield Paragraph(content=markdown_table(rows), kind=BlockKind.TABLE, is_first=is_first)
                is_first = False
            is_first = is_first or next(element.iter(_NOTED_BREAK), None) is not None
            continue
        for number, part in enumerate(_text(element).split("\f")):
            is_first = is_first or number > 0 or _breaks_before(element)
            if part.strip():
                yield _paragraph(element, part, levels, is_first)
                is_first = False


def _elements(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, also those inside of content controls and insertions."""
    waiting = [iter(parent)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif element.tag in _INTO:
            waiting.append(iter(element))
        elif element.tag in (_P, _TABLE):
            yield element


def _paragraph(element: Any, text: str, levels: dict[str, int], is_first: bool) -> Paragraph:
    properties = element.find(_PROPERTIES)
    level, is_item = 0, False
    if properties is not None:
        style, outline = properties.find(_PARAGRAPH_STYLE), properties.find(_OUTLINE)
        level = levels.get(style.get(_VAL), 0) if style is not None else 0
        if outline is not None and (outline.get(_VAL) or "").isdigit() and int(outline.get(_VAL)) < 9:
            level = min(int(outline.get(_VAL)) + 1, 6)
        is_item = properties.find(_NUMBERED) is not None and not level
    mark = "#" * level + " " if level else "- " * is_item
    return Paragraph(content=mark + text.strip(), level=level, is_first=is_first)


def _breaks_before(element: Any) -> bool:
    properties = element.find(_PROPERTIES)
    return properties is not None and properties.find(_BREAK_BEFORE) is not None


def _text(element: Any) -> str:
    """What is to be read, a form feed for a page break. Deleted text and doubles for old programs are left out."""
    parts: list[str] = []
    waiting = [iter(element)]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
        elif node.tag == _TEXT:
            parts.append(node.text or "")
        elif node.tag in (_TAB, _CARRIAGE):
            parts.append("\t" if node.tag == _TAB else "\n")
        elif node.tag == _HYPHEN:
            parts.append("-")
        elif node.tag == _BREAK:
            parts.append("\f" if node.get(_TYPE) == "page" else "\n")
        elif node.tag == _NOTED_BREAK:
            parts.append("\f")
        elif node.tag not in _LEFT_OUT and node.tag != _FALLBACK:
            waiting.append(iter(node))
            if node.tag == _P and parts:
                parts.append("\n")
    return "".join(parts)


def _rows(table: Any) -> list[list[str]]:
    """Cells by column of the grid; a cell that goes on from above is empty."""
    rows = [_cells(row) for row in table.iter(_ROW) if next(row.iterancestors(_TABLE)) is table]
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows if any(row)]


def _cells(row: Any) -> list[str]:
    cells: list[str] = []
    for cell in row.iterchildren(_CELL):
        span, merged = cell.find(f".//{_SPAN}"), cell.find(f"./{qn('w:tcPr')}/{_MERGED}")
        goes_on = merged is not None and merged.get(_VAL) != "restart"
        cells.append("" if goes_on else _text(cell).replace("\f", " ").strip())
        width = span.get(_VAL) if span is not None else "1"
        cells.extend([""] * min((int(width) if (width or "").isdigit() else 1) - 1, CELLS_LIMIT))
        if len(cells) >= CELLS_LIMIT:
            break
    return cells[:CELLS_LIMIT]
