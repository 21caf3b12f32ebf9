"""Chats, messages, and the answers with their citations, claims and evidence."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, CreatedAt, PlainBase


class ChatRow(Base):
    """`next_no` counts the chat's jobs: it is the order in which they run."""

    __tablename__ = "chats"
    __table_args__ = (Index("ix_chats_user_id_created_at", "user_id", "created_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(300))
    title_is_own: Mapped[bool] = mapped_column(server_default="false")
    description: Mapped[str | None] = mapped_column(Text)
    document_ids: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    is_archived: Mapped[bool] = mapped_column(server_default="false")
    next_no: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]


class MessageRow(Base):
    """`attachments` keeps the documents, files, regions and pictures that came with the message, as given.

    `superseded_by_id` is the edited question or the newer answer that took its place; such a message is no longer part
    of the chat.
    """

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_chat_id_no", "chat_id", "no", unique=True),)

    no: Mapped[int] = mapped_column(BigInteger)
    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(Text)
    message_type: Mapped[str] = mapped_column(String(20), server_default="text")
    reply_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    superseded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    job_id: Mapped[UUID | None] = mapped_column(index=True)
    attachments: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[CreatedAt]


class AnswerRow(PlainBase):
    """The structured answer of an assistant's message (`domain.answers.Answer` without text, citations and claims)."""

    __tablename__ = "answers"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    job_id: Mapped[UUID] = mapped_column(index=True)
    model: Mapped[str] = mapped_column(String(200), server_default="")
    offline: Mapped[bool] = mapped_column(server_default="false")
    needs_more_evidence: Mapped[bool] = mapped_column(server_default="false")
    issues: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    recommendations: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    diff: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[CreatedAt]


class CitationRow(PlainBase):
    """Keeps its words when the document goes: `document_id` carries no foreign key, `document_name` stays."""

    __tablename__ = "citations"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    document_id: Mapped[UUID] = mapped_column(index=True)
    document_name: Mapped[str] = mapped_column(Text)
    page_no: Mapped[int] = mapped_column(Integer)
    sheet: Mapped[str] = mapped_column(Text, server_default="")
    block_id: Mapped[str | None] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    boxes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    quote: Mapped[str] = mapped_column(Text, server_default="")
    note: Mapped[str | None] = mapped_column(Text)
    picture: Mapped[int | None] = mapped_column(Integer)


class ClaimRow(PlainBase):
    """One checked statement of an answer; offsets are code points of the message's content."""

    __tablename__ = "claims"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    claim_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    start: Mapped[int] = mapped_column(Integer)
    end: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    claim_text: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String(20))
    label: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str | None] = mapped_column(String(60))
    citation_number: Mapped[int | None] = mapped_column(Integer)
    boxes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    readings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))


class EvidenceRow(Base):
    """A picture that a model saw or an answer cites: pinned by digest for as long as the answer lives."""

    __tablename__ = "evidence"

    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[int] = mapped_column(Integer, server_default="0")
    digest: Mapped[str] = mapped_column(String(64), index=True)
    document_id: Mapped[UUID | None]
    document_name: Mapped[str] = mapped_column(Text, server_default="")
    sheet: Mapped[str] = mapped_column(Text, server_default="")
    page_no: Mapped[int | None] = mapped_column(Integer)
    block_id: Mapped[str | None] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    region: Mapped[list[Any] | None]
    mime_type: Mapped[str] = mapped_column(String(60))
    width_px: Mapped[int] = mapped_column(Integer)
    height_px: Mapped[int] = mapped_column(Integer)
    dpi: Mapped[int] = mapped_column(Integer)
    glyph_px: Mapped[float | None] = mapped_column(Float)
    glyph_by: Mapped[str] = mapped_column(String(20), server_default="")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    why: Mapped[str] = mapped_column(String(20), server_default="")
    created_at: Mapped[CreatedAt]


class FeedbackRow(PlainBase):
    """What a user thinks of an answer; `rating` true is good, false is bad, null is a comment alone."""

    __tablename__ = "feedback"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    rating: Mapped[bool | None]
    comment: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
