"""The dialogue of a job with its models as clients see it: every call, in the order in which they began."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from api.pictures import picture_path
from api.settings import ApiSettings
from domain.jobs import Job, JobState
from domain.llm import CallFault, Usage
from domain.replays import replay_of
from storage.dialogues import CallPage, LoggedCall

PARAMETERS = ("temperature", "top_p", "max_output_tokens", "thinking_budget", "media_resolution")


class PromptUsed(msgspec.Struct, kw_only=True):
    name: str
    version: str


class PartView(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`type` is text, with its `text`, or image, with the `label` that the prompt knows it by and an address `url` that
    works without a token for a day."""

    type: str
    text: str | None = None
    label: str | None = None
    digest: str | None = None
    mime_type: str | None = None
    url: str | None = None


class CallView(msgspec.Struct, kw_only=True):
    """One call. `number` counts from 1 in the job; `epoch` is the job's run, `step_no` the stage's place in it,
    `try_no` the call's place in its question: retries, other models, the repair. `is_replayed`: the reply was taken
    from the record of another job, nothing was called. `thinking` is what the model told of it. `error` is null after
    a usable reply. `expired`: the texts are past their time of keeping."""

    number: int
    id: UUID
    stage: str
    step_no: int
    epoch: int
    try_no: int
    role: str
    model: str
    prompt: PromptUsed
    is_repair: bool
    own_key: bool
    is_replayed: bool
    system: str
    parts: list[PartView]
    parameters: dict[str, Any]
    thinking: str
    reply: str
    finish_reason: str | None
    usage: Usage
    latency_ms: int
    first_token_ms: int | None
    error: CallFault | None
    started_at: datetime
    ended_at: datetime
    expired: bool


class DialogueView(msgspec.Struct, kw_only=True):
    """`next` is the cursor of the next page, null at the end; `usage` is the whole job's. `replay_of` is the recorded
    job that this one runs again."""

    job_id: UUID
    family: str
    mode: str
    status: JobState
    chat_id: UUID | None
    replay_of: UUID | None
    created_at: datetime
    usage: Usage
    items: list[CallView]
    next: UUID | None = None


def dialogue_view(settings: ApiSettings, job: Job, page: CallPage) -> DialogueView:
    wish = replay_of(job)
    return DialogueView(
        job_id=job.id,
        family=job.family,
        mode=job.mode,
        status=job.state,
        chat_id=job.chat_id,
        replay_of=wish.of if wish else None,
        created_at=job.created_at,
        usage=job.usage,
        items=[_call_view(settings, call) for call in page.calls],
        next=page.calls[-1].id if page.has_more else None,
    )


def _call_view(settings: ApiSettings, call: LoggedCall) -> CallView:
    request = call.request
    return CallView(
        number=call.number,
        id=call.id,
        stage=call.stage,
        step_no=call.step_no,
        epoch=call.epoch,
        try_no=call.try_no,
        role=call.role,
        model=call.model,
        prompt=PromptUsed(name=call.prompt, version=call.prompt_version),
        is_repair=call.is_repair,
        own_key=call.own_key,
        is_replayed=call.served_by is not None,
        system=request.get("system", ""),
        parts=[_part_view(settings, part) for part in request.get("parts", ())],
        parameters={name: request[name] for name in PARAMETERS if name in request},
        thinking=call.thinking,
        reply=call.response,
        finish_reason=call.finish_reason,
        usage=call.usage,
        latency_ms=call.latency_ms,
        first_token_ms=call.first_token_ms,
        error=call.fault or (CallFault(code=call.error) if call.error else None),
        started_at=call.started_at,
        ended_at=call.ended_at,
        expired=call.expired_at is not None,
    )


def _part_view(settings: ApiSettings, part: dict[str, Any]) -> PartView:
    if part["type"] == "text":
        return PartView(type="text", text=part["text"])
    return PartView(
        type="image",
        label=part["label"],
        digest=part["digest"],
        mime_type=part["mime_type"],
        url=picture_path(settings, part["digest"]),
    )
