"""The family `recognition`: pages of a document that have no text are read from their pictures."""

from uuid import UUID

from msgspec import structs

from domain.documents import RecognitionState
from domain.errors import NotFound
from domain.families.recognition.finish import finish
from domain.families.recognition.plan import plan
from domain.families.recognition.recognise import recognise
from domain.families.recognition.seeing import PROMPT
from domain.families.recognition.types import RecognitionJob, start
from domain.family import Family, Stage
from domain.jobs import Job, JobError
from domain.ports import UnitOfWork
from domain.recognition import MISSING, with_reason, without_text

CANCELLED = JobError(code="cancelled", message_ru="Распознавание отменено.", message_en="Recognition was cancelled.")


async def mark_ended(uow: UnitOfWork, job: Job, error: JobError | None) -> None:
    """A document whose recognition ended early says why and keeps what was recognised; `error` null means cancelled."""
    try:
        document = await uow.documents.get(UUID(job.payload["document_id"]))
    except NotFound:
        return
    if document.recognition.job_id != job.id:
        return
    told = error or CANCELLED
    state = RecognitionState.CANCELLED if error is None else RecognitionState.FAILED
    await uow.documents.set_recognition(
        document.id,
        structs.replace(
            document.recognition,
            state=state,
            error_code=told.code,
            error_ru=told.message_ru,
            error_en=told.message_en,
        ),
    )
    if told.code == MISSING:
        pages = without_text(await uow.documents.pages(document.id))
        await uow.documents.set_facts(document.id, [with_reason(page, MISSING) for page in pages])


async def mark_pending(uow: UnitOfWork, job: Job) -> None:
    """Whoever asks waits again."""
    try:
        document = await uow.documents.get(UUID(job.payload["document_id"]))
    except NotFound:
        return
    if document.recognition.job_id == job.id:
        again = structs.replace(
            document.recognition, state=RecognitionState.PENDING, error_code=None, error_ru=None, error_en=None
        )
        await uow.documents.set_recognition(document.id, again)


FAMILY = Family(
    name="recognition",
    queue="background",
    state_type=RecognitionJob,
    start=start,
    stages=(
        Stage(name="plan", run=plan, label_ru="Ищу страницы без текста", label_en="Looking for pages without text"),
        Stage(
            name="recognise",
            run=recognise,
            label_ru="Распознаю страницы без текста",
            label_en="Recognising pages without text",
            timeout_s=900.0,
            prompts=(PROMPT,),
        ),
        Stage(name="finish", run=finish, label_ru="Завершаю", label_en="Finishing"),
    ),
    on_end=mark_ended,
    on_requeue=mark_pending,
    is_long=True,
    again_from="plan",
)
