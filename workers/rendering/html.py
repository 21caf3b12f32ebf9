"""Reads HTML as paragraphs; an `ocr.html` of the prepared format as its pages and blocks. Runs in render children only.

Nothing that a page refers to is ever fetched; scripts and styles are left out.
"""

import re
from collections.abc import Iterator
from typing import Any

import lxml.html
from lxml.etree import LxmlError

from domain.documents import BlockKind, PageContent
from domain.errors import DocumentDamaged, DocumentEmpty
from domain.families.ingest.rules_encodings import decode_text
from domain.families.ingest.rules_layout import Paragraph, lay_out, markdown_table
from workers.rendering.ocr_html import is_ocr_html, read_ocr_html

DEPTH_LIMIT = 250
"""Of nested elements; libxml2 itself stops at 256 without `huge_tree`."""

CELLS_LIMIT = 200

_LEFT_OUT = frozenset({"script", "style", "noscript", "template", "head", "svg", "iframe", "object", "select", "nav"})
_BLOCK_NAMES = """address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
figure footer form header hr html legend li main ol p pre section summary table ul h1 h2 h3 h4 h5 h6"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HEADING = re.compile(r"^h([1-6])$")
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)


def parse_html(file: memoryview) -> Any:
    """The root element. Raises DocumentDamaged, DocumentEmpty."""
    text = _DECLARED.sub("", decode_text(bytes(file)))
    parser = lxml.html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = lxml.html.document_fromstring(text, parser=parser)
    except (LxmlError, ValueError) as damage:
        if "empty" in str(damage).lower():
            raise DocumentEmpty(str(damage)) from damage
        raise DocumentDamaged(f"HTML: {damage}") from damage
    return root


def read_html(file: memoryview) -> tuple[PageContent, ...]:
    """Raises DocumentDamaged, DocumentEmpty, DocumentTooHeavy."""
    root = parse_html(file)
    if is_ocr_html(root):
        return read_ocr_html(root, paragraphs_of)
    return lay_out(paragraphs_of(root))


def paragraphs_of(root: Any) -> Iterator[Paragraph]:
    """What is to be read below an element, in order."""
    title = root.find("./head/title")
    if title is not None and (title.text or "").strip():
        yield Paragraph(content=f"# {' '.join(title.text.split())}", level=1)
    for kind, element, text in _pieces(root):
        said = text.strip()
        if kind == "table":
            rows = _rows(element)
            if rows and len(rows[0]) > 1:
                yield Paragraph(content=markdown_table(rows), kind=BlockKind.TABLE)
                continue
            said = "\n".join(cell for row in rows for cell in row)
        heading = _HEADING.match(kind)
        level = int(heading.group(1)) if heading else 0
        if said:
            mark = "#" * level + " " if level else "- " * (kind == "li")
            yield Paragraph(content=mark + said, level=level)


def _pieces(root: Any) -> Iterator[tuple[str, Any, str]]:
    """Block elements with the text that stands directly in them, in the order of reading."""
    body = root.find("body")
    texts: list[str] = []
    owner = [root if body is None else body]
    waiting: list[tuple[str, Any]] = [("enter", owner[0])]

    def said() -> Iterator[tuple[str, Any, str]]:
        text = "".join(texts)
        texts.clear()
        if text.strip():
            yield owner[-1].tag, owner[-1], text if owner[-1].tag == "pre" else _folded(text)

    while waiting:
        action, element = waiting.pop()
        if action == "tail":
            texts.append(element.tail or "")
        elif action == "leave":
            yield from said()
            owner.pop()
        elif isinstance(element.tag, str) and element.tag not in _LEFT_OUT and len(owner) < DEPTH_LIMIT:
            is_block = element.tag in _BLOCKS
            if is_block:
                yield from said()
                owner.append(element)
            if element.tag == "table":
                yield "table", element, ""
                owner.pop()
                continue
            if is_block:
                waiting.append(("leave", element))
            if element.tag == "br":
                texts.append("\n")
            texts.append(element.text or "")
            for child in reversed(element):
                waiting.append(("tail", child))
                waiting.append(("enter", child))
    yield from said()


def _folded(text: str) -> str:
    return "\n".join(line for line in (" ".join(part.split()) for part in text.split("\n")) if line)


def _rows(table: Any) -> list[list[str]]:
    rows = []
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is not table:
            continue
        cells: list[str] = []
        for cell in row.iterchildren("td", "th"):
            cells.append(" ".join(cell.text_content().split()))
            span = cell.get("colspan") or "1"
            cells.extend([""] * (min(int(span), CELLS_LIMIT) - 1 if span.isdecimal() and len(span) < 6 else 0))
        if any(cells):
            rows.append(cells[:CELLS_LIMIT])
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]
