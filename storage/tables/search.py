"""The inverted index of pages and blocks (DESIGN §9); written with its page and deleted with its document."""

from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import PlainBase


class PostingRow(PlainBase):
    """How often a term stands on a page (`tf`) and in which of its blocks: `block_tfs[i]` times in `block_nos[i]`.

    Both arrays are empty for a term that stands only in the names of document and sheet. The key begins with the
    term, then the document: a search reads a few terms of the documents in its scope.
    """

    __tablename__ = "postings"
    __table_args__ = (Index("ix_postings_document_id_page_no", "document_id", "page_no"),)

    term: Mapped[str] = mapped_column(Text, primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    page_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    tf: Mapped[int] = mapped_column(Integer)
    block_nos: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    block_tfs: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class PageLengthRow(PlainBase):
    """The number of terms of a page and of each of its blocks, by `block_no` from 0."""

    __tablename__ = "page_lengths"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    page_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    length: Mapped[int] = mapped_column(Integer)
    block_lengths: Mapped[list[int]] = mapped_column(ARRAY(Integer))
