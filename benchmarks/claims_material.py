"""Real documents as the product reads them, for the benchmark of the claims ledger.

Drawings, specifications, manuals and standards of ../shared/data, Russian and English, PDFs, a prepared document and
text pages. Each file belongs to one half for good: rules are worked out on `dev`, `held` is only measured. The
prepared document, the only one of its kind, is divided by its pages.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import msgspec

from domain.documents import Block, BlockKind, PageContent, sheet_label
from domain.families.analysis.types import Material
from domain.families.ingest.rules_prepared import parse_prepared
from domain.families.ingest.rules_text import parse_text
from domain.grounding.rules_citations import Source, words_of
from workers.rendering.opening import open_document, prepare_libraries
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages

DATA = Path(__file__).parents[2] / "shared" / "data"
MAX_PAGES = 14
"""Of a long document, spread evenly, so that no single file outweighs the others."""

HALVES = ("dev", "held")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is relative to ../shared/data; `sources` are its blocks that hold text, in reading order."""

    path: str
    half: str
    sources: tuple[Source, ...]


def read_documents(wanted_pages: dict[str, set[int]]) -> list[Document]:
    """Every readable document. `wanted_pages` (from 1, by path) are read besides the evenly spread ones."""
    prepare_libraries()
    files = sorted([*DATA.glob("A_engineering/*/*"), *DATA.glob("B_retrieval/docs/*/*")])
    documents = [_document(path, _pdf_pages(path, wanted_pages.get(_relative(path), set()))) for path in files]
    for path in sorted(DATA.glob("E_aizoomdoc/*_document.md")):
        pages = parse_prepared(path.read_text(encoding="utf-8")).pages
        for odd, half in enumerate(HALVES):
            sources = tuple(_sources(path.name, [page for page in pages if page.page.page_no % 2 == odd]))
            documents.append(Document(path=_relative(path), half=half, sources=sources))
    documents += _standards()
    return [document for document in documents if document.sources]


def half_of(name: str) -> str:
    return HALVES[hashlib.sha256(name.encode()).digest()[0] % 2]


def _relative(path: Path) -> str:
    return path.relative_to(DATA).as_posix()


def _document(path: Path, pages: list[PageContent]) -> Document:
    return Document(path=_relative(path), half=half_of(path.name), sources=tuple(_sources(path.name, pages)))


def _standards() -> Iterator[Document]:
    """Standards that came as plain pages; a page of theirs is a page of ours, whatever its length."""
    path = DATA / "B_retrieval/ntd_text/pages.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        pages = [
            msgspec.structs.replace(content, page=msgspec.structs.replace(content.page, page_no=number))
            for number, text in enumerate(entry["pages"], start=1)
            if text.strip() and number <= 2 * MAX_PAGES
            for content in parse_text(text)
        ]
        sources = tuple(_sources(f"{entry['doc']}.txt", pages))
        yield Document(path=f"{_relative(path)}#{entry['doc']}", half=half_of(entry["doc"]), sources=sources)


def _pdf_pages(path: Path, wanted: set[int]) -> list[PageContent]:
    document = open_document(memoryview(path.read_bytes()))
    count = document.page_count
    spread = {1 + round(place * (count - 1) / (MAX_PAGES - 1)) for place in range(MAX_PAGES)} if count > 1 else {1}
    return [
        said.content
        for page_no in sorted(spread | {number for number in wanted if number <= count})
        for said in read_pages(document, ReadPages(first=page_no, last=page_no))
        if isinstance(said, PageRead)
    ]


def _sources(name: str, pages: list[PageContent]) -> Iterator[Source]:
    document_id = UUID(bytes=hashlib.sha256(name.encode()).digest()[:16])
    for content in pages:
        for block in content.blocks:
            if block.content.strip() and block.kind is not BlockKind.IMAGE:
                yield Source(
                    material=_material(name, document_id, content, block),
                    block=msgspec.structs.replace(block, page_no=content.page.page_no),
                    words=words_of(block, content.words),
                )


def _material(name: str, document_id: UUID, content: PageContent, block: Block) -> Material:
    return Material(
        ref=block.id,
        document_id=document_id,
        document_name=name,
        page_no=content.page.page_no,
        sheet=sheet_label(content.page, "ru"),
        block_id=block.id,
        kind=block.kind,
    )
