"""Loading what was found: the pages in question, their blocks, and the materials made of the chosen ones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.documents import Block, Document, sheet_label
from domain.evidence import Region
from domain.families.analysis.rules_materials import (
    SIMPLE,
    BlockKey,
    Chosen,
    Limits,
    PageKey,
    blocks_under,
    choose,
)
from domain.families.analysis.rules_sides import NO_SIDE, with_side
from domain.families.analysis.types import AskedDocument, Material
from domain.ports import UnitOfWork

OPENING_PAGES = 2
OPENING_DOCUMENTS = 5
"""Last come the first pages of the first documents: "what is this about" has no keywords."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    blocks: Mapping[BlockKey, float] = {}
    pages: Mapping[PageKey, float] = {}
    snippets: Mapping[BlockKey, str] = {}


async def gather(
    uow: UnitOfWork,
    found: Found,
    documents: Sequence[Document],
    regions: Sequence[Region],
    language: str,
    *,
    limits: Limits = SIMPLE,
    side: str = NO_SIDE,
) -> list[Material]:
    """The materials for the prompt, in reading order within each document. All documents stand on `side`."""
    chosen = await gather_blocks(uow, found, documents, regions, limits)
    named = {document.id: AskedDocument(id=document.id, name=document.name, side=side) for document in documents}
    return await as_materials(uow, chosen, named, found.snippets, language)


async def gather_blocks(
    uow: UnitOfWork,
    found: Found,
    documents: Sequence[Document | AskedDocument],
    regions: Sequence[Region],
    limits: Limits,
) -> list[Chosen]:
    """The blocks of the materials, in the same order."""
    full_pages = _full_pages(found, documents, limits)
    wanted = dict.fromkeys([*_best_pages(found, limits), *full_pages])
    pages = await uow.documents.blocks_on(wanted)
    pointed = await _pointed(uow, regions, {document.id for document in documents})
    return choose(found.blocks, pages, pointed=pointed, full_pages=full_pages, limits=limits)


async def as_materials(
    uow: UnitOfWork,
    chosen: Sequence[Chosen],
    documents: Mapping[UUID, AskedDocument],
    snippets: Mapping[BlockKey, str],
    language: str,
) -> list[Material]:
    """The chosen blocks, in their order, under the ids that a model sees."""
    sheets = await _sheets(uow, chosen, language)
    refs = _refs(chosen, documents)
    return [
        Material(
            ref=refs[place],
            document_id=item.document_id,
            document_name=documents[item.document_id].name,
            page_no=item.block.page_no,
            sheet=sheets[item.document_id, item.block.page_no],
            block_id=item.block.id,
            kind=item.block.kind,
            score=item.score,
            snippet=snippets.get((item.document_id, item.block.page_no, item.block.id), ""),
            side=documents[item.document_id].side,
        )
        for place, item in enumerate(chosen)
    ]


def _best_pages(found: Found, limits: Limits) -> list[PageKey]:
    best = dict(found.pages)
    for (document_id, page_no, _), score in found.blocks.items():
        best[document_id, page_no] = max(best.get((document_id, page_no), 0.0), score)
    return sorted(best, key=lambda page: -best[page])[: limits.pages]


def _full_pages(found: Found, documents: Sequence[Document | AskedDocument], limits: Limits) -> list[PageKey]:
    best = sorted(found.pages, key=lambda page: -found.pages[page])[: limits.full_pages]
    counts = [(document.id, document.page_count or 0) for document in documents]
    if sum(count for _, count in counts) <= limits.small_scope_pages:
        return [*best, *((document_id, page + 1) for document_id, count in counts for page in range(count))]
    openings = (
        (document_id, page + 1)
        for document_id, count in counts[:OPENING_DOCUMENTS]
        for page in range(min(count, OPENING_PAGES))
    )
    return [*best, *openings]


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
    pages = await uow.documents.pages_on({(item.document_id, item.block.page_no) for item in chosen})
    return {key: sheet_label(page, language) for key, page in pages.items()}


def _refs(chosen: Sequence[Chosen], documents: Mapping[UUID, AskedDocument]) -> list[str]:
    """Ids for the prompt. Equal files hold equal block ids: a later twin gets `@` and its occurrence, from 2."""
    seen: Counter[str] = Counter()
    refs: list[str] = []
    for item in chosen:
        ref = with_side(documents[item.document_id].side, item.block.id)
        seen[ref] += 1
        refs.append(ref if seen[ref] == 1 else f"{ref}@{seen[ref]}")
    return refs
