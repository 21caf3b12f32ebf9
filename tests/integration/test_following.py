"""Following a log while messages are lost: every event once and in order, within seconds, and an end."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from api.following import follow
from api.hub import BUFFERED, CHECK_S, Hub
from domain import rules_jobs
from domain.events import Event, EventType, NewEvent
from domain.jobs import Claim
from storage.events import PAGE, append_events, read_events
from storage.publisher import Publisher
from storage.uow import Database
from tests.fakes.jobs import accept, claim_one, command, finish, new_job

PATIENCE_S = 3 * CHECK_S


@pytest.fixture
async def hub(redis: Redis, auto: AsyncEngine) -> AsyncIterator[Hub]:
    hub = Hub(redis, auto)
    hub.start()
    yield hub
    await hub.stop()


@pytest.fixture
def publisher(redis: Redis) -> Publisher:
    return Publisher(redis, lambda queue: None)


@pytest.fixture
async def running(database: Database, user_id: UUID) -> Claim:
    await accept(database, new_job(user_id))
    return await claim_one(database)


async def events_of(hub: Hub, auto: AsyncEngine, job_id: UUID, *, after: int) -> AsyncGenerator[Event]:
    """What `follow` tells, without places in line; ends when it does, or after a minute."""
    async with aclosing(follow(hub, job_id, after=after, until=time.monotonic() + 60)) as told:
        async for one in told:
            if isinstance(one, Event):
                yield one


async def _next_of(events: AsyncGenerator[Event]) -> Event:
    return await anext(events)


class Reader:
    """Follows a job in a task and keeps what it was told."""

    def __init__(self, hub: Hub, auto: AsyncEngine, job_id: UUID, *, after: int = 0) -> None:
        self.events: list[Event] = []
        self._told = asyncio.Event()
        self.task = asyncio.create_task(self._read(hub, auto, job_id, after))

    async def _read(self, hub: Hub, auto: AsyncEngine, job_id: UUID, after: int) -> None:
        async for event in events_of(hub, auto, job_id, after=after):
            self.events.append(event)
            self._told.set()

    @property
    def seqs(self) -> list[int]:
        return [event.seq for event in self.events]

    async def has(self, seq: int) -> None:
        """Returns when the event has come; fails after `PATIENCE_S`."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.events or self.events[-1].seq < seq:
                await self._told.wait()
                self._told.clear()

    async def ended(self) -> list[int]:
        """The numbers read until the stream ended by itself; fails after `PATIENCE_S`."""
        await asyncio.wait_for(self.task, PATIENCE_S)
        return self.seqs


def deltas(count: int) -> list[NewEvent]:
    return [NewEvent(type=EventType.ANSWER_DELTA, stage="answer", payload={"text": "x"}) for _ in range(count)]


async def write(auto: AsyncEngine, claimed: Claim, number: int, count: int = 1) -> tuple[Event, ...]:
    """Committed and not published."""
    appended = await append_events(
        auto, job_id=claimed.job.id, epoch=claimed.job.epoch, append_no=number, events=deltas(count)
    )
    return appended.events


async def test_what_is_published_comes_at_once(
    hub: Hub, auto: AsyncEngine, publisher: Publisher, running: Claim
) -> None:
    reader = Reader(hub, auto, running.job.id)
    await reader.has(3)
    started = time.monotonic()

    await publisher.publish(await write(auto, running, 1))

    await reader.has(4)
    assert time.monotonic() - started < CHECK_S / 2


async def test_an_event_whose_message_is_lost_comes_with_the_next_check(
    hub: Hub, auto: AsyncEngine, running: Claim
) -> None:
    reader = Reader(hub, auto, running.job.id)
    await reader.has(3)

    await write(auto, running, 1, 2)

    await reader.has(5)
    assert reader.seqs == [1, 2, 3, 4, 5]


async def test_a_lost_terminal_event_ends_the_stream_all_the_same(
    hub: Hub, auto: AsyncEngine, database: Database, running: Claim
) -> None:
    reader = Reader(hub, auto, running.job.id)
    await reader.has(3)

    await finish(database, running)

    assert await reader.ended() == [1, 2, 3, 4]


async def test_a_lost_event_comes_to_every_reader_also_when_one_has_read_it_from_the_log(
    hub: Hub, auto: AsyncEngine, running: Claim
) -> None:
    early = Reader(hub, auto, running.job.id)
    await early.has(3)
    await write(auto, running, 1)

    late = Reader(hub, auto, running.job.id)
    await late.has(4)

    await early.has(4)


async def test_messages_out_of_order_repeated_or_missing_are_put_right(
    hub: Hub, auto: AsyncEngine, publisher: Publisher, database: Database, running: Claim
) -> None:
    reader = Reader(hub, auto, running.job.id)
    await reader.has(3)
    batches = [await write(auto, running, number, 2) for number in range(1, 7)]

    for index in (1, 0, 1, 3, 5, 2, 5):
        await publisher.publish(batches[index])
    await finish(database, running)
    await publisher.poke(running.job.id)

    assert await reader.ended() == list(range(1, 17))


async def test_a_reader_that_is_slower_than_the_writer_misses_nothing(
    hub: Hub, auto: AsyncEngine, publisher: Publisher, database: Database, running: Claim
) -> None:
    told = events_of(hub, auto, running.job.id, after=0)
    seqs = [(await anext(told)).seq for _ in range(3)]
    asleep = asyncio.create_task(_next_of(told))
    for number in range(1, BUFFERED + 50):
        await publisher.publish(await write(auto, running, number))
    await finish(database, running)
    await publisher.poke(running.job.id)

    seqs += [(await asleep).seq, *[event.seq async for event in told]]

    assert seqs == list(range(1, BUFFERED + 50 + 3 + 1))


@pytest.mark.parametrize("length", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
async def test_a_finished_log_of_any_length_is_read_to_its_end(
    hub: Hub, auto: AsyncEngine, database: Database, running: Claim, length: int
) -> None:
    await write(auto, running, 1, length - 4)
    await finish(database, running)

    assert await Reader(hub, auto, running.job.id).ended() == list(range(1, length + 1))


async def test_a_reader_may_leave_at_every_event_and_come_back(
    hub: Hub, auto: AsyncEngine, database: Database, running: Claim
) -> None:
    await write(auto, running, 1, 9)
    await finish(database, running)

    seqs = []
    for after in range(13):
        told = events_of(hub, auto, running.job.id, after=after)
        seqs.append((await anext(told)).seq)
        await told.aclose()

    assert seqs == list(range(1, 14))
    assert hub._topics == {}


async def test_a_second_run_is_followed_after_the_first_has_ended(
    hub: Hub, auto: AsyncEngine, database: Database, running: Claim
) -> None:
    await command(database, running.job.id, rules_jobs.AckCancel(epoch=1))
    await command(database, running.job.id, rules_jobs.Requeue(seen_epoch=1, by=running.job.user_id))
    whole, tail = Reader(hub, auto, running.job.id), Reader(hub, auto, running.job.id, after=4)
    await asyncio.gather(whole.has(5), tail.has(5))

    await finish(database, await claim_one(database))

    assert await whole.ended() == list(range(1, 9))
    assert await tail.ended() == list(range(5, 9))


async def test_a_reader_that_leaves_while_it_subscribes_is_forgotten(hub: Hub, running: Claim) -> None:
    async def watch() -> None:
        async with hub.watch(running.job.id):
            await asyncio.sleep(60)

    for _ in range(20):
        reader = asyncio.create_task(watch())
        await asyncio.sleep(0)
        # Once is not enough: until Python 3.12, asyncio.wait_for may swallow a cancel that comes with its result.
        while not reader.done():
            reader.cancel()
            await asyncio.sleep(0.001)

    assert hub._topics == {}


async def test_many_readers_of_many_jobs_each_get_their_own(
    hub: Hub, auto: AsyncEngine, publisher: Publisher, database: Database, user_id: UUID
) -> None:
    await accept(database, *[new_job(user_id) for _ in range(5)])
    claims = [await claim_one(database) for _ in range(5)]
    readers = [Reader(hub, auto, claimed.job.id) for claimed in claims for _ in range(4)]
    await asyncio.gather(*[reader.has(3) for reader in readers])

    for number in range(1, 11):
        for claimed in claims:
            await publisher.publish(await write(auto, claimed, number))
    for claimed in claims:
        await finish(database, claimed)
        await publisher.poke(claimed.job.id)

    assert [await reader.ended() for reader in readers] == [list(range(1, 15))] * 20
    assert [len(await read_events(auto, claimed.job.id, after=0)) for claimed in claims] == [14] * 5
