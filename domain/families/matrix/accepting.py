"""Accepting a matrix job: what is written before the request is answered with 202."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.errors import Fault, InvalidInput, NotFound
from domain.ids import new_id
from domain.jobs import NewJob
from domain.ports import UnitOfWork

MAX_DRAWINGS = 100
"""Documents of one set. A guess."""

MATRIX_DEADLINE_S = 4 * 3600.0
"""For 2,000 requirements at 5 s each, with as much again for waiting. A guess."""


async def submit_matrix(
    uow: UnitOfWork,
    *,
    user_id: UUID,
    requirements: UUID,
    drawings: Sequence[UUID],
    pages: Sequence[int] | None,
    language: str,
) -> NewJob:
    """Write the job that checks `requirements` against `drawings`; the caller commits.

    Raises NotFound with the JSON paths of documents that the user may not see, InvalidInput when the requirements are
    among the drawings, QueueFull and QuotaExceeded.
    """
    _check_sides(requirements, drawings)
    visible = {document.id for document in await uow.documents.readable(user_id, [requirements, *drawings])}
    named = [("$.requirements", requirements), *((f"$.drawings[{n}]", each) for n, each in enumerate(drawings))]
    faults = tuple(Fault(path, "no such document") for path, each in named if each not in visible)
    if faults:
        raise NotFound(
            "documents", faults=faults, public_ru="Документ не найден.", public_en="There is no such document."
        )
    settings = await uow.users.settings(user_id)
    payload: dict[str, Any] = {
        "requirements": str(requirements),
        "drawings": [str(each) for each in dict.fromkeys(drawings)],
        "pages": sorted(set(pages)) if pages is not None else None,
        "language": language,
    }
    job = NewJob(
        id=new_id(),
        user_id=user_id,
        family="matrix",
        mode=settings.model_profile,
        queue="background",
        payload=payload,
        document_id=requirements,
        deadline_in_s=MATRIX_DEADLINE_S,
        reserved_micro_usd=await uow.quotas.reserve(user_id),
    )
    await uow.jobs.accept(job)
    return job


def _check_sides(requirements: UUID, drawings: Sequence[UUID]) -> None:
    faults = tuple(
        Fault(f"$.drawings[{place}]", "is the document of the requirements itself")
        for place, each in enumerate(drawings)
        if each == requirements
    )
    if faults:
        raise InvalidInput(
            "requirements among the drawings",
            faults=faults,
            public_ru="Документ с требованиями не может быть среди проверяемых чертежей.",
            public_en="The document of the requirements cannot be among the drawings that are checked.",
        )
