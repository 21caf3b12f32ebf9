"""Accepting requests: once per idempotency key, within the queue's limit and the quota; requeueing by one of two."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.idempotency import accept_once
from api.routes.jobs import RequeueWish, requeue
from domain import rules_jobs
from domain.chats import Scope
from domain.errors import Conflict, IdempotencyMismatch, QueueFull, QuotaExceeded
from domain.events import EventType
from domain.jobs import JobState
from domain.llm import Usage
from domain.submission import submit_question
from storage.database import open_sessions
from storage.events import read_events
from storage.uow import Database, SqlUnitOfWork
from storage.users import User
from tests.conftest import Told
from tests.fakes.clock import StillClock
from tests.fakes.jobs import QUEUE, accept, claim, claim_one, command, fail, finish, get, new_job, save_step

ROUTE = "POST /chats"


async def number(engine: AsyncEngine, statement: str, *arguments: Any) -> int:
    async with engine.connect() as connection:
        return (await connection.exec_driver_sql(statement, arguments)).scalar_one()


class Door:
    """Accepts a job per request, as a route does, and counts how often."""

    def __init__(self, database: Database, user_id: UUID) -> None:
        self._database = database
        self._user_id = user_id
        self.calls = 0

    async def knock(self, key: str | None, request: str = "a question") -> tuple[str, bool]:
        """The answered job and whether the answer is a replay."""
        response = await accept_once(
            self._database, user_id=self._user_id, route=ROUTE, key=key, request=request, accept=self._accept
        )
        replayed = response.headers.get("Idempotent-Replayed") == "true"
        return response.content["job_id"], replayed

    async def _accept(self, uow: SqlUnitOfWork) -> dict[str, str]:
        self.calls += 1
        job = new_job(self._user_id)
        await uow.jobs.accept(job)
        return {"job_id": str(job.id)}


async def test_fifty_twins_of_a_request_make_one_job(database: Database, engine: AsyncEngine, user_id: UUID) -> None:
    door = Door(database, user_id)

    answers = await asyncio.gather(*[door.knock("a key") for _ in range(50)])

    assert len({job_id for job_id, _ in answers}) == 1
    assert [replayed for _, replayed in answers].count(False) == 1
    assert await number(engine, "select count(*) from jobs") == 1


async def test_the_same_key_with_another_request_is_refused(
    database: Database, engine: AsyncEngine, user_id: UUID
) -> None:
    door = Door(database, user_id)
    await door.knock("a key", "one")

    with pytest.raises(IdempotencyMismatch):
        await door.knock("a key", "two")

    assert await number(engine, "select count(*) from jobs") == 1


async def test_twins_with_different_requests_make_one_job_and_refusals(
    database: Database, engine: AsyncEngine, user_id: UUID
) -> None:
    door = Door(database, user_id)

    answers = await asyncio.gather(*[door.knock("a key", str(no)) for no in range(10)], return_exceptions=True)

    assert sum(isinstance(answer, IdempotencyMismatch) for answer in answers) == 9
    assert await number(engine, "select count(*) from jobs") == 1


async def test_requests_without_a_key_or_of_other_users_are_their_own(
    database: Database, user_id: UUID, other_user_id: UUID
) -> None:
    one, other = Door(database, user_id), Door(database, other_user_id)

    answers = [await one.knock(None), await one.knock(None), await one.knock("a key"), await other.knock("a key")]

    assert len({job_id for job_id, _ in answers}) == 4


async def test_a_refused_request_leaves_its_key_free(engine: AsyncEngine, told: Told, user_id: UUID) -> None:
    door = Door(Database(open_sessions(engine), told, on_end={}, queue_limit=0), user_id)
    with pytest.raises(QueueFull):
        await door.knock("a key")

    open_door = Door(Database(open_sessions(engine), told, on_end={}), user_id)

    assert (await open_door.knock("a key"))[1] is False


async def test_a_full_queue_refuses_before_anything_is_written(
    engine: AsyncEngine, told: Told, user_id: UUID, chat_id: UUID
) -> None:
    database = Database(open_sessions(engine), told, on_end={}, queue_limit=2)
    await accept(database, new_job(user_id), new_job(user_id))
    told.clear()

    async def ask() -> None:
        async with database.uow() as uow:
            await submit_question(uow, user_id=user_id, chat_id=chat_id, content="a", scope=Scope(document_ids=()))
            await uow.commit()

    with pytest.raises(QueueFull) as refused:
        await ask()

    assert refused.value.retry_after_s == 15.0
    assert told == []
    counts = [await number(engine, f"select count(*) from {table}") for table in ("jobs", "job_events", "messages")]
    assert counts == [2, 2, 0]
    assert await number(engine, "select next_no from chats where id = $1", chat_id) == 1


async def test_only_queued_jobs_fill_a_queue(engine: AsyncEngine, told: Told, user_id: UUID) -> None:
    database = Database(open_sessions(engine), told, on_end={}, queue_limit=1)
    await accept(database, new_job(user_id))
    await claim_one(database)
    await accept(database, new_job(user_id, queue="background"))

    await accept(database, new_job(user_id))

    assert await number(engine, "select count(*) from jobs") == 3


async def test_a_bell_is_rung_only_for_a_job_that_is_due(database: Database, told: Told, user_id: UUID) -> None:
    told.clear()

    await accept(database, new_job(user_id, run_in_s=3.0))
    await accept(database, new_job(user_id))

    assert [outbox.queues for outbox in told] == [[], [QUEUE]]


# Quotas.


async def set_quota(database: Database, user_id: UUID, cap: int) -> None:
    async with database.uow() as uow:
        await uow.quotas.set_cap(user_id, cap)
        await uow.commit()


async def test_the_last_of_a_quota_is_given_once(engine: AsyncEngine, told: Told, user_id: UUID) -> None:
    database = Database(open_sessions(engine), told, on_end={}, job_micro_usd=10_000)
    await set_quota(database, user_id, 56_000)

    async def reserve() -> int:
        async with database.uow() as uow:
            amount = await uow.quotas.reserve(user_id)
            await uow.commit()
            return amount

    outcomes = await asyncio.gather(*[reserve() for _ in range(20)], return_exceptions=True)

    assert sorted(outcome for outcome in outcomes if isinstance(outcome, int)) == [6_000, *[10_000] * 5]
    assert sum(isinstance(outcome, QuotaExceeded) for outcome in outcomes) == 14
    assert await number(engine, "select reserved from quotas") == 56_000


async def test_a_user_without_a_quota_is_not_limited(database: Database, user_id: UUID) -> None:
    async with database.uow() as uow:
        assert await uow.quotas.reserve(user_id) == 0


async def test_a_new_month_begins_with_the_cap_of_the_last_one(
    database: Database, engine: AsyncEngine, user_id: UUID
) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "insert into quotas (user_id, kind, period, cap, used) values ($1, 'micro_usd', '2020-01', 70000, 70000)",
            (user_id,),
        )

    async with database.uow() as uow:
        assert await uow.quotas.reserve(user_id) == 70_000
        await uow.commit()

    assert await number(engine, "select count(*) from quotas") == 2


async def test_an_ended_job_settles_what_it_spent_once_per_run(
    database: Database, clock: StillClock, engine: AsyncEngine, user_id: UUID, admin: User
) -> None:
    await set_quota(database, user_id, 1_000)
    (job_id,) = await accept(database, new_job(user_id))
    wish = rules_jobs.Fail(epoch=1, error=rules_jobs.EXPIRED, retryable=False)
    await claim_one(database)
    await command(database, job_id, wish, usage=Usage(cost_micro_usd=40))
    after_failure = await number(engine, "select used from quotas")

    await requeue_by(database, admin, job_id)
    await claim_one(database)
    for _ in range(2):
        await command(database, job_id, rules_jobs.Finish(epoch=3), result={}, usage=Usage(cost_micro_usd=100))

    assert (after_failure, await number(engine, "select used from quotas")) == (40, 100)


# Requeueing.


async def requeue_by(database: Database, user: User, job_id: UUID, **wishes: Any) -> None:
    async with database.uow() as uow:
        await requeue(uow, user, job_id, RequeueWish(**wishes))
        await uow.commit()


async def test_of_many_who_requeue_at_once_one_wins(
    database: Database, engine: AsyncEngine, auto: AsyncEngine, user_id: UUID, admin: User
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await fail(database, await claim_one(database))

    outcomes = await asyncio.gather(
        *[requeue_by(database, admin, job_id, seen_epoch=1) for _ in range(10)], return_exceptions=True
    )

    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    types = [event.type for event in await read_events(auto, job_id, after=0)]
    assert types.count(EventType.JOB_REQUEUED) == 1
    assert await number(engine, "select count(*) from audit where action = 'job.requeued'") == 1


async def test_a_requeue_of_a_failure_that_was_requeued_since_is_refused(
    database: Database, user_id: UUID, admin: User
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await fail(database, await claim_one(database))
    await requeue_by(database, admin, job_id, seen_epoch=1)
    await fail(database, await claim_one(database))

    with pytest.raises(Conflict):
        await requeue_by(database, admin, job_id, seen_epoch=1)


@pytest.mark.parametrize(
    ("from_stage", "next_stage", "step_no"),
    [(None, "answer", 2), ("crop", "crop", 1), ("search", None, 0), ("answer", "answer", 2)],
    ids=["kept", "from the second", "from the first", "from the one that failed"],
)
async def test_a_requeued_job_keeps_its_finished_stages_or_begins_where_it_is_told(
    database: Database,
    user_id: UUID,
    admin: User,
    from_stage: str | None,
    next_stage: str | None,
    step_no: int,
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    await save_step(database, job_id, 1, 1, "search", "crop")
    await save_step(database, job_id, 1, 2, "crop", "answer")
    await fail(database, claimed)

    await requeue_by(database, admin, job_id, from_stage=from_stage)

    again = await claim_one(database)
    assert (again.next_stage, again.job.step_no) == (next_stage, step_no)
    assert await save_step(database, job_id, again.job.epoch, step_no + 1, next_stage or "search", "end")


async def test_a_requeued_job_starts_a_new_count_and_joins_the_end_of_its_chat(
    database: Database, clock: StillClock, user_id: UUID, chat_id: UUID, admin: User
) -> None:
    numbers = [await next_no(database, chat_id) for _ in range(2)]
    first, second = [new_job(user_id, ordering_key=chat_id, ordering_no=no, deadline_in_s=60.0) for no in numbers]
    await accept(database, first, second)
    await fail(database, await claim_one(database))
    await clock.advance(50)

    await requeue_by(database, admin, first.id)
    claimed = await claim_one(database)
    await clock.advance(50)
    await finish(database, claimed)
    again = await claim_one(database)

    assert (claimed.job.id, again.job.id) == (second.id, first.id)
    assert (again.job.attempt, again.job.crashes) == (1, 0)


async def next_no(database: Database, chat_id: UUID) -> int:
    async with database.uow() as uow:
        number = await uow.chats.next_no(chat_id)
        await uow.commit()
    return number


async def test_a_requeued_job_is_not_cancelled_by_its_former_cancel(
    database: Database, user_id: UUID, admin: User
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await claim_one(database)
    await command(database, job_id, rules_jobs.Cancel())
    await command(database, job_id, rules_jobs.AckCancel(epoch=1))

    await requeue_by(database, admin, job_id)
    await finish(database, await claim_one(database))

    assert (await get(database, job_id)).state is JobState.SUCCEEDED


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
async def test_only_a_job_that_ended_badly_can_be_requeued(
    database: Database, user_id: UUID, admin: User, state: str
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    claimed = await claim(database) if state != "queued" else None
    if claimed is not None and state == "succeeded":
        await finish(database, claimed)

    with pytest.raises(Conflict):
        await requeue_by(database, admin, job_id)
