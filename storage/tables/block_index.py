"""The block index: what drawings are, and the terms they are found by. It picks candidates and proves nothing."""

from typing import Any
from uuid import UUID

from sqlalchemy import REAL, ForeignKey, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import CreatedAt, PlainBase


class BlockIndexRow(PlainBase):
    """See `domain.drawings.Drawing`. A sheet as a whole is known by one of its blocks, hence `is_sheet` in the key.

    The block itself may be gone: documents are read again, ids come from content. Such a row serves nobody.
    """

    __tablename__ = "block_index"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    block_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    is_sheet: Mapped[bool] = mapped_column(primary_key=True)
    page_no: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(40))
    wanted: Mapped[str] = mapped_column(String(10))
    model: Mapped[str] = mapped_column(String(200), server_default="")
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    error: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[CreatedAt]


class BlockIndexTermRow(PlainBase):
    """How much a term counts in an entry. Reading a few terms of a scope needs the index alone."""

    __tablename__ = "block_index_terms"
    __table_args__ = (
        PrimaryKeyConstraint("term", "document_id", "block_id", "is_sheet", postgresql_include=["tf"]),
        ForeignKeyConstraint(
            ["document_id", "block_id", "is_sheet"],
            ["block_index.document_id", "block_index.block_id", "block_index.is_sheet"],
            ondelete="CASCADE",
        ),
        Index("ix_block_index_terms_document_id_block_id_is_sheet", "document_id", "block_id", "is_sheet"),
    )

    term: Mapped[str] = mapped_column(Text)
    document_id: Mapped[UUID]
    block_id: Mapped[str] = mapped_column(String(20))
    is_sheet: Mapped[bool]
    tf: Mapped[float] = mapped_column(REAL)
