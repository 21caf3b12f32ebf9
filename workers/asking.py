"""The only way to a model: prompt → request → stream → validated reply, under the job's budget (DESIGN §8).

One `Asker` serves the process; who asks and where the text goes is the run's context. Chunks are taken in
`workers/receiving.py`. A cancelled task stops the call; its spending and its row in the log are kept.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from domain.budgets import Budget, Meter, tokens_of, within_quota
from domain.chats import Settings
from domain.errors import (
    BudgetExceeded,
    DomainError,
    ModelUnavailable,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
    ReplyInvalid,
)
from domain.jobs import Job
from domain.llm import Capabilities, Chunk, LLMRequest, Part, Provider, TextPart, Usage
from domain.ports import LLMLog, PromptStore, UserKeys
from domain.prompts import render_parts
from domain.stage import Asked, Hold
from workers.limiting import MAX_WAIT_IN_PLACE_S, Limiter, Ticket, Unlimited
from workers.models import QUICK_ROLES, ModelConfig, chain_of, with_cost
from workers.questions import (
    AskingContext,
    Question,
    Shown,
    as_text,
    lacks_of,
    need_of,
    row_of,
    thinking_room,
    tokens_in,
)
from workers.receiving import Patience, Received, receive
from workers.schemas import schema_of

REPAIR_PROMPT = "asking/repair"
REPAIR_SHOWN_CHARS = 20_000
"""How much of an invalid reply is shown back to the model. A guess."""

SERVER = "server"
"""Whose key a call is counted under when it is not the user's own."""


class Interrupted(DomainError):
    """How a call is logged that somebody else ended."""

    code = "interrupted"


class NoKeys:
    """Nobody has keys of their own."""

    async def keys_of(self, user_id: UUID) -> dict[str, str]:
        return {}


class Asker:
    """`keys` and `limiter` are of the whole service; without them nobody has a key and nothing is limited."""

    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        config: ModelConfig,
        prompts: PromptStore,
        log: LLMLog,
        budget: Budget,
        keys: UserKeys | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self._providers = providers
        self._config = config
        self._prompts = prompts
        self._log = log
        self._budget = budget
        self._keys = keys or NoKeys()
        self._limiter = limiter or Unlimited()
        self._meters: WeakKeyDictionary[AskingContext, Meter] = WeakKeyDictionary()
        self._own_keys: WeakKeyDictionary[AskingContext, Mapping[str, str]] = WeakKeyDictionary()

    async def ask(
        self,
        run: AskingContext,
        role: str,
        prompt: str,
        variables: dict[str, Any],
        schema: type[msgspec.Struct],
        *,
        parts: tuple[Part, ...] = (),
        stream_field: str | None = None,
        hold: Hold | None = None,
    ) -> Asked:
        """The validated reply of the first model of the role's chain that gives one.

        The next model is asked only while nothing of the answer was streamed: two models' texts are never spliced.
        Raises `ProviderFailed`, `ProviderRefused`, `ReplyInvalid` (after one repair), `BudgetExceeded`, `InvalidInput`
        (variables that do not fit the prompt). Every call leaves one row in the log.
        """
        found = await self._prompts.get(prompt)
        system, user = render_parts(found, {name: as_text(value) for name, value in variables.items()})
        question = Question(
            role=role,
            prompt=found,
            system=system,
            user=user,
            variables=variables,
            parts=parts,
            schema=schema,
            stream_field=stream_field,
            hold=hold,
            settings=await _settings(run, role),
            keys=await self._keys_of(run),
            meter=await self._meter(run),
            shown=Shown(),
        )
        failures: list[DomainError] = []
        for model in self._capable(question):
            try:
                return await self._ask_patiently(run, question, model)
            except (ProviderFailed, ModelUnavailable) as error:
                if question.shown.anything:
                    raise
                failures.append(error)
        raise _told(failures)

    async def _keys_of(self, run: AskingContext) -> Mapping[str, str]:
        keys = self._own_keys[run] = await self._keys.keys_of(run.job.user_id)
        return keys

    async def _meter(self, run: AskingContext) -> Meter:
        """The job's meter in this run. Runs before it have left their calls in the log: also those whose stage was
        never finished."""
        if run not in self._meters:
            spent, seconds = run.job.usage, 0.0
            if run.job.epoch > 1:
                logged, seconds = await self._log.spent(run.job.id)
                spent = _most(spent, logged)
            self._meters.setdefault(run, Meter(spent, seconds))
        return self._meters[run]

    def _capable(self, question: Question) -> tuple[str, ...]:
        """The models of the chain that can take the question. Raises `ProviderRefused` when none can."""
        chain = chain_of(self._config, question.role, self._usable(question.keys))
        lacks = {model: lacks_of(self._capabilities(model), question) for model in chain}
        capable = tuple(model for model in chain if not lacks[model])
        if not capable:
            raise ProviderRefused(
                f"role {question.role}: {lacks}",
                public_ru="Ни одна из настроенных моделей не может принять такой запрос.",
                public_en="None of the configured models can take this request.",
            )
        return capable

    def capabilities(self, role: str, run: AskingContext) -> Capabilities:
        """What the first model of the role's chain can take. The user's own keys count from the run's first question
        on."""
        return self._capabilities(chain_of(self._config, role, self._usable(self._own_keys.get(run, {})))[0])

    def _usable(self, keys: Mapping[str, str]) -> list[str]:
        """The providers that can be asked with the server's keys and these."""
        return [name for name, provider in self._providers.items() if provider.is_ready or name in keys]

    def _capabilities(self, model: str) -> Capabilities:
        vendor, _, name = model.partition(":")
        return self._providers[vendor].capabilities(name)

    async def _ask_patiently(self, run: AskingContext, question: Question, model: str) -> Asked:
        """Ask once more after a short wait that the provider itself named."""
        try:
            return await self._ask_model(run, question, model)
        except ProviderFailed as error:
            wait_s = error.retry_after_s
            if wait_s is None or wait_s > MAX_WAIT_IN_PLACE_S or question.shown.anything:
                raise
        await asyncio.sleep(wait_s)
        return await self._ask_model(run, question, model)

    async def _ask_model(self, run: AskingContext, question: Question, model: str) -> Asked:
        paid: list[Usage] = []
        request = self._request(question, model)
        received, fault = await self._call(run, question, request, paid, is_repair=False)
        if fault is not None:
            if received.shown:
                await run.restart_answer("repair")
            repair = await self._repair(request, received, fault)
            received, fault = await self._call(run, question, repair, paid, is_repair=True)
        if fault is not None:
            raise fault
        await _settle_text(run, question, received)
        usage = sum(paid, start=Usage())
        offline = self._capabilities(model).offline
        return Asked(reply=received.reply, model=model, usage=usage, offline=offline, held=bool(received.held))

    def _request(self, question: Question, model: str) -> LLMRequest:
        capabilities = self._capabilities(model)
        schema = schema_of(question.schema)
        system = question.system
        if not capabilities.json_schema:
            shape = msgspec.json.encode(schema).decode()
            system = f"{system}\n\nReply with one JSON object and nothing else. Its JSON Schema:\n{shape}"
        settings = question.settings
        thinking = (settings.thinking_budget or None) if settings.thinking_enabled else 0
        if not capabilities.thinking:
            thinking = None
        return LLMRequest(
            model=model,
            purpose=question.prompt.name,
            system=system,
            parts=(TextPart(text=question.user), *question.parts),
            variables=question.variables,
            schema=schema if capabilities.json_schema else None,
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_output_tokens=self._config.max_output_tokens + thinking_room(capabilities, thinking),
            thinking_budget=thinking,
            media_resolution=settings.media_resolution,
        )

    async def _repair(self, request: LLMRequest, received: Received, fault: ReplyInvalid) -> LLMRequest:
        prompt = await self._prompts.get(REPAIR_PROMPT)
        values = {"fault": str(fault), "reply": as_text(received.text[:REPAIR_SHOWN_CHARS])}
        _, wish = render_parts(prompt, values)
        return msgspec.structs.replace(request, parts=(*request.parts, TextPart(text=wish)))

    async def _call(
        self,
        run: AskingContext,
        question: Question,
        request: LLMRequest,
        paid: list[Usage],
        *,
        is_repair: bool,
    ) -> tuple[Received, ReplyInvalid | None]:
        """One paid call: what came, and what is wrong with it. Its spending and its row are kept however it ends, and
        it is never begun when it could exceed the budget or the provider's account has no room for it."""
        room = self._reserve(run.job, question.meter, request)
        ticket = await self._enter(run, question, request, room)
        request = msgspec.structs.replace(request, max_output_tokens=room.output_tokens)
        received = Received(question.stream_field, question.hold)
        error: DomainError | None = Interrupted()
        try:
            await receive(self._stream(question, request), received, run, self._patience(question, request))
            received.decode(question.schema)
            error = None
        except ReplyInvalid as invalid:
            error = invalid
            return received, invalid
        except DomainError as failed:
            error = failed
            if isinstance(failed, BudgetExceeded) and received.shown:
                await run.restart_answer("budget")
            raise
        finally:
            question.shown.anything |= bool(received.shown)
            usage = self._used(request, received, room, error)
            question.meter.settle(room, usage, received.elapsed_s)
            paid.append(usage)
            run.spend(usage)
            await self._leave(ticket, usage, error)
            await self._log.write(row_of(run, question, request, received, usage, error and error.code, is_repair))
        return received, None

    def _reserve(self, job: Job, meter: Meter, request: LLMRequest) -> Usage:
        def cost_of(call: Usage) -> int:
            return with_cost(self._config, request.model, call).cost_micro_usd

        budget = within_quota(
            self._budget, reserved_micro_usd=job.reserved_micro_usd, settled_micro_usd=job.settled_micro_usd
        )
        return meter.reserve(budget, need_of(request, self._capabilities(request.model)), cost_of)

    async def _enter(self, run: AskingContext, question: Question, request: LLMRequest, room: Usage) -> Ticket:
        """The turn of the provider's account. Without one nothing was called and nothing is spent."""
        owner = str(run.job.user_id) if _vendor(request) in question.keys else SERVER
        entered = False
        try:
            ticket = await self._limiter.enter(request.model, owner, room.input_tokens)
            entered = True
        finally:
            if not entered:
                question.meter.settle(room, Usage(), 0.0)
        return ticket

    async def _leave(self, ticket: Ticket, usage: Usage, error: DomainError | None) -> None:
        pause_s = error.retry_after_s if isinstance(error, ProviderLimited) else None
        await self._limiter.leave(ticket, tokens_of(usage), pause_s=pause_s)

    def _patience(self, question: Question, request: LLMRequest) -> Patience:
        left_s = self._budget.seconds - question.meter.seconds
        return Patience(first_s=request.first_token_s, idle_s=request.idle_s, total_s=left_s)

    def _stream(self, question: Question, request: LLMRequest) -> AsyncIterator[Chunk]:
        vendor = _vendor(request)
        return self._providers[vendor].stream(request, api_key=question.keys.get(vendor))

    def _used(self, request: LLMRequest, received: Received, room: Usage, error: DomainError | None) -> Usage:
        """What the call used, by the provider's count. A reply that came without one is counted by its length; a call
        turned away at a limit is no call: a job may wait as often as it must."""
        usage = received.usage
        if isinstance(error, ProviderLimited):
            return usage
        if received.text and not tokens_of(usage) and not self._capabilities(request.model).offline:
            usage = Usage(input_tokens=room.input_tokens, output_tokens=tokens_in(received.text))
        usage = msgspec.structs.replace(usage, calls=1, images=room.images)
        return with_cost(self._config, request.model, usage)


def _vendor(request: LLMRequest) -> str:
    return request.model.partition(":")[0]


async def _settings(run: AskingContext, role: str) -> Settings:
    async with run.uow() as uow:
        settings = await uow.users.settings(run.job.user_id)
    if role in QUICK_ROLES:
        return msgspec.structs.replace(settings, thinking_enabled=False, temperature=0.0)
    return settings


def _told(failures: list[DomainError]) -> DomainError:
    """Of what the models of a chain failed with, what the stage is told: the shortest wait if there is one, for it
    costs no attempt; else a passing failure; else the last one."""
    limited = [failure for failure in failures if isinstance(failure, ProviderLimited)]
    if limited:
        return min(limited, key=lambda failure: failure.retry_after_s or 0.0)
    passing = [failure for failure in failures if failure.retryable]
    return (passing or failures)[-1]


async def _settle_text(run: AskingContext, question: Question, received: Received) -> None:
    """What was streamed must be the reply's text. A reply that names the field twice is told anew."""
    if question.stream_field is None or received.held:
        return
    text = getattr(received.reply, question.stream_field)
    if received.shown == text:
        return
    if received.shown:
        await run.restart_answer("reply")
    await run.write_answer(text)


def _most(one: Usage, other: Usage) -> Usage:
    return Usage(**{name: max(getattr(one, name), getattr(other, name)) for name in Usage.__struct_fields__})
