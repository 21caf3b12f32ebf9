"""Stage `plan`: which pages have no text, and which of them are looked at."""

from msgspec import structs

from domain.errors import RecogniserMissing
from domain.families.recognition.rules_progress import pending
from domain.families.recognition.types import RecognitionJob
from domain.families.recognition.ways import ways_of
from domain.ports import UnitOfWork
from domain.recognition import BEYOND_LIMIT, with_reason, without_text
from domain.stage import Next, StageContext


async def plan(ctx: StageContext, state: RecognitionJob) -> Next:
    """Raises NotFound for a document that is gone, RecogniserMissing when nothing here can recognise a page."""
    document_id = state.task.document_id
    async with ctx.uow() as uow:
        await uow.documents.get(document_id)
        pages = without_text(await uow.documents.pages(document_id))
    if pages and not await ways_of(ctx, state):
        raise RecogniserMissing(ctx.recogniser.choice.by)
    limit = ctx.recogniser.choice.pages_limit
    chosen, beyond = pages[:limit], pages[limit:]
    planned = structs.replace(state, pages=len(pages), planned=len(chosen), todo=tuple(page.page_no for page in chosen))

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_facts(document_id, [with_reason(page, BEYOND_LIMIT) for page in beyond])
        await uow.documents.set_recognition(document_id, pending(ctx.job.id, planned))

    return Next(state=planned, goto=None if chosen else "finish", write=write)
