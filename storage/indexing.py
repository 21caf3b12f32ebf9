"""Writes the search index of pages within the session's transaction."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import PageContent
from storage.postings import (
    LENGTH_COLUMNS,
    LENGTHS,
    POSTING_COLUMNS,
    POSTINGS,
    copy_rows,
    index_pages,
)
from storage.tables.documents import BlockRow

_SUM_LENGTHS = text("""
insert into document_lengths (document_id, pages, blocks, length)
select document_id, count(*), sum(cardinality(block_lengths)), sum(length)
from page_lengths where document_id = :document_id group by document_id
on conflict (document_id) do update set pages = excluded.pages, blocks = excluded.blocks, length = excluded.length
""")


async def write_index(
    session: AsyncSession, document_id: UUID, document_name: str, contents: Sequence[PageContent]
) -> None:
    """Index pages that have no index rows yet; `contents` are successive pages of one document."""
    if not contents:
        return
    before = await _heading_before(session, document_id, contents[0].page.page_no)
    # Stems of 55,000 blocks take half a minute: the loop goes on meanwhile.
    indexed = await asyncio.to_thread(
        lambda: list(index_pages(document_id, document_name, contents, heading_before=before))
    )
    postings = [row for rows, _ in indexed for row in rows]
    await copy_rows(session, POSTINGS, POSTING_COLUMNS, postings)
    await copy_rows(session, LENGTHS, LENGTH_COLUMNS, [row for _, row in indexed])
    await session.execute(_SUM_LENGTHS, {"document_id": document_id})


async def _heading_before(session: AsyncSession, document_id: UUID, page_no: int) -> str | None:
    """The heading that the pages before end under, if they are stored."""
    query = select(BlockRow.heading).where(
        BlockRow.document_id == document_id, BlockRow.page_no < page_no, BlockRow.heading.is_not(None)
    )
    return await session.scalar(query.order_by(BlockRow.page_no.desc(), BlockRow.block_no.desc()).limit(1))
