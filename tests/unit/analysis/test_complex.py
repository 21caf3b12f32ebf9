"""Complex mode: a collector per document chooses by ids, the answering model sees the choice made whole."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.answers import AnswerReply, Intent, RegionRequest, ReplyCitation
from domain.chats import Settings
from domain.documents import Block, BlockKind, PageContent
from domain.errors import ProviderFailed, ProviderLimited
from domain.events import EventType
from domain.families.analysis.collect import MAX_DOCUMENTS, SIDE_BY_SIDE, collect
from domain.families.analysis.cover import cover
from domain.families.analysis.replies import CollectReply
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState, Collected
from domain.llm import Capabilities
from domain.stage import Next
from tests.fakes.pages import add_document, page_of
from tests.fakes.provider import said_json
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask, AskModel
from tests.unit.analysis.test_family import offline_asker, run

FLOW = "Расход воздуха установки П1 составляет 4200 м³/ч."
NOTE = "Воздуховоды изолировать плитами толщиной 30 мм."
QUESTION = "Какой расход у П1?"
DRAWING = Block(
    id="DRAW-DRAW-DRA", page_no=1, block_no=9, kind=BlockKind.IMAGE, content="План венткамеры", box=(0.1, 0.5, 0.6, 0.8)
)


@pytest.fixture
def complex_user(uow: FakeUnitOfWork) -> None:
    uow.users.user_settings = Settings(model_profile="complex")


async def searched(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> AnalysisState:
    state = msgspec.structs.replace(ask(QUESTION), text=QUESTION, settings=Settings(model_profile="complex"))
    outcome = await search(FakeStageContext(uow, user_id), state)
    assert isinstance(outcome, Next)
    assert outcome.goto == "collect"
    return outcome.state


def with_drawing(page: PageContent, *links: str) -> PageContent:
    drawing = msgspec.structs.replace(DRAWING, page_no=page.page.page_no, links=links)
    return msgspec.structs.replace(page, blocks=(*page.blocks, drawing))


def id_of(page: PageContent, place: int = 0) -> str:
    return page.blocks[place].id


async def test_the_answering_model_sees_what_the_collectors_chose(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, complex_user: None
) -> None:
    pages = page_of(1, FLOW, NOTE)
    await add_document(uow, user_id, "ОВ.pdf", pages)
    answer = AnswerReply(
        citations=(ReplyCitation(block_id=id_of(pages, 1), quote="толщиной 30 мм"),),
        answer_markdown="Изоляция — плиты толщиной 30 мм [1].",
    )
    ctx = ask_model(
        said_json(Intent()),
        said_json(CollectReply(selected_blocks=(id_of(pages, 1),))),
        said_json(answer),
        images=False,
    )

    finished = await run(ctx, ask(QUESTION))

    assert [asked.prompt for asked in ctx.asks] == ["analysis/classify", "analysis/collect", "analysis/answer"]
    assert [asked.role for asked in ctx.asks[1:]] == ["collect", "pro"]
    assert {shown["block_id"] for shown in ctx.asks[2].variables["materials"]} == {id_of(pages), id_of(pages, 1)}
    assert len(finished.result["answer"]["citations"]) == 1


async def test_ids_that_were_not_shown_are_dropped_and_told_without_them(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    page = with_drawing(page_of(1, FLOW))
    await add_document(uow, user_id, "ОВ.pdf", page)
    reply = CollectReply(
        selected_blocks=(id_of(page), "ZZZZ-ZZZZ-ZZZ"),
        requested_images=("YYYY-YYYY-YYY", DRAWING.id),
        requested_rois=(RegionRequest(block_id=DRAWING.id, sector="A1"),),
    )
    ctx = FakeStageContext(uow, user_id, reply)

    outcome = await collect(ctx, await searched(uow, user_id, ask))

    [collected] = outcome.state.collected
    assert collected.block_ids == (id_of(page),)
    assert [place.block_id for place in collected.places] == [DRAWING.id, DRAWING.id]
    [warning] = ctx.payloads(EventType.WARNING)
    assert (warning["code"], warning["count"]) == ("collected_dropped", 2)
    assert "ZZZZ" not in str(ctx.events) + str(outcome.state.collected)


async def test_each_batch_of_documents_is_a_checkpoint_and_none_is_asked_twice(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    for number in range(SIDE_BY_SIDE + 1):
        await add_document(uow, user_id, f"{number}.pdf", page_of(1, f"Расход П1 {number}"))
    ctx = FakeStageContext(uow, user_id, *[CollectReply(selected_blocks=()) for _ in range(SIDE_BY_SIDE + 1)])

    first = await collect(ctx, await searched(uow, user_id, ask))
    assert isinstance(first, Next)
    second = await collect(ctx, msgspec.json.decode(msgspec.json.encode(first.state), type=AnalysisState))

    assert (first.goto, len(first.state.collected)) == ("collect", SIDE_BY_SIDE)
    assert (second.goto, len(second.state.collected)) == ("cover", SIDE_BY_SIDE + 1)
    assert len({asked.variables["document"] for asked in ctx.asks}) == SIDE_BY_SIDE + 1


async def test_only_the_best_documents_of_a_large_scope_are_collected_from(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    for number in range(MAX_DOCUMENTS + 3):
        await add_document(uow, user_id, f"{number}.pdf", page_of(1, f"Расход П1 {number}"))
    ctx = FakeStageContext(uow, user_id, *[CollectReply(selected_blocks=()) for _ in range(MAX_DOCUMENTS)])
    state, goto = await searched(uow, user_id, ask), "collect"

    while goto == "collect":
        outcome: Any = await collect(ctx, state)
        state, goto = outcome.state, outcome.goto

    assert len(ctx.asks) == MAX_DOCUMENTS


async def test_a_collector_that_fails_leaves_the_searchs_materials_and_says_so(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    first, second = page_of(1, FLOW), page_of(1, f"{FLOW} {NOTE}")
    await add_document(uow, user_id, "a.pdf", first)
    await add_document(uow, user_id, "b.pdf", second)
    state = await searched(uow, user_id, ask)
    either = CollectReply(selected_blocks=(id_of(first), id_of(second)))
    ctx = FakeStageContext(uow, user_id, ProviderFailed("no"), either)

    outcome = await collect(ctx, state)
    covered = await cover(ctx, outcome.state)

    assert ctx.payloads(EventType.WARNING)[0]["code"] == "collection_failed"
    assert [collected.is_failed for collected in outcome.state.collected] == [True, False]
    assert {material.block_id for material in covered.state.materials} == {id_of(first), id_of(second)}


async def test_a_limit_of_the_provider_is_waited_for_and_what_was_paid_is_kept(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    await add_document(uow, user_id, "b.pdf", page_of(1, f"{FLOW} {NOTE}"))
    limit = ProviderLimited("later", retry_after_s=9.0)
    ctx = FakeStageContext(uow, user_id, CollectReply(selected_blocks=()), limit, limit)

    outcome = await collect(ctx, await searched(uow, user_id, ask))
    assert isinstance(outcome, Next)
    with pytest.raises(ProviderLimited):
        await collect(ctx, outcome.state)

    assert (outcome.goto, len(outcome.state.collected)) == ("collect", 1)


async def test_linked_blocks_come_along_both_ways(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    plain = page_of(1, FLOW, NOTE, "Прочее")
    page = with_drawing(plain, id_of(plain, 1))
    document = await add_document(uow, user_id, "ОВ.pdf", page)
    state = msgspec.structs.replace(
        await searched(uow, user_id, ask),
        materials=(),
        collected=(Collected(document_id=document.id, block_ids=(id_of(page, 1),)),),
    )

    outcome = await cover(FakeStageContext(uow, user_id), state)

    assert {material.block_id for material in outcome.state.materials} == {id_of(page, 1), DRAWING.id}
    assert [wish.block_id for wish in outcome.state.wishes if not wish.as_overview] == [DRAWING.id]


async def test_a_chosen_drawing_is_drawn_without_a_visual_question(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, complex_user: None
) -> None:
    page = with_drawing(page_of(1, FLOW))
    await add_document(uow, user_id, "ОВ.pdf", page)
    answer = AnswerReply(
        citations=(ReplyCitation(block_id=id_of(page), quote="4200 м³/ч"),),
        answer_markdown="Расход П1 — 4200 м³/ч [1].",
    )
    collected = CollectReply(selected_blocks=(id_of(page), DRAWING.id))
    ctx = ask_model(said_json(Intent()), said_json(collected), said_json(answer))

    finished = await run(ctx, ask(QUESTION))

    pictures = finished.result["answer"]["pictures"]
    assert [picture["kind"] for picture in pictures] == ["overview", "roi"]
    assert pictures[1]["block_id"] == DRAWING.id
    assert len(ctx.payloads(EventType.EVIDENCE_PICTURE)) == len(pictures)


async def test_nothing_is_collected_offline(uow: FakeUnitOfWork, user_id: UUID, ask: Ask, complex_user: None) -> None:
    await add_document(uow, user_id, "ОВ.pdf", page_of(1, FLOW))
    asker, log = offline_asker()

    finished = await run(FakeStageContext(uow, user_id, asker=asker), ask(QUESTION))

    assert [call.request.purpose for call in log.calls] == ["analysis/classify", "analysis/answer"]
    assert "4200 м³/ч" in finished.result["answer"]["text"]


async def test_a_scope_without_documents_needs_no_collector(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id)
    ctx.can = Capabilities(images=True)

    outcome = await collect(ctx, await searched(uow, user_id, ask))

    assert (outcome.goto, ctx.asks) == ("crop", [])
