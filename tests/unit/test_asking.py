"""The way to a model: what is sent, what comes back, what is logged, and how it fails."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
import pytest

from domain.budgets import Budget
from domain.chats import Settings
from domain.errors import (
    BudgetExceeded,
    InvalidInput,
    ModelUnavailable,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
    ReplyInvalid,
)
from domain.events import EventType
from domain.ids import new_id
from domain.llm import (
    Capabilities,
    Chunk,
    EndChunk,
    ImagePart,
    LLMRequest,
    TextChunk,
    TextPart,
    ThoughtChunk,
    Usage,
    UsageChunk,
)
from domain.stage import Asked
from storage.llm_log import logged_request
from tests.fakes.prompt_store import FakeLLMLog, FakePrompts
from tests.fakes.provider import ScriptedProvider, said, said_json
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from workers.asking import Asker
from workers.limiting import Ticket, Unlimited
from workers.models import ModelConfig, Price

PROMPT = "Rules for {{name}}.\n<!-- user -->\nQuestion: {{question}} {{items}}"
REPAIR = "Wrong: {{fault}}. You said {{reply}}"
VARIABLES = {"name": "П1", "question": "Какой расход?", "items": ["a", {"b": 1}]}
IMAGE = ImagePart(digest="ab", mime_type="image/png", label="A")


class Reply(msgspec.Struct):
    sources: list[str]
    answer: Annotated[str, msgspec.Meta(min_length=1)]


GOOD = Reply(sources=["x"], answer="Расход 4200 м³/ч.")


@pytest.fixture
def ctx() -> FakeStageContext:
    context = FakeStageContext(FakeUnitOfWork(), new_id())
    context.teller.stage = "answer"
    return context


class FakeUserKeys:
    """The same keys for everybody."""

    def __init__(self, keys: dict[str, str]) -> None:
        self._keys = keys

    async def keys_of(self, user_id: UUID) -> dict[str, str]:
        return self._keys


class FakeLimiter(Unlimited):
    """Remembers who came in and what was said on leaving; `limited` are models that have to wait a minute."""

    def __init__(self) -> None:
        self.entered: list[tuple[str, str]] = []
        self.left: list[tuple[str, int, float | None]] = []
        self.limited: set[str] = set()

    async def enter(self, model: str, owner: str, tokens: int) -> Ticket:
        if model in self.limited:
            raise ProviderLimited("limit", retry_after_s=60.0)
        self.entered.append((model, owner))
        return await super().enter(model, owner, tokens)

    async def leave(self, ticket: Ticket, tokens: int, *, pause_s: float | None = None) -> None:
        self.left.append((ticket.account, tokens, pause_s))


class Rig:
    """An asker over scripted providers `one` and `two`, asked in this order."""

    def __init__(
        self,
        *providers: ScriptedProvider,
        budget: Budget | None = None,
        prices: dict[str, Price] | None = None,
        keys: dict[str, str] | None = None,
        prompt: str = PROMPT,
    ):
        names = ("one", "two")
        self.log = FakeLLMLog()
        self.limiter = FakeLimiter()
        self.asker = Asker(
            providers=dict(zip(names, providers, strict=False)),
            config=ModelConfig(chains={"flash": ("one:a", "two:b")}, prices=prices or {}),
            prompts=FakePrompts(analysis__answer=prompt, asking__repair=REPAIR),
            log=self.log,
            budget=budget or Budget(),
            keys=FakeUserKeys(keys or {}),
            limiter=self.limiter,
        )

    async def ask(self, ctx: FakeStageContext, *, stream: bool = True, parts: tuple[ImagePart, ...] = ()) -> Asked:
        return await self.asker.ask(
            ctx,
            "flash",
            "analysis/answer",
            VARIABLES,
            Reply,
            parts=parts,
            stream_field="answer" if stream else None,
        )


async def test_what_stays_the_same_is_a_part_of_its_own_and_the_logged_request_is_whole(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said_json(GOOD))
    text = "Rules for {{name}}.\n<!-- user -->\nItems: {{items}}\n<!-- turn -->\nQuestion: {{question}}"
    rig = Rig(provider, prompt=text)

    await rig.ask(ctx)

    [request] = provider.requests
    stable, turn = (part.text for part in request.parts if isinstance(part, TextPart))
    assert (stable[:6], turn[:9]) == ("Items:", "Question:")
    assert (request.stable_parts, request.owner) == (1, str(ctx.job.user_id))
    logged = logged_request(rig.log.calls[0].request)
    assert [part["text"] for part in logged["parts"]] == [stable, turn]
    assert not logged.keys() & {"stable_parts", "owner"}


async def test_the_reply_is_validated_and_its_text_streamed(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider(said_json(GOOD, pieces=9)))

    asked = await rig.ask(ctx)

    assert asked.reply == GOOD
    assert (asked.model, asked.offline) == ("one:a", False)
    assert ctx.snapshot().answer == GOOD.answer
    assert len(ctx.payloads(EventType.ANSWER_DELTA)) > 2


async def test_the_rendered_prompt_is_sent_in_two_parts_with_values_as_json(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said_json(GOOD))

    await Rig(provider).ask(ctx)

    [request] = provider.requests
    assert request.system == "Rules for П1."
    assert request.parts == (TextPart('Question: Какой расход? [\n"a",\n{"b":1}\n]'),)
    assert (request.model, request.purpose, request.variables) == ("one:a", "analysis/answer", VARIABLES)
    assert request.schema is not None
    assert list(request.schema["properties"]) == ["sources", "answer"]


@pytest.mark.parametrize(
    ("settings", "thinking", "expected"),
    [
        (Settings(temperature=0.3, top_p=0.5, media_resolution="low"), False, (0.3, 0.5, "low", None)),
        (Settings(thinking_enabled=True, thinking_budget=0), True, (1.0, 0.95, "high", None)),
        (Settings(thinking_enabled=True, thinking_budget=512), True, (1.0, 0.95, "high", 512)),
        (Settings(thinking_enabled=False, thinking_budget=512), True, (1.0, 0.95, "high", 0)),
    ],
    ids=["sampling", "thinking_is_the_models_choice", "thinking_within_a_budget", "no_thinking"],
)
async def test_the_users_settings_are_applied(
    ctx: FakeStageContext, settings: Settings, thinking: bool, expected: tuple[object, ...]
) -> None:
    ctx.store.users.user_settings = settings
    provider = ScriptedProvider(said_json(GOOD), capabilities=Capabilities(thinking=thinking))

    await Rig(provider).ask(ctx)

    [request] = provider.requests
    assert (request.temperature, request.top_p, request.media_resolution, request.thinking_budget) == expected


async def test_a_model_without_json_schema_gets_the_schema_in_words(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said_json(GOOD), capabilities=Capabilities(json_schema=False))

    await Rig(provider).ask(ctx)

    [request] = provider.requests
    assert request.schema is None
    assert '"additionalProperties":false' in request.system


async def test_every_call_leaves_one_row_with_its_cost(ctx: FakeStageContext) -> None:
    prices = {"one:a": Price(input_micro_usd=1_000_000, output_micro_usd=2_000_000)}
    rig = Rig(ScriptedProvider(said_json(GOOD, usage=Usage(input_tokens=100, output_tokens=50))), prices=prices)

    asked = await rig.ask(ctx)

    [row] = rig.log.calls
    assert row.usage == Usage(input_tokens=100, output_tokens=50, cost_micro_usd=200, calls=1)
    assert (row.job_id, row.user_id, row.stage, row.role) == (ctx.job.id, ctx.job.user_id, "answer", "flash")
    assert (row.prompt_version, row.error, row.is_repair) == ("1", None, False)
    assert msgspec.json.decode(row.response, type=Reply) == GOOD
    assert asked.usage == row.usage == ctx.spent


async def test_thoughts_are_told_apart_from_the_answer(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider([ThoughtChunk("Сначала таблица."), *said_json(GOOD)]))

    await rig.ask(ctx)

    assert ctx.snapshot().thinking == "Сначала таблица."
    assert ctx.snapshot().answer == GOOD.answer


async def test_a_reply_in_a_code_fence_is_understood(ctx: FakeStageContext) -> None:
    fenced = f"```json\n{msgspec.json.encode(GOOD).decode()}\n```"

    asked = await Rig(ScriptedProvider(said(fenced, pieces=4))).ask(ctx)

    assert asked.reply == GOOD


async def test_an_invalid_reply_is_repaired_once_and_told_anew(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said('{"answer": "Половина", "sources": 1}'), said_json(GOOD))
    rig = Rig(provider)

    asked = await rig.ask(ctx)

    assert asked.reply == GOOD
    repair = provider.requests[1].parts[-1]
    assert isinstance(repair, TextPart)
    assert "$.sources" in repair.text
    assert "Половина" in repair.text
    assert [payload["reason"] for payload in ctx.payloads(EventType.ANSWER_RESET)] == ["repair"]
    assert ctx.snapshot().answer == GOOD.answer
    assert [(row.error, row.is_repair) for row in rig.log.calls] == [("reply_invalid", False), (None, True)]


@pytest.mark.parametrize(
    "script",
    [said("I cannot answer."), said('{"sources": [], "answer": "  "}'), said('{"sources": [], "answer": ""}')],
    ids=["no_json", "blank_answer", "empty_answer"],
)
async def test_a_reply_that_stays_unusable_is_a_typed_failure(ctx: FakeStageContext, script: list[Chunk]) -> None:
    rig = Rig(ScriptedProvider(script, script), ScriptedProvider())

    with pytest.raises(ReplyInvalid):
        await rig.ask(ctx)

    assert [row.error for row in rig.log.calls] == ["reply_invalid", "reply_invalid"]


async def test_a_reply_cut_at_the_length_limit_is_repaired(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said('{"sources": [], "answer": "Расх', finish_reason="length"), said_json(GOOD))

    asked = await Rig(provider).ask(ctx)

    assert asked.reply == GOOD


async def test_a_blocked_reply_is_a_refusal(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider(said("", finish_reason="blocked")), ScriptedProvider())

    with pytest.raises(ProviderRefused):
        await rig.ask(ctx)

    assert [row.error for row in rig.log.calls] == ["provider_refused"]


async def test_the_next_model_answers_when_the_first_fails_before_its_first_token(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider([ProviderFailed("503")]), ScriptedProvider(said_json(GOOD)))

    asked = await rig.ask(ctx)

    assert asked.model == "two:b"
    assert [(row.request.model, row.error) for row in rig.log.calls] == [("one:a", "provider_failed"), ("two:b", None)]
    assert asked.usage.calls == 1
    assert ctx.spent.calls == 2


async def test_two_models_texts_are_never_spliced(ctx: FakeStageContext) -> None:
    broken = [TextChunk('{"sources": [], "answer": "Расход 42'), ProviderFailed("connection lost")]
    second = ScriptedProvider()
    rig = Rig(ScriptedProvider(broken), second)

    with pytest.raises(ProviderFailed):
        await rig.ask(ctx)

    assert second.requests == []
    assert ctx.snapshot().answer == "Расход 42"


async def test_what_nobody_has_seen_may_be_asked_again_of_another_model(ctx: FakeStageContext) -> None:
    broken = [TextChunk('{"sources": [], "answer": "Расход 42'), ProviderFailed("connection lost")]
    rig = Rig(ScriptedProvider(broken), ScriptedProvider(said_json(GOOD)))

    asked = await rig.ask(ctx, stream=False)

    assert asked.model == "two:b"


async def test_a_refusal_is_final(ctx: FakeStageContext) -> None:
    second = ScriptedProvider()

    with pytest.raises(ProviderRefused):
        await Rig(ScriptedProvider([ProviderRefused("blocked prompt")]), second).ask(ctx)

    assert second.requests == []


async def test_the_last_failure_keeps_the_providers_wish_to_wait(ctx: FakeStageContext) -> None:
    rig = Rig(
        ScriptedProvider([ProviderFailed("429", retry_after_s=30)]),
        ScriptedProvider([ProviderFailed("x", retry_after_s=60)]),
    )

    with pytest.raises(ProviderFailed) as failure:
        await rig.ask(ctx)

    assert failure.value.retry_after_s == 60


async def test_a_short_limit_is_waited_out_in_place(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider([ProviderFailed("429", retry_after_s=0.01)], said_json(GOOD))

    asked = await Rig(provider, ScriptedProvider()).ask(ctx)

    assert asked.model == "one:a"


async def test_a_stream_that_ends_early_is_a_passing_failure(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider([TextChunk('{"sources"')]), ScriptedProvider([TextChunk('{"sources"')]))

    with pytest.raises(ProviderFailed):
        await rig.ask(ctx)


async def test_pictures_go_to_the_first_model_that_takes_them(ctx: FakeStageContext) -> None:
    blind = ScriptedProvider()
    seeing = ScriptedProvider(said_json(GOOD), capabilities=Capabilities(images=True))

    asked = await Rig(blind, seeing).ask(ctx, parts=(IMAGE,))

    assert asked.model == "two:b"
    assert seeing.requests[0].parts[-1] == IMAGE
    assert ctx.spent.images == 1


async def test_pictures_that_no_model_takes_are_refused_not_dropped(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider()

    with pytest.raises(ProviderRefused):
        await Rig(provider).ask(ctx, parts=(IMAGE,))

    assert provider.requests == []


async def test_a_prompt_longer_than_the_context_is_refused(ctx: FakeStageContext) -> None:
    with pytest.raises(ProviderRefused):
        await Rig(ScriptedProvider(capabilities=Capabilities(context_tokens=5))).ask(ctx)


@pytest.mark.parametrize(
    ("budget", "spent"),
    [
        (Budget(calls=2), Usage(calls=2)),
        (Budget(tokens=100), Usage(input_tokens=60, output_tokens=30, thinking_tokens=10)),
        (Budget(cost_micro_usd=10), Usage(cost_micro_usd=10)),
    ],
    ids=["calls", "tokens", "cost"],
)
async def test_a_budget_used_up_by_earlier_runs_allows_no_call(
    ctx: FakeStageContext, budget: Budget, spent: Usage
) -> None:
    ctx.job = msgspec.structs.replace(ctx.job, usage=spent)
    provider = ScriptedProvider()

    with pytest.raises(BudgetExceeded):
        await Rig(provider, budget=budget).ask(ctx)

    assert provider.requests == []


async def test_pictures_beyond_the_budget_are_not_sent(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(capabilities=Capabilities(images=True))

    with pytest.raises(BudgetExceeded):
        await Rig(provider, budget=Budget(images=1)).ask(ctx, parts=(IMAGE, IMAGE))


async def test_calls_of_one_run_count_together(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider(said_json(GOOD), said_json(GOOD)), budget=Budget(calls=2))
    await rig.ask(ctx)
    await rig.ask(ctx)

    with pytest.raises(BudgetExceeded):
        await rig.ask(ctx)


async def test_a_repair_is_within_the_budget_too(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider(said("no json")), budget=Budget(calls=1))

    with pytest.raises(BudgetExceeded):
        await rig.ask(ctx)


async def test_variables_that_the_prompt_does_not_know_are_an_error(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider())

    with pytest.raises(InvalidInput):
        await rig.asker.ask(ctx, "flash", "analysis/answer", {"name": "x"}, Reply)


async def test_a_field_given_twice_is_told_as_validated(ctx: FakeStageContext) -> None:
    twice = '{"sources": [], "answer": "Первый", "answer": "Второй"}'

    asked = await Rig(ScriptedProvider(said(twice))).ask(ctx)

    assert ctx.snapshot().answer == asked.reply.answer == "Второй"


async def test_a_nul_that_the_database_cannot_hold_is_replaced(ctx: FakeStageContext) -> None:
    asked = await Rig(ScriptedProvider(said(r'{"sources": ["a\\u0000"], "answer": "a\u0000b"}'))).ask(ctx)

    assert asked.reply == Reply(sources=["a\\u0000"], answer="a\ufffdb")
    assert ctx.snapshot().answer == "a\ufffdb"
    assert ctx.payloads(EventType.ANSWER_RESET) == []


class SilentProvider(ScriptedProvider):
    """Says one word and then nothing; knows whether its stream was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.has_spoken = asyncio.Event()
        self.is_closed = False

    async def stream(self, request: LLMRequest, *, api_key: str | None = None) -> AsyncIterator[Chunk]:
        try:
            yield TextChunk('{"sources": [], "answer": "Рас')
            self.has_spoken.set()
            await asyncio.Event().wait()
        finally:
            self.is_closed = True


async def test_cancelling_stops_the_call_and_keeps_its_row(ctx: FakeStageContext) -> None:
    provider = SilentProvider()
    rig = Rig(provider)
    asking = asyncio.create_task(rig.ask(ctx))
    await provider.has_spoken.wait()

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert provider.is_closed
    assert [(row.error, row.response) for row in rig.log.calls] == [("interrupted", '{"sources": [], "answer": "Рас')]
    assert ctx.spent.calls == 1


async def test_a_users_own_key_is_used_and_noted(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said_json(GOOD), is_ready=False)
    rig = Rig(provider, ScriptedProvider(), keys={"one": "the users key"})

    asked = await rig.ask(ctx)

    assert asked.model == "one:a"
    assert provider.keys == ["the users key"]
    assert rig.limiter.entered == [("one:a", str(ctx.job.user_id))]
    [row] = rig.log.calls
    assert row.own_key
    assert b"the users key" not in msgspec.json.encode(row)


async def test_a_model_whose_provider_has_no_key_is_skipped(ctx: FakeStageContext) -> None:
    first, second = ScriptedProvider(is_ready=False), ScriptedProvider(said_json(GOOD))

    asked = await Rig(first, second).ask(ctx)

    assert asked.model == "two:b"
    assert (first.requests, second.keys) == ([], [None])


async def test_what_is_known_of_a_model_follows_the_users_keys(ctx: FakeStageContext) -> None:
    seeing = ScriptedProvider(said_json(GOOD), capabilities=Capabilities(images=True), is_ready=False)
    rig = Rig(seeing, ScriptedProvider(), keys={"one": "the users key"})
    before = rig.asker.capabilities("flash", ctx).images

    await rig.asker.begin(ctx)

    assert (before, rig.asker.capabilities("flash", ctx).images) == (False, True)


async def test_a_model_that_is_not_to_be_had_is_passed_over(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider([ModelUnavailable("404")]), ScriptedProvider(said_json(GOOD)))

    asked = await rig.ask(ctx)

    assert asked.model == "two:b"


async def test_the_shortest_wait_of_a_chain_is_told(ctx: FakeStageContext) -> None:
    rig = Rig(
        ScriptedProvider([ProviderLimited("429", retry_after_s=30)]),
        ScriptedProvider([ProviderFailed("503", retry_after_s=3)]),
    )

    with pytest.raises(ProviderLimited) as failure:
        await rig.ask(ctx)

    assert failure.value.retry_after_s == 30


async def test_a_full_account_passes_the_question_on_without_a_call(ctx: FakeStageContext) -> None:
    first = ScriptedProvider()
    rig = Rig(first, ScriptedProvider(said_json(GOOD)))
    rig.limiter.limited = {"one:a"}

    asked = await rig.ask(ctx)

    assert asked.model == "two:b"
    assert first.requests == []


async def test_waiting_for_a_limit_uses_up_no_calls(ctx: FakeStageContext) -> None:
    limits = [[ProviderLimited("429", retry_after_s=30)] for _ in range(3)]
    rig = Rig(ScriptedProvider(*limits, said_json(GOOD)), budget=Budget(calls=1))
    rig.limiter.limited = {"two:b"}
    for _ in limits:
        with pytest.raises(ProviderLimited):
            await rig.ask(ctx)

    asked = await rig.ask(ctx)

    assert asked.reply == GOOD
    assert ctx.spent.calls == 1
    assert [row.error for row in rig.log.calls] == [*["provider_limited"] * 3, None]


async def test_the_account_learns_what_was_used_and_how_long_to_pause(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider([ProviderLimited("429", retry_after_s=30)]), ScriptedProvider(said_json(GOOD)))

    await rig.ask(ctx)

    assert rig.limiter.left == [("one:a", 0, 30), ("two:b", 15, None)]


async def test_a_reply_that_breaks_off_is_paid_as_far_as_it_was_counted(ctx: FakeStageContext) -> None:
    counted = UsageChunk(Usage(input_tokens=700, thinking_tokens=9))
    rig = Rig(ScriptedProvider([counted, ProviderFailed("cut")]), ScriptedProvider(said_json(GOOD)))

    await rig.ask(ctx)

    assert rig.log.calls[0].usage == Usage(input_tokens=700, thinking_tokens=9, calls=1)


async def test_a_reply_without_a_count_is_counted_by_its_length(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider([TextChunk(msgspec.json.encode(GOOD).decode()), EndChunk(usage=Usage())]))

    await rig.ask(ctx)

    assert rig.log.calls[0].usage.output_tokens > 0


async def test_a_quick_role_is_asked_without_thinking_whatever_the_settings(ctx: FakeStageContext) -> None:
    ctx.store.users.user_settings = Settings(thinking_enabled=True, thinking_budget=9000, temperature=1.5)
    provider = ScriptedProvider(said_json(GOOD), capabilities=Capabilities(thinking=True))

    await Rig(provider).asker.ask(ctx, "classify", "analysis/answer", VARIABLES, Reply)

    assert (provider.requests[0].thinking_budget, provider.requests[0].temperature) == (0, 0.0)


async def test_a_call_may_not_say_more_than_the_budget_has_left(ctx: FakeStageContext) -> None:
    prices = {"one:a": Price(input_micro_usd=0, output_micro_usd=1_000_000)}
    provider = ScriptedProvider(said_json(GOOD))

    await Rig(provider, budget=Budget(cost_micro_usd=2_500), prices=prices).ask(ctx)

    assert provider.requests[0].max_output_tokens == 2_500


async def test_a_call_that_could_cost_too_much_is_not_made(ctx: FakeStageContext) -> None:
    prices = {"one:a": Price(input_micro_usd=0, output_micro_usd=1_000_000)}
    provider = ScriptedProvider()

    with pytest.raises(BudgetExceeded, match="cost"):
        await Rig(provider, budget=Budget(cost_micro_usd=900), prices=prices).ask(ctx)

    assert provider.requests == []


async def test_two_questions_at_once_do_not_spend_the_same_money(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(said_json(GOOD), said_json(GOOD))
    rig = Rig(provider, budget=Budget(calls=1))

    outcomes = await asyncio.gather(rig.ask(ctx, stream=False), rig.ask(ctx, stream=False), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Asked", "BudgetExceeded"]
    assert len(provider.requests) == 1


async def test_a_later_run_knows_what_earlier_ones_paid(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider(said_json(GOOD)), budget=Budget(calls=1))
    await rig.ask(ctx)
    again = FakeStageContext(ctx.store, ctx.job.user_id)
    again.job = msgspec.structs.replace(ctx.job, epoch=2)

    with pytest.raises(BudgetExceeded):
        await rig.ask(again)


async def test_a_reply_that_outlasts_the_budget_is_taken_back(ctx: FakeStageContext) -> None:
    provider = SilentProvider()

    with pytest.raises(BudgetExceeded, match="seconds"):
        await Rig(provider, budget=Budget(seconds=0.05)).ask(ctx)

    assert provider.is_closed
    assert [payload["reason"] for payload in ctx.payloads(EventType.ANSWER_RESET)] == ["budget"]


async def test_a_model_that_sees_is_charged_for_its_pictures_beforehand(ctx: FakeStageContext) -> None:
    provider = ScriptedProvider(capabilities=Capabilities(images=True, image_tokens={"high": 1120}))

    with pytest.raises(BudgetExceeded, match="tokens"):
        await Rig(provider, budget=Budget(tokens=2_500)).ask(ctx, parts=(IMAGE, IMAGE))


async def test_a_text_is_held_back_by_what_came_before_it(ctx: FakeStageContext) -> None:
    seen: list[dict[str, object]] = []

    def hold(head: dict[str, object]) -> bool:
        seen.append(head)
        return True

    rig = Rig(ScriptedProvider(said_json(GOOD, pieces=9)))

    asked = await rig.asker.ask(ctx, "flash", "analysis/answer", VARIABLES, Reply, stream_field="answer", hold=hold)

    assert seen == [{"sources": ["x"]}]
    assert (asked.held, asked.reply) == (True, GOOD)
    assert ctx.payloads(EventType.ANSWER_DELTA) == []


async def test_a_text_that_need_not_be_held_back_is_streamed(ctx: FakeStageContext) -> None:
    rig = Rig(ScriptedProvider(said_json(GOOD, pieces=9)))

    asked = await rig.asker.ask(
        ctx, "flash", "analysis/answer", VARIABLES, Reply, stream_field="answer", hold=lambda head: False
    )

    assert not asked.held
    assert ctx.snapshot().answer == GOOD.answer
