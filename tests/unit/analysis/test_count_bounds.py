"""What keeps a count within its state, its budget and its time, and never more than it proves."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.answers import AnswerReply, Claim, Intent, ReplyCitation, Verdict
from domain.budgets import Budget
from domain.chats import Scope
from domain.counting.types import ShapeMatch, ShapesFound
from domain.documents import Page, PageContent
from domain.errors import ProviderRefused
from domain.events import EventType
from domain.evidence import Region
from domain.families.analysis import count as count_stage
from domain.families.analysis.counting_tiles import TileBox, TileReply
from domain.families.analysis.rules_tally_sources import as_counted, source_of
from domain.families.analysis.rules_tally_wording import mentions_line
from domain.families.analysis.tallies import MAX_ALL_PAGES, MAX_PAGES, Method, Tally, TallyPage, few_pages
from domain.ids import new_id
from domain.llm import Usage
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask
from tests.unit.analysis.test_count import plan
from tests.unit.analysis.test_count_drawn import COUNTING, FakeDrawings, in_share, pointing, seeing, sheet
from tests.unit.analysis.test_family import run

UNKNOWN = AnswerReply(answer_markdown="Неизвестно.")


def tally_of(pages: int, *, total: int | None = 1) -> Tally:
    document_id = new_id()
    return Tally(
        target="двери",
        method=Method.TILES,
        total=total,
        statement="двери: итога нет. Просмотрено 4 из 12 изображений, покрывающих лист.",
        pages=tuple(
            TallyPage(document_id=document_id, document_name="АР.pdf", page_no=n, sheet=f"стр. {n}", count=1)
            for n in range(1, pages + 1)
        ),
    )


def test_all_counts_together_keep_few_pages() -> None:
    room, kept = MAX_ALL_PAGES, list[int]()
    for _ in range(12):
        tally, room = few_pages(tally_of(1_000), room)
        kept.append(len(tally.pages))

    assert kept == [MAX_PAGES] * 4 + [1] * 8


async def test_a_mark_on_a_thousand_pages_leaves_a_state_that_fits(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    words = page_of(1, "Д-1").words
    pages = [PageContent(page=Page(page_no=n, width_pt=595, height_pt=842), words=words) for n in range(1, 1_001)]
    document = await add_document(uow, user_id, "АР.pdf", page_of(1, "Д-1"), *pages[1:])
    ctx = FakeStageContext(uow, user_id, Intent(), UNKNOWN)

    finished = await run(ctx, ask("Сколько Д-1?", scope=Scope(document_ids=(document.id,))))

    assert "Д-1: на чертежах 1000" in finished.result["answer"]["text"]


async def test_a_count_cited_again_has_its_boxes_in_the_answer(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    words = page_of(1, *["D-1 " * 20] * 60).words
    page = PageContent(page=Page(page_no=1, width_pt=595, height_pt=842), words=words)
    document = await add_document(uow, user_id, "АР.pdf", page)
    reply = AnswerReply(
        citations=(ReplyCitation(block_id="C1"),) * 20,
        answer_markdown="There are 1200 marks D-1 [1]. Again, 1200 marks D-1 [20].",
    )
    ctx = FakeStageContext(uow, user_id, Intent(), reply)

    finished = await run(ctx, ask("How many D-1 are there?", scope=Scope(document_ids=(document.id,))))

    assert {len(citation["boxes"]) for citation in finished.result["answer"]["citations"]} == {1_200}


async def test_a_count_that_takes_too_long_does_not_cost_the_answer(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: Any) -> list[Tally]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(count_stage, "COUNT_S", 0.01)
    monkeypatch.setattr(count_stage, "count_text", hang)
    document = await add_document(uow, user_id, "АР.pdf", plan(1, "Д-1"))
    ctx = FakeStageContext(uow, user_id, Intent(), UNKNOWN)

    finished = await run(ctx, ask("Сколько Д-1?", scope=Scope(document_ids=(document.id,))))

    assert "Неизвестно." in finished.result["answer"]["text"]
    assert "count_unfinished" in [warning["code"] for warning in ctx.payloads(EventType.WARNING)]


async def test_a_count_survives_a_model_that_refuses_to_answer(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(uow, user_id, "АР.pdf", plan(1, "Д-1", "Д-1"))
    ctx = FakeStageContext(uow, user_id, Intent(), ProviderRefused("no"))

    finished = await run(ctx, ask("Сколько Д-1?", scope=Scope(document_ids=(document.id,))))

    assert "Подсчёт сервера:\n\nД-1: на чертежах 2" in finished.result["answer"]["text"]


async def test_parts_are_not_asked_about_with_the_calls_that_the_answer_needs(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet())
    ctx = seeing(FakeStageContext(uow, user_id, COUNTING, UNKNOWN))
    ctx.spent = Usage(calls=Budget().calls - 9)

    finished = await run(ctx, ask("Сколько дверей на плане?", scope=Scope(document_ids=(document.id,))))

    assert "итога нет. Просмотрено 0 из" in finished.result["answer"]["text"]
    assert "analysis/count_tile" not in [asked.prompt for asked in ctx.asks]


async def test_boxes_beyond_the_room_of_the_state_end_the_count(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet())
    many = TileReply(boxes=tuple(TileBox(x0=n, y0=0, x1=n + 1, y1=1) for n in range(700)))
    ctx = seeing(FakeStageContext(uow, user_id, COUNTING, *[many] * 4, UNKNOWN))

    finished = await run(ctx, ask("Сколько дверей на плане?", scope=Scope(document_ids=(document.id,))))

    assert "итога нет. Просмотрено 4 из" in finished.result["answer"]["text"]


def test_numbers_of_a_count_without_a_total_prove_nothing() -> None:
    claim = Claim(claim_id="1", start=0, end=2, text="12", kind="value", verdict=Verdict.FOUND, citation_number=1)

    verdicts = []
    for total in (None, 12):
        tally = tally_of(1, total=total)
        [settled] = as_counted([claim], {1: source_of(tally, tally.pages[0])})
        verdicts.append(settled.verdict)

    assert verdicts == [Verdict.AMBIGUOUS, Verdict.COUNTED]


async def test_a_symbol_is_said_to_be_searched_for_in_its_own_document_alone(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    documents = [await add_document(uow, user_id, name, sheet()) for name in ("ЭМ.pdf", "ЭО.pdf")]
    box = (100.0, 100.0, 130.0, 130.0)
    ctx = FakeStageContext(uow, user_id, Intent(), UNKNOWN)
    ctx.reader = FakeDrawings(ShapesFound(matches=(ShapeMatch(box=box, angle=0, scale=1, is_mirrored=False, score=1),)))
    region = Region(document_id=documents[0].id, page_no=1, box=in_share(box))
    scope = Scope(document_ids=tuple(document.id for document in documents))

    finished = await run(ctx, pointing(ask("Сколько таких знаков?", scope=scope), region))

    assert "остальные выбранные документы (1)" in finished.result["answer"]["text"]


async def test_no_distance_is_told_between_two_documents(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    documents = [await add_document(uow, user_id, name, sheet(stamp={"scale": "1:100"})) for name in ("А.pdf", "Б.pdf")]
    ctx = FakeStageContext(uow, user_id, Intent(), UNKNOWN)
    ctx.reader = FakeDrawings(ShapesFound())
    regions = [Region(document_id=document.id, page_no=1, box=(0.1, 0.1, 0.2, 0.2)) for document in documents]
    scope = Scope(document_ids=tuple(document.id for document in documents))

    finished = await run(ctx, pointing(ask("Какое расстояние между ними?", scope=scope), *regions))

    assert "Расстояние между серединами" not in finished.result["answer"]["text"]


def test_russian_counts_times_as_russians_do() -> None:
    told = [mentions_line("бетон", count, [], "ru").split(" (")[0].split()[-2:] for count in (1, 2, 12, 22)]

    assert told == [["1", "раз"], ["2", "раза"], ["12", "раз"], ["22", "раза"]]


async def test_a_part_of_a_small_sheet_is_never_the_whole(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet())
    ctx = seeing(FakeStageContext(uow, user_id, COUNTING, TileReply(), TileReply(), UNKNOWN))
    ctx.can = msgspec.structs.replace(ctx.can, picture_sides_px=(9_000, 9_000, 9_000))

    await run(ctx, ask("Сколько дверей на плане?", scope=Scope(document_ids=(document.id,))))

    assert [asked.prompt for asked in ctx.asks].count("analysis/count_tile") == 2
