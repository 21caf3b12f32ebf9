"""Stage `pair`: which page shows the same sheet in both revisions."""

import asyncio

import msgspec

from domain.documents import Document, DocumentStatus
from domain.errors import DocumentRejected
from domain.families.comparison.types import ComparisonState
from domain.revisions.cards import cards_of
from domain.revisions.rules_pages import pair_pages
from domain.stage import Next, StageContext, Wait
from domain.waiting import reason_of


async def pair(ctx: StageContext, state: ComparisonState) -> Next | Wait:
    """Waits while one of the documents is being read. Raises NotFound, DocumentRejected for one that was not read."""
    wanted = state.wanted
    async with ctx.uow() as uow:
        documents = [await uow.documents.get(each, user_id=ctx.job.user_id) for each in (wanted.a, wanted.b)]
    awaited = [document for document in documents if document.is_awaited]
    if awaited:
        return Wait(state=state, document_ids=tuple(d.id for d in awaited), reason=reason_of(awaited))
    _check_read(documents)
    async with ctx.uow() as uow:
        cards_a, cards_b = await cards_of(uow, wanted.a), await cards_of(uow, wanted.b)
    pairs = await asyncio.to_thread(pair_pages, cards_a, cards_b)
    if wanted.pages is not None:
        pairs = [each for each in pairs if each.page_b in wanted.pages]
    return Next(state=msgspec.structs.replace(state, pairs=tuple(pairs)))


def _check_read(documents: list[Document]) -> None:
    for document in documents:
        if document.status is DocumentStatus.FAILED:
            raise DocumentRejected(
                f"document {document.id} was not read",
                public_ru=f"Файл «{document.name}» не удалось прочитать, сравнивать не с чем.",
                public_en=f"“{document.name}” could not be read, there is nothing to compare.",
            )
