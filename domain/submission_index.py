"""Accepting that the drawings of a document are described: one job at a time for a document."""

from uuid import UUID

from domain.documents import Document
from domain.drawings import BY_MODEL, FAMILY
from domain.ids import new_id
from domain.jobs import TERMINAL, NewJob
from domain.ports import UnitOfWork
from domain.submission import BACKGROUND, READ_DEADLINE_S

PRIORITY = 150
"""Behind what is read and compared (100): an index is missed by nobody who waits."""


async def submit_indexing(
    uow: UnitOfWork, document: Document, *, user_id: UUID, wanted: str, force: bool = False
) -> tuple[UUID, bool]:
    """The id of the job that describes the document's drawings, and whether it is a new one: a job that has not ended
    yet serves. The caller has checked that the user may see the document, and commits.

    `force`: what is fresh is told again, too. Raises QueueFull, and QuotaExceeded where a model is wanted.
    """
    run = await uow.drawings.last_run(document.id, hold=True)
    if run is not None and run.state not in TERMINAL:
        return run.job_id, False
    job = NewJob(
        id=new_id(),
        user_id=user_id,
        family=FAMILY,
        mode=wanted,
        queue=BACKGROUND,
        payload={"document_id": str(document.id), "wanted": wanted, "force": force},
        priority=PRIORITY,
        document_id=document.id,
        deadline_in_s=READ_DEADLINE_S,
        reserved_micro_usd=await uow.quotas.reserve(user_id) if wanted == BY_MODEL else 0,
    )
    await uow.jobs.accept(job)
    return job.id, True
