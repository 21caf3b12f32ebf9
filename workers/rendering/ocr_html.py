"""An `ocr.html` of the prepared format as its pages and blocks (spec/aizoomdoc.md §1.8). Runs in render children only.

Quirks: the page number counts from 1; what a block shows may be JSON in a `pre`; addresses of crops are never fetched.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from domain.documents import Block, BlockKind, Page, PageContent, PageFacts
from domain.errors import DocumentTooHeavy
from domain.families.ingest.rules_fences import unfold_fences
from domain.families.ingest.rules_layout import PAGES_LIMIT, Paragraph
from domain.families.ingest.rules_prepared import ID_CHARACTERS, stamp_of
from domain.ids import derive_block_id

_HEADER = re.compile(r"\(стр\.\s*(\d+)\)\s*\|\s*Тип:\s*(\w+)")
_ID = re.compile(r"^\s*BLOCK:\s*([A-Z0-9-]+)\s*$")
_LINKED = re.compile(r"^\s*Linked block:\s*([A-Z0-9-]+)\s*$")
_NOTE = re.compile(r"^\s*Created:")
_CROP = re.compile(r"/crops/[^/]+\.(?:pdf|png)$", re.IGNORECASE)
_KINDS = {kind.value: kind for kind in BlockKind}


def is_ocr_html(root: Any) -> bool:
    """Whether the page is made of blocks with the headers of the format."""
    header = next(iter(root.iterfind(".//div[@class='block-header']")), None)
    return header is not None and _HEADER.search(header.text_content()) is not None


def read_ocr_html(root: Any, paragraphs_of: Any) -> tuple[PageContent, ...]:
    """Pages from 1 without a gap. `paragraphs_of` reads a part of the page as `Paragraph`s."""
    by_page: dict[int, list[Block]] = {}
    stamps: dict[int, dict[str, str]] = {}
    taken: set[str] = set()
    for element in root.iter("div"):
        header = element.find("div[@class='block-header']")
        said = _HEADER.search(header.text_content()) if header is not None else None
        content = element.find("div[@class='block-content']")
        if said is None or content is None:
            continue
        page_no = min(max(int(said.group(1)), 1), PAGES_LIMIT + 1)
        if page_no > PAGES_LIMIT:
            raise DocumentTooHeavy(f"page {said.group(1)}")
        blocks = by_page.setdefault(page_no, [])
        stamps.setdefault(page_no, {}).update(_take_stamp(content))
        blocks.append(
            _block(content, _KINDS.get(said.group(2), BlockKind.TEXT), page_no, len(blocks), taken, paragraphs_of)
        )
    pages = range(1, max(by_page, default=0) + 1)
    return tuple(_page(page_no, by_page.get(page_no, []), stamps.get(page_no, {})) for page_no in pages)


def _block(content: Any, kind: BlockKind, page_no: int, block_no: int, taken: set[str], paragraphs_of: Any) -> Block:
    block_id, links = "", list[str]()
    for mark in list(content.iterchildren("p")):
        text = mark.text_content()
        if found := _ID.match(text):
            block_id = found.group(1)
        elif found := _LINKED.match(text):
            links.append(found.group(1))
        elif not _NOTE.match(text) and not _is_crop(mark):
            continue
        content.remove(mark)
    text = "\n\n".join(_said(content, paragraphs_of))
    if not block_id or block_id in taken or len(block_id) > ID_CHARACTERS:
        occurrences = Counter(taken)
        block_id = derive_block_id(page_no, kind.value, block_id + text, occurrences[block_id] + block_no)
    taken.add(block_id)
    return Block(id=block_id, page_no=page_no, block_no=block_no, kind=kind, content=text, links=tuple(links))


def _said(content: Any, paragraphs_of: Any) -> Iterator[str]:
    paragraph: Paragraph
    for paragraph in paragraphs_of(content):
        text = paragraph.content
        yield unfold_fences(f"```json\n{text}\n```\n") if text.lstrip().startswith("{") else text


def _is_crop(mark: Any) -> bool:
    links = list(mark.iterchildren("a"))
    return len(links) == 1 and _CROP.search(links[0].get("href") or "") is not None


def _take_stamp(content: Any) -> dict[str, str]:
    """The stamp's parts; its element is removed, so that it is not read as text."""
    stamp: dict[str, str] = {}
    for element in list(content.iterchildren("div")):
        if "stamp-info" in (element.get("class") or "").split():
            stamp.update(stamp_of("\n".join(part.strip() for part in element.itertext())))
            content.remove(element)
    return stamp


def _page(page_no: int, blocks: list[Block], stamp: dict[str, str]) -> PageContent:
    facts = PageFacts(
        characters=sum(len(block.content) for block in blocks),
        read_by="prepared",
        sheet=stamp.get("sheet"),
        title=stamp.get("title"),
        stamp=stamp,
    )
    return PageContent(page=Page(page_no=page_no, width_pt=0, height_pt=0, facts=facts), blocks=tuple(blocks))
