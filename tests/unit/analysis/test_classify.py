"""The stage `classify`."""

from uuid import UUID

import msgspec
import pytest

from domain.answers import Intent
from domain.chats import Message, Role
from domain.errors import BudgetExceeded, ProviderFailed, ProviderRefused, ReplyInvalid
from domain.events import EventType
from domain.families.analysis.classify import classify
from domain.ids import new_id
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

INTENT = Intent(intent_type="mixed", search_queries=("расход воздуха",), focus_areas=("расход",))


async def test_the_intent_and_the_language_are_kept(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id, INTENT)

    outcome = await classify(ctx, ask("Какой расход у П1?"))

    assert (outcome.state.text, outcome.state.language, outcome.state.intent) == ("Какой расход у П1?", "ru", INTENT)
    [asked] = ctx.asks
    assert (asked.role, asked.prompt, asked.schema) == ("classify", "analysis/classify", Intent)
    assert asked.variables == {"question": "Какой расход у П1?", "history": []}


async def test_earlier_messages_are_sent_along(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = ask("А у П2?")
    chat_id = state.question.chat_id
    uow.chats.messages.insert(0, Message(id=new_id(), chat_id=chat_id, role=Role.USER, content="Какой расход у П1?"))
    ctx = FakeStageContext(uow, user_id, INTENT)

    await classify(ctx, state)

    assert ctx.asks[0].variables["history"] == [{"role": "user", "content": "Какой расход у П1?"}]


@pytest.mark.parametrize("error", [ProviderRefused(), ReplyInvalid(), BudgetExceeded()], ids=lambda e: e.code)
async def test_a_failed_classification_is_told_and_does_not_fail_the_job(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, error: Exception
) -> None:
    ctx = FakeStageContext(uow, user_id, error)

    outcome = await classify(ctx, ask("What is the flow of P1?"))

    assert outcome.state.intent.intent_type == "general_analysis"
    assert outcome.state.language == "en"
    assert [payload["code"] for payload in ctx.payloads(EventType.WARNING)] == ["classification_failed"]


async def test_a_passing_fault_is_left_to_the_engines_retry(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = FakeStageContext(uow, user_id, ProviderFailed("503"))

    with pytest.raises(ProviderFailed):
        await classify(ctx, ask("Вопрос"))


async def test_on_the_last_attempt_a_passing_fault_is_survived_too(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = FakeStageContext(uow, user_id, ProviderFailed("503"))
    ctx.job = msgspec.structs.replace(ctx.job, attempt=ctx.job.max_attempts)

    outcome = await classify(ctx, ask("Вопрос"))

    assert outcome.state.text == "Вопрос"
