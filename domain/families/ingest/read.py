"""Stage `read`: a batch of pages at a time, each with its checkpoint, so that a killed worker repeats one batch."""

import asyncio
from collections.abc import Callable

from msgspec import structs

from domain.documents import Page, PageContent, PageFacts
from domain.errors import DocumentDamaged, DocumentRejected, DocumentTooHeavy
from domain.families.ingest.pages import read_batch
from domain.families.ingest.types import Reader, ReadingState
from domain.ports import UnitOfWork
from domain.stage import Next, StageContext

BATCH_PAGES = {"pages": 8, "prepared": 100, "text": 100}
"""A batch of PDF pages takes about a second, at most 8 × 20 s."""

UNREAD = "nothing"


async def read(ctx: StageContext, state: ReadingState) -> Next:
    """Raises BlobMissing and Unavailable; pages that cannot be read are kept as empty ones with a warning."""
    reader = state.reader
    assert reader is not None, "the stage `open` comes first"
    last = min(state.next_page + BATCH_PAGES[reader.kind] - 1, state.page_count)
    telling: list[asyncio.Task[None]] = []

    def on_page(page_no: int) -> None:
        telling.append(asyncio.create_task(_tell(ctx, page_no, state.page_count)))

    contents, stamp, lost_code = await _read_tolerantly(ctx, reader, state.next_page, last, on_page)
    await asyncio.gather(*telling)
    unread = sum(content.page.facts.read_by == UNREAD for content in contents)
    next_state = structs.replace(
        state,
        next_page=last + 1,
        lost_pages=state.lost_pages + unread,
        lost_code=state.lost_code or lost_code,
        pages_for_ocr=state.pages_for_ocr + sum(content.page.facts.needs_ocr for content in contents),
        stamp=state.stamp or stamp,
    )
    if not telling:
        await _tell(ctx, last, state.page_count)

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.save_pages(state.source.document_id, contents)

    return Next(state=next_state, goto="read" if last < state.page_count else None, write=write)


async def _read_tolerantly(
    ctx: StageContext, reader: Reader, first: int, last: int, on_page: Callable[[int], None]
) -> tuple[list[PageContent], dict[str, str], str | None]:
    """A batch none of whose pages can be read is kept as empty pages: the other batches may be sound."""
    try:
        contents, stamp = await read_batch(ctx.blobs, ctx.reader, reader, first, last, on_page)
    except (DocumentTooHeavy, DocumentDamaged) as error:
        return [_lost(page_no, error) for page_no in range(first, last + 1)], {}, error.code
    unread = [content for content in contents if content.page.facts.read_by == UNREAD]
    return contents, stamp, next((warning for content in unread for warning in content.page.facts.warnings), None)


async def _tell(ctx: StageContext, page_no: int, page_count: int) -> None:
    await ctx.progress(
        page_no / page_count,
        f"Прочитано страниц: {page_no} из {page_count}",
        f"Pages read: {page_no} of {page_count}",
    )


def _lost(page_no: int, error: DocumentRejected) -> PageContent:
    facts = PageFacts(needs_ocr=True, read_by=UNREAD, warnings=(error.code,))
    return PageContent(page=Page(page_no=page_no, width_pt=0, height_pt=0, facts=facts))
