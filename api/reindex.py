"""Writes the search index of stored documents anew, for operators: `python -m api.reindex`.

Needed after a change of what is indexed; rows of before stay findable meanwhile. One transaction a document: safe to
stop and to repeat.
"""

import asyncio
import os
import sys
from uuid import UUID

from sqlalchemy import delete, select

from domain.documents import PageContent
from storage.database import Sessions, open_engine, open_sessions
from storage.documents import DocumentRepository
from storage.indexing import write_index
from storage.settings import read_storage_settings
from storage.tables.documents import DocumentRow
from storage.tables.search import PageLengthRow, PostingRow


async def reindex_all(sessions: Sessions) -> int:
    """How many documents were indexed; those being read are left to their job."""
    async with sessions() as session:
        query = select(DocumentRow.id).where(DocumentRow.deleted_at.is_(None), DocumentRow.status == "ready")
        document_ids = list(await session.scalars(query.order_by(DocumentRow.id)))
    for document_id in document_ids:
        await _reindex(sessions, document_id)
    return len(document_ids)


async def _reindex(sessions: Sessions, document_id: UUID) -> None:
    async with sessions() as session, session.begin():
        # Held against a deletion meanwhile, which would leave rows of a deleted document.
        row = await session.scalar(
            select(DocumentRow)
            .where(DocumentRow.id == document_id, DocumentRow.deleted_at.is_(None))
            .with_for_update(read=True)
        )
        if row is None:
            return
        repository = DocumentRepository(session)
        contents = [
            PageContent(page=page, blocks=tuple(await repository.blocks(document_id, page_no=page.page_no)))
            for page in await repository.pages(document_id)
        ]
        for table in (PostingRow, PageLengthRow):
            await session.execute(delete(table).where(table.document_id == document_id))
        await write_index(session, document_id, row.name, contents)


async def _run() -> None:
    engine = open_engine(read_storage_settings(os.environ).database_url, name="reindex", pool_size=1)
    try:
        sys.stdout.write(f"{await reindex_all(open_sessions(engine))} documents indexed\n")
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_run())
