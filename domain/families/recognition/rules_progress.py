"""How far the recognition of a document is, as the document tells it. Pure."""

from uuid import UUID

from msgspec import structs

from domain.documents import Recognition, RecognitionState
from domain.families.recognition.types import RecognitionJob


def pending(job_id: UUID, state: RecognitionJob) -> Recognition:
    return Recognition(
        state=RecognitionState.PENDING,
        job_id=job_id,
        pages=state.pages,
        pages_done=state.pages_done,
        pages_left=state.pages_left,
    )


def done(job_id: UUID, state: RecognitionJob) -> Recognition:
    return structs.replace(pending(job_id, state), state=RecognitionState.DONE)
