"""What a stage asks, and what follows from it for any model: the request's needs, what a model lacks, the log's row."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from domain.budgets import Meter
from domain.chats import Settings
from domain.jobs import Job
from domain.llm import Capabilities, ImagePart, LLMCall, LLMRequest, Part, TextPart, Usage
from domain.ports import UnitOfWork
from domain.prompts import Prompt
from domain.stage import Hold
from workers.receiving import Received

CHARS_PER_TOKEN = 2.0
"""Fewest characters of a token, for reserving: Russian words have about three, figures one or two."""

AUTO_THINKING_TOKENS = 16_384
"""Room for thinking when the model decides how much. A guess."""


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


class Shown:
    """Whether the user has seen anything of this answer yet."""

    anything = False


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage asks, rendered; the same for every model of the chain, every try and the repair."""

    role: str
    prompt: Prompt
    system: str
    user: str
    variables: dict[str, Any]
    parts: tuple[Part, ...]
    schema: type[msgspec.Struct]
    stream_field: str | None
    hold: Hold | None
    settings: Settings
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


def lacks_of(capabilities: Capabilities, question: Question) -> list[str]:
    """What the model would need for the question and has not."""
    lacks = []
    if not capabilities.images and any(isinstance(part, ImagePart) for part in question.parts):
        lacks.append("images")
    texts = [question.system, question.user, *(part.text for part in question.parts if isinstance(part, TextPart))]
    if sum(map(tokens_in, texts)) > capabilities.context_tokens:
        lacks.append("context")
    return lacks


def tokens_in(text: str) -> int:
    """At most as many tokens, about."""
    return round(len(text) / CHARS_PER_TOKEN)


def thinking_room(capabilities: Capabilities, budget: int | None) -> int:
    if not capabilities.thinking:
        return 0
    return AUTO_THINKING_TOKENS if budget is None else budget


def need_of(request: LLMRequest, capabilities: Capabilities) -> Usage:
    """The most that the call can take in and give out."""
    images = [part for part in request.parts if isinstance(part, ImagePart)]
    texts = [request.system, *(part.text if isinstance(part, TextPart) else part.label for part in request.parts)]
    seen = len(images) * capabilities.image_tokens.get(request.media_resolution, 0)
    return Usage(
        input_tokens=sum(map(tokens_in, texts)) + seen,
        output_tokens=request.max_output_tokens,
        images=len(images),
    )


def row_of(
    run: AskingContext,
    question: Question,
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
        own_key=request.model.partition(":")[0] in question.keys,
        response=received.text,
        finish_reason=received.finish_reason,
        request_id=received.request_id,
        usage=usage,
        latency_ms=round(received.elapsed_s * 1000),
        first_token_ms=None if first is None else round(first * 1000),
        error=error,
    )
