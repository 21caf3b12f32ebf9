"""The reconciler's sweep: bells, silent workers, the grace after an outage, deadlines, forgotten jobs."""

import time
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisUnreachable
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import rules_jobs
from domain.jobs import JobState
from storage.database import open_sessions
from storage.publisher import Publisher
from storage.uow import Database
from tests.conftest import Told
from tests.fakes.clock import StillClock
from tests.fakes.jobs import accept, beat, claim, claim_one, command, get, new_job
from workers.reconciler import Reconciler


class Bells:
    """Counts rings; `is_broken` plays a Redis that is away."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.is_broken = False

    def ring(self, queue: str) -> None:
        if self.is_broken:
            raise RedisUnreachable("as asked")
        self.rung.append(queue)


class Look:
    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def bells() -> Bells:
    return Bells()


@pytest.fixture
def publisher(bells: Bells) -> Publisher:
    # The client connects only to publish.
    return Publisher(Redis(), bells.ring)


@pytest.fixture
def look() -> Look:
    return Look()


@pytest.fixture
def reconciler(
    database: Database, auto: AsyncEngine, clock: StillClock, publisher: Publisher, look: Look
) -> Reconciler:
    """One whose first grace is over."""
    reconciler = Reconciler(database, auto, publisher, own_queue="interactive", look=look)
    reconciler._succeeded_at = time.monotonic()
    return reconciler


async def test_a_due_job_is_rung_for_again_when_nobody_came(
    database: Database, reconciler: Reconciler, bells: Bells, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    counts = []

    for seconds in (0.0, 2.5, 1.0, 2.5, 1.0):
        await clock.advance(seconds)
        await beat(database, "slot")
        await reconciler._sweep()
        counts.append(len(bells.rung))

    assert counts == [0, 0, 1, 1, 2]


async def test_a_job_that_becomes_due_is_rung_for(
    database: Database, reconciler: Reconciler, bells: Bells, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    await claim_one(database)
    await command(
        database, (await newest(database, user_id)), rules_jobs.HandBack(epoch=1, reason="provider_limit", delay_s=5.0)
    )
    counts = []

    for seconds in (4.0, 2.0):
        await clock.advance(seconds)
        await beat(database, "slot")
        await reconciler._sweep()
        counts.append(len(bells.rung))

    assert counts == [0, 1]


async def newest(database: Database, user_id: UUID) -> UUID:
    async with database.uow() as uow:
        return (await uow.jobs.list_of(user_id=user_id))[0].id


async def test_there_are_never_more_bells_than_free_slots(
    database: Database, reconciler: Reconciler, bells: Bells, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, *[new_job(user_id) for _ in range(9)])
    running = await claim_one(database)
    await clock.advance(4)
    await beat(database, "one", threads=3, runs=[(running.job.id, 1)])
    await beat(database, "two", threads=2)
    await beat(database, "other queue", queue="background", threads=5)

    await reconciler._sweep()

    assert bells.rung == ["interactive"] * 4


async def test_each_process_rings_for_its_own_queue_so_that_it_can_look_itself_when_redis_is_away(
    database: Database, reconciler: Reconciler, bells: Bells, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id, queue="background"))
    await clock.advance(4)
    await beat(database, "other queue", queue="background")

    await reconciler._sweep()

    assert bells.rung == []


async def test_no_bell_is_rung_where_nobody_listens(
    database: Database, reconciler: Reconciler, bells: Bells, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    await beat(database, "silent")
    await clock.advance(11)
    await beat(database, "draining", is_draining=True)

    await reconciler._sweep()

    assert bells.rung == []


async def test_without_redis_the_process_looks_by_itself(
    database: Database, reconciler: Reconciler, bells: Bells, look: Look, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id), new_job(user_id, queue="background"))
    await clock.advance(4)
    await beat(database, "one", threads=1)
    await beat(database, "two", queue="background", threads=1)
    bells.is_broken = True

    await reconciler._sweep()
    await drained(reconciler)

    assert look.count == 1


async def drained(reconciler: Reconciler) -> None:
    for task in list(reconciler._looks):
        await task


async def test_a_silent_worker_loses_its_job_one_second_after_its_lease(
    database: Database, reconciler: Reconciler, clock: StillClock, user_id: UUID
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await claim_one(database)
    states = []

    for seconds in (15.5, 1.0):
        await clock.advance(seconds)
        await reconciler._sweep()
        states.append((await get(database, job_id)).state)

    assert states == [JobState.RUNNING, JobState.QUEUED]
    again = await claim_one(database)
    assert (again.job.crashes, again.job.attempt, again.job.epoch) == (1, 1, 2)


async def test_a_beating_worker_keeps_its_job(
    database: Database, reconciler: Reconciler, clock: StillClock, user_id: UUID
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await claim_one(database)

    for _ in range(5):
        await clock.advance(14)
        await beat(database, "slot", runs=[(job_id, 1)])
        await reconciler._sweep()

    assert (await get(database, job_id)).epoch == 1
    assert (await get(database, job_id)).state is JobState.RUNNING


async def test_after_an_outage_of_the_database_living_workers_have_one_lease_to_beat(
    database: Database, reconciler: Reconciler, clock: StillClock, user_id: UUID
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await claim_one(database)
    await clock.advance(60)
    reconciler._succeeded_at = time.monotonic() - 8

    await reconciler._sweep()
    in_grace = (await get(database, job_id)).state
    reconciler._grace_until = 0.0
    await reconciler._sweep()

    assert (in_grace, (await get(database, job_id)).state) == (JobState.RUNNING, JobState.QUEUED)


async def test_a_new_process_reaps_nobody_at_once(
    database: Database, auto: AsyncEngine, publisher: Publisher, look: Look, clock: StillClock, user_id: UUID
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await claim_one(database)
    await clock.advance(60)

    await Reconciler(database, auto, publisher, own_queue="interactive", look=look)._sweep()

    assert (await get(database, job_id)).state is JobState.RUNNING


async def test_a_restarted_process_frees_the_jobs_of_its_own_slot_only(
    database: Database, reconciler: Reconciler, user_id: UUID
) -> None:
    await accept(database, *[new_job(user_id) for _ in range(3)])
    for owner in ("slot/1", "slot/2", "slotx/1"):
        await claim_one(database, owner=owner)

    freed = await reconciler.free_slot("slot", "slot/2")

    assert freed == 1
    assert (await claim_one(database)).job.lease_owner == "slot/1"
    assert await claim(database) is None


async def test_a_job_over_its_deadline_fails_whether_it_runs_or_not(
    database: Database, reconciler: Reconciler, clock: StillClock, user_id: UUID
) -> None:
    running, queued, patient = await accept(
        database, *[new_job(user_id, deadline_in_s=seconds) for seconds in (10.0, 10.0, None)]
    )
    await claim_one(database)
    await clock.advance(11)

    await reconciler._sweep()

    errors = [(await get(database, job_id)).error for job_id in (running, queued, patient)]
    assert errors == [rules_jobs.EXPIRED, rules_jobs.EXPIRED, None]


async def test_waiting_for_documents_does_not_use_up_the_deadline(
    database: Database, reconciler: Reconciler, clock: StillClock, user_id: UUID, document_ids: list[UUID]
) -> None:
    (job_id,) = await accept(database, new_job(user_id, deadline_in_s=10.0))
    await park(database, job_id, document_ids)
    await clock.advance(60)

    await reconciler._sweep()
    waiting = await get(database, job_id)
    await command(database, job_id, rules_jobs.Wake())
    await clock.advance(9)

    assert waiting.state is JobState.WAITING
    assert (await claim_one(database)).job.id == job_id


async def park(database: Database, job_id: UUID, document_ids: list[UUID]) -> None:
    claimed = await claim_one(database)
    async with database.uow() as uow:
        await uow.jobs.park(job_id, claimed.job.epoch, document_ids=document_ids, reason={"kind": "documents"})
        await uow.commit()


async def test_a_job_whose_documents_were_deleted_unseen_goes_on(
    database: Database, reconciler: Reconciler, engine: AsyncEngine, user_id: UUID, document_ids: list[UUID]
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    await park(database, job_id, document_ids)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("update documents set deleted_at = now()")

    await reconciler._sweep()

    assert (await get(database, job_id)).state is JobState.QUEUED


async def test_a_parent_whose_counter_reached_zero_unseen_goes_on(
    database: Database, reconciler: Reconciler, engine: AsyncEngine, user_id: UUID
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    async with database.uow() as uow:
        await uow.jobs.spawn(job_id, claimed.job.epoch, [new_job(user_id)])
        await uow.commit()
    async with engine.begin() as connection:
        await connection.exec_driver_sql("update jobs set pending_children = 0 where id = $1", (job_id,))

    await reconciler._sweep()

    assert (await get(database, job_id)).state is JobState.QUEUED


async def spawn_one(database: Database, user_id: UUID) -> tuple[UUID, UUID]:
    """A parent that waits for one child: their ids."""
    (parent_id,) = await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    child = new_job(user_id)
    async with database.uow() as uow:
        await uow.jobs.spawn(parent_id, claimed.job.epoch, [child])
        await uow.commit()
    return parent_id, child.id


async def tell(database: Database, job_id: UUID, command: rules_jobs.Command) -> None:
    async with database.uow() as uow:
        await uow.jobs.transition(job_id, command)
        await uow.commit()


async def test_children_of_a_cancelled_parent_are_cancelled(
    database: Database, reconciler: Reconciler, user_id: UUID
) -> None:
    parent_id, child_id = await spawn_one(database, user_id)
    await tell(database, parent_id, rules_jobs.Cancel())

    await reconciler._sweep()

    assert (await get(database, child_id)).state is JobState.CANCELLED


async def test_a_child_that_is_requeued_after_its_parent_was_cancelled_goes_on(
    database: Database, reconciler: Reconciler, clock: StillClock, user_id: UUID
) -> None:
    parent_id, child_id = await spawn_one(database, user_id)
    await tell(database, parent_id, rules_jobs.Cancel())
    await reconciler._sweep()
    await clock.advance(1)
    cancelled = await get(database, child_id)
    await tell(database, child_id, rules_jobs.Requeue(seen_epoch=cancelled.epoch, by=user_id))

    await reconciler._sweep()

    assert (await get(database, child_id)).state is JobState.QUEUED


async def test_a_job_whose_family_cannot_hear_of_its_end_does_not_keep_others_from_theirs(
    engine: AsyncEngine,
    auto: AsyncEngine,
    told: Told,
    clock: StillClock,
    publisher: Publisher,
    look: Look,
    user_id: UUID,
) -> None:
    async def on_end(*_: object) -> None:
        raise RuntimeError("a bug of one family")

    database = Database(open_sessions(engine), told, on_end={"broken": on_end})
    reconciler = Reconciler(database, auto, publisher, own_queue="interactive", look=look)
    broken, other = await accept(
        database, new_job(user_id, family="broken", deadline_in_s=5.0), new_job(user_id, deadline_in_s=5.0)
    )
    await clock.advance(6)

    await reconciler._sweep()

    assert (await get(database, other)).state is JobState.FAILED
    assert (await get(database, broken)).state is JobState.QUEUED
