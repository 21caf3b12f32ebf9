"""Jobs, their steps, events, waits, idempotency keys, and the worker processes (DESIGN §4–§5)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, CreatedAt, PlainBase


class JobRow(Base):
    """Times are PostgreSQL's. `epoch` fences writers, `last_seq` numbers events, `step_no` counts checkpoints,
    `append_no` counts the writes of this run, so that a write whose commit was in doubt is not made twice.
    `forgotten_at`: what it belonged to was deleted then (`storage.forgetting`)."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "state in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')", name="state_known"
        ),
        Index("ix_jobs_due", "queue", "user_id", "priority", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_jobs_run_at", "run_at", postgresql_where=text("state = 'queued'")),
        Index("ix_jobs_lease", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_jobs_unfinished_user", "user_id", postgresql_where=text("state in ('queued', 'running', 'waiting')")),
        Index(
            "ix_jobs_unfinished_key",
            "ordering_key",
            "ordering_no",
            postgresql_where=text("state in ('queued', 'running', 'waiting')"),
        ),
        Index(
            "uq_jobs_one_running_per_key",
            "ordering_key",
            unique=True,
            postgresql_where=text("state = 'running' and ordering_key is not null"),
        ),
        Index("ix_jobs_deadline", "deadline_at", postgresql_where=text("state in ('queued', 'running', 'waiting')")),
        Index("ix_jobs_user_id_id", "user_id", "id"),
        Index("ix_jobs_family_finished_at", "family", "mode", "finished_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    family: Mapped[str] = mapped_column(String(40))
    mode: Mapped[str] = mapped_column(String(40), server_default="")
    queue: Mapped[str] = mapped_column(String(40))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="100")
    state: Mapped[str] = mapped_column(String(10), server_default="queued")
    payload: Mapped[dict[str, Any]]
    chat_id: Mapped[UUID | None] = mapped_column(index=True)
    document_id: Mapped[UUID | None] = mapped_column(index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    pending_children: Mapped[int] = mapped_column(Integer, server_default="0")
    ordering_key: Mapped[UUID | None]
    ordering_no: Mapped[int] = mapped_column(Integer, server_default="0")
    run_at: Mapped[CreatedAt]
    rung_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    max_attempts: Mapped[int] = mapped_column(SmallInteger, server_default="5")
    crashes: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    max_crashes: Mapped[int] = mapped_column(SmallInteger, server_default="3")
    epoch: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    append_no: Mapped[int] = mapped_column(Integer, server_default="0")
    step_no: Mapped[int] = mapped_column(Integer, server_default="0")
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]
    deadline_in_s: Mapped[float | None] = mapped_column(Float)
    cancel_requested_at: Mapped[datetime | None]
    stage: Mapped[str | None] = mapped_column(String(60))
    progress: Mapped[float] = mapped_column(Float, server_default="0")
    waiting_for: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    reserved_micro_usd: Mapped[int] = mapped_column(BigInteger, server_default="0")
    settled_micro_usd: Mapped[int] = mapped_column(BigInteger, server_default="0")
    quota_period: Mapped[str | None] = mapped_column(String(7))
    prompt_pins: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]


class ForgettingRow(PlainBase):
    """A deleted job or document whose content is still to be removed (`storage.forgetting_sweep`)."""

    __tablename__ = "forgettings"
    __table_args__ = (CheckConstraint("kind in ('job', 'document')", name="kind_known"),)

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[CreatedAt]


class JobStepRow(PlainBase):
    """A finished stage: the checkpoint a later run resumes after. `state` is the JSON of the family's state type.

    `next_stage` null means that the stage finished the job's work. `started` and `unknown` belong to sends that must
    not be repeated blindly (DESIGN §4.5).
    """

    __tablename__ = "job_steps"
    __table_args__ = (CheckConstraint("status in ('started', 'done', 'unknown')", name="status_known"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    step_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    stage: Mapped[str] = mapped_column(String(60))
    epoch: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(10), server_default="done")
    next_stage: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[bytes | None] = mapped_column(LargeBinary)
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]


class JobEventRow(PlainBase):
    """The log: `seq` is dense from 1 per job. Lives as long as the job."""

    __tablename__ = "job_events"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String(40))
    stage: Mapped[str | None] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    ts: Mapped[CreatedAt]


class JobWaitRow(PlainBase):
    """A waiting job and a document it waits for."""

    __tablename__ = "job_waits"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)


class IdempotencyKeyRow(PlainBase):
    """An accepted request by its Idempotency-Key; kept 7 days. `response` is what was answered."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    route: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger, server_default="202")
    response: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[CreatedAt] = mapped_column(index=True)


class WorkerRow(PlainBase):
    """A worker process as it last reported. `slot` is its place (stable over restarts), `incarnation` this start."""

    __tablename__ = "workers"

    slot: Mapped[str] = mapped_column(Text, primary_key=True)
    incarnation: Mapped[UUID]
    queue: Mapped[str] = mapped_column(String(40), index=True)
    threads: Mapped[int] = mapped_column(Integer)
    busy: Mapped[int] = mapped_column(Integer, server_default="0")
    draining: Mapped[bool] = mapped_column(server_default="false")
    started_at: Mapped[CreatedAt]
    seen_at: Mapped[CreatedAt]
