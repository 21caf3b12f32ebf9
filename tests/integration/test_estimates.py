"""Money and time of jobs by what the last ones of their kind took, on real PostgreSQL."""

import asyncio
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ids import new_id
from storage.direct import Direct
from storage.estimates import Estimate, Estimates, Interval

ENDED = """
insert into jobs (id, user_id, family, mode, queue, state, payload, usage, started_at, finished_at)
select gen_random_uuid(), $1, 'analysis', $2, 'interactive', $3, '{}', jsonb_build_object('cost_micro_usd', n * 100),
  now() - interval '1 hour', now() - interval '1 hour' + n * interval '1 second'
from generate_series($4::int, $5::int) n
"""


async def end_jobs(
    engine: AsyncEngine, user_id: UUID, mode: str, first: int, last: int, state: str = "succeeded"
) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(ENDED, (user_id, mode, state, first, last))


async def test_the_last_200_succeeded_jobs_of_the_mode_are_measured(
    engine: AsyncEngine, auto: Direct, user_id: UUID
) -> None:
    await end_jobs(engine, user_id, "simple", 1, 300)
    await end_jobs(engine, user_id, "complex", 1, 9)
    await end_jobs(engine, user_id, "simple", 1000, 1100, "failed")

    found = await Estimates(auto).of("analysis", ["simple", "complex", "compare"])

    assert found["simple"].based_on == 200
    assert found["simple"].seconds == Interval(p50=200.5, p90=280.1)
    assert found["simple"].cost_micro_usd == Interval(p50=20_050, p90=28_010)
    assert found["complex"] == Estimate(based_on=9)
    assert found["compare"] == Estimate()


async def test_many_who_ask_at_once_measure_once_and_hear_the_same_for_a_while(
    engine: AsyncEngine, auto: Direct, user_id: UUID
) -> None:
    await end_jobs(engine, user_id, "simple", 1, 20)
    estimates = Estimates(auto, known_s=0.2)
    answers = await asyncio.gather(*(estimates.of("analysis", ["simple"]) for _ in range(50)))
    await end_jobs(engine, user_id, "simple", 100, 200)

    assert {answer["simple"].based_on for answer in answers} == {20}
    assert (await estimates.of("analysis", ["simple"]))["simple"].based_on == 20
    await asyncio.sleep(0.25)
    assert (await estimates.of("analysis", ["simple"]))["simple"].based_on == 121


async def test_nothing_is_promised_of_what_was_never_done(auto: Direct) -> None:
    assert await Estimates(auto).of("analysis", [str(new_id())]) != {}
    assert set((await Estimates(auto).of("analysis", ["simple"])).values()) == {Estimate()}
