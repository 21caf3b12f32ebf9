"""Accepting a request: what is written, in one transaction, before it is answered with 202 (DESIGN §4.1)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.chats import Message, Question, Role, Scope
from domain.documents import Document, DocumentStatus, StoredFile
from domain.errors import Fault, NotFound
from domain.evidence import Region
from domain.ids import new_id
from domain.jobs import NewJob
from domain.ports import UnitOfWork

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
    attachments: dict[str, Any] | None = None,
) -> Submitted:
    """Write the message, its job and the job's first event; the caller commits.

    `scope` null: not told yet, the job is held back for a moment. Raises NotFound for a foreign chat or document
    and QueueFull.
    """
    await uow.chats.get(chat_id, user_id=user_id)
    await check_visible(uow, user_id, scope, regions)
    # The chat's row is locked first: concurrent messages get their places one after another.
    ordering_no = await uow.chats.next_no(chat_id)
    job_id = new_id()
    message = await uow.chats.add_message(
        Message(id=new_id(), chat_id=chat_id, role=Role.USER, content=content, job_id=job_id),
        attachments=attachments,
    )
    question = Question(message_id=message.id, chat_id=chat_id, scope=scope, regions=tuple(regions))
    job = NewJob(
        id=job_id,
        user_id=user_id,
        family="analysis",
        mode="compare" if scope and scope.compare_document_ids_a and scope.compare_document_ids_b else "simple",
        queue=INTERACTIVE,
        payload=msgspec.to_builtins(question),
        chat_id=chat_id,
        ordering_key=chat_id,
        ordering_no=ordering_no,
        run_in_s=0.0 if scope is not None else SCOPE_WAIT_S,
    )
    await uow.jobs.accept(job)
    return Submitted(message=message, job=job)


async def submit_document(uow: UnitOfWork, file: StoredFile, *, name: str | None = None) -> tuple[Document, NewJob]:
    """Make a document of an uploaded file and a job that reads it; the caller commits. Raises QueueFull."""
    job_id, document_id = new_id(), new_id()
    document = Document(
        id=document_id,
        owner_id=file.owner_id,
        name=name or file.filename,
        status=DocumentStatus.READING,
        file_id=file.id,
        sha256=file.sha256,
        mime_type=file.mime_type,
        job_id=job_id,
    )
    await uow.documents.add(document)
    job = reading_job(job_id, document, {"document_id": str(document_id), "mode": "file"}, "file")
    await uow.jobs.accept(job)
    return document, job


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
    """Raises NotFound naming the JSON paths of all documents that the user may not see."""
    named: list[tuple[str, UUID]] = []
    if scope is not None:
        for field in ("document_ids", "compare_document_ids_a", "compare_document_ids_b"):
            named += [(f"$.{field}[{i}]", d) for i, d in enumerate(getattr(scope, field) or ())]
    named += [(f"$.regions[{i}].document_id", region.document_id) for i, region in enumerate(regions)]
    if not named:
        return
    visible = {document.id for document in await uow.documents.readable(user_id, [d for _, d in named])}
    faults = tuple(Fault(path, "no such document") for path, d in named if d not in visible)
    if faults:
        raise NotFound(
            "documents", faults=faults, public_ru="Документ не найден.", public_en="There is no such document."
        )
