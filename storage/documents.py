"""Documents, their pages, blocks and words as rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import Block, BlockKind, Document, DocumentStatus, Page, PageContent, PageFacts, Word
from domain.errors import NotFound
from domain.jobs import JobError
from storage.postings import LENGTH_COLUMNS, LENGTHS, POSTING_COLUMNS, POSTINGS, copy_rows, index_page
from storage.tables.documents import BlockRow, DocumentRow, PageRow
from storage.tables.search import PageLengthRow, PostingRow
from storage.visibility import newest_for, visible_to

_WORDS = msgspec.msgpack.Decoder(tuple[Word, ...])


class DocumentRepository:
    """See `domain.ports.Documents`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, document_id: UUID, *, user_id: UUID | None = None) -> Document:
        query = _living().where(DocumentRow.id == document_id)
        if user_id is not None:
            query = query.where(visible_to(user_id))
        row = await self._session.scalar(query)
        if row is None:
            raise NotFound(f"document {document_id}")
        return _document_of(row)

    async def visible_ids(self, user_id: UUID) -> list[UUID]:
        query = _living(DocumentRow.id).where(visible_to(user_id), newest_for(user_id))
        return list(await self._session.scalars(query.order_by(DocumentRow.id.desc())))

    async def readable(self, user_id: UUID, document_ids: Sequence[UUID]) -> list[Document]:
        rows = await self._session.scalars(_living().where(DocumentRow.id.in_(document_ids), visible_to(user_id)))
        found = {row.id: row for row in rows}
        return [_document_of(found[i]) for i in dict.fromkeys(document_ids) if i in found]

    async def list_visible(
        self, user_id: UUID, *, limit: int, before: UUID | None = None, name_contains: str = ""
    ) -> list[Document]:
        """All that the user may see, also superseded ones, newest first, those after the id `before` in that order.

        `name_contains` is a part of the name in any case.
        """
        query = _living().where(visible_to(user_id))
        if before is not None:
            query = query.where(DocumentRow.id < before)
        if name_contains:
            query = query.where(DocumentRow.name.icontains(name_contains, autoescape=True))
        return [
            _document_of(row) for row in await self._session.scalars(query.order_by(DocumentRow.id.desc()).limit(limit))
        ]

    async def of_files(self, user_id: UUID, file_ids: Sequence[UUID]) -> list[UUID]:
        """The documents that were made of these files and that the user may see."""
        query = _living(DocumentRow.id).where(DocumentRow.file_id.in_(file_ids), visible_to(user_id))
        return list(await self._session.scalars(query.order_by(DocumentRow.id)))

    async def add(self, document: Document) -> None:
        self._session.add(
            DocumentRow(
                id=document.id,
                owner_id=document.owner_id,
                name=document.name,
                status=document.status.value,
                file_id=document.file_id,
                sha256=document.sha256,
                mime_type=document.mime_type,
                page_count=document.page_count,
                supersedes_id=document.supersedes_id,
                source=document.source,
                stamp=document.stamp,
                job_id=document.job_id,
            )
        )
        await self._session.flush()

    async def delete(self, document_id: UUID, *, user_id: UUID) -> None:
        """Unfindable when this commits. Raises NotFound also for those who may only read it."""
        row = await self._session.scalar(
            _living().where(DocumentRow.id == document_id, visible_to(user_id, access="write"))
        )
        if row is None:
            raise NotFound(f"document {document_id}")
        row.deleted_at = func.now()
        await self._session.flush()
        await self._clear(document_id)

    async def move(self, document_id: UUID, node_id: UUID | None) -> None:
        """Hang the document below a node of the project tree, from which it inherits grants; null takes it out."""
        await self._set(document_id, node_id=node_id)

    async def set_page_count(self, document_id: UUID, page_count: int) -> None:
        await self._set(document_id, page_count=page_count)

    async def save_pages(self, document_id: UUID, contents: Sequence[PageContent]) -> None:
        """Safe to repeat: pages of these numbers are replaced, `pages_done` is counted anew."""
        name = (await self.get(document_id)).name
        await self._clear(document_id, [content.page.page_no for content in contents])
        if contents:
            await self._session.execute(insert(PageRow), [_page_values(document_id, content) for content in contents])
        blocks = [_block_values(document_id, block) for content in contents for block in content.blocks]
        if blocks:
            await self._session.execute(insert(BlockRow), blocks)
        indexed = [index_page(document_id, name, content) for content in contents]
        postings = [row for rows, _ in indexed for row in rows]
        await copy_rows(self._session, POSTINGS, POSTING_COLUMNS, postings)
        await copy_rows(self._session, LENGTHS, LENGTH_COLUMNS, [row for _, row in indexed])
        done = select(func.count()).where(PageRow.document_id == document_id).scalar_subquery()
        await self._set(document_id, pages_done=done)

    async def set_ready(self, document_id: UUID, stamp: dict[str, str]) -> None:
        await self._set(
            document_id, status=DocumentStatus.READY.value, stamp=stamp, error_code=None, error_ru=None, error_en=None
        )

    async def set_failed(self, document_id: UUID, error: JobError) -> None:
        await self._set(
            document_id,
            status=DocumentStatus.FAILED.value,
            error_code=error.code,
            error_ru=error.message_ru,
            error_en=error.message_en,
        )

    async def pages(self, document_id: UUID, page_nos: Sequence[int] | None = None) -> list[Page]:
        query = select(PageRow).where(PageRow.document_id == document_id)
        if page_nos is not None:
            query = query.where(PageRow.page_no.in_(page_nos))
        return [_page_of(row) for row in await self._session.scalars(query.order_by(PageRow.page_no))]

    async def blocks(
        self, document_id: UUID, *, page_no: int | None = None, block_ids: Sequence[str] | None = None
    ) -> list[Block]:
        query = select(BlockRow).where(BlockRow.document_id == document_id)
        if page_no is not None:
            query = query.where(BlockRow.page_no == page_no)
        if block_ids is not None:
            query = query.where(BlockRow.id.in_(block_ids))
        rows = await self._session.scalars(query.order_by(BlockRow.page_no, BlockRow.block_no))
        return [block_of(row) for row in rows]

    async def words(self, document_id: UUID, page_no: int) -> tuple[Word, ...]:
        packed = await self._session.scalar(
            select(PageRow.words).where(PageRow.document_id == document_id, PageRow.page_no == page_no)
        )
        return unpack_words(packed)

    async def _set(self, document_id: UUID, **values: object) -> None:
        await self._session.execute(update(DocumentRow).where(DocumentRow.id == document_id).values(**values))

    async def _clear(self, document_id: UUID, page_nos: Sequence[int] | None = None) -> None:
        """Removes pages with all that is on them; without numbers the index of the whole document only."""
        tables = (PostingRow, PageLengthRow) if page_nos is None else (PostingRow, PageLengthRow, BlockRow, PageRow)
        for table in tables:
            query = delete(table).where(table.document_id == document_id)
            if page_nos is not None:
                query = query.where(table.page_no.in_(page_nos))
            await self._session.execute(query)


def unpack_words(packed: bytes | None) -> tuple[Word, ...]:
    return _WORDS.decode(packed) if packed else ()


def block_of(row: BlockRow) -> Block:
    return Block(
        id=row.id,
        page_no=row.page_no,
        block_no=row.block_no,
        kind=BlockKind(row.kind),
        content=row.content,
        box=None if row.box is None else tuple(row.box),
        links=tuple(row.links),
        category=row.category,
        heading=row.heading,
    )


def _living(column: Any = DocumentRow) -> Select[Any]:
    return select(column).where(DocumentRow.deleted_at.is_(None))


def _document_of(row: DocumentRow) -> Document:
    return Document(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        status=DocumentStatus(row.status),
        file_id=row.file_id,
        sha256=row.sha256,
        mime_type=row.mime_type,
        page_count=row.page_count,
        pages_done=row.pages_done,
        supersedes_id=row.supersedes_id,
        source=row.source,
        stamp=row.stamp,
        error_code=row.error_code,
        error_ru=row.error_ru,
        error_en=row.error_en,
        job_id=row.job_id,
        created_at=row.created_at,
    )


def _page_of(row: PageRow) -> Page:
    return Page(
        page_no=row.page_no,
        width_pt=row.width_pt,
        height_pt=row.height_pt,
        rotation=row.rotation,
        facts=msgspec.convert(row.facts, PageFacts),
    )


def _page_values(document_id: UUID, content: PageContent) -> dict[str, object]:
    page = content.page
    return {
        "document_id": document_id,
        "page_no": page.page_no,
        "width_pt": page.width_pt,
        "height_pt": page.height_pt,
        "rotation": page.rotation,
        "facts": msgspec.to_builtins(page.facts),
        "words": msgspec.msgpack.encode(content.words),
    }


def _block_values(document_id: UUID, block: Block) -> dict[str, object]:
    return {
        "document_id": document_id,
        "id": block.id,
        "page_no": block.page_no,
        "block_no": block.block_no,
        "kind": block.kind.value,
        "content": block.content,
        "box": None if block.box is None else list(block.box),
        "links": list(block.links),
        "category": block.category,
        "heading": block.heading,
    }
