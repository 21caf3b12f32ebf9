"""Calls to models: what was sent, what came back, what it cost."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, CreatedAt


class LLMCallRow(Base):
    """One call. Kept when its job is deleted: no foreign key. `request` is the system's text, the parts (pictures by
    digest) and the parameters; `error` is a code, null after a usable reply. `own_key`: the user's own key paid."""

    __tablename__ = "llm_calls"
    __table_args__ = (
        Index("ix_llm_calls_user_id_created_at", "user_id", "created_at"),
        Index("ix_llm_calls_model_created_at", "model", "created_at"),
    )

    job_id: Mapped[UUID] = mapped_column(index=True)
    user_id: Mapped[UUID]
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
    created_at: Mapped[CreatedAt]
