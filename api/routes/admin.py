"""`/admin`: jobs of everyone, requeueing, users and their tokens. Every look and every change is audited."""

import contextlib
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from api.auth import AuthRequest, admins_only, new_static_token
from api.routes.auth import UserView, view_of
from api.routes.jobs import JobView, Page, RequeueWish, page_of, requeue
from api.routes.jobs import view_of as job_view
from api.scopes import MAX_OFFSET
from api.services import Services
from domain.errors import Conflict, Fault, InvalidInput, JobForgotten, NotFound
from domain.ids import new_id
from domain.jobs import Job, JobState, NewJob
from storage.jobs import accept_job
from storage.outbox import Outbox
from storage.uow import SqlUnitOfWork

RoleName = Literal["user", "premium", "admin"]
StatusName = Literal["active", "inactive", "blocked"]
MAX_REQUEUED = 1000


class NewUser(msgspec.Struct, kw_only=True):
    username: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\s\x00](?:[^\n\x00]*[^\s\x00])?(?!\n)$")]
    role: RoleName = "user"


class UserChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    role: RoleName | UnsetType = UNSET
    status: StatusName | UnsetType = UNSET


class NewToken(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(max_length=200)] = ""
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class ShownToken(msgspec.Struct, kw_only=True):
    """The only time the token is shown."""

    id: UUID
    static_token: str


class RequeueFilter(msgspec.Struct, kw_only=True):
    """Which ended jobs to run again: all given conditions together; `ids` alone is fine too."""

    status: Literal["failed", "cancelled"] = "failed"
    family: str | None = None
    user: UUID | None = None
    error_code: str | None = None
    ids: Annotated[list[UUID], Meta(max_length=MAX_REQUEUED)] = []
    from_stage: str | None = None
    live_prompts: bool = False
    limit: Annotated[int, Meta(ge=1, le=MAX_REQUEUED)] = 100


class Requeued(msgspec.Struct, kw_only=True):
    requeued: list[UUID]
    refused: list[UUID]


class Probe(msgspec.Struct, kw_only=True):
    """`queue` to test: interactive or background."""

    queue: Literal["interactive", "background"] = "interactive"
    payload: dict[str, Any] = {}


class Probed(msgspec.Struct, kw_only=True):
    id: UUID
    status: JobState
    events: str


@get("/jobs", tags=["admin"])
async def list_jobs(
    request: AuthRequest,
    services: NamedDependency[Services],
    status: Annotated[JobState | None, QueryParameter()] = None,
    family: Annotated[str | None, QueryParameter()] = None,
    user: Annotated[UUID | None, QueryParameter()] = None,
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page:
    """Jobs of everyone, newest first."""
    await _audit(services, request, "jobs.listed", status=status, family=family, user=user)
    return await page_of(services, user_id=user, status=status, family=family, cursor=cursor, limit=limit)


@post("/jobs/{job_id:uuid}/requeue", status_code=202, tags=["admin"])
async def requeue_one(
    request: AuthRequest, job_id: FromPath[UUID], data: JSONBody[RequeueWish], services: NamedDependency[Services]
) -> JobView:
    """Run a failed or cancelled job again: same job, same log, finished stages reused."""
    async with services.database.uow() as uow:
        job = await requeue(uow, request.user, job_id, data)
        await uow.commit()
    return job_view(job)


@post("/jobs/requeue", status_code=202, tags=["admin"])
async def requeue_many(
    request: AuthRequest, data: JSONBody[RequeueFilter], services: NamedDependency[Services]
) -> Requeued:
    """Run all jobs of the filter again, each in a transaction of its own."""
    async with services.database.uow() as uow:
        wanted = [job for job in await _candidates(uow, data) if _fits(job, data)]
    requeued: list[UUID] = []
    refused: list[UUID] = []
    for job in wanted[: data.limit]:
        try:
            async with services.database.uow() as uow:
                wish = RequeueWish(from_stage=data.from_stage, seen_epoch=job.epoch, live_prompts=data.live_prompts)
                await requeue(uow, request.user, job.id, wish)
                await uow.commit()
            requeued.append(job.id)
        except (Conflict, InvalidInput, JobForgotten):
            refused.append(job.id)
    return Requeued(requeued=requeued, refused=refused)


@post("/probe", status_code=202, tags=["admin"])
async def probe(request: AuthRequest, data: JSONBody[Probe], services: NamedDependency[Services]) -> Probed:
    """An empty job through the whole pipe: queue, worker, events."""
    job_id = new_id()
    job = NewJob(id=job_id, user_id=request.user.id, family="probe", queue=data.queue, payload=data.payload)
    await accept_job(services.engine, job, queue_limit=services.settings.queue_limit)
    await services.publisher(Outbox(queues=[job.queue]))
    return Probed(id=job_id, status=JobState.QUEUED, events=f"/jobs/{job_id}/events")


@get("/users", tags=["admin"])
async def list_users(
    services: NamedDependency[Services],
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    offset: Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET)] = 0,
) -> list[UserView]:
    async with services.database.uow() as uow:
        return [view_of(user) for user in await uow.users.list_of(limit=limit, offset=offset)]


@post("/users", status_code=201, tags=["admin"])
async def create_user(request: AuthRequest, data: JSONBody[NewUser], services: NamedDependency[Services]) -> UserView:
    async with services.database.uow() as uow:
        user = await uow.users.add(data.username, data.role)
        await uow.users.audit(request.user.id, "user.created", str(user.id), role=data.role)
        await uow.commit()
    return view_of(user)


@patch("/users/{user_id:uuid}", tags=["admin"])
async def change_user(
    request: AuthRequest, user_id: FromPath[UUID], data: JSONBody[UserChange], services: NamedDependency[Services]
) -> UserView:
    changes = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
    if not changes:
        raise InvalidInput("nothing to change", faults=(Fault("$", "needs role or status"),))
    async with services.database.uow() as uow:
        user = await uow.users.change(user_id, changes)
        await uow.users.audit(request.user.id, "user.changed", str(user_id), **changes)
        await uow.commit()
    return view_of(user)


@post("/users/{user_id:uuid}/tokens", status_code=201, tags=["admin"])
async def create_token(
    request: AuthRequest, user_id: FromPath[UUID], data: JSONBody[NewToken], services: NamedDependency[Services]
) -> ShownToken:
    """A static token for the user. It is shown this once; only its hash is kept."""
    token = new_static_token()
    async with services.database.uow() as uow:
        await uow.users.get(user_id)
        credential_id = await uow.users.add_token(user_id, token, data.name, data.expires_at)
        await uow.users.audit(request.user.id, "token.created", str(user_id), credential=credential_id)
        await uow.commit()
    return ShownToken(id=credential_id, static_token=token)


@get("/users/{user_id:uuid}/tokens", tags=["admin"])
async def list_tokens(user_id: FromPath[UUID], services: NamedDependency[Services]) -> list[dict[str, Any]]:
    async with services.database.uow() as uow:
        await uow.users.get(user_id)
        return await uow.users.tokens(user_id)


@delete("/users/{user_id:uuid}/tokens/{token_id:uuid}", status_code=204, tags=["admin"])
async def revoke_token(
    request: AuthRequest, user_id: FromPath[UUID], token_id: FromPath[UUID], services: NamedDependency[Services]
) -> None:
    async with services.database.uow() as uow:
        await uow.users.revoke_token(user_id, token_id)
        await uow.users.audit(request.user.id, "token.revoked", str(user_id), credential=token_id)
        await uow.commit()


async def _candidates(uow: SqlUnitOfWork, wish: RequeueFilter) -> list[Job]:
    """The named jobs, as far as they exist; without names the newest that ended so."""
    if not wish.ids:
        return await uow.jobs.list_of(user_id=wish.user, state=wish.status, family=wish.family, limit=MAX_REQUEUED)
    found: list[Job] = []
    for job_id in dict.fromkeys(wish.ids):
        with contextlib.suppress(NotFound):
            found.append(await uow.jobs.get(job_id))
    return found


def _fits(job: Job, wish: RequeueFilter) -> bool:
    return (
        job.state.value == wish.status
        and wish.family in (None, job.family)
        and wish.user in (None, job.user_id)
        and (wish.error_code is None or (job.error is not None and job.error.code == wish.error_code))
    )


async def _audit(services: Services, request: AuthRequest, action: str, **details: Any) -> None:
    async with services.database.uow() as uow:
        await uow.users.audit(request.user.id, action, **details)
        await uow.commit()


router = Router(
    "/admin",
    guards=[admins_only],
    route_handlers=[
        list_jobs,
        requeue_one,
        requeue_many,
        probe,
        list_users,
        create_user,
        change_user,
        create_token,
        list_tokens,
        revoke_token,
    ],
)
