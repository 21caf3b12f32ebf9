"""Stage `recognise`: pages whose text cannot be read are read from their pictures, one page a checkpoint.

By a model that takes pictures or by Tesseract, as configured and installed; a page says by which. A page that neither
can read stays marked as one that needs it, with the reason, and never fails the document.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import structs

from domain.documents import Page, PageContent
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
from domain.families.ingest.read import UNREAD
from domain.families.ingest.rules_headings import carry_headings
from domain.families.ingest.seeing import can_see, see_page
from domain.families.ingest.types import ReadingState
from domain.ports import UnitOfWork
from domain.recognition import AUTO, MODEL, OFF, TESSERACT
from domain.stage import Next, StageContext, Write

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

MISSING = "recogniser_missing"
SWITCHED_OFF = "recognition_off"
BEYOND_LIMIT = "beyond_recognition_limit"
"""Why a page was not recognised: warnings of the page, beside the code of an error."""


async def recognise(ctx: StageContext, state: ReadingState) -> Next:
    """Raises BlobMissing, Unavailable, and ProviderFailed while it may pass."""
    if state.reader is None or state.reader.kind != "pages" or state.pages_for_ocr == 0:
        return Next(state=state)
    if state.to_recognise is None:
        return await _plan(ctx, state)
    if not state.to_recognise:
        return Next(state=state)
    page_no, *left = state.to_recognise
    done = state.recognition_planned - len(left)
    async with ctx.uow() as uow:
        (page,) = await uow.documents.pages(state.source.document_id, [page_no])
    content, errors = await _read(ctx, state, page)
    await ctx.progress(
        done / state.recognition_planned,
        f"Распознано страниц: {done} из {state.recognition_planned}",
        f"Pages recognised: {done} of {state.recognition_planned}",
    )
    next_state = structs.replace(
        state,
        to_recognise=tuple(left),
        model_gave_up=state.model_gave_up or any(isinstance(error, FOR_GOOD) for error in errors),
    )
    goto = "recognise" if left else None
    if content is None:
        warned = _warned(page, errors[-1].code if errors else MISSING)
        return Next(state=next_state, goto=goto, write=_write_facts(state, [warned]))
    return _keep(next_state, content, goto)


async def _plan(ctx: StageContext, state: ReadingState) -> Next:
    """The pages to recognise; those that will not be are told why."""
    async with ctx.uow() as uow:
        pages = await uow.documents.pages(state.source.document_id)
    pages = [page for page in pages if page.facts.needs_ocr and page.facts.read_by != UNREAD]
    choice = ctx.recogniser.choice
    if choice.by == OFF:
        chosen, others, reason = [], pages, SWITCHED_OFF
    elif not await _ways(ctx, state):
        chosen, others, reason = [], pages, MISSING
    else:
        chosen, others, reason = pages[: choice.pages_limit], pages[choice.pages_limit :], BEYOND_LIMIT
    numbers = tuple(page.page_no for page in chosen)
    return Next(
        state=structs.replace(state, to_recognise=numbers, recognition_planned=len(numbers)),
        goto="recognise" if numbers else None,
        write=_write_facts(state, [_warned(page, reason) for page in others]),
    )


async def _ways(ctx: StageContext, state: ReadingState) -> tuple[str, ...]:
    """How pages may be read, the first choice first."""
    by = ctx.recogniser.choice.by
    ways: list[str] = []
    if by in (AUTO, MODEL) and not state.model_gave_up and can_see(ctx):
        ways.append(MODEL)
    if await ctx.recogniser.is_installed():
        ways.append(TESSERACT)
    return tuple(ways)


async def _read(ctx: StageContext, state: ReadingState, page: Page) -> tuple[PageContent | None, list[DomainError]]:
    """The page by the first way that reads it, and how the ways before it failed."""
    assert state.reader is not None, "planned without a reader"
    errors: list[DomainError] = []
    for way in await _ways(ctx, state):
        try:
            if way == MODEL:
                return await see_page(ctx, state.reader.digest, page), errors
            return await ctx.recogniser.recognise(state.reader.digest, page), errors
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


def _keep(state: ReadingState, content: PageContent, goto: str | None) -> Next:
    follows = content.page.page_no == state.recognised_page + 1
    (content,), heading = carry_headings([content], state.recognised_heading if follows else None)
    stamp = {key: value for key, value in content.page.facts.stamp.items() if key != "sheet"}
    next_state = structs.replace(
        state,
        pages_for_ocr=state.pages_for_ocr - 1,
        recognised_pages=state.recognised_pages + 1,
        recognised_page=content.page.page_no,
        recognised_heading=heading,
        stamp=state.stamp or stamp,
    )

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.save_pages(state.source.document_id, [content])

    return Next(state=next_state, goto=goto, write=write)


def _warned(page: Page, reason: str) -> Page:
    warnings = (*(warning for warning in page.facts.warnings if warning != reason), reason)
    return structs.replace(page, facts=structs.replace(page.facts, warnings=warnings))


def _write_facts(state: ReadingState, pages: Sequence[Page]) -> Write:
    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_facts(state.source.document_id, pages)

    return write
