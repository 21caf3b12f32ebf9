"""Loading the blocks that the model is shown, or that an answer cites, with their words."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from domain.documents import Block, Word
from domain.families.analysis.rules_citations import Source, words_of
from domain.families.analysis.types import Material
from domain.ports import UnitOfWork


async def load_sources(uow: UnitOfWork, materials: Sequence[Material]) -> dict[str, Source]:
    """Sources by their `ref`, without words. Blocks that are gone meanwhile are left out."""
    by_document: dict[UUID, list[str]] = {}
    for material in materials:
        by_document.setdefault(material.document_id, []).append(material.block_id)
    blocks: dict[tuple[UUID, str], Block] = {}
    for document_id, block_ids in by_document.items():
        for block in await uow.documents.blocks(document_id, block_ids=block_ids):
            blocks[document_id, block.id] = block
    return {
        material.ref: Source(material=material, block=blocks[material.document_id, material.block_id])
        for material in materials
        if (material.document_id, material.block_id) in blocks
    }


async def load_words(uow: UnitOfWork, sources: Mapping[str, Source], refs: Iterable[str]) -> dict[str, Source]:
    """The sources named by `refs`, those known, with the words of their blocks."""
    pages: dict[tuple[UUID, int], tuple[Word, ...]] = {}
    loaded: dict[str, Source] = {}
    for ref in refs:
        source = sources.get(ref)
        if source is None:
            continue
        page = (source.material.document_id, source.block.page_no)
        if page not in pages:
            pages[page] = await uow.documents.words(*page)
        words = words_of(source.block, pages[page])
        loaded[ref] = Source(material=source.material, block=source.block, words=words)
    return loaded
