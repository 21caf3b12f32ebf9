"""Stage `finish`: the document may be searched and asked about."""

from domain.errors import DocumentDamaged, DocumentTooHeavy
from domain.families.ingest.types import ReadingState
from domain.ports import UnitOfWork
from domain.stage import Finished, StageContext


async def finish(ctx: StageContext, state: ReadingState) -> Finished:
    """Raises why the pages were lost when all of them were."""
    if state.lost_pages >= state.page_count:
        raise (DocumentTooHeavy if state.lost_code == DocumentTooHeavy.code else DocumentDamaged)("no page was read")

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_ready(state.source.document_id, state.stamp)

    result = {
        "document_id": str(state.source.document_id),
        "pages": state.page_count,
        "lost_pages": state.lost_pages,
        "pages_for_ocr": state.pages_for_ocr,
    }
    return Finished(result=result, write=write)
