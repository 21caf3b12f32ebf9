"""Stage `prepare`: which documents are read, and which pages hold the requirements."""

import msgspec

from domain.documents import Document, DocumentStatus
from domain.errors import DocumentRejected, InvalidInput
from domain.families.matrix.types import MatrixState, ReadDocument, UnreadDocument
from domain.stage import Next, StageContext, Wait
from domain.waiting import is_unrecognised, reason_of


async def prepare(ctx: StageContext, state: MatrixState) -> Next | Wait:
    """Waits while documents are being read. Raises NotFound, DocumentRejected when the requirements were not read or
    no drawing was, InvalidInput when none of the wanted pages is there."""
    wanted = state.wanted
    async with ctx.uow() as uow:
        norm = await uow.documents.get(wanted.requirements, user_id=ctx.job.user_id)
        drawings = await uow.documents.readable(ctx.job.user_id, wanted.drawings)
    awaited = [document for document in (norm, *drawings) if document.is_awaited]
    if awaited:
        return Wait(state=state, document_ids=tuple(d.id for d in awaited), reason=reason_of(awaited))
    ready = [document for document in drawings if document.status is DocumentStatus.READY]
    _check(norm, drawings, ready)
    state = msgspec.structs.replace(
        state,
        norm=_read(norm),
        drawings=tuple(_read(document) for document in ready),
        unread=tuple(_unread(document) for document in drawings if document.status is DocumentStatus.FAILED),
        unrecognised=tuple(_unrecognised(document) for document in (norm, *drawings) if is_unrecognised(document)),
        lost_documents=len(wanted.drawings) - len(drawings),
        pages=_pages(norm, wanted.pages),
    )
    return Next(state=state)


def _check(norm: Document, drawings: list[Document], ready: list[Document]) -> None:
    if norm.status is DocumentStatus.FAILED:
        raise DocumentRejected(
            f"document {norm.id} was not read",
            public_ru=f"Файл «{norm.name}» не удалось прочитать, требований нет.",
            public_en=f"“{norm.name}” could not be read, there are no requirements.",
        )
    if not ready:
        names = ", ".join(f"«{document.name}»" for document in drawings)
        raise DocumentRejected(
            "no drawing was read",
            public_ru=f"Ни один из чертежей не удалось прочитать: {names or 'их больше нет'}.",
            public_en=f"None of the drawings could be read: {names or 'they are gone'}.",
        )


def _pages(norm: Document, wanted: tuple[int, ...] | None) -> tuple[int, ...]:
    count = norm.page_count or 0
    if wanted is None:
        return tuple(range(1, count + 1))
    pages = tuple(sorted({page_no for page_no in wanted if page_no <= count}))
    if not pages:
        raise InvalidInput(
            "pages",
            public_ru=f"В документе «{norm.name}» нет таких страниц.",
            public_en=f"“{norm.name}” has no such pages.",
        )
    return pages


def _read(document: Document) -> ReadDocument:
    return ReadDocument(
        id=document.id,
        name=document.name,
        page_count=document.page_count or 0,
        has_file=document.sha256 is not None,
    )


def _unread(document: Document) -> UnreadDocument:
    return UnreadDocument(
        id=document.id,
        name=document.name,
        reason_ru=document.error_ru or "файл не удалось прочитать",
        reason_en=document.error_en or "the file could not be read",
    )


def _unrecognised(document: Document) -> UnreadDocument:
    recognition = document.recognition
    return UnreadDocument(
        id=document.id,
        name=document.name,
        reason_ru=recognition.error_ru or "распознать их не удалось",
        reason_en=recognition.error_en or "they could not be recognised",
    )
