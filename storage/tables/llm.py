"""Calls to models: what was sent, what came back, what it cost."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, CreatedAt, PlainBase


class LLMCallRow(Base):
    """One call, in the order of its id. Kept when its job is deleted: no foreign key. `request` is the system's text,
    the parts (pictures by digest) and the parameters; `error` is a code, null after a usable reply, `fault` says more.
    `own_key`: the user's own key paid. `calls` is 0 where nothing was called: no room, no turn, or `served_by` the
    recorded call of that id, as a replay's are. `pieces` are how response and thinking came (`domain.llm.Piece`).
    `expired_at`: the texts are gone, the figures stay."""

    __tablename__ = "llm_calls"
    __table_args__ = (
        Index("ix_llm_calls_user_id_created_at", "user_id", "created_at"),
        Index("ix_llm_calls_model_created_at", "model", "created_at"),
        Index("ix_llm_calls_kept", "created_at", postgresql_where=text("expired_at is null")),
    )

    job_id: Mapped[UUID] = mapped_column(index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    stage: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(40))
    model: Mapped[str] = mapped_column(String(200))
    prompt: Mapped[str] = mapped_column(String(200))
    prompt_version: Mapped[str] = mapped_column(String(40))
    is_repair: Mapped[bool] = mapped_column(server_default="false")
    own_key: Mapped[bool] = mapped_column(server_default="false")
    request: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    response: Mapped[str] = mapped_column(Text, server_default="")
    finish_reason: Mapped[str | None] = mapped_column(String(40))
    request_id: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[str | None] = mapped_column(String(60))
    input_tokens: Mapped[int] = mapped_column(Integer, server_default="0")
    output_tokens: Mapped[int] = mapped_column(Integer, server_default="0")
    cached_tokens: Mapped[int] = mapped_column(Integer, server_default="0")
    thinking_tokens: Mapped[int] = mapped_column(Integer, server_default="0")
    images: Mapped[int] = mapped_column(Integer, server_default="0")
    cost_micro_usd: Mapped[int] = mapped_column(BigInteger, server_default="0")
    latency_ms: Mapped[int] = mapped_column(Integer, server_default="0")
    first_token_ms: Mapped[int | None] = mapped_column(Integer)
    calls: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    epoch: Mapped[int] = mapped_column(BigInteger, server_default="0")
    step_no: Mapped[int] = mapped_column(Integer, server_default="0")
    try_no: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    thinking: Mapped[str] = mapped_column(Text, server_default="")
    pieces: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    fault: Mapped[dict[str, Any] | None]
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    served_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    expired_at: Mapped[datetime | None]


class QuestionVectorRow(PlainBase):
    """What search was told of a question by an embedding provider, in the stage that ends with this step of this run:
    a vector of doubles, or null when there was none in time. `question` is its sha256."""

    __tablename__ = "question_vectors"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    step_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    question: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    model: Mapped[str] = mapped_column(String(200))
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)


class ReplayRow(PlainBase):
    """A job that runs another one again from its recorded calls. It belongs to who asked for it and holds what is the
    owner's: when the recorded job or its owner goes, what is null here says so, and the replay is swept. `trial_id`
    groups the jobs that try prompts."""

    __tablename__ = "replays"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    source_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    trial_id: Mapped[UUID | None] = mapped_column(index=True)
    created_at: Mapped[CreatedAt]
