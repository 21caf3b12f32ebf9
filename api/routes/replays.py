"""Running jobs again from their recorded calls: for their owners and for admins, and whether the same came of it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter

from api.auth import AuthRequest, admins_only
from api.idempotency import accept_once
from api.replaying import accept_replay, check_replayable
from api.routes.jobs import JobView, owned_job, view_of
from api.services import Services
from domain.errors import NotFound
from domain.events import Event
from domain.jobs import TERMINAL, Job, JobError, JobState
from domain.replays import replay_of
from domain.rules_same_events import differences, normal_form
from storage.dialogues import check_recorded, spending_of
from storage.events import read_events
from storage.jobs import find_job
from storage.uow import SqlUnitOfWork

Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]


class Comparison(msgspec.Struct, kw_only=True):
    """A replay beside the recorded job. `is_equal` is null until the replay has ended: then it says whether both told
    the same (docs/replay.md, the normal form), and `differences` are the lines of a unified diff. `error` is
    `replay_diverged` where a request was not the recorded one: it names the first difference. `calls` were taken from
    the record."""

    job_id: UUID
    replay_of: UUID
    status: JobState
    is_equal: bool | None
    differences: list[str]
    error: JobError | None
    calls: int


@post("/jobs/{job_id:uuid}/replay", status_code=202, tags=["jobs"])
async def replay_own(
    request: AuthRequest, job_id: FromPath[UUID], services: NamedDependency[Services], key: Key = None
) -> Response[JobView]:
    """Run a job of the caller's again from its recorded calls: a new job that asks no model, costs nothing and does not
    write into the chat. Compare them at `/jobs/{id}/replay`."""
    source = await owned_job(services, request.user, job_id)
    return await _accept(services, request, source, "POST /jobs/{id}/replay", key)


@post("/admin/jobs/{job_id:uuid}/replay", status_code=202, tags=["admin"], guards=[admins_only])
async def replay_any(
    request: AuthRequest, job_id: FromPath[UUID], services: NamedDependency[Services], key: Key = None
) -> Response[JobView]:
    """The same for a job of anybody: it sees the documents that its owner sees. Audited."""
    source = await find_job(services.engine, job_id)
    return await _accept(services, request, source, "POST /admin/jobs/{id}/replay", key)


@get("/jobs/{job_id:uuid}/replay", tags=["jobs"])
async def compare_replay(
    request: AuthRequest, job_id: FromPath[UUID], services: NamedDependency[Services]
) -> Comparison:
    """What a replay has told beside the job that it repeats. 404 for a job that is no replay."""
    replay = await owned_job(services, request.user, job_id)
    wish = replay_of(replay)
    if wish is None:
        raise NotFound(f"job {job_id} is no replay")
    has_ended = replay.state in TERMINAL
    diff = await _differences(services, wish.of, job_id) if has_ended else []
    spending = (await spending_of(services.engine, [job_id])).get(job_id)
    return Comparison(
        job_id=job_id,
        replay_of=wish.of,
        status=replay.state,
        is_equal=not diff if has_ended else None,
        differences=diff,
        error=replay.error,
        calls=spending.served if spending else 0,
    )


async def _accept(
    services: Services, request: AuthRequest, source: Job, route: str, key: str | None
) -> Response[JobView]:
    async def accept(uow: SqlUnitOfWork) -> JobView:
        check_replayable(source)
        await check_recorded(services.engine, source.id)
        job = await accept_replay(uow, source, by=request.user.id)
        return view_of(await uow.jobs.get(job.id))

    return await accept_once(
        services.database,
        user_id=request.user.id,
        route=route,
        key=key,
        request={"job_id": source.id},
        accept=accept,
    )


async def _differences(services: Services, recorded: UUID, replayed: UUID) -> list[str]:
    logs = [await _log_of(services, job_id) for job_id in (recorded, replayed)]
    # A log may hold tens of thousands of events.
    return await asyncio.to_thread(_compared, *logs)


def _compared(recorded: Sequence[Event], replayed: Sequence[Event]) -> list[str]:
    return differences(normal_form(recorded), normal_form(replayed))


async def _log_of(services: Services, job_id: UUID) -> list[Event]:
    events: list[Event] = []
    while batch := await read_events(services.engine, job_id, after=events[-1].seq if events else 0):
        events += batch
    return events


router = Router("/", route_handlers=[replay_own, replay_any, compare_replay])
