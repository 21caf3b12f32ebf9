"""A user's money of a month on real PostgreSQL: set aside, extended, settled; never exceeded, whatever jobs do."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import rules_jobs
from domain.errors import LeaseLost
from domain.ids import new_id
from domain.jobs import Job
from domain.llm import LLMCall, LLMRequest, Usage
from storage.database import open_sessions
from storage.direct import Direct
from storage.llm_log import DatabaseLLMLog
from storage.llm_retention import expire_dialogues
from storage.quotas import DatabasePurse, Quota
from storage.uow import Database
from tests.fakes.jobs import accept, claim_one, command, get, new_job

CAP = 100_000
FAILED = rules_jobs.EXPIRED


async def sql(engine: AsyncEngine, statement: str, *arguments: Any) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(statement, arguments)


async def set_cap(database: Database, user_id: UUID, cap: int | None = CAP) -> None:
    async with database.uow() as uow:
        await uow.quotas.set_cap(user_id, cap)
        await uow.commit()


async def quota(database: Database, user_id: UUID) -> Quota:
    async with database.uow() as uow:
        found = await uow.quotas.get(user_id)
    assert found is not None
    return found


async def running(database: Database, user_id: UUID, **fields: Any) -> Job:
    await accept(database, new_job(user_id, **fields))
    return (await claim_one(database)).job


async def log_call(engine: AsyncEngine, job: Job, cost: int, call_id: UUID | None = None) -> UUID:
    request = LLMRequest(model="one:a", purpose="a/b", system="", parts=(), variables={})
    call = LLMCall(
        id=call_id or new_id(),
        job_id=job.id,
        user_id=job.user_id,
        stage="answer",
        role="flash",
        request=request,
        prompt_version="v1",
        usage=Usage(cost_micro_usd=cost, calls=1),
    )
    await DatabaseLLMLog(open_sessions(engine)).write(call)
    return call.id


async def end(database: Database, job: Job, cost: int = 0) -> None:
    await command(database, job.id, rules_jobs.Finish(epoch=job.epoch), result={}, usage=Usage(cost_micro_usd=cost))


async def test_a_running_job_gets_what_the_month_has_and_gives_back_what_it_did_not_spend(
    database: Database, auto: Direct, user_id: UUID
) -> None:
    await set_cap(database, user_id)
    job, purse = await running(database, user_id), DatabasePurse(auto)

    assert await purse.extend(job, 30_000) == 30_000
    assert await purse.extend(job, 20_000) == 30_000
    assert await purse.extend(job, 300_000) == CAP
    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=0, reserved_micro_usd=CAP)
    await end(database, job, cost=12_345)

    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=12_345, reserved_micro_usd=0)


async def test_a_user_without_a_quota_has_no_limit_and_a_lost_run_no_money(
    database: Database, auto: Direct, engine: AsyncEngine, user_id: UUID
) -> None:
    job, purse = await running(database, user_id), DatabasePurse(auto)
    assert await purse.extend(job, 30_000) is None

    await sql(engine, "update jobs set epoch = epoch + 1")
    with pytest.raises(LeaseLost):
        await purse.extend(job, 30_000)


async def test_many_jobs_that_extend_at_once_share_the_month(database: Database, auto: Direct, user_id: UUID) -> None:
    await set_cap(database, user_id)
    jobs = [await running(database, user_id) for _ in range(6)]
    purse = DatabasePurse(auto)

    held = await asyncio.gather(*(purse.extend(job, wanted) for wanted in (15_000, 30_000) for job in jobs))

    assert max(held) <= 30_000
    assert (await quota(database, user_id)).reserved_micro_usd == CAP
    kept = [(await get(database, job.id)).reserved_micro_usd for job in jobs]
    assert sum(kept) == CAP


async def test_calls_of_a_worker_that_died_in_a_stage_are_paid_for(
    database: Database, engine: AsyncEngine, user_id: UUID
) -> None:
    await set_cap(database, user_id)
    job = await running(database, user_id, reserved_micro_usd=50_000)
    await sql(engine, "update quotas set reserved = 50000")
    await log_call(engine, job, 20_000)
    begun = await log_call(engine, job, 9_000)

    await command(database, job.id, rules_jobs.Reap(known_dead=True))
    again = (await claim_one(database)).job
    await log_call(engine, again, 5_000)
    await log_call(engine, job, 4_000, begun)
    await end(database, again, cost=5_000)

    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=29_000, reserved_micro_usd=0)


async def test_a_job_that_ends_in_another_month_is_paid_from_the_month_it_was_accepted_in(
    database: Database, engine: AsyncEngine, user_id: UUID
) -> None:
    await set_cap(database, user_id)
    job = await running(database, user_id, reserved_micro_usd=40_000)
    await sql(engine, "update quotas set reserved = 40000, period = '2020-01'")
    await sql(engine, "update jobs set quota_period = '2020-01'")
    async with database.uow() as uow:
        assert await uow.quotas.reserve(user_id) == CAP
        await uow.commit()

    await end(database, job, cost=15_000)

    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=0, reserved_micro_usd=CAP)
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql("select used, reserved from quotas where period = '2020-01'")
        assert [tuple(row) for row in rows] == [(15_000, 0)]


async def test_the_first_money_of_a_month_is_given_with_the_cap_of_the_last_one(
    database: Database, auto: Direct, engine: AsyncEngine, user_id: UUID
) -> None:
    await set_cap(database, user_id)
    await sql(engine, "update quotas set used = 100000, period = '2020-01'")
    job = await running(database, user_id)

    assert await DatabasePurse(auto).extend(job, 30_000) == 30_000


async def test_a_first_cap_counts_what_the_month_has_cost_and_what_open_jobs_hold(
    database: Database, engine: AsyncEngine, user_id: UUID
) -> None:
    await set_cap(database, user_id)
    job = await running(database, user_id, reserved_micro_usd=40_000)
    ended = await running(database, user_id)
    await log_call(engine, job, 7_000)
    await log_call(engine, ended, 2_000)
    await end(database, ended, cost=2_000)
    await set_cap(database, user_id, None)

    await set_cap(database, user_id)
    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=2_000, reserved_micro_usd=40_000)

    await end(database, job, cost=7_000)
    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=9_000, reserved_micro_usd=0)


async def test_a_job_that_failed_and_is_requeued_is_paid_for_once(
    database: Database, auto: Direct, engine: AsyncEngine, user_id: UUID
) -> None:
    await set_cap(database, user_id)
    job, purse = await running(database, user_id), DatabasePurse(auto)
    await purse.extend(job, 30_000)
    await log_call(engine, job, 11_000)
    await command(database, job.id, rules_jobs.Fail(epoch=job.epoch, error=FAILED, retryable=False))
    assert (await quota(database, user_id)).used_micro_usd == 11_000

    await command(database, job.id, rules_jobs.Requeue(seen_epoch=job.epoch, by=user_id))
    again = (await claim_one(database)).job
    assert (again.settled_micro_usd, again.reserved_micro_usd) == (11_000, 0)
    await purse.extend(again, 8_000)
    await log_call(engine, again, 6_000)
    await end(database, again, cost=6_000)

    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=17_000, reserved_micro_usd=0)


async def test_a_replay_that_is_removed_before_its_end_is_paid_for_and_gives_back_the_rest(
    database: Database, auto: Direct, engine: AsyncEngine, user_id: UUID
) -> None:
    await set_cap(database, user_id)
    for cost in (7_000, 0):
        job = await running(database, user_id, reserved_micro_usd=40_000)
        async with database.uow() as uow:
            await uow.replays.add(job.id, source_job_id=job.id, owner_id=user_id, trial_id=None)
            await uow.commit()
        await log_call(engine, job, cost)
    await sql(engine, "update quotas set reserved = 90000")
    await sql(engine, "update replays set source_job_id = null")

    await expire_dialogues(auto, days=None)

    assert await quota(database, user_id) == Quota(cap_micro_usd=CAP, used_micro_usd=7_000, reserved_micro_usd=10_000)
