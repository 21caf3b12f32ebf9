"""The only way to a model: prompt → request → stream → validated reply, under the job's budget (DESIGN §8).

One `Asker` serves the process; who asks and where the text goes is the run's context. Chunks are taken in
`workers/receiving.py`. A cancelled task stops the call; its spending and its row in the log are kept.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import msgspec

from domain.budgets import Budget, check_budget
from domain.chats import Settings
from domain.errors import DomainError, ProviderFailed, ProviderRefused, ReplyInvalid
from domain.jobs import Job
from domain.llm import Capabilities, Chunk, ImagePart, LLMCall, LLMRequest, Part, Provider, TextPart, Usage
from domain.ports import LLMLog, PromptStore, UnitOfWork
from domain.prompts import Prompt, render_parts
from domain.stage import Asked
from workers.models import ModelConfig, chain_of, with_cost
from workers.receiving import Received, receive
from workers.schemas import schema_of

REPAIR_PROMPT = "asking/repair"
REPAIR_SHOWN_CHARS = 20_000
"""How much of an invalid reply is shown back to the model. A guess."""

MAX_WAIT_IN_PLACE_S = 2.0
"""A provider's limit that passes within this time is waited out here; longer ones are the engine's (DESIGN §4.7)."""

CHARS_PER_TOKEN = 3.0
"""Russian text takes about one token per three characters with the tokenizers of 2025; only guards the context size."""


class HasStage(Protocol):
    stage: str | None


class AskingContext(Protocol):
    """What the asker needs of the context of a run (`workers.context.RunContext`)."""

    job: Job

    @property
    def teller(self) -> HasStage: ...

    def uow(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    async def write_answer(self, text: str) -> None: ...

    async def write_thought(self, text: str) -> None: ...

    async def restart_answer(self, reason: str) -> None: ...

    def spend(self, usage: Usage) -> None: ...


class _Meter:
    """What the job has spent on models, this run and those before; seconds are of this run."""

    def __init__(self, spent: Usage) -> None:
        self.spent = spent
        self.seconds = 0.0


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage asks, rendered; the same for every model of the chain."""

    role: str
    prompt: Prompt
    system: str
    user: str
    variables: dict[str, Any]
    parts: tuple[Part, ...]
    schema: type[msgspec.Struct]
    stream_field: str | None
    settings: Settings
    meter: _Meter
    shown: "_Shown"


class _Shown:
    """Whether the user has seen anything of this answer yet."""

    anything = False


class Asker:
    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        config: ModelConfig,
        prompts: PromptStore,
        log: LLMLog,
        budget: Budget,
    ) -> None:
        self._providers = providers
        self._config = config
        self._prompts = prompts
        self._log = log
        self._budget = budget
        self._meters: WeakKeyDictionary[AskingContext, _Meter] = WeakKeyDictionary()

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
    ) -> Asked:
        """The validated reply of the first model of the role's chain that gives one.

        The next model is asked only while nothing of the answer was streamed: two models' texts are never spliced.
        Raises `ProviderFailed`, `ProviderRefused`, `ReplyInvalid` (after one repair), `BudgetExceeded`, `InvalidInput`
        (variables that do not fit the prompt). Every call leaves one row in the log.
        """
        found = await self._prompts.get(prompt)
        system, user = render_parts(found, {name: as_text(value) for name, value in variables.items()})
        question = _Question(
            role=role,
            prompt=found,
            system=system,
            user=user,
            variables=variables,
            parts=parts,
            schema=schema,
            stream_field=stream_field,
            settings=await _settings(run),
            meter=self._meters.setdefault(run, _Meter(run.job.usage)),
            shown=_Shown(),
        )
        failure: ProviderFailed | None = None
        for model in self._capable(question):
            try:
                return await self._ask_patiently(run, question, model)
            except ProviderFailed as error:
                if question.shown.anything:
                    raise
                failure = error
        raise failure or ProviderRefused(f"no model for role {role}")

    def _capable(self, question: _Question) -> tuple[str, ...]:
        """The models of the chain that can take the question. Raises `ProviderRefused` when none can."""
        chain = chain_of(self._config, question.role, self._providers)
        lacks = {model: _lacks(self._capabilities(model), question) for model in chain}
        capable = tuple(model for model in chain if not lacks[model])
        if not capable:
            raise ProviderRefused(
                f"role {question.role}: {lacks}",
                public_ru="Ни одна из настроенных моделей не может принять такой запрос.",
                public_en="None of the configured models can take this request.",
            )
        return capable

    def _capabilities(self, model: str) -> Capabilities:
        vendor, _, name = model.partition(":")
        return self._providers[vendor].capabilities(name)

    async def _ask_patiently(self, run: AskingContext, question: _Question, model: str) -> Asked:
        """Ask once more after a short wait that the provider itself named."""
        try:
            return await self._ask_model(run, question, model)
        except ProviderFailed as error:
            wait_s = error.retry_after_s
            if wait_s is None or wait_s > MAX_WAIT_IN_PLACE_S or question.shown.anything:
                raise
        await asyncio.sleep(wait_s)
        return await self._ask_model(run, question, model)

    async def _ask_model(self, run: AskingContext, question: _Question, model: str) -> Asked:
        before = question.meter.spent
        request = self._request(question, model)
        received, fault = await self._call(run, question, request, is_repair=False)
        if fault is not None:
            if received.shown:
                await run.restart_answer("repair")
            received, fault = await self._call(
                run, question, await self._repair(request, received, fault), is_repair=True
            )
        if fault is not None:
            raise fault
        await _settle_text(run, question, received)
        return Asked(
            reply=received.reply,
            model=model,
            usage=_difference(question.meter.spent, before),
            offline=self._capabilities(model).offline,
        )

    def _request(self, question: _Question, model: str) -> LLMRequest:
        capabilities = self._capabilities(model)
        schema = schema_of(question.schema)
        system = question.system
        if not capabilities.json_schema:
            shape = msgspec.json.encode(schema).decode()
            system = f"{system}\n\nReply with one JSON object and nothing else. Its JSON Schema:\n{shape}"
        settings = question.settings
        thinking = (settings.thinking_budget or None) if settings.thinking_enabled else 0
        return LLMRequest(
            model=model,
            purpose=question.prompt.name,
            system=system,
            parts=(TextPart(text=question.user), *question.parts),
            variables=question.variables,
            schema=schema if capabilities.json_schema else None,
            temperature=settings.temperature,
            top_p=settings.top_p,
            thinking_budget=thinking if capabilities.thinking else None,
            media_resolution=settings.media_resolution,
        )

    async def _repair(self, request: LLMRequest, received: Received, fault: ReplyInvalid) -> LLMRequest:
        prompt = await self._prompts.get(REPAIR_PROMPT)
        values = {"fault": str(fault), "reply": as_text(received.text[:REPAIR_SHOWN_CHARS])}
        _, wish = render_parts(prompt, values)
        return msgspec.structs.replace(request, parts=(*request.parts, TextPart(text=wish)))

    async def _call(
        self, run: AskingContext, question: _Question, request: LLMRequest, *, is_repair: bool
    ) -> tuple[Received, ReplyInvalid | None]:
        """One paid call: what came, and what is wrong with it. Its spending and its row are kept however it ends."""
        images = sum(1 for part in request.parts if isinstance(part, ImagePart))
        check_budget(self._budget, question.meter.spent, question.meter.seconds, images)
        received = Received(question.stream_field)
        error: str | None = "interrupted"
        try:
            await receive(self._stream(request), received, run, idle_s=request.timeout_s)
            received.decode(question.schema)
            error = None
        except ReplyInvalid as invalid:
            error = invalid.code
            return received, invalid
        except DomainError as failed:
            error = failed.code
            raise
        finally:
            question.shown.anything |= bool(received.shown)
            usage = msgspec.structs.replace(received.usage, calls=1, images=images)
            usage = with_cost(self._config, request.model, usage)
            question.meter.spent += usage
            question.meter.seconds += received.elapsed_s
            run.spend(usage)
            await self._log.write(_row(run, question, request, received, usage, error, is_repair))
        return received, None

    def _stream(self, request: LLMRequest) -> AsyncIterator[Chunk]:
        return self._providers[request.model.partition(":")[0]].stream(request)


def as_text(value: Any) -> str:
    """A variable as it stands in a prompt: strings as they are, all else as JSON, lists with one item per line.

    Document text is inside JSON strings: it cannot close the fence it stands in.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(msgspec.json.encode(item).decode() for item in value) + "\n]"
    return msgspec.json.encode(value).decode()


async def _settings(run: AskingContext) -> Settings:
    async with run.uow() as uow:
        return await uow.users.settings(run.job.user_id)


async def _settle_text(run: AskingContext, question: _Question, received: Received) -> None:
    """What was streamed must be the reply's text. A reply that names the field twice is told anew."""
    if question.stream_field is None:
        return
    text = getattr(received.reply, question.stream_field)
    if received.shown == text:
        return
    if received.shown:
        await run.restart_answer("reply")
    await run.write_answer(text)


def _lacks(capabilities: Capabilities, question: _Question) -> list[str]:
    """What the model would need for the question and has not."""
    lacks = []
    if not capabilities.images and any(isinstance(part, ImagePart) for part in question.parts):
        lacks.append("images")
    if (len(question.system) + len(question.user)) / CHARS_PER_TOKEN > capabilities.context_tokens:
        lacks.append("context")
    return lacks


def _difference(after: Usage, before: Usage) -> Usage:
    return Usage(**{name: getattr(after, name) - getattr(before, name) for name in Usage.__struct_fields__})


def _row(
    run: AskingContext,
    question: _Question,
    request: LLMRequest,
    received: Received,
    usage: Usage,
    error: str | None,
    is_repair: bool,
) -> LLMCall:
    first = received.first_token_s
    return LLMCall(
        job_id=run.job.id,
        user_id=run.job.user_id,
        stage=run.teller.stage or "",
        role=question.role,
        request=request,
        prompt_version=question.prompt.version,
        is_repair=is_repair,
        response=received.text,
        finish_reason=received.finish_reason,
        request_id=received.request_id,
        usage=usage,
        latency_ms=round(received.elapsed_s * 1000),
        first_token_ms=None if first is None else round(first * 1000),
        error=error,
    )
