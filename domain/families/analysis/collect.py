"""Stage `collect`: per document, the Flash model picks the blocks, pictures and regions that the answer needs.

It sees more of each document than the answering model could take of all, and answers by ids alone. A batch of documents
is asked side by side and is one checkpoint: what was paid is never paid twice. Offline there is nothing to ask.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from domain.answers import RegionRequest
from domain.documents import Page
from domain.errors import DomainError, ProviderLimited
from domain.events import EventType
from domain.families.analysis.asking import GIVEN_UP, ask_model, is_worth_waiting
from domain.families.analysis.gathering import Found, as_materials, gather_blocks
from domain.families.analysis.replies import CollectReply
from domain.families.analysis.rules_citations import Source
from domain.families.analysis.rules_materials import COLLECTED
from domain.families.analysis.rules_prompt import shown_block
from domain.families.analysis.rules_sides import NO_SIDE, labelled
from domain.families.analysis.rules_wishes import Places, new_ones, wish_of
from domain.families.analysis.search import find, pointed_at
from domain.families.analysis.sources import PageKey, load_pages
from domain.families.analysis.types import AnalysisState, AskedDocument, Collected, Wish
from domain.stage import Next, StageContext

PROMPT = "analysis/collect"
ROLE = "collect"
COLLECT_S = 100.0
"""Less than the stage's own time."""

SIDE_BY_SIDE = 4
"""Documents asked at once, of one job. A guess."""

MAX_DOCUMENTS = 10
"""Of more documents, those that the search ranks best are collected from; the search's materials serve of the others.
A third of a job's calls. A guess."""

MAX_SELECTED = 40
MAX_PLACES = 6
"""Of one document (spec/aizoomdoc.md §1.3, MAX_ROIS_PER_ITERATION). The first is a guess."""


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    """One document as its collector is shown it."""

    document: AskedDocument
    sources: dict[str, Source]


async def collect(ctx: StageContext, state: AnalysisState) -> Next:
    wanted = _wanted(state)
    if ctx.capabilities(ROLE).offline or not wanted:
        return Next(state=state, goto="cover" if state.collected else "crop")
    batch = wanted[:SIDE_BY_SIDE]
    tasks = [task for document in batch if (task := await _task(ctx, state, document)) is not None]
    asked = await asyncio.gather(*(_ask(ctx, state, task) for task in tasks))
    done: list[Collected] = [item for item in asked if isinstance(item, Collected)]
    limits = [item for item in asked if isinstance(item, DomainError)]
    if limits and not done:
        raise limits[0]
    gone = {document.id for document in batch} - {task.document.id for task in tasks}
    done += [Collected(document_id=document_id, is_failed=True) for document_id in sorted(gone)]
    state = msgspec.structs.replace(state, collected=(*state.collected, *done))
    count, total = len(state.collected), len(state.collected) + len(_wanted(state))
    await ctx.progress(count / total, f"Документов просмотрено: {count} из {total}", f"Documents: {count} of {total}")
    return Next(state=state, goto="collect" if _wanted(state) else "cover")


def _wanted(state: AnalysisState) -> list[AskedDocument]:
    """Documents yet to be collected from, the best of the search first."""
    best = {document.id: 0.0 for document in state.documents}
    for material in state.materials:
        best[material.document_id] = max(best.get(material.document_id, 0.0), material.score)
    ranked = sorted(state.documents, key=lambda document: -best[document.id])[:MAX_DOCUMENTS]
    done = {collected.document_id for collected in state.collected}
    return [document for document in ranked if document.id not in done]


async def _task(ctx: StageContext, state: AnalysisState, document: AskedDocument) -> _Task | None:
    """Null for a document without any block, or one that is gone."""
    found = await _found(ctx, state, document)
    async with ctx.uow() as uow:
        chosen = await gather_blocks(uow, found, [document], pointed_at(state.question), COLLECTED)
        bare = msgspec.structs.replace(document, side=NO_SIDE)
        materials = await as_materials(uow, chosen, {document.id: bare}, {}, state.language)
    sources = {m.ref: Source(material=m, block=item.block) for m, item in zip(materials, chosen, strict=True)}
    return _Task(document=document, sources=sources) if sources else None


async def _found(ctx: StageContext, state: AnalysisState, document: AskedDocument) -> Found:
    """A document that is shown whole needs no search of its own, only the order of what was found."""
    if document.page_count is None or document.page_count > COLLECTED.small_scope_pages:
        return await find(ctx.search, state, [document.id])
    own = [material for material in state.materials if material.document_id == document.id and material.score > 0]
    return Found(blocks={(m.document_id, m.page_no, m.block_id): m.score for m in own})


async def _ask(ctx: StageContext, state: AnalysisState, task: _Task) -> Collected | DomainError:
    """The choice; a failed one without a model's word; the error where waiting is worth it."""
    document = task.document
    variables: dict[str, Any] = {
        "question": state.text,
        "focus": list(state.intent.focus_areas),
        "document": labelled(document.side, document.name),
        "side": document.side,
        "materials": [shown_block(ref, source, state.text) for ref, source in task.sources.items()],
    }
    try:
        asked = await ask_model(ctx, ROLE, PROMPT, variables, CollectReply, within_s=COLLECT_S)
    except GIVEN_UP as error:
        if isinstance(error, ProviderLimited) and is_worth_waiting(ctx, error):
            return error
        await _tell_failure(ctx, document, error)
        return Collected(document_id=document.id, is_failed=True)
    async with ctx.uow() as uow:
        pages = await load_pages(uow, _pages_of(asked.reply, task))
    collected, dropped = _chosen(asked.reply, task, pages)
    if dropped:
        await _tell_dropped(ctx, document, dropped)
    return collected


def _pages_of(reply: CollectReply, task: _Task) -> set[PageKey]:
    """The pages of the places that are to be looked at."""
    named = {*reply.requested_images, *(request.block_id for request in reply.requested_rois)}
    return {(task.document.id, task.sources[ref].block.page_no) for ref in named if ref in task.sources}


def _chosen(reply: CollectReply, task: _Task, pages: Mapping[PageKey, Page]) -> tuple[Collected, int]:
    """The ids that were shown, and how many others there were."""
    requests = [*reply.requested_rois, *(RegionRequest(block_id=ref) for ref in reply.requested_images)]
    places = Places(sources=task.sources, pictures=(), pages=pages, seen=())
    wishes = [wish_of(request, places) for request in requests]
    named = [ref.strip() for ref in reply.selected_blocks]
    known = [task.sources[ref] for ref in dict.fromkeys(named) if ref in task.sources]
    kept: list[Wish] = new_ones((wish for wish in wishes if wish is not None), ())[:MAX_PLACES]
    dropped = sum(1 for wish in wishes if wish is None) + sum(1 for ref in named if ref not in task.sources)
    collected = Collected(
        document_id=task.document.id,
        block_ids=tuple(source.block.id for source in known[:MAX_SELECTED]),
        places=tuple(kept),
    )
    return collected, dropped


async def _tell_failure(ctx: StageContext, document: AskedDocument, error: DomainError) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "collection_failed",
            "cause": error.code,
            "document_id": str(document.id),
            "message_ru": f"Материалы документа «{document.name}» отобраны поиском, без модели.",
            "message_en": f"The materials of “{document.name}” were chosen by the search, without a model.",
        },
    )


async def _tell_dropped(ctx: StageContext, document: AskedDocument, count: int) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "collected_dropped",
            "count": count,
            "document_id": str(document.id),
            "message_ru": f"Модель назвала места, которых нет в документе «{document.name}»; они отброшены.",
            "message_en": f"The model named places that are not in “{document.name}”; they were dropped.",
        },
    )
