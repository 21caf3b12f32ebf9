"""The event log of a job in PostgreSQL: dense numbers under concurrency, safe repeats, one terminal event per run."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from asyncpg import UntranslatableCharacterError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import rules_jobs
from domain.errors import LeaseLost, NotFound
from domain.events import TERMINAL_EVENTS, Event, EventType, NewEvent, fold
from domain.ids import new_id
from domain.jobs import Claim, JobState
from domain.llm import Usage
from storage.events import Appended, append_events, has_streamed_answer, last_seqs, read_events
from storage.uow import Database
from tests.conftest import Told
from tests.fakes.clock import StillClock
from tests.fakes.jobs import FLAKY, accept, claim_one, command, fail, finish, get, new_job, save_step


def delta(text: str) -> NewEvent:
    return NewEvent(type=EventType.ANSWER_DELTA, stage="answer", payload={"text": text})


async def append(auto: AsyncEngine, claimed: Claim, number: int, *events: NewEvent, **extra: Any) -> Appended:
    return await append_events(
        auto, job_id=claimed.job.id, epoch=claimed.job.epoch, append_no=number, events=events, **extra
    )


async def log_of(auto: AsyncEngine, job_id: UUID) -> list[Event]:
    return await read_events(auto, job_id, after=0)


@pytest.fixture
async def running(database: Database, user_id: UUID) -> Claim:
    """A job that runs; its log has job.queued, job.started and stage.started."""
    await accept(database, new_job(user_id))
    return await claim_one(database)


async def test_events_are_numbered_from_one_without_a_gap_whoever_writes(
    database: Database, auto: AsyncEngine, running: Claim
) -> None:
    job_id = running.job.id

    async def worker() -> None:
        for number in range(1, 31):
            await append(auto, running, number, *[delta("x")] * random.randrange(1, 4))

    async def api() -> None:
        for _ in range(30):
            async with database.uow() as uow:
                await uow.jobs.append(job_id, NewEvent(type=EventType.WARNING))
                await uow.commit()

    async def saving() -> None:
        for step_no in range(1, 11):
            await save_step(database, job_id, 1, step_no, "search", "answer")

    await asyncio.gather(worker(), api(), saving(), command(database, job_id, rules_jobs.Cancel()))

    seqs = [event.seq for event in await log_of(auto, job_id)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert (await get(database, job_id)).last_seq == len(seqs)


async def test_two_writers_with_the_same_number_write_once(auto: AsyncEngine, running: Claim) -> None:
    """A worker that repeats a write may still have the first try on its way."""
    appended = await asyncio.gather(*[append(auto, running, 1, delta("x")) for _ in range(10)])

    assert sum(bool(one.events) for one in appended) == 1
    assert [event.type for event in await log_of(auto, running.job.id)].count(EventType.ANSWER_DELTA) == 1


async def test_a_write_repeated_after_a_lost_reply_tells_where_the_log_ends(auto: AsyncEngine, running: Claim) -> None:
    first = await append(auto, running, 1, delta("a"), delta("b"))

    again = await append(auto, running, 1, delta("a"), delta("b"))

    assert again == Appended(events=(), last_seq=first.last_seq, cancel_requested=False)


async def test_a_write_that_leaves_one_out_is_refused(auto: AsyncEngine, running: Claim) -> None:
    with pytest.raises(LeaseLost):
        await append(auto, running, 2, delta("x"))


async def test_the_next_run_counts_its_writes_anew(
    database: Database, clock: StillClock, auto: AsyncEngine, running: Claim
) -> None:
    for number in (1, 2):
        await append(auto, running, number, delta("x"))
    await command(database, running.job.id, rules_jobs.HandBack(epoch=1, reason="worker_restarts"))
    again = await claim_one(database)

    appended = await append(auto, again, 1, delta("y"))

    assert [(event.epoch, event.payload) for event in appended.events] == [(2, {"text": "y"})]


@pytest.mark.parametrize("state", ["queued", "ended"])
async def test_a_job_that_does_not_run_takes_no_events_of_a_worker(
    database: Database, auto: AsyncEngine, running: Claim, state: str
) -> None:
    if state == "queued":
        await command(database, running.job.id, rules_jobs.HandBack(epoch=1, reason="worker_restarts"))
    else:
        await finish(database, running)

    with pytest.raises(LeaseLost):
        await append(auto, running, 1, delta("x"))


async def test_events_of_an_unknown_job_are_refused(database: Database, auto: AsyncEngine) -> None:
    with pytest.raises(LeaseLost):
        await append_events(auto, job_id=new_id(), epoch=1, append_no=1, events=[delta("x")])
    async with database.uow() as uow:
        with pytest.raises(NotFound):
            await uow.jobs.append(new_id(), delta("x"))


async def test_an_append_tells_that_a_cancel_is_wanted(database: Database, auto: AsyncEngine, running: Claim) -> None:
    before = await append(auto, running, 1, delta("x"))
    await command(database, running.job.id, rules_jobs.Cancel())

    after = await append(auto, running, 2, delta("y"))

    assert (before.cancel_requested, after.cancel_requested) == (False, True)


async def test_progress_goes_into_the_row_with_its_event(database: Database, auto: AsyncEngine, running: Claim) -> None:
    event = NewEvent(type=EventType.STAGE_PROGRESS, stage="answer", payload={"progress": 0.4})

    await append(auto, running, 1, event, progress=0.4)
    await append(auto, running, 2, delta("x"))

    assert (await get(database, running.job.id)).progress == 0.4


async def test_what_is_published_is_what_the_log_holds(
    database: Database, auto: AsyncEngine, told: Told, user_id: UUID
) -> None:
    (job_id,) = await accept(database, new_job(user_id))
    claimed = await claim_one(database)
    appended = await append(auto, claimed, 1, delta("a"), delta("b"))
    await finish(database, claimed)

    published = [event for outbox in told for event in outbox.events]

    # job.queued is published by nobody: nobody can watch the job before its id is known.
    log = await log_of(auto, job_id)
    assert sorted([*published, *appended.events], key=lambda event: event.seq) == log[1:]


async def test_a_log_is_read_in_pieces_from_any_place(auto: AsyncEngine, running: Claim) -> None:
    await append(auto, running, 1, *[delta(str(n)) for n in range(7)])

    pieces = [await read_events(auto, running.job.id, after=after, limit=4) for after in (0, 4, 8, 10, 99)]

    assert [[event.seq for event in piece] for piece in pieces] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10], [], []]


async def test_the_newest_numbers_of_many_jobs_are_one_query(
    database: Database, auto: AsyncEngine, running: Claim, user_id: UUID
) -> None:
    (queued,) = await accept(database, new_job(user_id))

    found = await last_seqs(auto, [running.job.id, queued, new_id()])

    assert found == {running.job.id: 3, queued: 1}


async def test_streamed_text_counts_until_it_is_taken_back(auto: AsyncEngine, running: Claim) -> None:
    counts = [await has_streamed_answer(auto, running.job.id)]
    reset = NewEvent(type=EventType.ANSWER_RESET, payload={"reason": "again"})

    for number, event in enumerate((delta("x"), reset, delta("y")), start=1):
        await append(auto, running, number, event)
        counts.append(await has_streamed_answer(auto, running.job.id))

    assert counts == [False, True, False, True]


async def test_text_survives_the_log_to_the_letter(auto: AsyncEngine, running: Claim) -> None:
    text = 'Ёж ∅45 «ГОСТ 21.602» \u2028 \\ " \n\t 𝔘 \x7f'

    await append(auto, running, 1, delta(text))

    assert (await log_of(auto, running.job.id))[-1].payload == {"text": text}


async def test_a_text_that_the_log_cannot_hold_leaves_it_as_it_was(auto: AsyncEngine, running: Claim) -> None:
    with pytest.raises(UntranslatableCharacterError):
        await append(auto, running, 1, delta("a\x00b"))

    appended = await append(auto, running, 1, delta("ab"))
    assert [event.seq for event in appended.events] == [4]


Ends = Callable[[Database, Claim], Awaitable[Any]]


async def cancel_and_acknowledge(database: Database, claimed: Claim) -> None:
    await command(database, claimed.job.id, rules_jobs.Cancel())
    await command(database, claimed.job.id, rules_jobs.AckCancel(epoch=claimed.job.epoch))


ENDS: dict[str, tuple[Ends, JobState]] = {
    "finish": (finish, JobState.SUCCEEDED),
    "fail": (fail, JobState.FAILED),
    "cancel": (cancel_and_acknowledge, JobState.CANCELLED),
}


@pytest.mark.parametrize("end", ENDS)
async def test_each_run_ends_with_exactly_one_terminal_event(
    database: Database, auto: AsyncEngine, user_id: UUID, end: str
) -> None:
    how, state = ENDS[end]
    (job_id,) = await accept(database, new_job(user_id))
    claimed = await claim_one(database)

    await how(database, claimed)
    for late in (rules_jobs.Cancel(), rules_jobs.Wake(), rules_jobs.Reap(known_dead=True), rules_jobs.Expire()):
        await command(database, job_id, late)
    for late in (finish, fail, cancel_and_acknowledge):
        await late(database, claimed)

    types = [event.type for event in await log_of(auto, job_id)]
    assert [one for one in types if one in TERMINAL_EVENTS] == [types[-1]]
    assert (await get(database, job_id)).state is state


async def test_the_log_adds_up_to_the_row(database: Database, auto: AsyncEngine, running: Claim) -> None:
    job_id = running.job.id
    progress = NewEvent(type=EventType.STAGE_PROGRESS, stage="search", payload={"progress": 0.5})
    await append(auto, running, 1, progress, progress=0.5)
    await save_step(database, job_id, 1, 1, "search", "answer")
    await append(auto, running, 2, delta("Нашёл "), delta("ответ."))
    halfway = await get(database, job_id)
    snapshot = fold(await log_of(auto, job_id))

    await command(database, job_id, rules_jobs.Fail(epoch=1, error=FLAKY, retryable=False), usage=Usage(calls=2))
    ended = await get(database, job_id)
    ended_snapshot = fold(await log_of(auto, job_id))

    assert (snapshot.status, snapshot.stage) == (halfway.state, halfway.stage)
    assert (snapshot.answer, snapshot.last_seq) == ("Нашёл ответ.", halfway.last_seq)
    assert ended_snapshot.status is ended.state
    assert ended_snapshot.error is not None
    assert ended_snapshot.error["code"] == FLAKY.code
