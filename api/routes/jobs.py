"""`/jobs`: the durable unit of work: list, snapshot, events as stream or long-poll, cancel, requeue."""

import re
import time
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from api.auth import AuthRequest, seconds_left
from api.evidence import addressed
from api.following import follow
from api.services import Services
from api.streams import SSEResponse, envelope
from domain import rules_jobs
from domain.errors import Conflict, Fault, InvalidInput, JobForgotten, NotAllowed, NotFound
from domain.events import Event, Snapshot, fold
from domain.family_list import FAMILIES
from domain.jobs import TERMINAL, Job, JobError, JobState
from domain.llm import Usage
from domain.replays import replay_of
from domain.rules_jobs import Refused
from storage.checkpoints import forget_from
from storage.events import read_events
from storage.jobs import find_job
from storage.lines import Place, places_of
from storage.uow import SqlUnitOfWork
from storage.users import User

MAX_WAIT_S = 30.0


class JobView(msgspec.Struct, kw_only=True):
    """A job without its log. `replay_of` is the recorded job that this one runs again. `prompt_versions` are those it
    is run with, by name; none before a model is asked. `forgotten_at`: its chat or document was deleted then; figures,
    times and states stay, `result` and texts are gone, and its log answers 410 once it has ended."""

    id: UUID
    family: str
    mode: str
    status: JobState
    stage: str | None
    progress: float
    attempt: int
    crashes: int
    epoch: int
    last_seq: int
    user_id: UUID
    chat_id: UUID | None
    document_id: UUID | None
    parent_id: UUID | None
    replay_of: UUID | None
    waiting_for: dict[str, Any] | None
    result: dict[str, Any] | None
    error: JobError | None
    usage: Usage
    prompt_versions: Mapping[str, str]
    cancel_requested: bool
    run_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    forgotten_at: datetime | None


class JobBudget(msgspec.Struct, kw_only=True):
    """In millionths of a US dollar, over all runs of the job: what it may spend, and of that what is set aside for it
    of its user's month (0 without a quota, and after the end)."""

    limit_micro_usd: int
    spent_micro_usd: int
    reserved_micro_usd: int


class JobSnapshot(JobView, kw_only=True):
    """The job and what its events add up to (`snapshot`); tail the log after `snapshot.last_seq`."""

    snapshot: Snapshot
    budget: JobBudget
    place: Place | None = None


class Page(msgspec.Struct, kw_only=True):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    items: list[JobView]
    next: UUID | None = None


class EventPage(msgspec.Struct, kw_only=True):
    """The same events as the stream's. `last_seq` is the cursor to go on with."""

    items: list[dict[str, Any]]
    last_seq: int
    status: JobState
    place: Place | None = None


class RequeueWish(msgspec.Struct, kw_only=True):
    """`seen_epoch` guards against two people requeueing at once; null means the epoch found now. The job keeps the
    versions of its prompts, so that finished and repeated stages fit together; `live_prompts` takes those of now."""

    from_stage: str | None = None
    seen_epoch: int | None = None
    live_prompts: bool = False


@get("/", tags=["jobs"])
async def list_jobs(
    request: AuthRequest,
    services: NamedDependency[Services],
    status: Annotated[JobState | None, QueryParameter()] = None,
    family: Annotated[str | None, QueryParameter()] = None,
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page:
    """The caller's jobs."""
    return await page_of(services, user_id=request.user.id, status=status, family=family, cursor=cursor, limit=limit)


@get("/{job_id:uuid}", tags=["jobs"])
async def get_job(request: AuthRequest, job_id: FromPath[UUID], services: NamedDependency[Services]) -> JobSnapshot:
    job = await owned_job(services, request.user, job_id)
    if job.forgotten_at is not None:
        snapshot = Snapshot(last_seq=job.last_seq, status=job.state, stage=job.stage, progress=job.progress)
        return JobSnapshot(**msgspec.structs.asdict(view_of(job)), snapshot=snapshot, budget=_budget(services, job))
    snapshot = Snapshot()
    while batch := await read_events(services.engine, job_id, after=snapshot.last_seq):
        snapshot = fold(batch, snapshot)
    job = await find_job(services.engine, job_id)
    place = (await places_of(services.engine, [job_id])).get(job_id)
    budget = _budget(services, job)
    return JobSnapshot(**msgspec.structs.asdict(view_of(job)), snapshot=snapshot, budget=budget, place=place)


@get(
    "/{job_id:uuid}/events",
    tags=["jobs"],
    media_type="text/event-stream",
    summary="The job's events as Server-Sent Events, or as a JSON long-poll with Accept: application/json",
    responses={204: ResponseSpec(None, description="Nothing comes after the cursor: the job has ended")},
)
async def job_events(
    request: AuthRequest,
    job_id: FromPath[UUID],
    services: NamedDependency[Services],
    after: Annotated[int | None, QueryParameter(ge=0)] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    accept: Annotated[str, HeaderParameter(name="Accept")] = "",
    wait: Annotated[float, QueryParameter(ge=0, le=MAX_WAIT_S)] = 20.0,
) -> Response[Any]:
    """Events with seq > `after` (or the Last-Event-ID header; the query wins). 204 after the terminal event, 409 for a
    cursor beyond the end, 410 for an ended job whose chat or document was deleted."""
    job = await owned_job(services, request.user, job_id)
    if job.state in TERMINAL:
        check_kept(job)
    cursor = after if after is not None else cursor_of(last_event_id)
    if cursor > job.last_seq:
        raise Conflict(
            f"cursor {cursor} > {job.last_seq}",
            public_ru="Курсор дальше конца журнала.",
            public_en="The cursor is beyond the end of the log.",
        )
    if job.state in TERMINAL and cursor == job.last_seq:
        return Response(None, status_code=204)
    if "application/json" in accept and "text/event-stream" not in accept:
        return Response(await _poll(services, job, cursor, wait), media_type="application/json")
    stream = services.streams.job_stream(request.user.id, job_id, after=cursor, life_s=seconds_left(request.auth))
    return SSEResponse(stream)


@post("/{job_id:uuid}/cancel", status_code=200, tags=["jobs"])
async def cancel_job(request: AuthRequest, job_id: FromPath[UUID], services: NamedDependency[Services]) -> JobView:
    """Cancel: at once when it waits, within two seconds when it runs. May be said twice."""
    await owned_job(services, request.user, job_id)
    async with services.database.uow() as uow:
        await uow.jobs.transition(job_id, rules_jobs.Cancel())
        job = await uow.jobs.get(job_id)
        await uow.commit()
    return view_of(job)


@post("/{job_id:uuid}/requeue", status_code=202, tags=["jobs"])
async def requeue_own(
    request: AuthRequest, job_id: FromPath[UUID], data: JSONBody[RequeueWish], services: NamedDependency[Services]
) -> JobView:
    """Run one of the caller's own failed jobs again; finished stages are not repeated."""
    job = await owned_job(services, request.user, job_id)
    if job.state is not JobState.FAILED and not request.user.is_admin:
        raise NotAllowed(
            job.state.value,
            public_ru="Повторить можно только своё неудавшееся задание.",
            public_en="Only your own failed jobs can be run again.",
        )
    async with services.database.uow() as uow:
        job = await requeue(uow, request.user, job_id, data)
        await uow.commit()
    return view_of(job)


async def page_of(
    services: Services,
    *,
    user_id: UUID | None,
    status: JobState | None,
    family: str | None,
    cursor: UUID | None,
    limit: int,
) -> Page:
    async with services.database.uow() as uow:
        jobs = await uow.jobs.list_of(
            user_id=user_id, state=status.value if status else None, family=family, before=cursor, limit=limit + 1
        )
    more = jobs[limit - 1].id if len(jobs) > limit else None
    return Page(items=[view_of(job) for job in jobs[:limit]], next=more)


async def owned_job(services: Services, user: User, job_id: UUID) -> Job:
    """The job if it is the user's, or the user is an admin (whose look is audited). Raises NotFound."""
    job = await find_job(services.engine, job_id)
    if job.user_id == user.id:
        return job
    if not user.is_admin:
        raise NotFound(f"job {job_id}")
    async with services.database.uow() as uow:
        await uow.users.audit(user.id, "job.read", str(job_id), owner=job.user_id)
        await uow.commit()
    return job


def check_kept(job: Job) -> None:
    """Raises JobForgotten when what the job held is deleted."""
    if job.forgotten_at is not None:
        raise JobForgotten(f"job {job.id}")


async def requeue(uow: SqlUnitOfWork, user: User, job_id: UUID, wish: RequeueWish) -> Job:
    """Requeue in the caller's transaction, with an audit row. Raises Conflict when the job is not failed or cancelled,
    or was requeued by somebody else meanwhile, JobForgotten, and InvalidInput for a stage that its family does not
    have."""
    job = await uow.jobs.get(job_id)
    check_kept(job)
    family = FAMILIES.get(job.family)
    if wish.from_stage is not None and family is not None and wish.from_stage not in {s.name for s in family.stages}:
        raise InvalidInput(wish.from_stage, faults=(Fault("$.from_stage", f"no such stage of {job.family}"),))
    from_stage = wish.from_stage or (family.again_from if family is not None else None)
    seen_epoch = job.epoch if wish.seen_epoch is None else wish.seen_epoch
    command = rules_jobs.Requeue(seen_epoch=seen_epoch, by=user.id, from_stage=from_stage)
    done = await uow.jobs.transition(job_id, command)
    if done.job is None:
        reason = done.decision.reason if isinstance(done.decision, Refused) else ""
        raise Conflict(
            reason,
            public_ru="Задание не завершено или уже возвращено в очередь.",
            public_en="The job has not ended or was requeued already.",
        )
    # Its chat may have been deleted before it was locked.
    check_kept(done.job)
    if family is not None and family.on_requeue is not None:
        await family.on_requeue(uow, done.job)
    if from_stage is not None:
        await forget_from(uow.session, job_id, from_stage)
    if wish.live_prompts:
        await uow.prompts.unpin(job_id)
    if family is not None and any(stage.prompts for stage in family.stages):
        await uow.quotas.reserve_again(job.user_id, job_id)
    await uow.users.audit(user.id, "job.requeued", str(job_id), from_stage=from_stage, epoch=seen_epoch)
    return done.job


def _budget(services: Services, job: Job) -> JobBudget:
    return JobBudget(
        limit_micro_usd=services.settings.job_micro_usd,
        spent_micro_usd=max(job.usage.cost_micro_usd, job.settled_micro_usd),
        reserved_micro_usd=job.reserved_micro_usd,
    )


def cursor_of(last_event_id: str | None) -> int:
    """Raises InvalidInput for an id that is not a number."""
    if not last_event_id:
        return 0
    if not re.fullmatch("[0-9]{1,18}", last_event_id):
        raise InvalidInput("cursor", faults=(Fault("header:Last-Event-ID", "needs the id of an event"),))
    return int(last_event_id)


async def _poll(services: Services, job: Job, cursor: int, wait_s: float) -> EventPage:
    """What is there after the cursor; waits for the first event, then takes what has come with it."""
    events: list[Event] = await read_events(services.engine, job.id, after=cursor)
    if not events and wait_s > 0:
        until = time.monotonic() + wait_s
        told = follow(services.streams.hub, job.id, after=cursor, until=until)
        async with aclosing(told):
            async for item in told:
                if isinstance(item, Event):
                    events.append(item)
                    break
    state = (await find_job(services.engine, job.id)).state
    return EventPage(
        items=[{"event": event.type.value, **envelope(addressed(services.settings, event))} for event in events],
        last_seq=events[-1].seq if events else cursor,
        status=state,
        place=(await places_of(services.engine, [job.id])).get(job.id),
    )


def view_of(job: Job) -> JobView:
    wish, is_kept = replay_of(job), job.forgotten_at is None
    return JobView(
        id=job.id,
        family=job.family,
        mode=job.mode,
        status=job.state,
        stage=job.stage,
        progress=job.progress,
        attempt=job.attempt,
        crashes=job.crashes,
        epoch=job.epoch,
        last_seq=job.last_seq,
        user_id=job.user_id,
        chat_id=job.chat_id,
        document_id=job.document_id,
        parent_id=job.parent_id,
        replay_of=wish.of if wish else None,
        waiting_for=job.waiting_for if is_kept else None,
        result=job.result if is_kept else None,
        error=job.error if is_kept else _code_of(job.error),
        usage=job.usage,
        prompt_versions=job.prompt_pins,
        cancel_requested=job.cancel_requested_at is not None,
        run_at=job.run_at,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        forgotten_at=job.forgotten_at,
    )


def _code_of(error: JobError | None) -> JobError | None:
    """Its words may name what was deleted."""
    return None if error is None else JobError(code=error.code, message_ru="", message_en="")


router = Router("/jobs", route_handlers=[list_jobs, get_job, job_events, cancel_job, requeue_own])
