"""Stage `finish`: the document may be searched and asked about."""

import contextlib

from domain.errors import DocumentDamaged, DocumentTooHeavy, NotFound, QueueFull
from domain.families.ingest.types import ReadingState
from domain.ports import UnitOfWork
from domain.stage import Finished, StageContext
from domain.submission import submit_comparison


async def finish(ctx: StageContext, state: ReadingState) -> Finished:
    """Raises why the pages were lost when all of them were."""
    if state.lost_pages >= state.page_count:
        raise (DocumentTooHeavy if state.lost_code == DocumentTooHeavy.code else DocumentDamaged)("no page was read")

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_ready(state.source.document_id, state.stamp)
        await _offer_comparison(uow, state)

    result = {
        "document_id": str(state.source.document_id),
        "pages": state.page_count,
        "lost_pages": state.lost_pages,
        "pages_for_ocr": state.pages_for_ocr,
        "recognised_pages": state.recognised_pages,
    }
    return Finished(result=result, write=write)


async def _offer_comparison(uow: UnitOfWork, state: ReadingState) -> None:
    """A new revision is compared with the one it replaces, without being asked; a full queue or a former revision
    that the owner no longer sees costs only the offer."""
    document = await uow.documents.get(state.source.document_id)
    if document.supersedes_id is None:
        return
    with contextlib.suppress(NotFound, QueueFull):
        await submit_comparison(uow, user_id=document.owner_id, a=document.supersedes_id, b=document.id)
