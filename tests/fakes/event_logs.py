"""Logs of a job, made by hand."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.events import Event, EventType

JOB = UUID(int=1)
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def log(*told: tuple[EventType, dict[str, Any]] | EventType, stage: str | None = None) -> list[Event]:
    """A log of these events, numbered from 1; an event is a type, with a payload if it has one."""
    pairs = [one if isinstance(one, tuple) else (one, {}) for one in told]
    return [
        Event(job_id=JOB, seq=seq, epoch=1, type=kind, ts=NOW, stage=stage, payload=payload)
        for seq, (kind, payload) in enumerate(pairs, 1)
    ]
