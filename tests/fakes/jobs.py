"""Jobs of a family that exists only in tests, and short ways to run through their lives on a real database."""

from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID

from domain import rules_jobs
from domain.errors import LeaseLost
from domain.events import EventType, NewEvent
from domain.jobs import Claim, Job, JobError, NewJob
from domain.llm import Usage
from domain.rules_jobs import Command, Refused
from storage.checkpoints import Checkpoint, save_checkpoint
from storage.jobs import Transition
from storage.uow import Database
from storage.workers import BEAT, beat_arguments

QUEUE = "interactive"
FLAKY = JobError(code="flaky", message_ru="Сбой.", message_en="A fault.")


_numbers = count(1_000_000)


def new_job(user_id: UUID, **fields: Any) -> NewJob:
    """Each younger than the one before, also within one millisecond."""
    defaults: dict[str, Any] = {"id": UUID(int=next(_numbers)), "family": "simulated", "queue": QUEUE, "payload": {}}
    return NewJob(user_id=user_id, **{**defaults, **fields})


def started(family: str, stage: str | None) -> NewEvent:
    """What the engine passes to `JobRepository.claim`."""
    return NewEvent(type=EventType.STAGE_STARTED, stage=stage)


def finished(stage: str) -> NewEvent:
    return NewEvent(type=EventType.STAGE_FINISHED, stage=stage)


async def accept(database: Database, *jobs: NewJob) -> list[UUID]:
    async with database.uow() as uow:
        for job in jobs:
            await uow.jobs.accept(job)
        await uow.commit()
    return [job.id for job in jobs]


async def claim(database: Database, *, queue: str = QUEUE, owner: str = "slot/1", user_cap: int = 8) -> Claim | None:
    async with database.uow() as uow:
        found = await uow.jobs.claim(queue, owner=owner, user_cap=user_cap, stage_started=started)
        await uow.commit()
    return found


async def claim_one(database: Database, **wishes: Any) -> Claim:
    found = await claim(database, **wishes)
    assert found is not None, "nothing was due"
    return found


async def command(database: Database, job_id: UUID, wish: Command, **extra: Any) -> Transition:
    async with database.uow() as uow:
        done = await uow.jobs.transition(job_id, wish, **extra)
        await uow.commit()
    return done


async def command_of_worker(database: Database, job_id: UUID, wish: Command) -> Transition:
    """Raises LeaseLost when refused, as the engine does."""
    done = await command(database, job_id, wish)
    if isinstance(done.decision, Refused):
        raise LeaseLost(done.decision.reason)
    return done


def checkpoint_of(step_no: int, stage: str, next_stage: str) -> Checkpoint:
    """A step that spent nothing."""
    return Checkpoint(
        step_no=step_no,
        stage=stage,
        next_stage=next_stage,
        state=b"{}",
        usage=Usage(),
        total=Usage(),
        duration_ms=1,
    )


async def save_step(database: Database, job_id: UUID, epoch: int, step_no: int, stage: str, next_stage: str) -> bool:
    """False when the step had been saved before."""
    checkpoint = checkpoint_of(step_no, stage, next_stage)
    events = [finished(stage), started("", next_stage)]
    async with database.uow() as uow:
        told = await save_checkpoint(uow.session, job_id=job_id, epoch=epoch, checkpoint=checkpoint, events=events)
        await uow.commit()
    return told is not None


async def finish(database: Database, claimed: Claim) -> Transition:
    return await command(database, claimed.job.id, rules_jobs.Finish(epoch=claimed.job.epoch), result={})


async def fail(database: Database, claimed: Claim, *, retryable: bool = False) -> Transition:
    wish = rules_jobs.Fail(epoch=claimed.job.epoch, error=FLAKY, retryable=retryable)
    return await command(database, claimed.job.id, wish)


async def get(database: Database, job_id: UUID) -> Job:
    async with database.uow() as uow:
        return await uow.jobs.get(job_id)


async def beat(
    database: Database,
    slot: str,
    *,
    queue: str = QUEUE,
    threads: int = 2,
    is_draining: bool = False,
    runs: Sequence[tuple[UUID, int]] = (),
) -> list[tuple[UUID, int, bool, bool]]:
    """One heartbeat of a worker process: (job, epoch, still its own, cancel wanted) per run."""
    wish = beat_arguments(
        slot=slot, incarnation=UUID(int=1), queue=queue, threads=threads, draining=is_draining, runs=runs
    )
    async with database.uow() as uow:
        connection = await uow.session.connection()
        rows = (await connection.exec_driver_sql(BEAT, wish)).all()
        await uow.commit()
    return [(job_id, epoch, bool(ours), bool(cancelled)) for job_id, epoch, ours, cancelled in map(tuple, rows)]
