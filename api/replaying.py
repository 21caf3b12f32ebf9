"""Accepting a replay: one job that runs another again, with its settings, documents and prompts as they were."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from domain.errors import Conflict, JobForgotten, NotFound, RecordingMissing
from domain.ids import new_id
from domain.jobs import Job, JobState, NewJob
from domain.replays import KEY, REPLAY_MODE, REPLAYABLE, TRIAL_MODE, ReplayWish, replay_of
from domain.submission import BACKGROUND
from storage.uow import SqlUnitOfWork

ROLES = "roles"
"""The first part of the name that a role's version is pinned under (`domain.roles.pin_of`)."""

ENDED = (JobState.SUCCEEDED, JobState.FAILED)


async def accept_replay(
    uow: SqlUnitOfWork,
    source: Job,
    *,
    by: UUID,
    trial_id: UUID | None = None,
    prompts: Mapping[str, str] | None = None,
) -> NewJob:
    """Write the job and what it repeats; the caller commits. The caller has checked that `by` may see the source.

    A trial runs beside what people wait for, and may spend what `by` has left. Raises Conflict for a job that has not
    ended or cannot be repeated, NotFound for a version of a prompt that is not stored, QuotaExceeded and QueueFull.
    """
    check_replayable(source)
    wish = ReplayWish(of=source.id, owner_id=source.user_id, trial_id=trial_id, prompts=prompts or {})
    job = NewJob(
        id=new_id(),
        user_id=by,
        family=source.family,
        mode=REPLAY_MODE if trial_id is None else TRIAL_MODE,
        queue=source.queue if trial_id is None else BACKGROUND,
        payload={**source.payload, KEY: msgspec.to_builtins(wish)},
        reserved_micro_usd=0 if trial_id is None else await uow.quotas.reserve(by),
    )
    await uow.jobs.accept(job)
    await uow.replays.add(job.id, source_job_id=source.id, owner_id=source.user_id, trial_id=trial_id)
    await uow.prompts.pin(job.id, {**await _kept_pins(uow, source), **wish.prompts})
    await _pin_role(uow, source, job.id)
    await uow.users.audit(by, "job.replayed", str(source.id), owner=source.user_id, replay=job.id, trial=trial_id)
    return job


def check_replayable(source: Job) -> None:
    """Raises RecordingMissing, JobForgotten or Conflict."""
    if source.forgotten_at is not None:
        raise JobForgotten(f"job {source.id}")
    if source.family not in REPLAYABLE:
        raise RecordingMissing(f"family {source.family}")
    if replay_of(source) is not None:
        raise Conflict(
            f"job {source.id} is a replay",
            public_ru="Это задание само является повтором; повторите исходное.",
            public_en="This job is a replay itself; replay the original one.",
        )
    if source.state not in ENDED:
        raise Conflict(
            f"job {source.id} is {source.state}",
            public_ru="Повторить по записи можно только завершённое задание.",
            public_en="Only a job that has ended can be replayed.",
        )


async def _kept_pins(uow: SqlUnitOfWork, source: Job) -> dict[str, str]:
    """The versions that the source was run with, as far as they are still stored. Without one of them the replay takes
    the live text, and tells what differs."""
    kept: dict[str, str] = {}
    for name, version in source.prompt_pins.items():
        try:
            await uow.prompts.saved(name, version)
        except NotFound:
            continue
        kept[name] = version
    return kept


async def _pin_role(uow: SqlUnitOfWork, source: Job, job_id: UUID) -> None:
    """The version of the role that the source was answered in, if it still is there."""
    for name, version in source.prompt_pins.items():
        kind, _, role_id = name.partition("/")
        if kind == ROLES and role_id.isdigit():
            role = await uow.roles.use(int(role_id), source.user_id, version)
            if role is not None:
                await uow.roles.pin(job_id, role)
