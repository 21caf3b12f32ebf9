"""A matrix as it stands: of a job that has ended, and of one that runs, was cancelled or failed, as far as it came."""

import asyncio
from typing import Any

import msgspec

from api.services import Services
from domain.errors import BlobMissing, NotFound
from domain.families.matrix.conclude import summary_of
from domain.families.matrix.types import MatrixState, Row
from domain.jobs import Job, JobState
from storage.job_states import last_state

SIDE_BY_SIDE = 8
"""Batches fetched at once. A guess."""


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """`summary` has counts and notes of all rows; `is_complete`: the job succeeded."""

    summary: dict[str, Any]
    rows: list[Row]
    is_complete: bool


async def matrix_of(services: Services, job: Job) -> Matrix:
    """Raises NotFound for a job of another family."""
    if job.family != "matrix":
        raise NotFound(f"job {job.id} is no matrix")
    if job.state is JobState.SUCCEEDED and job.result is not None:
        rows = await _rows(services, [job.result["rows"]])
        return Matrix(summary=_summary(job, job.result), rows=rows, is_complete=True)
    stored = await last_state(services.engine, job.id)
    if stored is None:
        return Matrix(summary=_summary(job, summary_of(_first(job))), rows=[], is_complete=False)
    state = msgspec.json.decode(stored, type=MatrixState)
    rows = await _rows(services, [batch.digest for batch in state.batches])
    return Matrix(summary=_summary(job, summary_of(state)), rows=rows, is_complete=False)


def _first(job: Job) -> MatrixState:
    from_payload: MatrixState = msgspec.convert({"wanted": job.payload}, MatrixState)
    return from_payload


def _summary(job: Job, told: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in told.items() if name != "rows"}
    return {
        "job_id": str(job.id),
        "status": job.state.value,
        **kept,
        "is_complete": job.state is JobState.SUCCEEDED,
    }


async def _rows(services: Services, digests: list[str]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(digests), SIDE_BY_SIDE):
        try:
            parts = await asyncio.gather(
                *(services.blobs.get(digest) for digest in digests[start : start + SIDE_BY_SIDE])
            )
        except BlobMissing as error:
            raise NotFound("rows of a matrix are gone") from error
        for part in parts:
            rows += msgspec.json.decode(part, type=list[Row])
    return rows
