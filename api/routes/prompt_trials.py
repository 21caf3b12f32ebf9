"""`/admin/prompts/trial`: prompts tried on recorded jobs before they go live.

Each job is run again with the prompts to be tried. Calls whose request they do not change are taken from its record,
the others are made, and paid within the budget of a job and the caller's quota. Nothing is written into any chat.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody
from msgspec import Meta

from api.auth import AuthRequest, admins_only
from api.errors import language_of
from api.idempotency import accept_once
from api.replaying import accept_replay, check_replayable
from api.services import Services
from api.trial_views import TrialItem, TrialView, trial_item, trial_view
from domain.errors import DomainError, Fault, InvalidInput, NotFound
from domain.ids import new_id
from domain.jobs import Job
from domain.replays import replay_of
from domain.rules_prompts import MAX_CHARS, check_text
from storage.dialogues import check_recorded, spending_of
from storage.jobs import find_job
from storage.uow import SqlUnitOfWork

MAX_JOBS = 20
"""Of one trial: forty dollars at most with the default budget of a job. A guess."""

MAX_PROMPTS = 10

Version = Annotated[str, Meta(pattern=r"^(?:v[1-9][0-9]{0,8}|[0-9a-f]{12})(?!\n)$")]


class DraftText(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A text that is saved as a draft, and tried."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_CHARS)]


class TrialWish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`prompts` by name: a saved version (`v3`, or a file's hash), or a text."""

    jobs: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_JOBS)]
    prompts: Annotated[dict[str, Version | DraftText], Meta(min_length=1, max_length=MAX_PROMPTS)]


class Begun(msgspec.Struct, kw_only=True):
    source_job_id: UUID
    job_id: UUID


class RefusedJob(msgspec.Struct, kw_only=True):
    source_job_id: UUID
    code: str
    message: str


class Trial(msgspec.Struct, kw_only=True):
    """What was begun. `prompts` are the versions that are tried, drafts with theirs; `refused` says why of each job
    that cannot be run again."""

    id: UUID
    prompts: dict[str, str]
    jobs: list[Begun]
    refused: list[RefusedJob]


@post("/trial", status_code=202, tags=["admin"])
async def try_prompts(
    request: AuthRequest,
    data: JSONBody[TrialWish],
    services: NamedDependency[Services],
    key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[Trial]:
    """Run recorded jobs again with other prompts; follow the trial at `/admin/prompts/trial/{id}`."""

    async def accept(uow: SqlUnitOfWork) -> Trial:
        versions = await _versions(services, uow, request, data.prompts)
        trial = Trial(id=new_id(), prompts=versions, jobs=[], refused=[])
        for job_id in dict.fromkeys(data.jobs):
            try:
                job = await _begin(services, uow, request, job_id, trial)
                trial.jobs.append(Begun(source_job_id=job_id, job_id=job))
            except DomainError as error:
                message = error.public_en if language_of(request) == "en" else error.public_ru
                trial.refused.append(RefusedJob(source_job_id=job_id, code=error.code, message=message))
        return trial

    return await accept_once(
        services.database,
        user_id=request.user.id,
        route="POST /admin/prompts/trial",
        key=key,
        request=data,
        accept=accept,
    )


@get("/trial/{trial_id:uuid}", tags=["admin"])
async def get_trial(request: AuthRequest, trial_id: FromPath[UUID], services: NamedDependency[Services]) -> TrialView:
    """The former and the new answer of each job, and the sums of both. The look is audited."""
    async with services.database.uow() as uow:
        replays = await uow.replays.of_trial(trial_id)
        if not replays:
            raise NotFound(f"trial {trial_id}")
        pairs = [(await uow.jobs.get(r.source_job_id), await uow.jobs.get(r.job_id)) for r in replays]
        questions = [await _question_of(uow, source) for source, _ in pairs]
        owners = sorted({str(source.user_id) for source, _ in pairs})
        await uow.users.audit(request.user.id, "trial.read", str(trial_id), owners=owners)
        await uow.commit()
    spending = await spending_of(services.engine, [trial.id for _, trial in pairs])
    items: list[TrialItem] = [
        trial_item(source, trial, question, spending.get(trial.id))
        for (source, trial), question in zip(pairs, questions, strict=True)
    ]
    wish = replay_of(pairs[0][1])
    return trial_view(trial_id, wish.prompts if wish else {}, items)


async def _versions(
    services: Services, uow: SqlUnitOfWork, request: AuthRequest, wishes: Mapping[str, str | DraftText]
) -> dict[str, str]:
    """The version of each prompt; texts are saved as drafts first. Raises InvalidInput with every fault."""
    unknown = [name for name in wishes if name not in services.prompts.names()]
    if unknown:
        faults = tuple(Fault(f"$.prompts['{name}']", "no such prompt") for name in unknown)
        raise InvalidInput("prompts", faults=faults)
    versions: dict[str, str] = {}
    for name, wish in wishes.items():
        file = await services.prompts.get(name)
        text = wish.text if isinstance(wish, DraftText) else await _saved_text(uow, name, wish, file.version)
        check_text(name, file.text if text is None else text, file.text)
        versions[name] = wish if isinstance(wish, str) else await _draft(uow, request, name, wish.text)
    return versions


async def _saved_text(uow: SqlUnitOfWork, name: str, version: str, file_version: str) -> str | None:
    """Null: the file's own."""
    try:
        return (await uow.prompts.saved(name, version)).text
    except NotFound as error:
        if version == file_version:
            return None
        raise InvalidInput(version, faults=(Fault(f"$.prompts['{name}']", "no such version"),)) from error


async def _draft(uow: SqlUnitOfWork, request: AuthRequest, name: str, text: str) -> str:
    saved = await uow.prompts.save(name, text, author_id=request.user.id, note="trial", live=False)
    await uow.users.audit(request.user.id, "prompt.drafted", name, version=saved.version, note="trial")
    return saved.version


async def _begin(services: Services, uow: SqlUnitOfWork, request: AuthRequest, source_id: UUID, trial: Trial) -> UUID:
    """Behind a savepoint: what one job cannot do does not keep the others."""
    source = await find_job(services.engine, source_id)
    check_replayable(source)
    await check_recorded(services.engine, source_id)
    async with uow.session.begin_nested():
        job = await accept_replay(uow, source, by=request.user.id, trial_id=trial.id, prompts=trial.prompts)
    return job.id


async def _question_of(uow: SqlUnitOfWork, source: Job) -> str:
    """Empty when its message is gone."""
    try:
        return (await uow.chats.message(UUID(str(source.payload["message_id"])))).content
    except (NotFound, KeyError):
        return ""


router = Router("/admin/prompts", guards=[admins_only], route_handlers=[try_prompts, get_trial])
