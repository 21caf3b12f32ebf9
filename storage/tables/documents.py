"""Files, documents, pages, blocks, words, the project tree, and the render cache's index."""

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
from sqlalchemy.orm import Mapped, deferred, mapped_column

from storage.tables.base import Base, CreatedAt, PlainBase


class FileRow(Base):
    """An uploaded file; its bytes are the blob `sha256`, which several files may share."""

    __tablename__ = "files"

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str] = mapped_column(Text)
    mime_type: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    source_type: Mapped[str] = mapped_column(String(40), server_default="user_upload")
    created_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]


class TreeNodeRow(Base):
    """A node of the project tree (client → project → section → stage → task → document)."""

    __tablename__ = "tree_nodes"

    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tree_nodes.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[str | None] = mapped_column(String(200), index=True)
    node_type: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    status: Mapped[str] = mapped_column(String(40), server_default="active")
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    sort_order: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class DocumentRow(Base):
    """`sha256` is the file that pages are rendered from; null for a prepared document without its source PDF.
    `recognition` is the rest of `domain.documents.Recognition`."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("status in ('reading', 'ready', 'failed')", name="status_known"),
        CheckConstraint(
            "recognition_state in ('none', 'pending', 'done', 'failed', 'cancelled')", name="recognition_known"
        ),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("tree_nodes.id", ondelete="SET NULL"), index=True)
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"), index=True)
    supersedes_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), server_default="reading")
    source: Mapped[str] = mapped_column(String(20), server_default="upload")
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    mime_type: Mapped[str] = mapped_column(String(200))
    page_count: Mapped[int | None] = mapped_column(Integer)
    pages_done: Mapped[int] = mapped_column(Integer, server_default="0")
    stamp: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    error_code: Mapped[str | None] = mapped_column(String(60))
    error_ru: Mapped[str | None] = mapped_column(Text)
    error_en: Mapped[str | None] = mapped_column(Text)
    job_id: Mapped[UUID | None]
    recognition_state: Mapped[str] = mapped_column(String(10), server_default="none")
    recognition: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]


class DocumentFileRow(Base):
    """A part of a prepared document as it came: its Markdown, JSON, HTML, source PDF, crops (named by block id)."""

    __tablename__ = "document_files"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    file_type: Mapped[str] = mapped_column(String(20))
    file_name: Mapped[str] = mapped_column(Text)
    mime_type: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[CreatedAt]


class PageRow(PlainBase):
    """`words` is the MessagePack of `list[domain.documents.Word]`; it is loaded only when asked for."""

    __tablename__ = "pages"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    page_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    width_pt: Mapped[float] = mapped_column(Float)
    height_pt: Mapped[float] = mapped_column(Float)
    rotation: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    words: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))


class BlockRow(PlainBase):
    """A block is known by its document and its id: ids of different documents may be equal. `crop` is the digest of a
    picture or one-page PDF of it that came with a prepared document."""

    __tablename__ = "blocks"
    __table_args__ = (Index("ix_blocks_document_id_page_no_block_no", "document_id", "page_no", "block_no"),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    page_no: Mapped[int] = mapped_column(Integer)
    block_no: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(10))
    content: Mapped[str] = mapped_column(Text)
    box: Mapped[list[Any] | None]
    links: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    category: Mapped[str | None] = mapped_column(String(60))
    heading: Mapped[str | None] = mapped_column(Text)
    crop: Mapped[str | None] = mapped_column(String(64))


class RenderRow(PlainBase):
    """A picture of the render cache. The primary key is the single flight: one row, one drawing.

    `key` is the digest of what is drawn; `pinned` pictures are evidence and are never evicted.
    """

    __tablename__ = "renders"
    __table_args__ = (
        CheckConstraint("state in ('wanted', 'drawing', 'ready', 'failed')", name="state_known"),
        Index("ix_renders_state", "state", postgresql_where=text("state in ('wanted', 'drawing')")),
        Index("ix_renders_used_at", "used_at"),
    )

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    spec: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(10), server_default="wanted")
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    digest: Mapped[str | None] = mapped_column(String(64), index=True)
    mime_type: Mapped[str | None] = mapped_column(String(60))
    width_px: Mapped[int | None] = mapped_column(Integer)
    height_px: Mapped[int | None] = mapped_column(Integer)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    dpi: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[dict[str, Any] | None]
    pinned: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[CreatedAt]
    used_at: Mapped[CreatedAt]
