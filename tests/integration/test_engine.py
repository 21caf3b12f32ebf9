"""The engine on real PostgreSQL with a family of the test: what each way of ending a stage does to its job."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import rules_jobs
from domain.errors import BudgetExceeded, ProviderFailed, ProviderLimited
from domain.events import Event, EventType
from domain.family import Family, Stage
from domain.jobs import Job, JobState
from domain.stage import Finished, Next, Outcome, StageContext
from storage.database import open_sessions
from storage.events import has_streamed_answer, read_events
from storage.publisher import Publisher
from storage.uow import Database
from tests.fakes.jobs import accept, claim, command, get, new_job
from workers.context import Tools
from workers.engine import MAX_STATE_BYTES, Engine
from workers.telling import COALESCE_S, Stop, Teller

Run = Callable[[StageContext, Any], Awaitable[Outcome]]


class State(msgspec.Struct, frozen=True, kw_only=True):
    notes: str = ""


class Script:
    """What the stages `first` and `last` of the family do; each test puts in its own."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self._entered = asyncio.Event()
        self.first: Run = _pass_on
        self.last: Run = _end

    async def entered(self, name: str) -> None:
        """Returns when a stage of this name runs."""
        async with asyncio.timeout(10):
            while name not in self.ran:
                self._entered.clear()
                await self._entered.wait()

    async def run_first(self, ctx: StageContext, state: Any) -> Outcome:
        self._enter("first")
        return await self.first(ctx, state)

    async def run_last(self, ctx: StageContext, state: Any) -> Outcome:
        self._enter("last")
        return await self.last(ctx, state)

    def _enter(self, name: str) -> None:
        self.ran.append(name)
        self._entered.set()


class NoModels:
    """An asker that nobody asks."""

    async def begin(self, run: object) -> None:
        return


async def _pass_on(ctx: StageContext, state: Any) -> Outcome:
    return Next(state=state)


async def _end(ctx: StageContext, state: Any) -> Outcome:
    return Finished(result={"notes": state.notes})


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def tools(engine: AsyncEngine, redis: Redis) -> Tools:
    database = Database(open_sessions(engine), Publisher(redis, lambda queue: None), on_end={})
    nothing: Any = None
    return Tools(
        database=database,
        search=nothing,
        blobs=nothing,
        reader=nothing,
        renderer=nothing,
        vault=nothing,
        asker=cast("Any", NoModels()),
        comparer=nothing,
        recogniser=nothing,
    )


@pytest.fixture
def make_engine(tools: Tools, auto: AsyncEngine, redis: Redis, script: Script) -> Callable[[], Engine]:
    publisher = Publisher(redis, lambda queue: None)
    family = Family(
        name="simulated",
        queue="interactive",
        state_type=State,
        start=lambda payload: State(notes=payload.get("notes", "")),
        stages=(
            Stage(name="first", run=script.run_first, label_ru="Первый", label_en="First", timeout_s=2.0),
            Stage(name="last", run=script.run_last, label_ru="Последний", label_en="Last", timeout_s=2.0),
        ),
    )

    def make_teller(job: Job, stop: Callable[[Stop], None]) -> Teller:
        return Teller(auto, publisher, job, stop)

    return lambda: Engine(
        queue="interactive",
        owner="slot/1",
        slots=2,
        user_cap=2,
        families={family.name: family},
        tools=tools,
        make_teller=make_teller,
        has_streamed=lambda job_id: has_streamed_answer(auto, job_id),
    )


@pytest.fixture
def worker(make_engine: Callable[[], Engine]) -> Engine:
    return make_engine()


async def run_one(worker: Engine, database: Database, user_id: UUID, **fields: Any) -> Job:
    (job_id,) = await accept(database, new_job(user_id, **fields))
    await worker.look()
    return await get(database, job_id)


async def log_of(auto: AsyncEngine, job: Job) -> list[Event]:
    return await read_events(auto, job.id, after=0)


async def test_a_job_runs_through_its_stages(
    worker: Engine, database: Database, auto: AsyncEngine, user_id: UUID
) -> None:
    job = await run_one(worker, database, user_id, payload={"notes": "a note"})

    assert (job.state, job.result) == (JobState.SUCCEEDED, {"notes": "a note"})
    assert [(event.type.value, event.stage) for event in await log_of(auto, job)] == [
        ("job.queued", None),
        ("job.started", None),
        ("stage.started", "first"),
        ("stage.finished", "first"),
        ("stage.started", "last"),
        ("stage.finished", "last"),
        ("job.succeeded", None),
    ]


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (ProviderFailed("away"), JobState.QUEUED, None),
        (ProviderLimited("slow down", retry_after_s=9.0), JobState.QUEUED, None),
        (BudgetExceeded("too dear"), JobState.FAILED, "budget_exceeded"),
        (ZeroDivisionError("a bug"), JobState.FAILED, "internal_error"),
    ],
    ids=["retryable", "limit", "final", "bug"],
)
async def test_a_stage_that_raises_decides_what_becomes_of_its_job(
    worker: Engine,
    script: Script,
    database: Database,
    user_id: UUID,
    error: Exception,
    state: JobState,
    code: str | None,
) -> None:
    async def fail(ctx: StageContext, _: Any) -> Outcome:
        raise error

    script.last = fail
    job = await run_one(worker, database, user_id)

    assert (job.state, job.error.code if job.error else None) == (state, code)
    assert job.attempt == (0 if isinstance(error, ProviderLimited) else 1)
    assert job.step_no == 1


async def test_a_stage_that_takes_too_long_is_tried_again(
    worker: Engine, script: Script, database: Database, auto: AsyncEngine, user_id: UUID
) -> None:
    async def hang(ctx: StageContext, _: Any) -> Outcome:
        await asyncio.sleep(60)
        raise AssertionError

    script.first = hang
    job = await run_one(worker, database, user_id)

    assert job.state is JobState.QUEUED
    assert (await log_of(auto, job))[-1].payload["code"] == "stage_timeout"


async def test_a_state_that_is_too_large_fails_the_job(
    worker: Engine, script: Script, database: Database, user_id: UUID
) -> None:
    async def grow(ctx: StageContext, _: Any) -> Outcome:
        return Next(state=State(notes="x" * MAX_STATE_BYTES))

    script.first = grow

    assert (await run_one(worker, database, user_id)).state is JobState.FAILED


@pytest.mark.parametrize("pause_s", [0.0, 3 * COALESCE_S], ids=["told by the stage", "told by the timer"])
async def test_text_that_cannot_be_stored_fails_the_job_at_once(
    worker: Engine, script: Script, database: Database, auto: AsyncEngine, user_id: UUID, pause_s: float
) -> None:
    async def write(ctx: StageContext, _: Any) -> Outcome:
        await ctx.write_answer("good ")
        await ctx.write_answer("bad \x00")
        await asyncio.sleep(pause_s)
        await ctx.write_answer("good again")
        return Finished(result={})

    script.last = write
    job = await run_one(worker, database, user_id)

    assert job.error is not None
    assert (job.state, job.error.code, job.epoch) == (JobState.FAILED, "internal_error", 1)
    assert (await log_of(auto, job))[-1].type is EventType.JOB_FAILED


@pytest.mark.parametrize("job", ["family", "stage"])
async def test_a_job_that_this_release_does_not_know_fails_and_the_queue_goes_on(
    worker: Engine, database: Database, engine: AsyncEngine, user_id: UUID, job: str
) -> None:
    unknown, known = await accept(
        database, new_job(user_id, family="unknown" if job == "family" else "simulated"), new_job(user_id)
    )
    if job == "stage":
        async with engine.begin() as connection:
            await connection.exec_driver_sql(
                "insert into job_steps (job_id, step_no, stage, epoch, next_stage, state)"
                " values ($1, 1, 'first', 0, 'renamed', '{}')",
                (unknown,),
            )
            await connection.exec_driver_sql("update jobs set step_no = 1 where id = $1", (unknown,))

    await worker.look()
    # The other job may run in the other slot, which this call has woken.
    await worker._ended(10.0)

    assert (await get(database, unknown)).state is JobState.FAILED
    assert (await get(database, known)).state is JobState.SUCCEEDED


async def test_a_cancelled_stage_ends_its_job_and_keeps_what_was_told(
    worker: Engine, script: Script, database: Database, auto: AsyncEngine, user_id: UUID
) -> None:
    async def write_until_cancelled(ctx: StageContext, _: Any) -> Outcome:
        await ctx.write_answer("a part")
        await command(database, ctx.job.id, rules_jobs.Cancel())
        while True:
            await ctx.write_answer(".")
            await asyncio.sleep(0.01)

    script.last = write_until_cancelled
    job = await run_one(worker, database, user_id)

    texts = [event.payload["text"] for event in await log_of(auto, job) if event.type is EventType.ANSWER_DELTA]
    assert job.state is JobState.CANCELLED
    assert "".join(texts).startswith("a part")
    assert script.ran == ["first", "last"]


async def test_a_run_that_lost_its_job_writes_nothing_and_the_next_run_in_the_same_process_goes_on(
    worker: Engine, script: Script, database: Database, auto: AsyncEngine, user_id: UUID
) -> None:
    go_on = asyncio.Event()

    async def hold(ctx: StageContext, _: Any) -> Outcome:
        if ctx.job.epoch == 1:
            await go_on.wait()
            return Finished(result={"run": 1})
        go_on.set()
        await asyncio.sleep(0.2)
        assert (ctx.job.id, 2) in worker.runs, "the heartbeat would not extend this lease"
        return Finished(result={"run": 2})

    script.last = hold
    (job_id,) = await accept(database, new_job(user_id))
    first = asyncio.create_task(worker.look())
    await script.entered("last")
    await command(database, job_id, rules_jobs.Reap(known_dead=True))

    await asyncio.gather(first, worker.look())

    job = await get(database, job_id)
    assert (job.result, job.epoch, job.crashes) == ({"run": 2}, 2, 1)
    assert [event.epoch for event in await log_of(auto, job) if event.is_terminal] == [2]


async def test_a_draining_worker_lets_the_stage_finish_and_hands_the_job_back(
    worker: Engine, make_engine: Callable[[], Engine], script: Script, database: Database, user_id: UUID
) -> None:
    async def take_a_while(ctx: StageContext, state: Any) -> Outcome:
        await asyncio.sleep(0.3)
        return Next(state=state)

    script.first = take_a_while
    (job_id,) = await accept(database, new_job(user_id))
    looking = asyncio.create_task(worker.look())
    await script.entered("first")

    await worker.drain(5.0)
    await looking
    drained = await get(database, job_id)
    await make_engine().look()

    assert (drained.state, drained.attempt, drained.step_no) == (JobState.QUEUED, 0, 1)
    assert script.ran == ["first", "last"]
    assert (await get(database, job_id)).state is JobState.SUCCEEDED


async def test_a_drain_does_not_wait_for_a_stage_longer_than_its_patience(
    worker: Engine, script: Script, database: Database, user_id: UUID
) -> None:
    async def hang(ctx: StageContext, _: Any) -> Outcome:
        await asyncio.sleep(60)
        raise AssertionError

    script.first = hang
    (job_id,) = await accept(database, new_job(user_id))
    looking = asyncio.create_task(worker.look())
    await script.entered("first")

    await worker.drain(0.1)
    await looking

    job = await get(database, job_id)
    assert (job.state, job.attempt, job.crashes) == (JobState.QUEUED, 0, 0)
    assert await claim(database) is not None
