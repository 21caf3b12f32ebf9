"""Stage `finish`: what has text may be searched and asked about; what has none is recognised by a job of its own."""

import contextlib
from uuid import UUID

from domain.documents import Document
from domain.errors import DocumentDamaged, DocumentTooHeavy, NotFound, QueueFull
from domain.families.ingest.types import ReadingState
from domain.ids import new_id
from domain.ports import UnitOfWork
from domain.recognition import OFF, SWITCHED_OFF, with_reason, without_text
from domain.stage import Finished, StageContext
from domain.submission import submit_comparison
from domain.submission_recognition import submit_recognition


async def finish(ctx: StageContext, state: ReadingState) -> Finished:
    """Raises why the pages were lost when all of them were."""
    if state.lost_pages >= state.page_count:
        raise (DocumentTooHeavy if state.lost_code == DocumentTooHeavy.code else DocumentDamaged)("no page was read")
    document_id = state.source.document_id
    pages = []
    if state.pages_for_ocr and state.reader is not None and state.reader.kind == "pages":
        async with ctx.uow() as uow:
            pages = without_text(await uow.documents.pages(document_id))
    is_off = ctx.recogniser.choice.by == OFF
    recognition_id = new_id() if pages and not is_off else None

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_ready(document_id, state.stamp)
        document = await uow.documents.get(document_id)
        if recognition_id is not None:
            await submit_recognition(uow, document, recognition_id, reading_id=ctx.job.id, pages=len(pages))
        elif pages:
            await uow.documents.set_facts(document_id, [with_reason(page, SWITCHED_OFF) for page in pages])
        await _offer_comparison(uow, document)

    result = {
        "document_id": str(document_id),
        "pages": state.page_count,
        "lost_pages": state.lost_pages,
        "pages_for_ocr": state.pages_for_ocr,
        "recognition_job_id": _told(recognition_id),
    }
    return Finished(result=result, write=write)


async def _offer_comparison(uow: UnitOfWork, document: Document) -> None:
    """A new revision is compared with the one it replaces, without being asked; a full queue or a former revision
    that the owner no longer sees costs only the offer. It waits for the pages without text by itself."""
    if document.supersedes_id is None:
        return
    with contextlib.suppress(NotFound, QueueFull):
        await submit_comparison(uow, user_id=document.owner_id, a=document.supersedes_id, b=document.id)


def _told(job_id: UUID | None) -> str | None:
    return None if job_id is None else str(job_id)
