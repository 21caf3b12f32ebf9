"""Stage `cover`: what the collectors chose, made whole: linked blocks, what they overlooked, pictures of drawings.

Blocks of documents without a collector's word stay as the search found them.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from domain.documents import Block, BlockKind
from domain.families.analysis.gathering import as_materials
from domain.families.analysis.rules_cover import covered
from domain.families.analysis.rules_materials import BlockKey
from domain.families.analysis.rules_wishes import as_overview, drawable, new_ones, wish_for
from domain.families.analysis.sources import load_sources
from domain.families.analysis.types import AnalysisState, Collected, Wish
from domain.ports import UnitOfWork
from domain.stage import Next, StageContext

MAX_PICTURES = 8
MAX_OVERVIEWS = 2
"""Of what was chosen; the model may ask for more. Guesses: twelve pictures go with one call."""


async def cover(ctx: StageContext, state: AnalysisState) -> Next:
    chosen = [item for item in state.collected if item.block_ids or item.places]
    if not chosen:
        return Next(state=msgspec.structs.replace(state, collected=()))
    async with ctx.uow() as uow:
        blocks = await _blocks(uow, state, chosen)
        kept = covered(state.materials, state.collected, blocks)
        documents = {document.id: document for document in state.documents}
        snippets = {(m.document_id, m.page_no, m.block_id): m.snippet for m in state.materials}
        materials = await as_materials(uow, kept, documents, snippets, state.language)
    state = msgspec.structs.replace(state, materials=tuple(sorted(materials, key=lambda material: material.side)))
    return Next(state=msgspec.structs.replace(state, wishes=await _wishes(ctx, state, chosen), collected=()))


async def _blocks(uow: UnitOfWork, state: AnalysisState, chosen: Sequence[Collected]) -> dict[BlockKey, Block]:
    """The chosen blocks, those on their pages and those they link to, and the search's own."""
    found: dict[BlockKey, Block] = {}

    def keep(document_id: UUID, blocks: Iterable[Block]) -> None:
        found.update({(document_id, block.page_no, block.id): block for block in blocks})

    own = await uow.documents.blocks_named((item.document_id, name) for item in chosen for name in item.block_ids)
    linked = await uow.documents.blocks_named(
        (document_id, link) for (document_id, _), b in own.items() for link in b.links
    )
    for (document_id, _), block in (own | linked).items():
        keep(document_id, [block])
    pages = await uow.documents.blocks_on({(document_id, block.page_no) for (document_id, _), block in own.items()})
    for (document_id, _), blocks in pages.items():
        keep(document_id, blocks)
    for source in (await load_sources(uow, state.materials)).values():
        keep(source.material.document_id, [source.block])
    return found


async def _wishes(ctx: StageContext, state: AnalysisState, chosen: Sequence[Collected]) -> tuple[Wish, ...]:
    """The places asked for, then all chosen and linked drawings, documents taking turns; overviews of their pages
    first."""
    async with ctx.uow() as uow:
        images = [material for material in state.materials if material.kind is BlockKind.IMAGE]
        sources = await load_sources(uow, images)
    selected = {(item.document_id, block_id) for item in chosen for block_id in item.block_ids}
    chosen_first = sorted(sources.values(), key=lambda s: (s.material.document_id, s.block.id) not in selected)
    drawings = [
        wish_for(source, by="model")
        for source in chosen_first
        if source.material.score == 0 or (source.material.document_id, source.block.id) in selected
    ]
    queues = [
        new_ones([*item.places, *(wish for wish in drawings if wish.document_id == item.document_id)], ())
        for item in chosen
    ]
    close = drawable(_in_turns(queues), state.documents)[:MAX_PICTURES]
    overviews = new_ones([as_overview(wish) for wish in close], ())[:MAX_OVERVIEWS]
    return (*overviews, *close)


def _in_turns(queues: Sequence[Sequence[Wish]]) -> list[Wish]:
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[place] for place in range(longest) for queue in queues if place < len(queue)]
