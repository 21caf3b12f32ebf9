"""Accepting a request: what is written, in one transaction, before it is answered with 202 (DESIGN §4.1)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.chats import Message, Question, Role, Scope
from domain.documents import Document, DocumentStatus, StoredFile
from domain.errors import Conflict, Fault, InvalidInput, NotFound
from domain.evidence import Region
from domain.ids import new_id
from domain.jobs import TERMINAL, NewJob
from domain.ports import UnitOfWork
from domain.rules_regions import region_faults

INTERACTIVE = "interactive"
BACKGROUND = "background"

SCOPE_WAIT_S = 3.0
"""A message without a scope waits this long for the stream request that brings it (DESIGN §5, Scope)."""
READ_DEADLINE_S = 4 * 3600.0
"""For reading one document: 2,000 pages at the limit of 2 s CPU each, with as much again for waiting. A guess."""


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    message: Message
    job: NewJob


async def submit_question(
    uow: UnitOfWork,
    *,
    user_id: UUID,
    chat_id: UUID,
    content: str,
    scope: Scope | None,
    regions: Sequence[Region] = (),
    picture_document_ids: Sequence[UUID] = (),
    reply_to_id: UUID | None = None,
    attachments: dict[str, Any] | None = None,
) -> Submitted:
    """Write the message, its job and the job's first event; the caller commits.

    `scope` null: not told yet, the job is held back for a moment. Raises NotFound for a foreign chat, document or
    replied message, InvalidInput for a region that is not on its page, and QueueFull.
    """
    await uow.chats.get(chat_id, user_id=user_id)
    await check_visible(uow, user_id, scope, regions)
    await _check_replied(uow, chat_id, reply_to_id)
    # The chat's row is locked first: concurrent messages get their places one after another.
    ordering_no = await uow.chats.next_no(chat_id)
    job_id = new_id()
    message = await uow.chats.add_message(
        Message(id=new_id(), chat_id=chat_id, role=Role.USER, content=content, job_id=job_id, reply_to_id=reply_to_id),
        attachments=attachments,
    )
    question = Question(
        message_id=message.id,
        chat_id=chat_id,
        scope=scope,
        regions=tuple(regions),
        picture_document_ids=tuple(picture_document_ids),
    )
    wait_s = 0.0 if scope is not None else SCOPE_WAIT_S
    job = await _answering_job(uow, job_id, user_id, question, ordering_no, wait_s)
    await uow.jobs.accept(job)
    return Submitted(message=message, job=job)


async def resubmit_question(uow: UnitOfWork, *, user_id: UUID, message: Message) -> Submitted:
    """Write a new job for a question that was asked before, as it was asked; the caller commits.

    The newer answer takes the place of the former one when it is there. Raises NotFound when the question's job is
    gone, Conflict while it is still being answered, and QueueFull.
    """
    if message.job_id is None:
        raise NotFound(f"message {message.id} has no job")
    former = await uow.jobs.get(message.job_id)
    if former.state not in TERMINAL:
        raise Conflict(
            f"job {former.id} is {former.state}",
            public_ru="На этот вопрос ещё отвечают.",
            public_en="This question is still being answered.",
        )
    ordering_no = await uow.chats.next_no(message.chat_id)
    question = msgspec.convert(former.payload, Question)
    job = await _answering_job(uow, new_id(), user_id, question, ordering_no, 0.0)
    await uow.jobs.accept(job)
    await uow.chats.set_job(message.id, job.id)
    return Submitted(message=msgspec.structs.replace(message, job_id=job.id), job=job)


async def _answering_job(
    uow: UnitOfWork, job_id: UUID, user_id: UUID, question: Question, ordering_no: int, wait_s: float
) -> NewJob:
    scope = question.scope
    is_compared = scope and scope.compare_document_ids_a and scope.compare_document_ids_b
    settings = await uow.users.settings(user_id)
    reserved = await uow.quotas.reserve(user_id)
    return NewJob(
        id=job_id,
        user_id=user_id,
        family="analysis",
        mode="compare" if is_compared else settings.model_profile,
        queue=INTERACTIVE,
        payload=msgspec.to_builtins(question),
        chat_id=question.chat_id,
        ordering_key=question.chat_id,
        ordering_no=ordering_no,
        run_in_s=wait_s,
        reserved_micro_usd=reserved,
    )


async def _check_replied(uow: UnitOfWork, chat_id: UUID, reply_to_id: UUID | None) -> None:
    if reply_to_id is None:
        return
    try:
        if (await uow.chats.message(reply_to_id)).chat_id == chat_id:
            return
    except NotFound:
        pass
    raise NotFound(
        f"message {reply_to_id}",
        faults=(Fault("$.reply_to_id", "no such message in this chat"),),
        public_ru="Сообщение, на которое дан ответ, не найдено.",
        public_en="There is no message to reply to.",
    )


async def submit_document(
    uow: UnitOfWork,
    file: StoredFile,
    *,
    name: str | None = None,
    supersedes_id: UUID | None = None,
    locked_job_id: UUID | None = None,
) -> tuple[Document, NewJob]:
    """Make a document of an uploaded file and a job that reads it; the caller commits. Raises QueueFull.

    `locked_job_id` is the id that the job gets, under which the vault has the file's password. The caller has checked
    that the user may change the superseded document.
    """
    job_id, document_id = locked_job_id or new_id(), new_id()
    document = Document(
        id=document_id,
        owner_id=file.owner_id,
        name=name or file.filename,
        status=DocumentStatus.READING,
        file_id=file.id,
        sha256=file.sha256,
        mime_type=file.mime_type,
        supersedes_id=supersedes_id,
        job_id=job_id,
    )
    await uow.documents.add(document)
    job = file_job(job_id, document, is_locked=locked_job_id is not None)
    await uow.jobs.accept(job)
    return document, job


def file_job(job_id: UUID, document: Document, *, is_locked: bool) -> NewJob:
    """Reads a document from its file; `is_locked`: with the password that the vault has under the job's id."""
    payload: dict[str, Any] = {"document_id": str(document.id), "mode": "file"}
    if is_locked:
        payload["is_locked"] = True
    return reading_job(job_id, document, payload, "file")


async def submit_comparison(
    uow: UnitOfWork, *, user_id: UUID, a: UUID, b: UUID, pages: Sequence[int] | None = None
) -> NewJob:
    """Write the job that compares two revisions, `a` the earlier; the caller commits.

    Raises NotFound with the JSON path of a document that the user may not see, and QueueFull.
    """
    visible = {document.id for document in await uow.documents.readable(user_id, [a, b])}
    faults = tuple(Fault(path, "no such document") for path, each in (("$.a", a), ("$.b", b)) if each not in visible)
    if faults:
        raise NotFound(
            "documents", faults=faults, public_ru="Документ не найден.", public_en="There is no such document."
        )
    job = NewJob(
        id=new_id(),
        user_id=user_id,
        family="comparison",
        queue=BACKGROUND,
        payload={"a": str(a), "b": str(b), "pages": list(pages) if pages is not None else None},
        document_id=b,
        deadline_in_s=READ_DEADLINE_S,
    )
    await uow.jobs.accept(job)
    return job


def reading_job(job_id: UUID, document: Document, payload: dict[str, Any], mode: str) -> NewJob:
    return NewJob(
        id=job_id,
        user_id=document.owner_id,
        family="ingest",
        mode=mode,
        queue=BACKGROUND,
        payload=payload,
        document_id=document.id,
        deadline_in_s=READ_DEADLINE_S,
    )


async def check_visible(uow: UnitOfWork, user_id: UUID, scope: Scope | None, regions: Sequence[Region] = ()) -> None:
    """Raises NotFound naming the JSON paths of all documents that the user may not see, InvalidInput those of regions
    that are not on their page."""
    named: list[tuple[str, UUID]] = []
    if scope is not None:
        for field in ("document_ids", "compare_document_ids_a", "compare_document_ids_b"):
            named += [(f"$.{field}[{i}]", d) for i, d in enumerate(getattr(scope, field) or ())]
    named += [(f"$.regions[{i}].document_id", region.document_id) for i, region in enumerate(regions)]
    if not named:
        return
    visible = {document.id: document for document in await uow.documents.readable(user_id, [d for _, d in named])}
    faults = tuple(Fault(path, "no such document") for path, d in named if d not in visible)
    if faults:
        raise NotFound(
            "documents", faults=faults, public_ru="Документ не найден.", public_en="There is no such document."
        )
    outside = region_faults(regions, {document_id: document.page_count for document_id, document in visible.items()})
    if outside:
        raise InvalidInput(
            "regions",
            faults=tuple(outside),
            public_ru="Указанной области нет в документе.",
            public_en="The region is not in the document.",
        )
