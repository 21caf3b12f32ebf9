"""Stage `recognise`: pages whose text cannot be read are read from their pictures, one page a checkpoint.

By a model that takes pictures or by Tesseract; a page says by which. A page that neither can read stays marked as one
that needs it, with the reason, and costs no other page.
"""

from datetime import UTC, datetime

from msgspec import structs

from domain.documents import Document, Page, PageContent
from domain.errors import (
    BudgetExceeded,
    DocumentRejected,
    DomainError,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
    RecognitionFailed,
    RegionOutsidePage,
    ReplyInvalid,
)
from domain.families.recognition.rules_progress import pending
from domain.families.recognition.seeing import see_page
from domain.families.recognition.types import RecognitionJob
from domain.families.recognition.ways import ways_of
from domain.ports import UnitOfWork
from domain.recognition import MISSING, MODEL, with_reason, without_reasons
from domain.rules_headings import carry_headings
from domain.stage import Next, StageContext

UNREADABLE = (
    BudgetExceeded,
    DocumentRejected,
    ProviderFailed,
    ProviderRefused,
    RecognitionFailed,
    RegionOutsidePage,
    ReplyInvalid,
)
"""How one way can fail on a page; another may do."""

FOR_GOOD = (BudgetExceeded, ProviderRefused)
"""The model will not do for the next page either."""

LEFT_S = 3600.0
"""Of the job's time; with less, no provider's limit is waited for. A guess."""


async def recognise(ctx: StageContext, state: RecognitionJob) -> Next:
    """Raises NotFound, BlobMissing, Unavailable, and ProviderFailed while it may pass."""
    page_no, *left = state.todo
    async with ctx.uow() as uow:
        document = await uow.documents.get(state.task.document_id)
        (page,) = await uow.documents.pages(document.id, [page_no])
    page = without_reasons(page)
    content, errors = await _read(ctx, state, document, page)
    state = structs.replace(
        state,
        todo=tuple(left),
        model_gave_up=state.model_gave_up or any(isinstance(error, FOR_GOOD) for error in errors),
    )
    await ctx.progress(
        state.pages_done / state.planned,
        f"Распознано страниц: {state.pages_done} из {state.planned}",
        f"Pages recognised: {state.pages_done} of {state.planned}",
    )
    goto = "recognise" if left else None
    if content is None:
        return _keep_reason(ctx, state, page, errors[-1].code if errors else MISSING, goto)
    return _keep(ctx, state, content, goto)


async def _read(
    ctx: StageContext, state: RecognitionJob, document: Document, page: Page
) -> tuple[PageContent | None, list[DomainError]]:
    """The page by the first way that reads it, and how the ways before it failed."""
    assert document.sha256 is not None, "only pages of a file are without text"
    errors: list[DomainError] = []
    for way in await ways_of(ctx, state):
        try:
            if way == MODEL:
                return await see_page(ctx, document.sha256, page), errors
            return await ctx.recogniser.recognise(document.sha256, page), errors
        except UNREADABLE as error:
            if isinstance(error, ProviderLimited) and _may_wait(ctx):
                raise
            errors.append(error)
    if errors and isinstance(errors[-1], ProviderFailed) and ctx.job.attempt < ctx.job.max_attempts:
        raise errors[-1]
    return None, errors


def _may_wait(ctx: StageContext) -> bool:
    """A wait for a provider's limit costs no attempt, but it must not use up the time of the job."""
    deadline = ctx.job.deadline_at
    return deadline is None or (deadline - datetime.now(UTC)).total_seconds() > LEFT_S


def _keep_reason(ctx: StageContext, state: RecognitionJob, page: Page, reason: str, goto: str | None) -> Next:
    state = structs.replace(state, last_error=reason)

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_facts(state.task.document_id, [with_reason(page, reason)])
        await uow.documents.set_recognition(state.task.document_id, pending(ctx.job.id, state))

    return Next(state=state, goto=goto, write=write)


def _keep(ctx: StageContext, state: RecognitionJob, content: PageContent, goto: str | None) -> Next:
    follows = content.page.page_no == state.page_no + 1
    (content,), heading = carry_headings([content], state.heading if follows else None)
    stamp = {key: value for key, value in content.page.facts.stamp.items() if key != "sheet"}
    state = structs.replace(
        state,
        recognised=state.recognised + 1,
        page_no=content.page.page_no,
        heading=heading,
        stamp=state.stamp or stamp,
    )

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.save_pages(state.task.document_id, [content])
        await uow.documents.set_recognition(state.task.document_id, pending(ctx.job.id, state))

    return Next(state=state, goto=goto, write=write)
