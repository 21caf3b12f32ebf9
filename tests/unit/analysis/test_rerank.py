"""Re-ranking: what the model is shown, what its order does, and that nothing of it can spoil a search."""

import asyncio
from uuid import UUID

import pytest

from domain.budgets import Budget
from domain.documents import Document
from domain.errors import BudgetExceeded, ProviderFailed, ProviderLimited, ReplyInvalid
from domain.families.analysis.gathering import Found
from domain.families.analysis.rerank import CANDIDATES, RERANK_PROMPT, Reranked, reordered, rerank
from domain.llm import Capabilities
from storage.prompts import FilePrompts
from tests.fakes.pages import add_document, page_of
from tests.fakes.prompt_store import FakeLLMLog
from tests.fakes.provider import ScriptedProvider, said, said_json
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import PROMPTS
from workers.asking import Asker
from workers.models import ModelConfig

ONE = UUID(int=1)
A, B, C = (ONE, 1, "a"), (ONE, 2, "b"), (ONE, 3, "c")
FOUND = Found(blocks={A: 3.0, B: 2.0, C: 1.0}, snippets={A: "первый", B: "второй", C: "третий"})


@pytest.fixture
async def documents(uow: FakeUnitOfWork, user_id: UUID) -> list[Document]:
    return [await add_document(uow, user_id, "план.pdf", page_of(1, "текст"))]


def context(uow: FakeUnitOfWork, user_id: UUID, *replies: Reranked | Exception) -> FakeStageContext:
    ctx = FakeStageContext(uow, user_id, *replies)
    ctx.roles = {"rerank"}
    return ctx


def best_first(found: Found) -> list[str]:
    return [key[2] for key in sorted(found.blocks, key=lambda key: -found.blocks[key])]


async def test_the_order_of_the_model_counts(uow: FakeUnitOfWork, user_id: UUID, documents: list[Document]) -> None:
    ctx = context(uow, user_id, Reranked(ids=("E3", "E1")))

    found = await rerank(ctx, "Какой расход?", FOUND, documents)

    assert best_first(found) == ["c", "a", "b"]
    assert sorted(found.blocks.values()) == [1.0, 2.0, 3.0]


async def test_the_model_sees_short_ids_and_excerpts_and_no_ids_of_ours(
    uow: FakeUnitOfWork, user_id: UUID, documents: list[Document]
) -> None:
    ctx = context(uow, user_id, Reranked())

    await rerank(ctx, "Какой расход?", FOUND, documents)

    asked = ctx.asks[0]
    assert (asked.role, asked.prompt, asked.variables["question"]) == ("rerank", RERANK_PROMPT, "Какой расход?")
    assert asked.variables["excerpts"][0] == {"id": "E1", "document": "", "page": 1, "text": "первый"}


async def test_unknown_and_repeated_ids_are_dropped(
    uow: FakeUnitOfWork, user_id: UUID, documents: list[Document]
) -> None:
    ctx = context(uow, user_id, Reranked(ids=("E9", "E2", "b", "E2", "")))

    assert best_first(await rerank(ctx, "?", FOUND, documents)) == ["b", "a", "c"]


@pytest.mark.parametrize(
    "failure",
    [ProviderFailed(), ProviderLimited(), ReplyInvalid(), BudgetExceeded()],
    ids=lambda failure: failure.code,
)
async def test_a_failure_leaves_the_order(
    uow: FakeUnitOfWork, user_id: UUID, documents: list[Document], failure: Exception
) -> None:
    assert await rerank(context(uow, user_id, failure), "?", FOUND, documents) == FOUND


async def test_a_late_reply_leaves_the_order(uow: FakeUnitOfWork, user_id: UUID, documents: list[Document]) -> None:
    ctx = context(uow, user_id)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    ctx.ask = never

    assert await rerank(ctx, "?", FOUND, documents, patience_s=0.01) == FOUND


async def test_nothing_is_asked_unless_a_model_is_configured_for_it(
    uow: FakeUnitOfWork, user_id: UUID, documents: list[Document]
) -> None:
    ctx = FakeStageContext(uow, user_id)
    ctx.can = Capabilities(images=True)

    assert await rerank(ctx, "?", FOUND, documents) == FOUND
    assert ctx.asks == []


def test_what_was_not_shown_keeps_its_place() -> None:
    scores = {(ONE, number, "x"): 1.0 / number for number in range(1, CANDIDATES + 5)}
    best = list(scores)[:CANDIDATES]

    again = reordered(scores, best, best[::-1])

    assert list(again)[CANDIDATES:] == list(scores)[CANDIDATES:]
    assert [again[key] for key in list(scores)[CANDIDATES:]] == list(scores.values())[CANDIDATES:]
    assert [again[key] for key in best[::-1]] == [scores[key] for key in best]


def asker_of(provider: ScriptedProvider, *roles: str, log: FakeLLMLog | None = None) -> Asker:
    return Asker(
        providers={"fake": provider},
        config=ModelConfig(chains=dict.fromkeys(roles, ("fake:model",))),
        prompts=FilePrompts(PROMPTS),
        log=log or FakeLLMLog(),
        budget=Budget(),
    )


async def test_the_call_is_strict_json_and_is_paid_by_the_job(
    uow: FakeUnitOfWork, user_id: UUID, documents: list[Document]
) -> None:
    provider = ScriptedProvider(said_json(Reranked(ids=("E2",))))
    ctx = FakeStageContext(uow, user_id, asker=asker_of(provider, "flash", "rerank"))

    found = await rerank(ctx, "Какой расход?", FOUND, documents)

    request = provider.requests[0]
    assert best_first(found) == ["b", "a", "c"]
    assert request.schema is not None
    assert request.purpose == RERANK_PROMPT
    assert request.temperature == 0.0
    assert ctx.spent.calls == 1


async def test_a_reply_that_stays_broken_leaves_the_order(
    uow: FakeUnitOfWork, user_id: UUID, documents: list[Document]
) -> None:
    provider = ScriptedProvider(said("E2, E1"), said("E2, E1"))
    ctx = FakeStageContext(uow, user_id, asker=asker_of(provider, "flash", "rerank"))

    assert await rerank(ctx, "?", FOUND, documents) == FOUND


@pytest.mark.parametrize(
    ("roles", "offline", "wanted"),
    [(("flash",), False, False), (("flash", "rerank"), False, True), (("flash", "rerank"), True, False)],
    ids=["flash stands in for others", "own models", "no model at all"],
)
def test_only_models_of_its_own_are_asked(
    uow: FakeUnitOfWork, user_id: UUID, roles: tuple[str, ...], offline: bool, wanted: bool
) -> None:
    asker = asker_of(ScriptedProvider(capabilities=Capabilities(offline=offline)), *roles)

    assert FakeStageContext(uow, user_id, asker=asker).has_models("rerank") is wanted
