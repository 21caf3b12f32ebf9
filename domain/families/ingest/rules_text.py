"""Reads plain text and Markdown as pages of blocks without coordinates. Pure."""

import re

from domain.documents import Block, BlockKind, Page, PageContent, PageFacts
from domain.errors import DocumentDamaged, DocumentEmpty
from domain.ids import derive_block_id

PAGE_CHARACTERS = 3000
"""About a page of a book; a paragraph is never parted unless it is longer."""

TEXT_TYPES = frozenset({"text/plain", "text/markdown"})
_ENDINGS = (".txt", ".md", ".markdown")
_BLANK = re.compile(r"\n\s*\n")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")


def is_text_file(name: str, mime_type: str) -> bool:
    return mime_type.split(";")[0] in TEXT_TYPES or name.lower().endswith(_ENDINGS)


def decode_text(data: bytes) -> str:
    """UTF-8 or UTF-16 with a mark, else CP1251. Raises DocumentDamaged for bytes that are no text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise DocumentDamaged("zero bytes in a text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", "replace")


def parse_text(text: str) -> tuple[PageContent, ...]:
    """Paragraphs as blocks, gathered to pages. Raises DocumentEmpty."""
    paragraphs = [part.strip("\n").rstrip() for part in _BLANK.split(text.replace("\r\n", "\n")) if part.strip()]
    if not paragraphs:
        raise DocumentEmpty("no text")
    pages: list[list[str]] = [[]]
    length = 0
    for part in (piece for paragraph in paragraphs for piece in _pieces(paragraph)):
        if pages[-1] and length + len(part) > PAGE_CHARACTERS:
            pages.append([])
            length = 0
        pages[-1].append(part)
        length += len(part)
    heading: str | None = None
    contents = []
    for page_no, parts in enumerate(pages, start=1):
        content, heading = _page(page_no, parts, heading)
        contents.append(content)
    return tuple(contents)


def _pieces(paragraph: str) -> list[str]:
    """A paragraph longer than a page in parts of whole lines, or of letters when a line is longer still."""
    if len(paragraph) <= PAGE_CHARACTERS:
        return [paragraph]
    pieces = [""]
    for line in paragraph.split("\n"):
        for start in range(0, max(len(line), 1), PAGE_CHARACTERS):
            part = line[start : start + PAGE_CHARACTERS]
            if pieces[-1] and len(pieces[-1]) + len(part) > PAGE_CHARACTERS:
                pieces.append("")
            pieces[-1] = f"{pieces[-1]}\n{part}" if pieces[-1] else part
    return pieces


def _page(page_no: int, parts: list[str], heading: str | None) -> tuple[PageContent, str | None]:
    blocks: list[Block] = []
    for part in parts:
        kind = BlockKind.TABLE if part.startswith("|") else BlockKind.TEXT
        first = _HEADING.match(part.split("\n", 1)[0])
        occurrence = sum(block.content == part for block in blocks)
        blocks.append(
            Block(
                id=derive_block_id(page_no, kind.value, part, occurrence),
                page_no=page_no,
                block_no=len(blocks),
                kind=kind,
                content=part,
                heading=None if first else heading,
            )
        )
        heading = first.group(1) if first else heading
    facts = PageFacts(characters=sum(len(part) for part in parts), read_by="text")
    return PageContent(page=Page(page_no=page_no, width_pt=0, height_pt=0, facts=facts), blocks=tuple(blocks)), heading
