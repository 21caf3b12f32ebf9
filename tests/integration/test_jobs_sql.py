"""Claiming and running jobs in PostgreSQL: order, fairness, fences, waiting, cancelling. The clock stands still."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import rules_jobs
from domain.documents import Recognition, RecognitionState
from domain.errors import LeaseLost
from domain.events import EventType, NewEvent
from domain.ids import new_id
from domain.jobs import Claim, Job, JobError, JobState
from domain.ports import UnitOfWork
from domain.rules_jobs import Command, Refused, Unchanged
from storage.database import open_sessions
from storage.events import append_events, read_events
from storage.job_rows import CLAIMABLE
from storage.jobs import Transition
from storage.uow import Database
from tests.conftest import Told
from tests.fakes.clock import StillClock
from tests.fakes.jobs import (
    FLAKY,
    QUEUE,
    accept,
    claim,
    claim_one,
    command,
    fail,
    finish,
    get,
    new_job,
    save_step,
    started,
)

pytestmark = pytest.mark.usefixtures("clock")


async def run_statement(engine: AsyncEngine, statement: str, *arguments: Any) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(statement, arguments)


# Claiming.


async def test_two_claimers_never_get_one_job(database: Database, user_id: UUID) -> None:
    accepted = await accept(database, *[new_job(user_id) for _ in range(12)])

    found = await asyncio.gather(*[claim(database, user_cap=100) for _ in range(18)])
    rest = [await claim(database, user_cap=100) for _ in range(12)]

    claimed = [one.job.id for one in (*found, *rest) if one is not None]
    assert sorted(claimed) == sorted(accepted)


async def test_a_later_message_of_a_chat_waits_for_the_earlier_one(database: Database, user_id: UUID) -> None:
    chat = new_id()
    first, second = [new_job(user_id, ordering_key=chat, ordering_no=no) for no in (1, 2)]
    # Accepted the wrong way round: the chat's number counts, not the age of the job.
    await accept(database, second, first)

    running = await claim_one(database)
    while_running = await claim(database)
    await finish(database, running)
    after_it = await claim_one(database)

    assert running.job.id == first.id
    assert while_running is None
    assert after_it.job.id == second.id


@pytest.mark.parametrize(
    ("delay_s", "holds_back"), [(9.0, True), (10.0, True), (10.5, False)], ids=["9 s", "10 s", "10.5 s"]
)
async def test_a_job_that_backs_off_for_more_than_ten_seconds_does_not_hold_back_its_chat(
    database: Database, user_id: UUID, delay_s: float, holds_back: bool
) -> None:
    chat = new_id()
    await accept(database, *[new_job(user_id, ordering_key=chat, ordering_no=no) for no in (1, 2)])
    running = await claim_one(database)
    await command(database, running.job.id, rules_jobs.HandBack(epoch=1, reason="provider_limit", delay_s=delay_s))

    assert (await claim(database) is None) == holds_back


async def test_a_job_that_became_due_again_waits_for_the_one_that_overtook_it(
    database: Database, clock: StillClock, user_id: UUID
) -> None:
    chat = new_id()
    await accept(database, *[new_job(user_id, ordering_key=chat, ordering_no=no) for no in (1, 2)])
    first = await claim_one(database)
    await command(database, first.job.id, rules_jobs.HandBack(epoch=1, reason="provider_limit", delay_s=30.0))
    overtaking = await claim_one(database)

    await clock.advance(31)
    meanwhile = await claim(database)
    await finish(database, overtaking)

    assert meanwhile is None
    assert (await claim_one(database)).job.id == first.job.id


async def test_a_job_that_waits_for_documents_holds_back_its_chat(
    database: Database, user_id: UUID, document_ids: list[UUID]
) -> None:
    chat = new_id()
    await accept(database, *[new_job(user_id, ordering_key=chat, ordering_no=no) for no in (1, 2)])
    first = await claim_one(database)
    await park(database, first, document_ids)

    assert await claim(database) is None


async def test_one_chat_never_runs_two_jobs(engine: AsyncEngine, database: Database, user_id: UUID) -> None:
    chat = new_id()
    accepted = await accept(database, *[new_job(user_id, ordering_key=chat, ordering_no=no) for no in (1, 2)])
    await claim_one(database)

    with pytest.raises(IntegrityError, match="uq_jobs_one_running_per_key"):
        await command(database, accepted[1], rules_jobs.Claim(), owner="slot/2")


async def test_whoever_runs_less_comes_first(database: Database, user_id: UUID, other_user_id: UUID) -> None:
    await accept(database, *[new_job(user_id) for _ in range(3)])
    await accept(database, new_job(other_user_id))

    owners = [(await claim_one(database)).job.user_id for _ in range(4)]

    assert owners == [user_id, other_user_id, user_id, user_id]


async def test_priority_goes_before_fairness(database: Database, user_id: UUID, other_user_id: UUID) -> None:
    await accept(database, new_job(user_id), new_job(other_user_id, priority=200), new_job(user_id))

    owners = [(await claim_one(database)).job.user_id for _ in range(3)]

    assert owners == [user_id, user_id, other_user_id]


async def test_no_user_takes_more_slots_than_the_cap(database: Database, user_id: UUID) -> None:
    await accept(database, *[new_job(user_id) for _ in range(3)])

    found = [await claim(database, user_cap=2) for _ in range(3)]

    assert [one is not None for one in found] == [True, True, False]


async def test_a_queue_sees_only_its_own_jobs(database: Database, user_id: UUID) -> None:
    await accept(database, new_job(user_id, queue="background"))

    assert await claim(database, queue="interactive") is None
    assert await claim(database, queue="background") is not None


async def test_an_overdue_job_ends_and_the_next_one_is_claimed(
    database: Database, clock: StillClock, user_id: UUID
) -> None:
    late, next_one = await accept(database, new_job(user_id, deadline_in_s=5.0), new_job(user_id))
    await clock.advance(6)

    claimed = await claim_one(database)

    assert claimed.job.id == next_one
    assert (await get(database, late)).error == rules_jobs.EXPIRED


FLOODS = {
    "free": "null, 0, clock_timestamp()",
    "in one chat": "'00000000-0000-0000-0000-0000000000cc', n, clock_timestamp()",
    "backing off": "null, 0, clock_timestamp() + interval '1 hour'",
}


async def insert_flood(engine: AsyncEngine, user_id: UUID, flood: str) -> None:
    await run_statement(
        engine,
        f"""insert into jobs (id, user_id, family, queue, payload, ordering_key, ordering_no, run_at)
        select ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, $1, 'simulated', 'interactive', '{{}}',
          {FLOODS[flood]} from generate_series(1, 10000) n""",
        user_id,
    )


@pytest.mark.parametrize("flood", FLOODS)
async def test_ten_thousand_jobs_of_one_user_do_not_delay_another(
    engine: AsyncEngine, told: Told, user_id: UUID, other_user_id: UUID, flood: str
) -> None:
    database = Database(open_sessions(engine), told, on_end={}, queue_limit=20_000)
    await insert_flood(engine, user_id, flood)
    await accept(database, new_job(other_user_id))

    claimed = [await claim_one(database) for _ in range(1 + (flood != "backing off"))]

    assert claimed[-1].job.user_id == other_user_id


async def test_ten_thousand_jobs_of_one_user_do_not_burden_the_claim_of_another(
    engine: AsyncEngine, told: Told, user_id: UUID, other_user_id: UUID
) -> None:
    database = Database(open_sessions(engine), told, on_end={}, queue_limit=20_000)
    await insert_flood(engine, user_id, "free")
    await run_statement(
        engine,
        """insert into jobs (id, user_id, family, queue, payload, state)
        select gen_random_uuid(), $1, 'simulated', 'interactive', '{}', 'succeeded' from generate_series(1, 2000)""",
        other_user_id,
    )
    await accept(database, new_job(other_user_id))
    await claim_one(database)
    await run_statement(engine, "analyze jobs")

    assert await rows_touched_by_a_claim(engine) < 100


async def rows_touched_by_a_claim(engine: AsyncEngine) -> int:
    """Rows of `jobs` that the claiming statement reads, filtered ones included."""
    statement = CLAIMABLE.replace("$1", "'interactive'").replace("$2", "10").replace("$3", "8").replace("$4", "1")
    statement = statement.replace("$5", "'{}'")
    async with engine.connect() as connection:
        plan = (await connection.exec_driver_sql(f"explain (analyze, format json) {statement}")).scalar_one()
        await connection.rollback()
    scans = [node for node in nodes_of(plan[0]["Plan"]) if node.get("Relation Name") == "jobs"]
    return sum(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in scans)


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes_of(child)


# What a worker may write.


async def park(database: Database, claimed: Claim, document_ids: list[UUID]) -> Transition:
    async with database.uow() as uow:
        done = await uow.jobs.park(
            claimed.job.id, claimed.job.epoch, document_ids=document_ids, reason={"kind": "documents"}
        )
        await uow.commit()
    return done


async def spawn(database: Database, claimed: Claim, *children: Any) -> None:
    async with database.uow() as uow:
        await uow.jobs.spawn(claimed.job.id, claimed.job.epoch, children)
        await uow.commit()


async def reap(database: Database, clock: StillClock, job_id: UUID) -> Transition:
    """The worker of the job falls silent and somebody notices."""
    await clock.advance(17)
    return await command(database, job_id, rules_jobs.Reap())


STALE: dict[str, Callable[[int], Command]] = {
    "finish": lambda epoch: rules_jobs.Finish(epoch=epoch),
    "fail": lambda epoch: rules_jobs.Fail(epoch=epoch, error=FLAKY, retryable=True),
    "hand back": lambda epoch: rules_jobs.HandBack(epoch=epoch, reason="worker_restarts"),
    "park": lambda epoch: rules_jobs.Park(epoch=epoch, reason={}),
    "acknowledge cancel": lambda epoch: rules_jobs.AckCancel(epoch=epoch),
}


@pytest.mark.parametrize("name", STALE)
async def test_a_transition_of_a_lost_run_is_refused_and_writes_nothing(
    database: Database, auto: AsyncEngine, clock: StillClock, user_id: UUID, name: str
) -> None:
    await accept(database, new_job(user_id))
    lost = await claim_one(database)
    await reap(database, clock, lost.job.id)
    await claim_one(database)
    before = await get(database, lost.job.id)

    done = await command(database, lost.job.id, STALE[name](lost.job.epoch))

    assert done.decision == Refused("lease_lost")
    assert await get(database, lost.job.id) == before
    assert len(await read_events(auto, lost.job.id, after=0)) == before.last_seq


async def test_an_append_of_a_lost_run_is_refused_and_writes_nothing(
    database: Database, auto: AsyncEngine, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    lost = await claim_one(database)
    await reap(database, clock, lost.job.id)
    await claim_one(database)
    before = await get(database, lost.job.id)

    with pytest.raises(LeaseLost):
        await append_events(auto, job_id=lost.job.id, epoch=1, append_no=1, events=[NewEvent(type=EventType.WARNING)])

    assert await get(database, lost.job.id) == before


async def test_a_checkpoint_of_a_lost_run_is_refused_and_writes_nothing(
    database: Database, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    lost = await claim_one(database)
    await reap(database, clock, lost.job.id)
    await claim_one(database)
    before = await get(database, lost.job.id)

    with pytest.raises(LeaseLost):
        await save_step(database, lost.job.id, 1, 1, "search", "answer")

    assert await get(database, lost.job.id) == before


async def test_an_expired_lease_that_nobody_took_may_still_be_used(
    database: Database, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    late = await claim_one(database)
    await clock.advance(60)

    assert await save_step(database, late.job.id, 1, 1, "search", "answer")
    assert (await finish(database, late)).job is not None


async def test_a_checkpoint_saved_twice_is_one_step(database: Database, user_id: UUID) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)

    saved = [await save_step(database, claimed.job.id, 1, 1, "search", "answer") for _ in range(2)]

    assert saved == [True, False]
    assert (await get(database, claimed.job.id)).step_no == 1


async def test_a_finish_whose_reply_was_lost_may_be_said_again(
    database: Database, auto: AsyncEngine, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)

    decisions = [(await finish(database, claimed)).decision for _ in range(2)]

    assert isinstance(decisions[1], Unchanged)
    types = [event.type for event in await read_events(auto, claimed.job.id, after=0)]
    assert types.count(EventType.JOB_SUCCEEDED) == 1


async def test_a_failed_attempt_is_tried_again_after_the_provider_wish(
    database: Database, clock: StillClock, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    wish = rules_jobs.Fail(epoch=1, error=FLAKY, retryable=True, retry_after_s=40.0)
    await command(database, claimed.job.id, wish)

    await clock.advance(39)
    too_early = await claim(database)
    await clock.advance(2)

    assert too_early is None
    assert (await claim_one(database)).job.attempt == 2


async def test_the_last_attempt_fails_the_job(database: Database, clock: StillClock, user_id: UUID) -> None:
    (job_id,) = await accept(database, new_job(user_id, max_attempts=2))
    for _ in range(2):
        await clock.advance(30)
        await fail(database, await claim_one(database), retryable=True)

    job = await get(database, job_id)
    assert (job.state, job.error) == (JobState.FAILED, FLAKY)


async def test_the_third_crash_fails_the_job(database: Database, clock: StillClock, user_id: UUID) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    for _ in range(3):
        await clock.advance(30)
        await claim_one(database)
        await reap(database, clock, job_id)

    job = await get(database, job_id)
    assert (job.state, job.error, job.attempt) == (JobState.FAILED, rules_jobs.CRASHED, 1)


async def test_a_drained_job_is_due_at_once_and_loses_no_attempt(database: Database, told: Told, user_id: UUID) -> None:
    await accept(database, new_job(user_id, max_attempts=1))
    claimed = await claim_one(database)
    told.clear()

    await command(database, claimed.job.id, rules_jobs.HandBack(epoch=1, reason="worker_restarts"))

    assert [outbox.queues for outbox in told] == [[QUEUE]]
    assert (await claim_one(database)).job.attempt == 1


async def test_a_job_resumes_after_its_last_checkpoint(database: Database, clock: StillClock, user_id: UUID) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    await save_step(database, claimed.job.id, 1, 1, "search", "crop")
    await save_step(database, claimed.job.id, 1, 2, "crop", "answer")
    await reap(database, clock, claimed.job.id)

    again = await claim_one(database)

    assert (again.next_stage, again.job.step_no, again.state) == ("answer", 2, b"{}")


# Ends: cancelling, the family's hook, waiting.


@pytest.mark.parametrize("state", ["queued", "waiting"])
async def test_a_job_that_nobody_runs_is_cancelled_at_once_and_may_be_cancelled_twice(
    database: Database, auto: AsyncEngine, user_id: UUID, document_ids: list[UUID], state: str
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    if state == "waiting":
        await park(database, await claim_one(database), document_ids)

    decisions = [(await command(database, job_id, rules_jobs.Cancel())).decision for _ in range(2)]

    assert isinstance(decisions[1], Unchanged)
    assert (await get(database, job_id)).state is JobState.CANCELLED
    types = [event.type for event in await read_events(auto, job_id, after=0)]
    assert types[-1] is EventType.JOB_CANCELLED
    assert types.count(EventType.JOB_CANCELLED) == 1


async def test_a_running_job_is_asked_to_cancel_once_and_its_worker_ends_it(
    database: Database, auto: AsyncEngine, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    for _ in range(2):
        await command(database, claimed.job.id, rules_jobs.Cancel())
    asked = await get(database, claimed.job.id)

    await command(database, claimed.job.id, rules_jobs.AckCancel(epoch=1, payload={"usage": {"calls": 1}}))

    assert asked.state is JobState.RUNNING
    assert asked.cancel_requested_at is not None
    events = await read_events(auto, claimed.job.id, after=0)
    assert [event.type for event in events][-2:] == [EventType.JOB_CANCEL_REQUESTED, EventType.JOB_CANCELLED]
    assert events[-1].payload["usage"] == {"calls": 1}


@pytest.mark.parametrize("wish", ["fail", "hand back"])
async def test_whatever_a_cancelled_run_wants_the_job_is_cancelled(
    database: Database, user_id: UUID, wish: str
) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    await command(database, claimed.job.id, rules_jobs.Cancel())

    await command(database, claimed.job.id, STALE[wish](1))

    assert (await get(database, claimed.job.id)).state is JobState.CANCELLED


async def test_a_finished_job_stays_finished_when_the_cancel_came_too_late(database: Database, user_id: UUID) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    await command(database, claimed.job.id, rules_jobs.Cancel())

    await finish(database, claimed)

    assert (await get(database, claimed.job.id)).state is JobState.SUCCEEDED


async def test_the_family_hears_of_a_failure_in_its_transaction(engine: AsyncEngine, told: Told, user_id: UUID) -> None:
    heard: list[tuple[JobState, JobError | None]] = []

    async def on_end(uow: UnitOfWork, job: Job, error: JobError | None) -> None:
        heard.append((job.state, error))

    database = Database(open_sessions(engine), told, on_end={"simulated": on_end})
    await accept(database, *[new_job(user_id) for _ in range(3)])
    await fail(database, await claim_one(database))
    await finish(database, await claim_one(database))
    await command(database, (await claim_one(database)).job.id, rules_jobs.AckCancel(epoch=1))

    assert heard == [(JobState.FAILED, FLAKY), (JobState.CANCELLED, None)]


async def test_a_job_waits_for_documents_until_the_last_is_read(
    database: Database, user_id: UUID, document_ids: list[UUID]
) -> None:
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    await park(database, claimed, document_ids)

    states = []
    for document_id in document_ids:
        async with database.uow() as uow:
            await uow.documents.set_ready(document_id, {})
            await uow.jobs.wake_waiting_for(document_id)
            await uow.commit()
        states.append((await get(database, claimed.job.id)).state)

    assert states == [JobState.WAITING, JobState.QUEUED]
    assert (await claim_one(database)).job.attempt == 1


async def test_a_job_waits_for_the_recognition_that_follows_a_reading(
    database: Database, user_id: UUID, document_ids: list[UUID]
) -> None:
    document_id = document_ids[0]
    await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    await park(database, claimed, [document_id])
    states = []

    for state in (RecognitionState.PENDING, RecognitionState.DONE):
        async with database.uow() as uow:
            await uow.documents.set_ready(document_id, {})
            await uow.documents.set_recognition(document_id, Recognition(state=state))
            await uow.jobs.wake_waiting_for(document_id)
            await uow.commit()
        await park(database, await claim_one(database), [document_id])
        states.append((await get(database, claimed.job.id)).state)

    assert states == [JobState.WAITING, JobState.QUEUED]


async def test_a_job_whose_documents_are_read_by_now_is_due_at_once(
    database: Database, user_id: UUID, document_ids: list[UUID]
) -> None:
    async with database.uow() as uow:
        for document_id in document_ids:
            await uow.documents.set_ready(document_id, {})
        await uow.commit()
    await accept(database, new_job(user_id))

    done = await park(database, await claim_one(database), document_ids)

    assert done.job is not None
    assert done.job.state is JobState.QUEUED


async def test_a_parent_goes_on_when_its_last_child_has_ended_however_it_ended(
    database: Database, user_id: UUID
) -> None:
    (parent_id,) = await accept(database, new_job(user_id))
    await spawn(database, await claim_one(database), new_job(user_id), new_job(user_id))

    states = []
    for end in (finish, fail):
        await end(database, await claim_one(database))
        states.append((await get(database, parent_id)).state)

    assert states == [JobState.WAITING, JobState.QUEUED]


async def test_a_child_that_is_requeued_is_waited_for_again(database: Database, user_id: UUID) -> None:
    (parent_id,) = await accept(database, new_job(user_id))
    await spawn(database, await claim_one(database), new_job(user_id), new_job(user_id))

    states = []
    failed = await claim_one(database)
    for end in (fail, fail, finish):
        await end(database, failed if not states else await claim_one(database))
        states.append((await get(database, parent_id)).state)
        if len(states) == 1:
            again = await get(database, failed.job.id)
            await command(database, again.id, rules_jobs.Requeue(seen_epoch=again.epoch, by=user_id))

    assert states == [JobState.WAITING, JobState.WAITING, JobState.QUEUED]


async def test_a_parent_without_children_goes_on_at_once(database: Database, user_id: UUID) -> None:
    (parent_id,) = await accept(database, new_job(user_id))

    await spawn(database, await claim_one(database))

    assert (await claim_one(database)).job.id == parent_id


async def test_a_cancelled_parent_has_no_children(database: Database, user_id: UUID) -> None:
    (parent_id,) = await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    await command(database, parent_id, rules_jobs.Cancel())

    await spawn(database, claimed, new_job(user_id))

    assert (await get(database, parent_id)).state is JobState.CANCELLED
    assert await claim(database) is None


SLOW_CLOCK = """
create or replace function clock.clock_timestamp() returns timestamptz language plpgsql as $$ begin
  if current_setting('test.is_slow', true) = 'on' then perform pg_sleep(0.1); end if;
  return (select at from clock.reading);
end $$
"""


async def test_a_claim_that_was_overtaken_by_a_whole_run_does_not_start_from_an_old_checkpoint(
    engine: AsyncEngine, database: Database, user_id: UUID
) -> None:
    """The claiming statement sees the steps as of its beginning, but the row as of the moment it locks it."""
    await run_statement(engine, SLOW_CLOCK)
    (job_id,) = await accept(database, new_job(user_id))

    async def claim_slowly() -> Claim | None:
        async with database.uow() as uow:
            connection = await uow.session.connection()
            await connection.exec_driver_sql("set local test.is_slow = 'on'")
            found = await uow.jobs.claim(QUEUE, owner="slow/1", user_cap=8, stage_started=started)
            await uow.commit()
        return found

    async def run_a_stage() -> None:
        await asyncio.sleep(0.05)
        claimed = await claim_one(database)
        await save_step(database, job_id, claimed.job.epoch, 1, "search", "answer")
        await command(database, job_id, rules_jobs.HandBack(epoch=1, reason="worker_restarts"))

    slow, _ = await asyncio.gather(claim_slowly(), run_a_stage())

    again = slow or await claim_one(database)
    assert (again.next_stage, again.job.step_no, again.job.epoch) == ("answer", 1, 2)
