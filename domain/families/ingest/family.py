"""The family `ingest`: one uploaded or prepared document becomes pages, blocks and index entries."""

from uuid import UUID

from domain.families.ingest.finish import finish
from domain.families.ingest.open import open_document
from domain.families.ingest.read import read
from domain.families.ingest.types import ReadingState, start
from domain.family import Family, Stage
from domain.jobs import Job, JobError
from domain.ports import UnitOfWork

CANCELLED = JobError(code="cancelled", message_ru="Чтение файла отменено.", message_en="Reading was cancelled.")


async def mark_failed(uow: UnitOfWork, job: Job, error: JobError | None) -> None:
    """A document whose reading ended early says why; `error` null means cancelled."""
    await uow.documents.set_failed(UUID(job.payload["document_id"]), error or CANCELLED)


async def mark_reading(uow: UnitOfWork, job: Job) -> None:
    """Whoever asks waits again."""
    await uow.documents.set_reading(UUID(job.payload["document_id"]), job.id)


FAMILY = Family(
    name="ingest",
    queue="background",
    state_type=ReadingState,
    start=start,
    stages=(
        Stage(name="open", run=open_document, label_ru="Открываю файл", label_en="Opening the file", timeout_s=90.0),
        Stage(name="read", run=read, label_ru="Читаю страницы", label_en="Reading pages", timeout_s=240.0),
        Stage(name="finish", run=finish, label_ru="Завершаю", label_en="Finishing"),
    ),
    on_end=mark_failed,
    on_requeue=mark_reading,
)
