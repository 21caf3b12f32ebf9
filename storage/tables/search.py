"""The inverted index of pages and blocks (DESIGN §9); written with its page and deleted with its document."""

from uuid import UUID

from sqlalchemy import ARRAY, REAL, ForeignKey, Index, Integer, PrimaryKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import PlainBase


class PostingRow(PlainBase):
    """How often a term stands on a page and in which of its blocks: `block_tfs[i]` times in `block_nos[i]`, 0 where
    only the block's heading has it.

    `tf` also counts the page's fields (`storage.postings.Fields`), `length` is that of the page. Both arrays are empty
    for a term of names or of the heading before. The key begins with the term, then the document, and carries what
    ranking pages needs: a search reads a few terms of the documents in its scope, from the index alone.
    """

    __tablename__ = "postings"
    __table_args__ = (
        PrimaryKeyConstraint("term", "document_id", "page_no", postgresql_include=["tf", "length"]),
        Index("ix_postings_document_id_page_no", "document_id", "page_no"),
    )

    term: Mapped[str] = mapped_column(Text)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    page_no: Mapped[int] = mapped_column(Integer)
    tf: Mapped[float] = mapped_column(REAL)
    length: Mapped[int] = mapped_column(Integer)
    block_nos: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    block_tfs: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class PageLengthRow(PlainBase):
    """The number of terms of a page and of each of its blocks, by `block_no` from 0."""

    __tablename__ = "page_lengths"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    page_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    length: Mapped[int] = mapped_column(Integer)
    block_lengths: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class DocumentLengthRow(PlainBase):
    """The sums of a document's `page_lengths`: averages of a scope without reading its pages."""

    __tablename__ = "document_lengths"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    pages: Mapped[int] = mapped_column(Integer)
    blocks: Mapped[int] = mapped_column(Integer)
    length: Mapped[int] = mapped_column(Integer)
