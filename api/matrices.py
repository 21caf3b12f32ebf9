"""A matrix as it stands: of a job that has ended, and of one that runs, was cancelled or failed, as far as it came."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

import msgspec

from api.services import Services
from domain.errors import BlobMissing, NotFound
from domain.families.matrix.conclude import summary_of
from domain.families.matrix.rules_amounts import Verdict
from domain.families.matrix.types import Chunk, MatrixState, Row
from domain.jobs import Job, JobState
from domain.ports import BlobStore
from storage.job_states import last_state

SIDE_BY_SIDE = 8
"""Batches fetched at once. A guess."""


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """`summary` has counts and notes of all rows; `batches` hold them in the order of their numbers, which count from 1
    without a gap; `is_complete`: the job succeeded."""

    summary: dict[str, Any]
    batches: tuple[Chunk, ...]
    is_complete: bool


def version_of(job: Job) -> str:
    """What the job's matrix looks like depends on nothing else: rows come with checkpoints, and a run may have them
    written anew."""
    return f"{job.id}-{job.epoch}-{job.step_no}-{job.state.value}"


async def matrix_of(services: Services, job: Job) -> Matrix:
    """Reads no rows."""
    if job.state is JobState.SUCCEEDED and job.result is not None:
        batches = (Chunk(digest=job.result["rows"], count=job.result["judged"]),)
        return Matrix(summary=_summary(job, job.result), batches=batches, is_complete=True)
    stored = await last_state(services.engine, job.id)
    state = msgspec.json.decode(stored, type=MatrixState) if stored is not None else _first(job)
    return Matrix(summary=_summary(job, summary_of(state)), batches=state.batches, is_complete=False)


async def rows_of(
    blobs: BlobStore, matrix: Matrix, *, verdict: Verdict | None = None, after: int = 0, limit: int | None = None
) -> list[Row]:
    """The rows with numbers beyond `after`, at most `limit`; only batches that may hold some of them are fetched.

    Raises NotFound when their bytes are gone.
    """
    rows: list[Row] = []
    async with aclosing(_fetched(blobs, list(_beyond(matrix.batches, after)))) as parts:
        async for part in parts:
            rows += [row for row in part if row.requirement.number > after and verdict in (None, row.verdict)]
            if limit is not None and len(rows) >= limit:
                return rows[:limit]
    return rows


def _beyond(batches: tuple[Chunk, ...], after: int) -> Iterator[str]:
    last = 0
    for batch in batches:
        last += batch.count
        if last > after:
            yield batch.digest


async def _fetched(blobs: BlobStore, digests: list[str]) -> AsyncGenerator[list[Row]]:
    for start in range(0, len(digests), SIDE_BY_SIDE):
        some = digests[start : start + SIDE_BY_SIDE]
        try:
            parts = await asyncio.gather(*(blobs.get(digest) for digest in some))
        except BlobMissing as error:
            raise NotFound("rows of a matrix are gone") from error
        for part in parts:
            yield msgspec.json.decode(part, type=list[Row])


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
