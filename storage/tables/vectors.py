"""Vectors of what documents say (DESIGN §9, docs/search.md); present only where an embedding provider is configured."""

from datetime import datetime
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ForeignKey, Identity, Integer, LargeBinary, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import CreatedAt, PlainBase


class VectorIndexRow(PlainBase):
    """What can be compared with one another: one model, one dimension, one version of cutting texts.

    Its nearest-neighbour index is `ix_vectors_nearest_<id>`, made when the row is: pgvector needs the dimension, which
    is the operator's choice, in the index itself.
    """

    __tablename__ = "vector_indexes"
    __table_args__ = (UniqueConstraint("model", "dimensions", "version"),)

    id: Mapped[int] = mapped_column(SmallInteger, Identity(always=True), primary_key=True)
    model: Mapped[str] = mapped_column(String(200))
    dimensions: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(String(60))
    """The code of the provider's last failure; null since it last answered."""
    created_at: Mapped[CreatedAt]


class VectorDocumentRow(PlainBase):
    """How far a document is in an index. No row: not begun, or its pages have changed since.

    `run_at` is when it may be taken (again): a lease while somebody embeds it, a pause after a failure. `language` is
    ru or en, null until `embedded_at`.
    """

    __tablename__ = "vector_documents"

    index_id: Mapped[int] = mapped_column(ForeignKey("vector_indexes.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    chunks: Mapped[int] = mapped_column(Integer, server_default="0")
    language: Mapped[str | None] = mapped_column(String(2))
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    run_at: Mapped[datetime]
    embedded_at: Mapped[datetime | None]


class VectorRow(PlainBase):
    """A run of blocks of a page (`storage.vectors.chunks`). `digest` is of its text: what stays is not paid again."""

    __tablename__ = "vectors"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    index_id: Mapped[int] = mapped_column(ForeignKey("vector_indexes.id", ondelete="CASCADE"), primary_key=True)
    page_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    chunk_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    first_block: Mapped[int] = mapped_column(Integer)
    last_block: Mapped[int] = mapped_column(Integer)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    embedding: Mapped[list[float]] = mapped_column(HALFVEC())
