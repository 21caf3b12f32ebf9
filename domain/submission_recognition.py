"""Accepting that the pages of a document which have no text are recognised."""

from uuid import UUID

from domain.documents import Document, Recognition, RecognitionState
from domain.jobs import NewJob
from domain.ports import UnitOfWork
from domain.submission import BACKGROUND, READ_DEADLINE_S

FAMILY = "recognition"

PRIORITY = 120
"""Behind what is read and compared (100): a page takes Tesseract seconds to minutes, and what has text can be used."""

PAGE_S = 60.0
"""Of the deadline for each page, over what a reading has. A guess: a sheet of 1.3 m takes two minutes on two cores, a
page of text 3 s."""


async def submit_recognition(
    uow: UnitOfWork, document: Document, job_id: UUID, *, reading_id: UUID, pages: int
) -> None:
    """Write the job `job_id` that recognises the document's pages without text, `pages` of them; the caller commits.

    It is a child of the job `reading_id` that read the document: a full queue does not keep it out.
    """
    job = NewJob(
        id=job_id,
        user_id=document.owner_id,
        family=FAMILY,
        queue=BACKGROUND,
        payload={"document_id": str(document.id)},
        priority=PRIORITY,
        document_id=document.id,
        parent_id=reading_id,
        deadline_in_s=READ_DEADLINE_S + pages * PAGE_S,
    )
    await uow.jobs.accept(job)
    recognition = Recognition(state=RecognitionState.PENDING, job_id=job.id, pages=pages, pages_left=pages)
    await uow.documents.set_recognition(document.id, recognition)
