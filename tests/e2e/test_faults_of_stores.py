"""Valkey and PostgreSQL die under load: accepted jobs finish, finished work is not repeated, streams miss nothing."""

import asyncio
import time

from domain.jobs import JobState
from tests.e2e.conftest import Faults, kill_for
from tests.e2e.fault_family import STAGES
from tests.fakes.sse import is_proven

OUTAGE_S = 8.0
TALKS = {"pieces": 20, "pause_s": 0.05}


async def test_valkey_dies_with_all_its_data_and_nothing_is_lost(faults: Faults) -> None:
    running = [await faults.submit(one=TALKS, two=TALKS, three=TALKS) for _ in range(4)]
    readers = [faults.reader(job_id) for job_id in running]
    reading = [asyncio.create_task(reader.read()) for reader in readers]
    await faults.began(running[0], "one")

    dying = asyncio.create_task(kill_for(faults.valkey, 2.0))
    await asyncio.sleep(0.5)
    unheard = [await faults.submit() for _ in range(4)]
    ended = [await faults.ended(job_id) for job_id in (*running, *unheard)]
    await asyncio.gather(dying, *reading)

    assert [(job.state, job.epoch, job.crashes) for job in ended] == [(JobState.SUCCEEDED, 1, 0)] * 8
    assert [faults.counts(job.id) for job in ended] == [dict.fromkeys(STAGES, 1)] * 8
    for job, reader in zip(ended, readers, strict=False):
        assert reader.seqs == list(range(1, job.last_seq + 1))
        assert is_proven(reader.frames)


async def test_a_job_submitted_while_valkey_is_away_starts_within_seconds(faults: Faults) -> None:
    dying = asyncio.create_task(kill_for(faults.valkey, 8.0))
    await asyncio.sleep(0.5)

    submitted_at = time.monotonic()
    job_id = await faults.submit()
    job = await faults.ended(job_id)
    took_s = time.monotonic() - submitted_at
    await dying

    assert job.state is JobState.SUCCEEDED
    assert took_s < 7.0


async def test_postgres_dies_while_a_stage_finishes_and_the_work_is_not_repeated(faults: Faults) -> None:
    jobs = [await faults.submit(two={"holds": True}, three=TALKS) for _ in range(3)]
    streaming = await faults.submit(three={"pieces": 150, "pause_s": 0.05})
    readers = [faults.reader(job_id) for job_id in (*jobs, streaming)]
    reading = [asyncio.create_task(reader.read()) for reader in readers]
    for job_id in jobs:
        await faults.began(job_id, "two")
    await faults.began(streaming, "three")

    dying = asyncio.create_task(kill_for(faults.postgres, OUTAGE_S))
    await asyncio.sleep(0.5)
    for job_id in jobs:
        faults.open_gate(job_id, "two")
    await dying
    ended = [await faults.ended(job_id) for job_id in (*jobs, streaming)]
    await asyncio.gather(*reading)

    assert [(job.state, job.epoch, job.crashes) for job in ended] == [(JobState.SUCCEEDED, 1, 0)] * 4
    assert [faults.counts(job.id) for job in ended] == [dict.fromkeys(STAGES, 1)] * 4
    for job, reader in zip(ended, readers, strict=True):
        assert reader.seqs == list(range(1, job.last_seq + 1))
        assert is_proven(reader.frames)
