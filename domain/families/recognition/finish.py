"""Stage `finish`: what waited for the pages without text goes on."""

from domain.errors import RecognitionFailed
from domain.families.recognition.rules_progress import done
from domain.families.recognition.types import RecognitionJob
from domain.ports import UnitOfWork
from domain.stage import Finished, StageContext


async def finish(ctx: StageContext, state: RecognitionJob) -> Finished:
    """Raises RecognitionFailed when pages were looked at and nothing could read any of them."""
    if state.planned and not state.recognised:
        raise RecognitionFailed(
            f"none of {state.planned} pages: {state.last_error}",
            public_ru="Ни одной страницы без текста распознать не удалось.",
            public_en="None of the pages without text could be recognised.",
        )
    document_id = state.task.document_id

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_recognition(document_id, done(ctx.job.id, state))
        if state.stamp and not (await uow.documents.get(document_id)).stamp:
            await uow.documents.set_ready(document_id, state.stamp)

    result = {
        "document_id": str(document_id),
        "pages": state.pages,
        "recognised_pages": state.recognised,
        "pages_for_ocr": state.pages_left,
    }
    return Finished(result=result, write=write)
