"""What a picture of a page is drawn from, asked in one round trip."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

import msgspec
from sqlalchemy import and_, bindparam, select
from sqlalchemy.dialects.postgresql import asyncpg

from domain.documents import Page
from domain.errors import NotFound
from storage.direct import Direct
from storage.tables.documents import DocumentRow, PageRow
from storage.visibility import visible_to

MAX_PAGE_NO = 1_000_000


class PageSource(msgspec.Struct, frozen=True, kw_only=True):
    """`sha256` is the file, null for a document without one; `page` is null until the page was read."""

    sha256: str | None
    page: Page | None


async def page_source(database: Direct, user_id: UUID, document_id: UUID, page_no: int) -> PageSource:
    """Raises NotFound for pages that are not there and for documents that the user may not see. Until the pages were
    counted, any may be there."""
    if not 1 <= page_no <= MAX_PAGE_NO:
        raise NotFound(f"page {page_no} of {document_id}")
    statement, names = _statement()
    values = {"user_id": user_id, "document_id": document_id, "page_no": page_no}
    row = await database.first(statement, *(values[name] for name in names))
    if row is None or page_no > (row["page_count"] or MAX_PAGE_NO):
        raise NotFound(f"page {page_no} of {document_id}")
    if row["width_pt"] is None:
        return PageSource(sha256=row["sha256"], page=None)
    page = Page(page_no=page_no, width_pt=row["width_pt"], height_pt=row["height_pt"], rotation=row["rotation"])
    return PageSource(sha256=row["sha256"], page=page)


@cache
def _statement() -> tuple[str, Sequence[str]]:
    """The statement with $1-style arguments, and their names in order. Built from the one rule of who sees what, but
    only once: SQLAlchemy's part of each run would take longer than the run."""
    on_page = and_(PageRow.document_id == DocumentRow.id, PageRow.page_no == bindparam("page_no"))
    query = (
        select(DocumentRow.sha256, DocumentRow.page_count, PageRow.width_pt, PageRow.height_pt, PageRow.rotation)
        .outerjoin(PageRow, on_page)
        .where(
            DocumentRow.id == bindparam("document_id"),
            DocumentRow.deleted_at.is_(None),
            visible_to(bindparam("user_id")),  # pyright: ignore[reportArgumentType]
        )
    )
    compiled = query.compile(dialect=asyncpg.dialect(), compile_kwargs={"render_postcompile": True})
    return str(compiled), tuple(compiled.positiontup or ())  # pyright: ignore[reportAttributeAccessIssue]
