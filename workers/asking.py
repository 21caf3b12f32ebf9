"""The only way to a model: prompt → request → stream → validated reply, under the job's budget (DESIGN §8).

One `Asker` serves the process; who asks and where the text goes is the run's context. Chunks are taken in
`workers/receiving.py`. A cancelled task stops the call; its spending and its row in the log are kept.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from domain.budgets import Budget, Meter, tokens_of
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
from domain.llm import Capabilities, Chunk, LLMRequest, Part, Provider, TextPart, Usage
from domain.ports import LLMLog, PromptStore, Purse, UserKeys
from domain.prompts import render_parts, render_request
from domain.stage import Asked, Hold
from workers.allowance import Allowance, FixedPurse
from workers.call_rows import CallRow
from workers.limiting import MAX_WAIT_IN_PLACE_S, Limiter, Ticket, Unlimited
from workers.models import QUICK_ROLES, ModelConfig, chain_of, most_cost
from workers.owners import Owner, Owners
from workers.pinning import PinnedPrompts
from workers.questions import (
    AskingContext,
    Question,
    Shown,
    as_text,
    lacks_of,
    need_of,
    text_tokens,
    thinking_room,
)
from workers.receiving import Patience, Received, receive
from workers.schemas import schema_of
from workers.spending import Interrupted, most_of, used_by, what_is_told

REPAIR_PROMPT = "asking/repair"
REPAIR_SHOWN_CHARS = 20_000
"""How much of an invalid reply is shown back to the model. A guess."""

SERVER = "server"
"""Whose key a call is counted under when it is not the user's own."""


class NoKeys:
    """Nobody has keys of their own."""

    async def keys_of(self, user_id: UUID) -> dict[str, str]:
        return {}


class Asker:
    """`keys`, `limiter` and `purse` are of the whole service; without them nobody has a key, nothing is limited, and a
    job may spend what was set aside when it was accepted."""

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
        purse: Purse | None = None,
    ) -> None:
        self._providers = providers
        self._config = config
        self._prompts = PinnedPrompts(prompts)
        self._log = log
        self._budget = budget
        self._allowance = Allowance(budget, purse or FixedPurse())
        self._owners = Owners(keys or NoKeys())
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
        found = await self._prompts.get(run, prompt, variables.keys())
        rendered = render_request(found, {name: as_text(value) for name, value in variables.items()})
        owner = await self._owner(run)
        question = Question(
            role=role,
            prompt=found,
            system=rendered.system,
            stable=rendered.stable,
            user=rendered.turn,
            variables=variables,
            parts=parts,
            schema=schema,
            stream_field=stream_field,
            hold=hold,
            settings=_for_role(owner.settings, role),
            user_settings=owner.settings,
            keys=owner.keys,
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
        raise what_is_told(failures)

    async def prompt_version(self, run: AskingContext, prompt: str, variables: Collection[str]) -> str:
        """The version of a prompt that the job's questions are asked with, fixed for it by this."""
        return (await self._prompts.get(run, prompt, variables)).version

    async def _owner(self, run: AskingContext) -> Owner:
        owner = await self._owners.of(run)
        self._own_keys[run] = owner.keys
        return owner

    async def _meter(self, run: AskingContext) -> Meter:
        """The job's meter in this run. Runs before it have left their calls in the log: also those whose stage was
        never finished."""
        if run not in self._meters:
            spent, seconds = run.job.usage, 0.0
            if run.job.epoch > 1:
                logged, seconds = await self._log.spent(run.job.id)
                spent = most_of(spent, logged)
            self._meters.setdefault(run, Meter(spent, seconds))
        return self._meters[run]

    def _capable(self, question: Question) -> tuple[str, ...]:
        """The models of the chain that can take the question. Raises `ProviderRefused` when none can."""
        chain = chain_of(self._config, question.role, self._usable(question.keys))
        tokens = text_tokens(question)
        lacks = {model: lacks_of(self._capabilities(model), question, tokens) for model in chain}
        capable = tuple(model for model in chain if not lacks[model])
        if not capable:
            raise ProviderRefused(
                f"role {question.role}: {lacks}",
                public_ru="Ни одна из настроенных моделей не может принять такой запрос.",
                public_en="None of the configured models can take this request.",
            )
        return capable

    async def begin(self, run: AskingContext) -> None:
        """Learn the user's own keys before a stage asks what its model can take. A key that cannot be read is no fault
        yet: the run's first question tells it."""
        with contextlib.suppress(ProviderRefused):
            await self._owner(run)

    def capabilities(self, role: str, run: AskingContext) -> Capabilities:
        """What the first model of the role's chain can take, with the user's own keys once the run has begun."""
        return self._capabilities(chain_of(self._config, role, self._usable(self._own_keys.get(run, {})))[0])

    def has_models(self, role: str, run: AskingContext) -> bool:
        """Whether one of the models that are configured for this very role can be asked; not those that only stand
        in."""
        usable = self._usable(self._own_keys.get(run, {}))
        chain = self._config.chains.get(role, ())
        return any(model.partition(":")[0] in usable and not self._capabilities(model).offline for model in chain)

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
        request = self._request(run, question, model)
        received, fault = await self._call(run, question, request, paid, is_repair=False)
        if fault is not None:
            if received.shown:
                await run.restart_answer("repair")
            repair = await self._repair(run, request, received, fault)
            received, fault = await self._call(run, question, repair, paid, is_repair=True)
        if fault is not None:
            raise fault
        await _settle_text(run, question, received)
        usage = sum(paid, start=Usage())
        offline = self._capabilities(model).offline
        return Asked(reply=received.reply, model=model, usage=usage, offline=offline, held=bool(received.held))

    def _request(self, run: AskingContext, question: Question, model: str) -> LLMRequest:
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
        stable = (TextPart(text=question.stable),) if question.stable else ()
        return LLMRequest(
            model=model,
            purpose=question.prompt.name,
            system=system,
            parts=(*stable, TextPart(text=question.user), *question.parts),
            stable_parts=len(stable),
            owner=str(run.job.user_id),
            variables=question.variables,
            schema=schema if capabilities.json_schema else None,
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_output_tokens=self._config.max_output_tokens + thinking_room(capabilities, thinking),
            thinking_budget=thinking,
            media_resolution=settings.media_resolution,
        )

    async def _repair(
        self, run: AskingContext, request: LLMRequest, received: Received, fault: ReplyInvalid
    ) -> LLMRequest:
        values = {"fault": str(fault), "reply": as_text(received.text[:REPAIR_SHOWN_CHARS])}
        prompt = await self._prompts.get(run, REPAIR_PROMPT, values.keys())
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
        question.shown.calls += 1
        received = Received(question.stream_field, question.hold)
        row = CallRow(self._log, run, question, received, is_repair=is_repair)
        room, ticket = await self._begin(run, question, request, row)
        request = msgspec.structs.replace(request, max_output_tokens=room.output_tokens)
        error: DomainError | None = Interrupted()
        row.sending(request, room)
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
            used = used_by(self._config, request, received, room, error, self._capabilities(request.model))
            question.meter.settle(room, used, received.counted_s)
            usage = Usage() if received.served_by else used
            paid.append(usage)
            run.spend(usage)
            await self._leave(ticket, usage, error)
            await row.end(request, usage, error)
        return received, None

    async def _begin(
        self, run: AskingContext, question: Question, request: LLMRequest, row: CallRow
    ) -> tuple[Usage, Ticket]:
        """Room in the budget and the turn of the provider's account. What gets neither is no call, and logged so."""
        error: DomainError | None = Interrupted()
        try:
            room = await self._reserve(run, question.meter, request)
            await row.begin(request, room)
            ticket = await self._enter(run, question, request, room)
            error = None
        except DomainError as refused:
            error = refused
            raise
        finally:
            if error is not None:
                await row.end(request, Usage(), error)
        return room, ticket

    async def _reserve(self, run: AskingContext, meter: Meter, request: LLMRequest) -> Usage:
        need = need_of(request, self._capabilities(request.model))
        return await self._allowance.reserve(
            run, meter, need, lambda call: most_cost(self._config, request.model, call)
        )

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


def _vendor(request: LLMRequest) -> str:
    return request.model.partition(":")[0]


def _for_role(settings: Settings, role: str) -> Settings:
    if role in QUICK_ROLES:
        return msgspec.structs.replace(settings, thinking_enabled=False, temperature=0.0)
    return settings


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
