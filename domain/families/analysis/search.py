"""Stage `search`: which documents are asked, and which of their blocks the model is shown."""

import asyncio
from collections.abc import Sequence
from itertools import chain
from uuid import UUID

import msgspec

from domain.chats import Question
from domain.documents import Document, DocumentStatus, Hit
from domain.events import EventType
from domain.evidence import Region
from domain.families.analysis.gathering import Found, gather
from domain.families.analysis.rerank import rerank
from domain.families.analysis.rules_materials import SIDE, SIMPLE, Limits, Ranking, fuse
from domain.families.analysis.rules_modes import Mode, mode_of
from domain.families.analysis.rules_sides import NO_SIDE, SIDES, sides_of
from domain.families.analysis.types import AnalysisState, AskedDocument, Material, UnreadDocument
from domain.ports import SearchIndex, UnitOfWork
from domain.stage import Next, StageContext, Wait
from domain.waiting import is_unrecognised, reason_of

BLOCK_LIMIT = 30
PAGE_LIMIT = 8
MAX_QUERIES = 4
QUERY_WEIGHT = 0.5
"""Weight of a query the model thought of, against the question's own words. A guess."""

MAX_EVIDENCE = 20


async def search(ctx: StageContext, state: AnalysisState) -> Next | Wait:
    async with ctx.uow() as uow:
        documents, lost = await _scope(uow, ctx.job.user_id, state)
    awaited = [document for document in documents if document.is_awaited]
    if awaited:
        return Wait(state=state, document_ids=tuple(d.id for d in awaited), reason=reason_of(awaited))
    ready = [document for document in documents if document.status is DocumentStatus.READY]
    sides = _sides(state)
    by_side = {side: [d for d in ready if sides.get(d.id, NO_SIDE) == side] for side in (*SIDES, NO_SIDE)}
    limits = SIDE if sides else SIMPLE
    found = await asyncio.gather(
        *(_search_side(ctx, state, of_side, side, limits=limits) for side, of_side in by_side.items() if of_side)
    )
    materials = list(chain.from_iterable(found))
    await _tell(ctx, materials)
    return Next(
        state=msgspec.structs.replace(
            state,
            documents=tuple(_asked(document, sides.get(document.id, NO_SIDE)) for document in ready),
            unread=tuple(_unread(d) for d in documents if d.status is DocumentStatus.FAILED or is_unrecognised(d)),
            lost_documents=lost,
            materials=tuple(materials),
        ),
        goto=_AFTER[mode_of(state.question, state.settings)],
    )


_AFTER = {Mode.SIMPLE: "crop", Mode.COMPLEX: "collect", Mode.COMPARE: "differ"}


async def _search_side(
    ctx: StageContext, state: AnalysisState, documents: Sequence[Document], side: str, *, limits: Limits
) -> list[Material]:
    found = await find(ctx.search, state, [document.id for document in documents])
    # In complex mode a model reads far more than the best blocks anyway, and picks for itself.
    if mode_of(state.question, state.settings) is not Mode.COMPLEX:
        found = await rerank(ctx, state.text, found, documents)
    materials, _ = await asyncio.gather(
        _gathered(ctx, state, found, documents, side, limits),
        ctx.progress(0.5, "Собираю найденное", "Gathering what was found"),
    )
    return materials


async def _gathered(
    ctx: StageContext, state: AnalysisState, found: Found, documents: Sequence[Document], side: str, limits: Limits
) -> list[Material]:
    async with ctx.uow() as uow:
        return await gather(uow, found, documents, pointed_at(state.question), state.language, limits=limits, side=side)


def _sides(state: AnalysisState) -> dict[UUID, str]:
    """Empty unless two sets are compared."""
    scope = state.question.scope
    if scope is None or mode_of(state.question, state.settings) is not Mode.COMPARE:
        return {}
    return sides_of(scope.compare_document_ids_a, scope.compare_document_ids_b)


def _asked(document: Document, side: str) -> AskedDocument:
    return AskedDocument(
        id=document.id,
        name=document.name,
        page_count=document.page_count,
        has_file=document.sha256 is not None,
        side=side,
    )


async def _scope(uow: UnitOfWork, user_id: UUID, state: AnalysisState) -> tuple[list[Document], int]:
    """The documents the question is about, and how many named ones are gone or foreign.

    The two sets of a comparison; else those of the message, else of the chat, else all visible ones. What the user
    points at counts as named.
    """
    question = state.question
    named = tuple(_sides(state)) or (question.scope.document_ids if question.scope else None)
    if not named:
        named = (await uow.chats.get(question.chat_id, user_id=user_id)).document_ids
    if not named:
        return await uow.documents.readable(user_id, await uow.documents.visible_ids(user_id)), 0
    asked = list(dict.fromkeys([*named, *(region.document_id for region in pointed_at(question))]))
    documents = await uow.documents.readable(user_id, asked)
    return documents, len(asked) - len(documents)


def pointed_at(question: Question) -> list[Region]:
    """The places that came with the message; a pasted picture is a document of one page."""
    pasted = [Region(document_id=document_id, page_no=1) for document_id in question.picture_document_ids]
    return [*question.regions, *pasted]


async def find(index: SearchIndex, state: AnalysisState, document_ids: list[UUID]) -> Found:
    if not document_ids:
        return Found()
    queries = [(state.text, 1.0)]
    queries += [(query, QUERY_WEIGHT) for query in state.intent.search_queries[:MAX_QUERIES] if query.strip()]
    found = await asyncio.gather(
        *(index.search_levels(query, document_ids, blocks=BLOCK_LIMIT, pages=PAGE_LIMIT) for query, _ in queries)
    )
    weights = [weight for _, weight in queries]
    blocks = [Ranking(hits=hits, weight=weight) for (hits, _), weight in zip(found, weights, strict=True)]
    pages = [Ranking(hits=hits, weight=weight) for (_, hits), weight in zip(found, weights, strict=True)]
    block_scores, page_scores = fuse(blocks, pages)
    return Found(blocks=block_scores, pages=page_scores, snippets=_snippets(blocks))


def _snippets(rankings: Sequence[Ranking]) -> dict[tuple[UUID, int, str], str]:
    """The snippet of the first ranking that holds a block: the question's own before those of further queries."""
    snippets: dict[tuple[UUID, int, str], str] = {}
    for hit in _block_hits(rankings):
        snippets.setdefault((hit.document_id, hit.page_no, hit.block_id or ""), hit.snippet)
    return snippets


def _block_hits(rankings: Sequence[Ranking]) -> list[Hit]:
    return [hit for ranking in rankings for hit in ranking.hits]


async def _tell(ctx: StageContext, materials: Sequence[Material]) -> None:
    """The evidence found by the search, best first. Neighbours and openings are not evidence."""
    best = sorted((m for m in materials if m.score > 0), key=lambda material: -material.score)[:MAX_EVIDENCE]
    if not best:
        return
    items = [
        {
            "document_id": str(material.document_id),
            "document_name": material.document_name,
            "page_no": material.page_no,
            "sheet": material.sheet,
            "block_id": material.block_id,
            "snippet": material.snippet,
        }
        for material in best
    ]
    await ctx.emit(EventType.EVIDENCE_FOUND, {"items": items})


def _unread(document: Document) -> UnreadDocument:
    if is_unrecognised(document):
        recognition = document.recognition
        return UnreadDocument(
            id=document.id,
            name=document.name,
            pages_without_text=recognition.pages_left,
            reason_ru=recognition.error_ru or "распознать их не удалось",
            reason_en=recognition.error_en or "they could not be recognised",
        )
    return UnreadDocument(
        id=document.id,
        name=document.name,
        reason_ru=document.error_ru or "файл не удалось прочитать",
        reason_en=document.error_en or "the file could not be read",
    )
