"""Stage `read`: a batch of pages at a time, each with its checkpoint, so that a killed worker repeats one batch."""

import asyncio
import time
from collections.abc import Callable

from msgspec import structs

from domain.documents import Page, PageContent, PageFacts
from domain.errors import DocumentDamaged, DocumentRejected, DocumentTooHeavy
from domain.families.ingest.pages import read_batch
from domain.families.ingest.types import ReadingState
from domain.ports import UnitOfWork
from domain.recognition import UNREAD
from domain.rules_headings import carry_headings
from domain.stage import Next, StageContext

BATCH_PAGES = 8
"""The first batch of PDF pages takes about a second, at most 8 × 20 s."""

BATCH_PAGES_MOST = 200
"""Also of a prepared document without its PDF: nothing is read but its text."""

QUICK_S, SLOW_S = 1.0, 4.0
"""A batch that took less is followed by one twice as large, one that took more by one half as large: 5,000 plain pages
take 30 batches instead of 625."""


async def read(ctx: StageContext, state: ReadingState) -> Next:
    """Raises BlobMissing and Unavailable; pages that cannot be read are kept as empty ones with a warning."""
    reader = state.reader
    assert reader is not None, "the stage `open` comes first"
    is_text_only = reader.kind == "prepared" and "pdf" not in reader.digests
    size = BATCH_PAGES_MOST if is_text_only else state.batch_pages
    began = time.monotonic()
    last = min(state.next_page + size - 1, state.page_count)
    telling: list[asyncio.Task[None]] = []

    def on_page(page_no: int) -> None:
        telling.append(asyncio.create_task(_tell(ctx, page_no, state.page_count)))

    contents, stamp, lost_code = await _read_tolerantly(ctx, state, last, on_page)
    await asyncio.gather(*telling)
    heading = state.heading
    if reader.kind == "pages":
        contents, heading = carry_headings(contents, heading)
    unread = sum(content.page.facts.read_by == UNREAD for content in contents)
    next_state = structs.replace(
        state,
        next_page=last + 1,
        batch_pages=_next_size(state.batch_pages, time.monotonic() - began),
        lost_pages=state.lost_pages + unread,
        lost_code=state.lost_code or lost_code,
        pages_for_ocr=state.pages_for_ocr + sum(content.page.facts.needs_ocr for content in contents),
        stamp=state.stamp or stamp,
        heading=heading,
    )
    if not telling:
        await _tell(ctx, last, state.page_count)

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.save_pages(state.source.document_id, contents)

    return Next(state=next_state, goto="read" if last < state.page_count else None, write=write)


def _next_size(size: int, took_s: float) -> int:
    if took_s < QUICK_S:
        return min(size * 2, BATCH_PAGES_MOST)
    return max(size // 2, BATCH_PAGES) if took_s > SLOW_S else size


async def _read_tolerantly(
    ctx: StageContext, state: ReadingState, last: int, on_page: Callable[[int], None]
) -> tuple[list[PageContent], dict[str, str], str | None]:
    """A batch none of whose pages can be read is kept as empty pages: the other batches may be sound."""
    first = state.next_page
    assert state.reader is not None, "the stage `open` comes first"
    try:
        contents, stamp = await read_batch(ctx, state.source.document_id, state.reader, first, last, on_page)
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
