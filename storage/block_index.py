"""The block index as rows: entries of drawings, and the terms they are found by."""

import asyncio
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Select, bindparam, delete, select, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.drawings import FAMILY, Drawing, IndexRun, SystemCode
from domain.jobs import JobState
from domain.rules_disciplines import BY_NAME
from storage.postings import copy_rows
from storage.tables.block_index import BlockIndexRow
from storage.tables.documents import BlockRow, DocumentRow
from storage.tables.jobs import JobRow
from storage.terms import count_terms

NAMED = 2.0
OTHERS = 1.0
"""How much a term of the title, floor and codes counts, and one of the other fields; once, however often it is there. A
guess."""

PATIENCE_S = 2.0
"""For candidates: an answer does not wait longer for what it can do without."""

_log = structlog.get_logger()


class _Fields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The column `fields`."""

    title: str = ""
    discipline: str = "other"
    drawn: str = ""
    floor_or_section: str = ""
    scale: str = ""
    keywords: tuple[str, ...] = ()
    system_codes: tuple[SystemCode, ...] = ()


class BlockIndexRepository:
    """See `domain.ports.Drawings`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def entries(self, document_id: UUID) -> list[Drawing]:
        query = select(BlockIndexRow).where(BlockIndexRow.document_id == document_id)
        order = (BlockIndexRow.page_no, BlockIndexRow.is_sheet.desc(), BlockIndexRow.block_id)
        return [_drawing_of(row) for row in await self._session.scalars(query.order_by(*order))]

    async def candidates(self, document_id: UUID) -> list[Drawing]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._candidates(document_id)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            _log.warning("block_index_unread", document_id=str(document_id), error=type(error).__name__)
            return []

    async def _candidates(self, document_id: UUID) -> list[Drawing]:
        rows = await self._session.scalars(_usable(), {"document_id": document_id})
        return [_drawing_of(row) for row in rows]

    async def save(self, document_id: UUID, entries: Sequence[Drawing]) -> None:
        await self._delete(document_id, [entry.key for entry in entries])
        self._session.add_all(_row_of(document_id, entry) for entry in entries)
        await self._session.flush()
        terms = [
            (term, document_id, entry.block_id, entry.is_sheet, tf)
            for entry in entries
            for term, tf in terms_of(entry).items()
        ]
        await copy_rows(
            self._session, "block_index_terms", ("term", "document_id", "block_id", "is_sheet", "tf"), terms
        )

    async def keep_only(self, document_id: UUID, keys: Collection[tuple[str, bool]]) -> None:
        query = select(BlockIndexRow.block_id, BlockIndexRow.is_sheet).where(BlockIndexRow.document_id == document_id)
        stored = [(row.block_id, row.is_sheet) for row in await self._session.execute(query)]
        await self._delete(document_id, [key for key in stored if key not in keys])

    async def last_run(self, document_id: UUID, *, hold: bool = False) -> IndexRun | None:
        if hold:
            held = select(DocumentRow.id).where(DocumentRow.id == document_id).with_for_update()
            await self._session.execute(held)
        row = (await self._session.execute(_LAST_RUN.where(JobRow.document_id == document_id))).first()
        if row is None:
            return None
        code = (row.error or {}).get("code")
        return IndexRun(job_id=row.id, state=JobState(row.state), result=row.result, error_code=code)

    async def _delete(self, document_id: UUID, keys: Sequence[tuple[str, bool]]) -> None:
        if keys:
            of = tuple_(BlockIndexRow.block_id, BlockIndexRow.is_sheet).in_(keys)
            await self._session.execute(delete(BlockIndexRow).where(BlockIndexRow.document_id == document_id, of))


_LAST_RUN = (
    select(JobRow.id, JobRow.state, JobRow.result, JobRow.error)
    .where(JobRow.family == FAMILY)
    .order_by(JobRow.id.desc())
    .limit(1)
)


def terms_of(entry: Drawing) -> dict[str, float]:
    """What an entry is found by. A discipline is found by its names in both languages."""
    if entry.error is not None:
        return {}
    named = BY_NAME.get(entry.discipline)
    first = [entry.title, entry.floor_or_section, *(code.code for code in entry.system_codes)]
    others = [entry.drawn, *entry.keywords, *((named.ru, named.en) if named else ())]
    terms = dict.fromkeys(count_terms("\n".join(others)), OTHERS)
    terms.update(dict.fromkeys(count_terms("\n".join(first)), NAMED))
    return terms


@cache
def _usable() -> Select[Any]:
    """Built once: with several documents a question asks it for each."""
    return (
        select(BlockIndexRow)
        .join(DocumentRow, DocumentRow.id == BlockIndexRow.document_id)
        .join(
            BlockRow,
            (BlockRow.document_id == BlockIndexRow.document_id) & (BlockRow.id == BlockIndexRow.block_id),
        )
        .where(
            BlockIndexRow.document_id == bindparam("document_id"),
            BlockIndexRow.error.is_(None),
            DocumentRow.deleted_at.is_(None),
            _is_of_the_file(),
        )
        .order_by(BlockIndexRow.page_no, BlockIndexRow.is_sheet.desc(), BlockRow.block_no)
    )


def _is_of_the_file() -> Any:
    """What was told of another file is of no use; what another prompt told of this one is."""
    from_file = DocumentRow.sha256 == BlockIndexRow.sha256
    return from_file | (DocumentRow.sha256.is_(None) & (BlockIndexRow.sha256 == ""))


def _row_of(document_id: UUID, entry: Drawing) -> BlockIndexRow:
    fields = _Fields(**{name: getattr(entry, name) for name in _Fields.__struct_fields__})
    return BlockIndexRow(
        document_id=document_id,
        block_id=entry.block_id,
        is_sheet=entry.is_sheet,
        page_no=entry.page_no,
        sha256=entry.sha256,
        version=entry.version,
        wanted=entry.wanted,
        model=entry.model,
        fields=msgspec.to_builtins(fields),
        error=entry.error,
    )


def _drawing_of(row: BlockIndexRow) -> Drawing:
    return Drawing(
        block_id=row.block_id,
        page_no=row.page_no,
        is_sheet=row.is_sheet,
        sha256=row.sha256,
        version=row.version,
        wanted=row.wanted,
        model=row.model,
        error=row.error,
        created_at=row.created_at,
        **msgspec.structs.asdict(msgspec.convert(row.fields, _Fields)),
    )
