"""Stage `collect`: per document, the Flash model picks the blocks, pictures and regions that the answer needs.

It sees more of each document than the answering model could take of all, and answers by ids alone. A batch of documents
is asked side by side and is one checkpoint: what was paid is never paid twice. Offline there is nothing to ask.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from domain.answers import RegionRequest
from domain.documents import Page, PageKey
from domain.drawings import Drawing
from domain.errors import DomainError, ProviderLimited
from domain.events import EventType
from domain.families.analysis.asking import GIVEN_UP, ask_model, is_worth_waiting
from domain.families.analysis.gathering import Found, as_materials, gather_blocks
from domain.families.analysis.replies import CollectReply
from domain.families.analysis.rules_materials import COLLECTED, Chosen
from domain.families.analysis.rules_prompt import shown_block
from domain.families.analysis.rules_register import listed_entries, shown_entry
from domain.families.analysis.rules_sides import NO_SIDE, labelled
from domain.families.analysis.rules_wishes import Places, new_ones, wish_of
from domain.families.analysis.search import find, pointed_at
from domain.families.analysis.types import AnalysisState, AskedDocument, Collected, Wish
from domain.grounding.rules_citations import Source
from domain.ports import UnitOfWork
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

ROLE_WORDS = 12
"""Words of the user's role that say what to look at, beside those of the question. A guess."""


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    """One document as its collector is shown it: blocks, and a register of drawings that may name others. All that may
    be chosen are `sources`."""

    document: AskedDocument
    sources: dict[str, Source]
    shown: frozenset[str]
    drawings: list[dict[str, Any]]


async def collect(ctx: StageContext, state: AnalysisState) -> Next:
    wanted = _wanted(state)
    if ctx.capabilities(ROLE).offline or not wanted:
        return Next(state=state, goto="cover" if state.collected else "crop")
    one_by_one = asyncio.Lock()
    asked = await asyncio.gather(
        *(_collect_from(ctx, state, document, one_by_one) for document in wanted[:SIDE_BY_SIDE])
    )
    done: list[Collected] = [item for item in asked if isinstance(item, Collected)]
    limits = [item for item in asked if isinstance(item, DomainError)]
    if limits and not done:
        raise limits[0]
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


async def _collect_from(
    ctx: StageContext, state: AnalysisState, document: AskedDocument, one_by_one: asyncio.Lock
) -> Collected | DomainError:
    """The first document is asked about while the next ones are still being loaded: side by side, all would be ready
    late."""
    async with one_by_one:
        task = await _task(ctx, state, document)
    if task is None:
        return Collected(document_id=document.id, is_failed=True)
    return await _ask(ctx, state, task)


async def _task(ctx: StageContext, state: AnalysisState, document: AskedDocument) -> _Task | None:
    """Null for a document without any block, or one that is gone."""
    entries, chosen = await asyncio.gather(_entries(ctx, state, document), _blocks(ctx, state, document))
    async with ctx.uow() as uow:
        others = await _named_by(uow, entries, document, chosen)
        bare = msgspec.structs.replace(document, side=NO_SIDE)
        all_blocks = [*chosen, *others]
        materials = await as_materials(uow, all_blocks, {document.id: bare}, {}, state.language)
    sources = {m.ref: Source(material=m, block=item.block) for m, item in zip(materials, all_blocks, strict=True)}
    shown = frozenset(material.ref for material in materials[: len(chosen)])
    if not sources:
        return None
    return _Task(document=document, sources=sources, shown=shown, drawings=_register(entries, sources.values()))


async def _entries(ctx: StageContext, state: AnalysisState, document: AskedDocument) -> list[Drawing]:
    async with ctx.uow() as uow:
        entries = await uow.drawings.candidates(document.id)
    return listed_entries(entries, state.text, state.intent.focus_areas)


async def _blocks(ctx: StageContext, state: AnalysisState, document: AskedDocument) -> list[Chosen]:
    found = await _found(ctx, state, document)
    async with ctx.uow() as uow:
        return await gather_blocks(uow, found, [document], pointed_at(state.question), COLLECTED)


async def _named_by(
    uow: UnitOfWork, entries: Sequence[Drawing], document: AskedDocument, chosen: Sequence[Chosen]
) -> list[Chosen]:
    """The blocks of entries that are not among the chosen ones: they may be asked for, too."""
    named = sorted({entry.block_id for entry in entries} - {item.block.id for item in chosen})
    blocks = await uow.documents.blocks(document.id, block_ids=named) if named else []
    return [Chosen(document_id=document.id, block=block) for block in blocks]


def _register(entries: Sequence[Drawing], sources: Iterable[Source]) -> list[dict[str, Any]]:
    known = {source.block.id: source.material for source in sources}
    named = [(known[entry.block_id], entry) for entry in entries if entry.block_id in known]
    return [shown_entry(material.ref, material.sheet, entry) for material, entry in named]


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
        "focus": [*state.intent.focus_areas, *(state.role.focus[:ROLE_WORDS] if state.role else ())],
        "document": labelled(document.side, document.name),
        "side": document.side,
        "materials": [shown_block(ref, task.sources[ref], state.text) for ref in task.sources if ref in task.shown],
        "drawings": task.drawings,
    }
    try:
        asked = await ask_model(ctx, ROLE, PROMPT, variables, CollectReply, within_s=COLLECT_S)
    except GIVEN_UP as error:
        if isinstance(error, ProviderLimited) and is_worth_waiting(ctx, error):
            return error
        await _tell_failure(ctx, document, error)
        return Collected(document_id=document.id, is_failed=True)
    async with ctx.uow() as uow:
        pages = await uow.documents.pages_on(_pages_of(asked.reply, task))
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
