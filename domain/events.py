"""The event log of a job: the names, the envelope, and what a log adds up to (DESIGN §5)."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from domain.jobs import JobState


class EventType(StrEnum):
    """Names are contracts: add new ones, never rename in place."""

    JOB_QUEUED = "job.queued"
    JOB_SCOPED = "job.scoped"
    JOB_STARTED = "job.started"
    JOB_WAITING = "job.waiting"
    JOB_WOKEN = "job.woken"
    JOB_RETRYING = "job.retrying"
    JOB_RELEASED = "job.released"
    JOB_CANCEL_REQUESTED = "job.cancel_requested"
    JOB_REQUEUED = "job.requeued"
    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    STAGE_STARTED = "stage.started"
    STAGE_PROGRESS = "stage.progress"
    STAGE_FINISHED = "stage.finished"
    TOOL_CALLED = "tool.called"
    EVIDENCE_FOUND = "evidence.found"
    EVIDENCE_PICTURE = "evidence.picture"
    MATRIX_JUDGED = "matrix.judged"
    THINKING_DELTA = "thinking.delta"
    ANSWER_DELTA = "answer.delta"
    ANSWER_RESET = "answer.reset"
    ANSWER_MARKED = "answer.marked"
    ANSWER_COMPLETED = "answer.completed"
    WARNING = "warning"


TERMINAL_EVENTS = frozenset({EventType.JOB_SUCCEEDED, EventType.JOB_FAILED, EventType.JOB_CANCELLED})
DELTAS = frozenset({EventType.ANSWER_DELTA, EventType.THINKING_DELTA})

_STATUS = {
    EventType.JOB_QUEUED: JobState.QUEUED,
    EventType.JOB_STARTED: JobState.RUNNING,
    EventType.JOB_WAITING: JobState.WAITING,
    EventType.JOB_WOKEN: JobState.QUEUED,
    EventType.JOB_RETRYING: JobState.QUEUED,
    EventType.JOB_RELEASED: JobState.QUEUED,
    EventType.JOB_REQUEUED: JobState.QUEUED,
    EventType.JOB_SUCCEEDED: JobState.SUCCEEDED,
    EventType.JOB_FAILED: JobState.FAILED,
    EventType.JOB_CANCELLED: JobState.CANCELLED,
}


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be appended; the log assigns its number."""

    type: EventType
    stage: str | None = None
    payload: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered event. `seq` is dense from 1 per job, over all its runs."""

    job_id: UUID
    seq: int
    epoch: int
    type: EventType
    ts: datetime
    stage: str | None = None
    payload: dict[str, Any] = {}

    @property
    def is_terminal(self) -> bool:
        return self.type in TERMINAL_EVENTS


class Snapshot(msgspec.Struct, kw_only=True):
    """What the events so far add up to."""

    last_seq: int = 0
    status: JobState = JobState.QUEUED
    stage: str | None = None
    progress: float = 0.0
    answer: str = ""
    thinking: str = ""
    evidence: list[dict[str, Any]] = []
    pictures: list[dict[str, Any]] = []
    matrix: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    waiting_for: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None


def fold(events: Iterable[Event], start: Snapshot | None = None) -> Snapshot:
    """The snapshot after `events`, which follow `start` without a gap."""
    snapshot = start or Snapshot()
    for event in events:
        _apply(snapshot, event)
    return snapshot


def _apply(snapshot: Snapshot, event: Event) -> None:
    payload = event.payload
    snapshot.last_seq = event.seq
    if event.type in _STATUS:
        _apply_status(snapshot, event)
    elif event.type is EventType.STAGE_STARTED:
        snapshot.stage = event.stage
    elif event.type is EventType.STAGE_PROGRESS:
        snapshot.progress = payload.get("progress", snapshot.progress)
    elif event.type is EventType.ANSWER_DELTA:
        snapshot.answer += payload["text"]
    elif event.type is EventType.THINKING_DELTA:
        snapshot.thinking += payload["text"]
    elif event.type is EventType.ANSWER_RESET:
        snapshot.answer, snapshot.marks = "", []
    elif event.type is EventType.ANSWER_COMPLETED:
        snapshot.answer = payload["text"]
    elif event.type is EventType.ANSWER_MARKED:
        snapshot.marks = _merged(snapshot.marks, [payload])
    elif event.type is EventType.EVIDENCE_FOUND:
        snapshot.evidence = _merged(snapshot.evidence, payload["items"])
    elif event.type is EventType.EVIDENCE_PICTURE:
        snapshot.pictures = _merged(snapshot.pictures, [payload])
    elif event.type is EventType.MATRIX_JUDGED:
        snapshot.matrix = _renumbered(snapshot.matrix, payload["items"])
    elif event.type is EventType.WARNING:
        snapshot.warnings = [*snapshot.warnings, payload]


def _apply_status(snapshot: Snapshot, event: Event) -> None:
    snapshot.status = _STATUS[event.type]
    snapshot.waiting_for = event.payload if event.type is EventType.JOB_WAITING else None
    if event.type is EventType.JOB_REQUEUED:
        snapshot.error = snapshot.result = snapshot.usage = None
        snapshot.progress, snapshot.stage = 0.0, None
    if event.is_terminal:
        snapshot.error = event.payload.get("error")
        snapshot.result = event.payload.get("result")
        snapshot.usage = event.payload.get("usage")
    if event.type is EventType.JOB_SUCCEEDED:
        snapshot.progress = 1.0


def _renumbered(known: list[dict[str, Any]], added: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by number: a batch that is judged again after a crash takes the place of its first telling."""
    numbers = {item["number"] for item in added}
    return [item for item in known if item["number"] not in numbers] + added


def _merged(known: list[dict[str, Any]], added: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A stage that runs again after a crash reports its evidence again; equal items count once."""
    return known + [item for item in added if item not in known]
