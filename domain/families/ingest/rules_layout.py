"""Lays the paragraphs of a text, a word processor's or a spreadsheet's file out to pages of blocks. Pure.

Such files have no pages of their own, or none that are known: pages are as long as a book's, breaks in the file are
kept, a heading stays with what follows, a table that is parted repeats its header row.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from domain.documents import Block, BlockKind, Page, PageContent, PageFacts
from domain.errors import DocumentEmpty, DocumentTooHeavy
from domain.ids import derive_block_id

PAGE_CHARACTERS = 3000
"""About a page of a book; a paragraph is never parted unless it is longer."""

PAGES_LIMIT = 10_000
TEXT_LIMIT_CHARACTERS = 20_000_000
"""Of a document (reliability.md §5.1: 20 MB)."""

A4_PT = (595.0, 842.0)


class Paragraph(msgspec.Struct, frozen=True, kw_only=True):
    """A heading has a `level` from 1 to 6. `is_first` begins a page. A table's content is Markdown rows, the second of
    them the rule. `sheet` names a spreadsheet's sheet."""

    content: str
    kind: BlockKind = BlockKind.TEXT
    level: int = 0
    is_first: bool = False
    sheet: str | None = None


def lay_out(
    paragraphs: Iterable[Paragraph], *, size_pt: tuple[float, float] = A4_PT, read_by: str = "text"
) -> tuple[PageContent, ...]:
    """Pages from 1. Raises DocumentEmpty when there is no text, DocumentTooHeavy beyond the limits."""
    pages: list[list[Paragraph]] = []
    length = total = 0
    for paragraph in _parted(paragraphs):
        said = len(paragraph.content)
        total += said
        if total > TEXT_LIMIT_CHARACTERS or len(pages) > PAGES_LIMIT:
            raise DocumentTooHeavy(f"more than {TEXT_LIMIT_CHARACTERS} characters or {PAGES_LIMIT} pages")
        if not pages or paragraph.is_first or (length + said > PAGE_CHARACTERS and _may_break(pages[-1])):
            pages.append([])
            length = 0
        elif length + said > PAGE_CHARACTERS and pages[-1][-1].level:
            headings = _trailing_headings(pages[-1])
            pages.append(headings)
            length = sum(len(heading.content) for heading in headings)
        pages[-1].append(paragraph)
        length += said
    if not pages:
        raise DocumentEmpty("no text")
    trail: list[str] = []
    return tuple(_page(page_no, page, trail, size_pt, read_by) for page_no, page in enumerate(pages, start=1))


def markdown_table(rows: Iterable[Iterable[str]]) -> str:
    """Rows of equal length as Markdown, the first as the header."""
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    rule = "|" + "---|" * (lines[0].replace("\\|", "").count("|") - 1)
    return "\n".join([lines[0], rule, *lines[1:]])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _may_break(page: list[Paragraph]) -> bool:
    """A page that ends with a heading is not left before what the heading is of; one of headings only is."""
    return not page[-1].level or all(paragraph.level for paragraph in page)


def _trailing_headings(page: list[Paragraph]) -> list[Paragraph]:
    """Takes the headings at the page's end off it."""
    start = len(page)
    while page[start - 1].level:
        start -= 1
    headings = page[start:]
    del page[start:]
    return headings


def _parted(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    for paragraph in paragraphs:
        content = paragraph.content.strip("\n").rstrip()
        if not content.strip():
            continue
        parts = _rows(content) if paragraph.kind is BlockKind.TABLE else _lines(content)
        for number, part in enumerate(parts):
            yield msgspec.structs.replace(paragraph, content=part, is_first=paragraph.is_first and number == 0)


def _lines(content: str) -> Iterator[str]:
    """A paragraph longer than a page in parts of whole lines, or of letters when a line is longer still."""
    if len(content) <= PAGE_CHARACTERS:
        yield content
        return
    part: list[str] = []
    length = 0
    for line in content.split("\n"):
        for start in range(0, max(len(line), 1), PAGE_CHARACTERS):
            piece = line[start : start + PAGE_CHARACTERS]
            if part and length + len(piece) > PAGE_CHARACTERS:
                yield "\n".join(part)
                part, length = [], 0
            part.append(piece)
            length += len(piece) + 1
    yield "\n".join(part)


def _rows(content: str) -> Iterator[str]:
    """A table longer than a page in parts, each with the header and its rule."""
    header, rule, *rows = content.split("\n") if content.count("\n") > 0 else (content, "")
    head = f"{header[:PAGE_CHARACTERS]}\n{rule[:PAGE_CHARACTERS]}" if rule else header
    part: list[str] = []
    length = len(head)
    for row in rows:
        if part and length + len(row) > PAGE_CHARACTERS:
            yield "\n".join([head, *part])
            part, length = [], len(head)
        part.append(row)
        length += len(row) + 1
    yield "\n".join([head, *part])


def _page(
    page_no: int, paragraphs: list[Paragraph], trail: list[str], size_pt: tuple[float, float], read_by: str
) -> PageContent:
    """`trail` are the headings above, outermost first; it is carried from page to page."""
    blocks: list[Block] = []
    occurrences: Counter[tuple[str, str]] = Counter()
    sheet = next((paragraph.sheet for paragraph in paragraphs if paragraph.sheet), None)
    for paragraph in paragraphs:
        if paragraph.level:
            del trail[paragraph.level - 1 :]
        key = (paragraph.kind.value, paragraph.content)
        blocks.append(
            Block(
                id=derive_block_id(page_no, *key, occurrences[key]),
                page_no=page_no,
                block_no=len(blocks),
                kind=paragraph.kind,
                content=paragraph.content,
                heading=" / ".join(trail)[:HEADING_CHARACTERS] or None,
            )
        )
        occurrences[key] += 1
        if paragraph.level:
            trail.append(paragraph.content.lstrip("# ").split("\n", 1)[0])
    facts = PageFacts(characters=sum(len(block.content) for block in blocks), read_by=read_by, sheet=sheet, title=sheet)
    width_pt, height_pt = size_pt
    page = Page(page_no=page_no, width_pt=width_pt, height_pt=height_pt, facts=facts)
    return PageContent(page=page, blocks=tuple(blocks))


HEADING_CHARACTERS = 400
"""Of a heading's path. A guess: longer ones are paragraphs that somebody styled as headings."""
