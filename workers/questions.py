"""What a stage asks, and what follows from it for any model: the request's needs, what a model lacks, the log's row."""

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from domain.budgets import Meter
from domain.chats import Settings
from domain.errors import DomainError
from domain.jobs import Job
from domain.llm import CallFault, Capabilities, ImagePart, LLMCall, LLMRequest, Part, TextPart, Usage
from domain.ports import UnitOfWork
from domain.prompts import Prompt
from domain.rules_secrets import without_secrets
from domain.rules_tokens import tokens_in
from domain.stage import Hold
from workers.receiving import Received

AUTO_THINKING_TOKENS = 16_384
"""Room for thinking when the model decides how much. A guess."""

FAULT_CHARS = 500
"""What is kept of a fault's words. A guess."""


class HasStage(Protocol):
    """Which stage runs; `step_no` is the number of the checkpoint that it is to end with."""

    stage: str | None
    step_no: int


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


class Shown:
    """What has come of a question: whether the user has seen anything of this answer yet, and the calls made."""

    anything = False
    calls = 0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage asks, rendered; the same for every model of the chain, every try and the repair. `stable` goes
    before `user` (`domain.prompts.Rendered`). `settings` are those that count for the role, `user_settings` as the user
    has them."""

    role: str
    prompt: Prompt
    system: str
    user: str
    stable: str = ""
    variables: dict[str, Any]
    parts: tuple[Part, ...]
    schema: type[msgspec.Struct]
    stream_field: str | None
    hold: Hold | None
    settings: Settings
    user_settings: Settings
    keys: Mapping[str, str]
    meter: Meter
    shown: Shown


def as_text(value: Any) -> str:
    """A variable as it stands in a prompt: strings as they are, all else as JSON, lists with one item per line.

    Document text is inside JSON strings: it cannot close the fence it stands in.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(msgspec.json.encode(item).decode() for item in value) + "\n]"
    return msgspec.json.encode(value).decode()


def text_tokens(question: Question) -> int:
    """At most as many tokens have its texts."""
    texts = [question.system, question.stable, question.user]
    texts += [part.text for part in question.parts if isinstance(part, TextPart)]
    return sum(map(tokens_in, texts))


def lacks_of(capabilities: Capabilities, question: Question, tokens: int) -> list[str]:
    """What the model would need for the question, which has at most so many tokens, and has not."""
    lacks = []
    if not capabilities.images and any(isinstance(part, ImagePart) for part in question.parts):
        lacks.append("images")
    if tokens > capabilities.context_tokens:
        lacks.append("context")
    return lacks


def thinking_room(capabilities: Capabilities, budget: int | None) -> int:
    if not capabilities.thinking:
        return 0
    return AUTO_THINKING_TOKENS if budget is None else budget


def need_of(request: LLMRequest, capabilities: Capabilities) -> Usage:
    """The most that the call can take in and give out."""
    images = [part for part in request.parts if isinstance(part, ImagePart)]
    texts = [request.system, *(part.text if isinstance(part, TextPart) else part.label for part in request.parts)]
    seen = len(images) * capabilities.image_tokens.get(request.media_resolution, 0)
    stable = texts[: 1 + request.stable_parts] if capabilities.stores and request.stable_parts else []
    return Usage(
        input_tokens=sum(map(tokens_in, texts)) + seen,
        output_tokens=request.max_output_tokens,
        images=len(images),
        stored_tokens=sum(map(tokens_in, stable)),
    )


def row_of(
    run: AskingContext,
    question: Question,
    request: LLMRequest,
    received: Received,
    usage: Usage,
    error: DomainError | None,
    is_repair: bool,
) -> LLMCall:
    """The user's own keys are left out of every text here, where they are known; the log leaves out all else that is
    secret."""
    first = received.first_token_s
    keys = tuple(question.keys.values())
    return LLMCall(
        id=received.id,
        job_id=run.job.id,
        user_id=run.job.user_id,
        stage=run.teller.stage or "",
        role=question.role,
        request=request,
        prompt_version=question.prompt.version,
        is_repair=is_repair,
        own_key=request.model.partition(":")[0] in question.keys,
        response=without_secrets(received.text, keys) if keys else received.text,
        finish_reason=received.finish_reason,
        request_id=received.request_id,
        usage=usage,
        latency_ms=round(received.elapsed_s * 1000),
        first_token_ms=None if first is None else round(first * 1000),
        epoch=run.job.epoch,
        step_no=run.teller.step_no,
        try_no=question.shown.calls,
        thinking=received.thinking,
        pieces=tuple(received.pieces),
        fault=None if error is None else _fault_of(error, keys),
        settings=msgspec.to_builtins(question.user_settings),
        served_by=received.served_by,
    )


def _fault_of(error: DomainError, keys: Collection[str]) -> CallFault:
    return CallFault(
        code=error.code,
        detail=without_secrets(str(error), keys)[:FAULT_CHARS],
        public_ru=error.public_ru,
        public_en=error.public_en,
        retry_after_s=error.retry_after_s,
    )
