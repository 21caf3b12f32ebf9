"""Jobs: the durable unit of work. Rules on them are in `rules_jobs`; the protocol is DESIGN §4."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from domain.llm import Usage


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class JobError(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a failure."""

    code: str
    message_ru: str
    message_en: str


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be accepted. `payload` holds ids, never secrets or document text. `run_in_s` delays the first run;
    `priority`: lower runs first. `ordering_key` keeps jobs of one subject in line (a chat's id). `deadline_in_s`
    counts from the acceptance, and anew after waiting for documents or children, which has no deadline.
    `reserved_micro_usd` is set aside of the user's quota for it, in millionths of a US dollar; 0: there is none."""

    id: UUID
    user_id: UUID
    family: str
    queue: str
    payload: dict[str, Any]
    mode: str = ""
    priority: int = 100
    ordering_key: UUID | None = None
    ordering_no: int = 0
    chat_id: UUID | None = None
    document_id: UUID | None = None
    parent_id: UUID | None = None
    run_in_s: float = 0.0
    max_attempts: int = 5
    max_crashes: int = 3
    deadline_in_s: float | None = 1800.0
    reserved_micro_usd: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as stored. `epoch` fences writers: it grows with every claim and every requeue. `step_no` counts the
    finished stages of all runs. `waiting_for` says what a waiting job waits for. `settled_micro_usd` is what former
    runs spent of the user's quota, `reserved_micro_usd` what this one may spend of it; 0: there is no quota.
    `prompt_pins` are the versions of the prompts it is run with, by name: empty until a model is first asked.
    `forgotten_at`: its chat or document was deleted then; what it holds is nobody's to see any more."""

    id: UUID
    user_id: UUID
    family: str
    mode: str
    queue: str
    state: JobState
    payload: dict[str, Any]
    priority: int
    attempt: int
    max_attempts: int
    crashes: int
    max_crashes: int
    epoch: int
    last_seq: int
    run_at: datetime
    created_at: datetime
    chat_id: UUID | None = None
    document_id: UUID | None = None
    parent_id: UUID | None = None
    ordering_key: UUID | None = None
    ordering_no: int = 0
    pending_children: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = None
    deadline_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    stage: str | None = None
    step_no: int = 0
    progress: float = 0.0
    waiting_for: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: JobError | None = None
    usage: Usage = Usage()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reserved_micro_usd: int = 0
    settled_micro_usd: int = 0
    prompt_pins: Mapping[str, str] = {}
    forgotten_at: datetime | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed job and where it resumes: the last checkpoint's next stage and state (both null at the start)."""

    job: Job
    next_stage: str | None
    state: bytes | None
