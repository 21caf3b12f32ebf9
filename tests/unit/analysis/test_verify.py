"""The stage `verify`."""

from uuid import UUID

import msgspec

from domain.answers import Answer, AnswerReply, ReplyCitation
from domain.events import EventType
from domain.families.analysis.answer import answer
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState
from domain.families.analysis.verify import verify
from domain.stage import Finished
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

FLOW = "Расход воздуха установки П1 составляет 4200 м³/ч."
TEXT = "Расход П1 — 4200 м³/ч [1], мощность — 9 кВт [1]."


async def answered(ctx: FakeStageContext, ask: Ask, *block_ids: str) -> AnalysisState:
    await add_document(ctx.store, ctx.job.user_id, "a.pdf", page_of(1, FLOW))
    state = msgspec.structs.replace(ask("Какой расход у П1?"), text="Какой расход у П1?")
    state = (await search(ctx, state)).state
    citations = tuple(ReplyCitation(block_id=i, quote="") for i in (block_ids or (state.materials[0].ref,)))
    ctx._replies.append(AnswerReply(citations=citations, answer_markdown=TEXT))
    return (await answer(ctx, state)).state


async def test_every_claim_is_marked_with_its_verdict(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id)
    state = await answered(ctx, ask)

    await verify(ctx, state)

    marks = ctx.payloads(EventType.ANSWER_MARKED)
    assert [(TEXT[mark["start"] : mark["end"]], mark["verdict"]) for mark in marks] == [
        ("П1", "found"),
        ("4200 м³/ч", "found"),
        ("9 кВт", "not_found"),
    ]
    assert [mark["claim_id"] for mark in marks] == [1, 2, 3]


async def test_marks_of_dropped_citations_are_marked(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id)
    state = await answered(ctx, ask, "ZZZZ-ZZZZ-ZZZ")

    await verify(ctx, state)

    verdicts = {TEXT[m["start"] : m["end"]]: m["verdict"] for m in ctx.payloads(EventType.ANSWER_MARKED)}
    assert verdicts["[1]"] == "not_found"


async def test_the_job_ends_with_the_whole_answer_stored_once(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id)
    state = await answered(ctx, ask)

    finished = await verify(ctx, state)

    assert isinstance(finished, Finished)
    assert uow.chats.answers == {}
    assert finished.write is not None
    await finished.write(uow)
    [(message_id, stored)] = uow.chats.answers.items()
    assert finished.result["message_id"] == str(message_id)
    assert msgspec.convert(finished.result["answer"], Answer) == stored
    assert finished.text == stored.text == TEXT
    assert len(stored.claims) == 3


async def test_the_completed_text_is_told_before_the_marks(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id)
    state = await answered(ctx, ask)

    await verify(ctx, state)

    kinds = [kind for kind, _ in ctx.events if kind in (EventType.ANSWER_COMPLETED, EventType.ANSWER_MARKED)]
    assert kinds[0] is EventType.ANSWER_COMPLETED
    assert ctx.payloads(EventType.ANSWER_COMPLETED) == [{"text": TEXT, "model": "fake:model", "offline": False}]


async def test_running_again_after_a_crash_marks_nothing_twice(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id)
    state = await answered(ctx, ask)

    await verify(ctx, state)
    await verify(ctx, state)

    assert len(ctx.snapshot().marks) == 3


async def test_the_servers_own_notes_are_not_checked(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id)
    state = ask("?")
    stored = Answer(text="Ответ.\n\nНе прочитан: «План 12.pdf» — файл повреждён.")

    await verify(ctx, msgspec.structs.replace(state, answer=stored, checked_chars=6))

    assert ctx.payloads(EventType.ANSWER_MARKED) == []
