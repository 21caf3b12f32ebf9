"""Running a job again from its recorded calls: what is asked for, and what the record holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.chats import Settings
from domain.jobs import Job, NewJob
from domain.llm import CallFault, Piece, Usage

KEY = "replay"
"""Of a job's payload: there only in replays."""

REPLAYABLE = frozenset({"analysis"})
"""Families whose stages write nothing but their answer, which a replay leaves out."""

REPLAY_MODE, TRIAL_MODE = "replay", "trial"
MODES = frozenset({REPLAY_MODE, TRIAL_MODE})
"""The modes of such jobs: they mark them wherever a job is told of, and keep them out of other jobs' estimates."""


class ReplayWish(msgspec.Struct, frozen=True, kw_only=True):
    """`of` is the recorded job, of the user `owner_id`, whose documents and settings count. `trial_id` groups the jobs
    that try `prompts` (versions by name): their calls that are not recorded are made. Null: none may be made."""

    of: UUID
    owner_id: UUID
    trial_id: UUID | None = None
    prompts: Mapping[str, str] = {}


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the log, to be given again. `request` is as logged. `fault` may also be that the call was turned away
    before it was made: no room in the budget, no turn at the provider's limit."""

    id: UUID
    stage: str
    step_no: int
    role: str
    model: str
    prompt: str
    request: dict[str, Any]
    response: str
    thinking: str
    pieces: tuple[Piece, ...]
    finish_reason: str | None
    request_id: str | None
    fault: CallFault | None
    usage: Usage
    latency_ms: int
    ended_at: datetime


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A job and the calls of those runs of its stages that were finished, in the order in which they began. Runs that
    were lost, handed back or tried again have left calls that led to nothing: they are not part of it. `pictures` are
    the digests of those that it told of; in the stages of `missed` not every picture was ready in time."""

    job: Job
    settings: Settings
    calls: tuple[RecordedCall, ...]
    pictures: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()


def replay_of(job: Job | NewJob) -> ReplayWish | None:
    """What a job is to repeat; null for an ordinary job, whatever its payload holds."""
    return msgspec.convert(job.payload[KEY], ReplayWish) if job.mode in MODES else None
