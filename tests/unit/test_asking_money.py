"""Money in the way to a model: kept before a call is made, counted however it ends, never exceeded by any detour."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from domain.budgets import Budget
from domain.errors import BudgetExceeded, ProviderFailed
from domain.ids import new_id
from domain.jobs import Job
from domain.llm import Chunk, LLMRequest, ThoughtChunk, Usage
from tests.fakes.prompt_store import FakeLLMLog, FakePrompts
from tests.fakes.provider import ScriptedProvider, said, said_json
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from workers.asking import Asker
from workers.models import ModelConfig
from workers.prices import Price


class Reply(msgspec.Struct):
    answer: str


GOOD = Reply(answer="4200")
CHEAP = Price(input_micro_usd=100_000, output_micro_usd=1_000_000)
DEAR = Price(input_micro_usd=10_000_000, output_micro_usd=100_000_000)
PRICES = {"one:a": CHEAP, "two:b": DEAR}
USED = Usage(input_tokens=10, output_tokens=1_000)


class Purse:
    """A month that has so much left, whatever is asked for."""

    def __init__(self, left: int) -> None:
        self.left = left

    async def extend(self, job: Job, reserved_micro_usd: int) -> int | None:
        return min(reserved_micro_usd, self.left)


class Rig:
    def __init__(self, *providers: object, purse: Purse | None = None, budget: Budget | None = None) -> None:
        self.log = FakeLLMLog()
        self.asker = Asker(
            providers=dict(zip(("one", "two"), providers, strict=False)),
            config=ModelConfig(chains={"flash": ("one:a", "two:b")}, prices=PRICES),
            prompts=FakePrompts(a__b="{{question}}", asking__repair="{{fault}} {{reply}}"),
            log=self.log,
            budget=budget or Budget(),
            purse=purse,
        )

    async def ask(self, ctx: FakeStageContext) -> object:
        return await self.asker.ask(ctx, "flash", "a/b", {"question": "Какой расход? " * 10}, Reply)

    @property
    def cost(self) -> int:
        return sum(call.usage.cost_micro_usd for call in self.log.calls)


class Thinking(ScriptedProvider):
    """Thinks aloud, then never says a word; `seen` is what the log holds while it does."""

    def __init__(self, rig: list[Rig], thought: str) -> None:
        super().__init__()
        self._rig, self._thought = rig, thought
        self.seen: list[tuple[int, str | None]] = []

    async def stream(self, request: LLMRequest, *, api_key: str | None = None) -> AsyncIterator[Chunk]:
        self.seen = [(call.usage.cost_micro_usd, call.error) for call in self._rig[0].log.calls]
        if self._thought:
            yield ThoughtChunk(self._thought)
        await asyncio.sleep(60)


@pytest.fixture
def ctx() -> FakeStageContext:
    return FakeStageContext(FakeUnitOfWork(), new_id())


@pytest.mark.parametrize("thought", ["", "Посмотрим на таблицу. " * 40], ids=["silent", "thinking"])
async def test_a_call_is_kept_as_paid_before_it_is_made_and_when_it_is_given_up(
    ctx: FakeStageContext, thought: str
) -> None:
    rigs: list[Rig] = []
    provider = Thinking(rigs, thought)
    rigs.append(Rig(provider))
    task = asyncio.create_task(rigs[0].ask(ctx))
    await asyncio.sleep(0.02)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    [(cost, error)] = provider.seen
    assert cost > 10_000
    assert error == "interrupted"
    [call] = rigs[0].log.calls
    assert call.error == "interrupted"
    assert 0 < call.usage.cost_micro_usd < cost
    assert (call.usage.output_tokens > 100) == bool(thought)
    assert ctx.spent.cost_micro_usd == call.usage.cost_micro_usd


async def test_a_dearer_model_is_not_asked_with_money_for_a_cheap_one(ctx: FakeStageContext) -> None:
    dear = ScriptedProvider()
    rig = Rig(ScriptedProvider([ProviderFailed("down")]), dear, purse=Purse(40_000))

    with pytest.raises(BudgetExceeded, match="cost"):
        await rig.ask(ctx)

    assert dear.requests == []
    assert rig.cost == 0


async def test_a_dearer_model_may_say_no_more_than_the_month_has_left(ctx: FakeStageContext) -> None:
    dear = ScriptedProvider(said_json(GOOD, usage=USED))
    rig = Rig(ScriptedProvider([ProviderFailed("down")]), dear, purse=Purse(250_000))

    await rig.ask(ctx)

    [request] = dear.requests
    assert 1_000 <= request.max_output_tokens <= 2_500
    assert rig.cost <= 250_000


async def test_a_repair_that_the_month_cannot_pay_is_not_made(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said("nonsense", usage=Usage(input_tokens=10, output_tokens=15_000)))
    rig = Rig(provider, purse=Purse(15_500))

    with pytest.raises(BudgetExceeded):
        await rig.ask(ctx)

    assert len(provider.requests) == 1
    assert rig.cost <= 15_500


async def test_many_questions_at_once_and_after_crashes_stay_within_the_month(ctx: FakeStageContext) -> None:
    log, purse, job = FakeLLMLog(), Purse(60_000), ctx.job
    for epoch in range(1, 5):
        run = FakeStageContext(FakeUnitOfWork(), job.user_id)
        run.job = msgspec.structs.replace(job, epoch=epoch)
        rig = Rig(ScriptedProvider(*[said_json(GOOD, usage=USED) for _ in range(20)]), purse=purse)
        rig.log = rig.asker._log = log

        await asyncio.gather(*(rig.ask(run) for _ in range(20)), return_exceptions=True)

    assert 40_000 < rig.cost <= 60_000
