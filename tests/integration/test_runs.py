"""A worker's quick way to its jobs on real PostgreSQL: taken for many slots at once, ended in one statement."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from domain import rules_jobs
from domain.jobs import JobState
from domain.llm import Usage
from storage.runs import Runs
from storage.uow import Database
from tests.fakes.jobs import QUEUE, accept, command, get, new_job, started

OpenRuns = Callable[..., Runs]


@pytest.fixture
def open_runs(database: Database) -> OpenRuns:
    def opened(*, owner: str = "slot/1", user_cap: int = 8, **long: Any) -> Runs:
        return database.runs(queue=QUEUE, owner=owner, user_cap=user_cap, stage_started=started, **long)

    return opened


async def test_long_jobs_leave_slots_to_others(database: Database, open_runs: OpenRuns, user_id: UUID) -> None:
    await accept(database, *(new_job(user_id, family="long") for _ in range(3)))
    (other,) = await accept(database, new_job(user_id, priority=150))
    room = {"long": 1}
    runs = open_runs(long_room=lambda: room)

    both = await asyncio.gather(runs.claim(), runs.claim())
    room["long"] = 0
    rest = [await runs.claim(), await runs.claim()]

    families = [claim.job.family for claim in both if claim is not None]
    assert families == ["long"]
    assert [claim.job.id if claim else None for claim in rest] == [other, None]


async def test_a_long_job_whose_room_is_taken_meanwhile_holds_up_nobody(
    database: Database, open_runs: OpenRuns, user_id: UUID
) -> None:
    await accept(database, new_job(user_id, family="long"))
    (other,) = await accept(database, new_job(user_id, priority=150))
    rooms = iter([1])
    runs = open_runs(long_room=lambda: {"long": next(rooms, 0)})

    claim = await runs.claim()

    assert claim is not None
    assert claim.job.id == other


async def test_the_slow_way_leaves_out_what_has_no_room(database: Database, user_id: UUID) -> None:
    await accept(database, new_job(user_id, family="long"))
    (other,) = await accept(database, new_job(user_id, priority=150))

    async with database.uow() as uow:
        claim = await uow.jobs.claim(QUEUE, owner="slot/1", user_cap=8, stage_started=started, without=["long"])

    assert claim is not None
    assert claim.job.id == other


async def test_slots_that_ask_at_once_get_different_jobs_in_order(
    database: Database, open_runs: OpenRuns, user_id: UUID
) -> None:
    ids = await accept(database, *(new_job(user_id) for _ in range(3)))
    runs = open_runs()

    claims = await asyncio.gather(*(runs.claim() for _ in range(4)))

    assert [claim.job.id if claim else None for claim in claims] == [*ids, None]
    assert not runs.has_more


async def test_slots_that_ask_at_once_keep_to_the_users_share(
    database: Database, open_runs: OpenRuns, user_id: UUID
) -> None:
    await accept(database, *(new_job(user_id) for _ in range(3)))
    runs = open_runs(user_cap=2)

    claims = await asyncio.gather(*(runs.claim() for _ in range(3)))

    assert [claim is not None for claim in claims] == [True, True, False]


async def test_two_workers_never_get_the_same_job(database: Database, open_runs: OpenRuns, user_id: UUID) -> None:
    ids = await accept(database, *(new_job(user_id) for _ in range(4)))
    workers = [open_runs(owner="slot/1"), open_runs(owner="slot/2")]

    claims = await asyncio.gather(*(worker.claim() for worker in workers for _ in range(4)))

    taken = [claim.job.id for claim in claims if claim is not None]
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(ids)


async def test_a_job_whose_deadline_has_passed_ends_and_the_next_is_taken(
    database: Database, open_runs: OpenRuns, user_id: UUID
) -> None:
    late, other = await accept(database, new_job(user_id, deadline_in_s=-1.0), new_job(user_id))

    claim = await open_runs().claim()

    assert claim is not None
    assert claim.job.id == other
    assert (await get(database, late)).state is JobState.FAILED


async def test_a_run_that_is_no_longer_the_jobs_ends_nothing(
    database: Database, open_runs: OpenRuns, user_id: UUID
) -> None:
    await accept(database, new_job(user_id))
    runs = open_runs()
    claim = await runs.claim()
    assert claim is not None
    await command(database, claim.job.id, rules_jobs.Reap(known_dead=True))

    finish = rules_jobs.Finish(epoch=claim.job.epoch)
    ended = await runs.finish(claim.job, finish, result={}, usage=Usage(), before=[])

    assert not ended
    assert (await get(database, claim.job.id)).state is JobState.QUEUED
