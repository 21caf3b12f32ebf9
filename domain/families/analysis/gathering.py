"""Loading what was found: the pages in question, their blocks, and the materials made of the chosen ones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.documents import Block, Document, sheet_label
from domain.evidence import Region
from domain.families.analysis.rules_materials import BlockKey, Chosen, PageKey, blocks_under, choose
from domain.families.analysis.types import Material
from domain.ports import UnitOfWork

MAX_PAGES = 24
"""Pages whose blocks are loaded: enough for 80 blocks and their neighbours. A guess."""

FULL_PAGES = 3
"""Of the best pages, all blocks are candidates: tables and their notes stand apart. A guess."""

SMALL_SCOPE_PAGES = 8
"""A scope of so few pages is shown whole, as far as the budget reaches. A guess."""

OPENING_PAGES = 2
OPENING_DOCUMENTS = 5
"""With no hit at all, the first pages of the first documents are shown: "what is this about" has no keywords."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    blocks: Mapping[BlockKey, float] = {}
    pages: Mapping[PageKey, float] = {}
    snippets: Mapping[BlockKey, str] = {}


async def gather(
    uow: UnitOfWork, found: Found, documents: Sequence[Document], regions: Sequence[Region], language: str
) -> list[Material]:
    """The materials for the prompt, in reading order within each document."""
    full_pages = _full_pages(found, documents)
    wanted = dict.fromkeys([*_best_pages(found), *full_pages])
    pages = {page: await uow.documents.blocks(page[0], page_no=page[1]) for page in wanted}
    pointed = await _pointed(uow, regions, {document.id for document in documents})
    chosen = choose(found.blocks, pages, pointed=pointed, full_pages=full_pages)
    sheets = await _sheets(uow, chosen, language)
    refs = _refs(chosen)
    names = {document.id: document.name for document in documents}
    return [
        Material(
            ref=refs[place],
            document_id=item.document_id,
            document_name=names[item.document_id],
            page_no=item.block.page_no,
            sheet=sheets[item.document_id, item.block.page_no],
            block_id=item.block.id,
            kind=item.block.kind,
            score=item.score,
            snippet=found.snippets.get((item.document_id, item.block.page_no, item.block.id), ""),
        )
        for place, item in enumerate(chosen)
    ]


def _best_pages(found: Found) -> list[PageKey]:
    best = dict(found.pages)
    for (document_id, page_no, _), score in found.blocks.items():
        best[document_id, page_no] = max(best.get((document_id, page_no), 0.0), score)
    return sorted(best, key=lambda page: -best[page])[:MAX_PAGES]


def _full_pages(found: Found, documents: Sequence[Document]) -> list[PageKey]:
    best = sorted(found.pages, key=lambda page: -found.pages[page])[:FULL_PAGES]
    counts = [(document.id, document.page_count or 0) for document in documents]
    if sum(count for _, count in counts) <= SMALL_SCOPE_PAGES:
        return [*best, *((document_id, page + 1) for document_id, count in counts for page in range(count))]
    if found.blocks or found.pages:
        return best
    return [
        (document_id, page + 1)
        for document_id, count in counts[:OPENING_DOCUMENTS]
        for page in range(min(count, OPENING_PAGES))
    ]


async def _pointed(uow: UnitOfWork, regions: Sequence[Region], document_ids: set[UUID]) -> list[Chosen]:
    """Blocks under the regions the user points at, ranked above everything found."""
    pointed: list[Chosen] = []
    for region in regions:
        if region.document_id in document_ids:
            blocks: list[Block] = await uow.documents.blocks(region.document_id, page_no=region.page_no)
            pointed += [
                Chosen(document_id=region.document_id, block=block, score=1.0)
                for block in blocks_under(blocks, region.box)
            ]
    return pointed


async def _sheets(uow: UnitOfWork, chosen: Sequence[Chosen], language: str) -> dict[PageKey, str]:
    by_document: dict[UUID, set[int]] = {}
    for item in chosen:
        by_document.setdefault(item.document_id, set()).add(item.block.page_no)
    return {
        (document_id, page.page_no): sheet_label(page, language)
        for document_id, page_nos in by_document.items()
        for page in await uow.documents.pages(document_id, sorted(page_nos))
    }


def _refs(chosen: Sequence[Chosen]) -> list[str]:
    """Ids for the prompt. Equal files hold equal block ids: a later twin gets `@` and its occurrence, from 2."""
    seen: Counter[str] = Counter()
    refs: list[str] = []
    for item in chosen:
        seen[item.block.id] += 1
        count = seen[item.block.id]
        refs.append(item.block.id if count == 1 else f"{item.block.id}@{count}")
    return refs
