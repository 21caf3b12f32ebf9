"""Workers die, hang, block and restart: no job is lost, no finished stage runs twice, all go on within a lease."""

import asyncio
import signal
import time

import pytest

from domain.jobs import JobState
from storage.job_rows import LEASE_S
from tests.e2e.conftest import Faults, until
from tests.e2e.fault_family import STAGES
from tests.fakes.sse import is_proven

RESTART_S = 5.0
"""On top of the lease: P7 of reliability.md."""


@pytest.mark.parametrize("stage", STAGES)
async def test_a_worker_killed_in_any_stage_is_restarted_and_repeats_only_that_stage(
    faults: Faults, stage: str
) -> None:
    wishes = {"three": {"pieces": 20, "pause_s": 0.01}, stage: {"pieces": 20, "holds": True}}
    job_id = await faults.submit(**wishes)
    reader = faults.reader(job_id)
    reading = asyncio.create_task(reader.read())
    note = await faults.began(job_id, stage)

    killed_at = time.monotonic()
    faults.worker_of(note).kill9()
    await faults.began(job_id, stage, times=2)
    took_s = time.monotonic() - killed_at
    faults.open_gate(job_id, stage)
    job = await faults.ended(job_id)
    await reading

    assert (job.state, job.crashes) == (JobState.SUCCEEDED, 1)
    assert faults.counts(job_id) == {name: 1 + (name == stage) for name in STAGES}
    assert took_s < LEASE_S + RESTART_S
    assert reader.seqs == list(range(1, job.last_seq + 1))
    assert is_proven(reader.frames)


async def test_a_worker_that_never_comes_back_is_replaced_within_a_lease_and_five_seconds(faults: Faults) -> None:
    job_id = await faults.submit(two={"holds": True})
    dead = faults.worker_of(await faults.began(job_id, "two"))

    dead.is_wanted = False
    killed_at = time.monotonic()
    dead.kill9()
    await faults.began(job_id, "two", times=2)
    took_s = time.monotonic() - killed_at
    faults.open_gate(job_id, "two")
    job = await faults.ended(job_id)
    await asyncio.to_thread(dead.start)

    assert job.state is JobState.SUCCEEDED
    assert faults.counts(job_id) == {"one": 1, "two": 2, "three": 1, "four": 1}
    assert took_s < LEASE_S + RESTART_S


@pytest.mark.slow
async def test_a_job_that_kills_its_worker_three_times_fails_and_hurts_nobody_else(faults: Faults) -> None:
    poison = await faults.submit(two={"holds": True})
    others = []
    for times in (1, 2, 3):
        note = await faults.began(poison, "two", times=times)
        others.append(await faults.submit())
        faults.worker_of(note).kill9()

    job = await faults.ended(poison)
    states = [(await faults.ended(other)).state for other in others]

    assert job.error is not None
    assert (job.state, job.error.code) == (JobState.FAILED, "worker_crashed")
    assert faults.counts(poison) == {"one": 1, "two": 3}
    assert states == [JobState.SUCCEEDED] * 3


async def test_a_worker_whose_event_loop_is_blocked_keeps_its_lease(faults: Faults) -> None:
    job_id = await faults.submit(two={"blocks_s": LEASE_S + 3})

    job = await faults.ended(job_id)

    assert (job.state, job.epoch, job.crashes) == (JobState.SUCCEEDED, 1, 0)
    assert faults.counts(job_id) == dict.fromkeys(STAGES, 1)


async def test_a_rolling_restart_loses_no_job_no_attempt_and_no_work(faults: Faults) -> None:
    wishes = {"pieces": 8, "pause_s": 0.05}
    jobs = [await faults.submit(one=wishes, two=wishes, three=wishes) for _ in range(8)]
    readers = [faults.reader(job_id) for job_id in jobs]
    reading = [asyncio.create_task(reader.read()) for reader in readers]
    await until(lambda: any(faults.counts(job_id)["one"] for job_id in jobs), "some job runs")

    for name in ("a", "b", "a"):
        await asyncio.to_thread(faults.stack.workers[name].restart)
    ended = [await faults.ended(job_id) for job_id in jobs]
    await asyncio.gather(*reading)

    assert [(job.state, job.attempt, job.crashes) for job in ended] == [(JobState.SUCCEEDED, 1, 0)] * 8
    assert [faults.counts(job_id) for job_id in jobs] == [dict.fromkeys(STAGES, 1)] * 8
    for job, reader in zip(ended, readers, strict=True):
        assert reader.seqs == list(range(1, job.last_seq + 1))
        assert is_proven(reader.frames)


@pytest.mark.slow
async def test_a_worker_that_was_stopped_for_longer_than_its_lease_writes_nothing_more(faults: Faults) -> None:
    job_id = await faults.submit(two={"holds": True, "pieces": 50, "pause_s": 0.1})
    note = await faults.began(job_id, "two")
    frozen = faults.worker_of(note)

    frozen.send_signal(signal.SIGSTOP)
    again = await faults.began(job_id, "two", times=2)
    frozen.send_signal(signal.SIGCONT)
    await asyncio.sleep(3)
    faults.open_gate(job_id, "two")
    job = await faults.ended(job_id)
    reader = faults.reader(job_id)
    await reader.read()

    assert (job.state, job.epoch) == (JobState.SUCCEEDED, 2)
    assert again.pid != note.pid
    assert faults.counts(job_id) == {"one": 1, "two": 2, "three": 1, "four": 1}
    assert reader.seqs == list(range(1, job.last_seq + 1))
    assert [frame.data["epoch"] for frame in reader.frames] == sorted(frame.data["epoch"] for frame in reader.frames)
    assert is_proven(reader.frames)


async def test_a_running_job_is_cancelled_within_two_and_a_half_seconds_and_keeps_its_partial_answer(
    faults: Faults,
) -> None:
    job_id = await faults.submit(three={"pieces": 5, "holds": True})
    await faults.began(job_id, "three")
    await asyncio.sleep(0.3)

    asked_at = time.monotonic()
    first = await faults.client.post(f"/jobs/{job_id}/cancel")
    second = await faults.client.post(f"/jobs/{job_id}/cancel")
    job = await faults.ended(job_id)
    took_s = time.monotonic() - asked_at
    snapshot = (await faults.client.get(f"/jobs/{job_id}")).json()["snapshot"]

    assert (first.status_code, second.status_code, job.state) == (200, 200, JobState.CANCELLED)
    assert took_s < 2.5
    assert snapshot["answer"].startswith("0 ")
    assert faults.counts(job_id)["four"] == 0


async def test_closing_the_stream_does_not_cancel(faults: Faults) -> None:
    job_id = await faults.submit(three={"pieces": 5, "pause_s": 0.05})
    async with faults.client.stream("GET", f"/jobs/{job_id}/events") as response:
        assert response.status_code == 200

    assert (await faults.ended(job_id)).state is JobState.SUCCEEDED
