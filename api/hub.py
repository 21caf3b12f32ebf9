"""One listener per api process: one pub/sub connection for all watched jobs, and one query every two seconds that
finds whatever pub/sub lost (DESIGN §5)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from domain.events import Event
from storage.batching import Batches
from storage.database import is_outage
from storage.direct import Direct
from storage.events import LogReader, last_seqs
from storage.lines import Place, places_of
from storage.publisher import topic_of

_log = structlog.get_logger()

CONFIRM_S = 2.0
"""How long a stream waits for Redis to confirm its subscription; after that the query every two seconds serves it."""
CHECK_S = 2.0
LEAVE_S = 0.1
"""Topics that nobody watches any more are left together, this long after the first. A guess."""
BUFFERED = 256
"""Events kept for one slow reader; beyond that it reads the log instead (reliability.md §4.2, ring)."""

_decode = msgspec.json.Decoder(list[Event]).decode


Told = Event | Place | None
"""Null: read the log."""


class Watch:
    """One reader's view of a job. `seq` is the newest number it has."""

    def __init__(self) -> None:
        self.seq = 0
        self._told: asyncio.Queue[Told] = asyncio.Queue(BUFFERED)
        self._must_read = False

    async def next(self, until: float) -> list[Event | Place]:
        """All that is there at once: the events after `seq` in order, and places. Waits for the first of them.

        Empty when the log must be read, or at the monotonic time `until`.
        """
        batch: list[Event | Place] = []
        while not batch and not self._must_read and (left_s := until - time.monotonic()) > 0:
            try:
                self._take(await asyncio.wait_for(self._told.get(), left_s), batch)
            except TimeoutError:
                break
            while not self._must_read and not self._told.empty():
                self._take(self._told.get_nowait(), batch)
        if not batch:
            self._must_read = False
        return batch

    def _take(self, told: Told, batch: list[Event | Place]) -> None:
        if isinstance(told, Place):
            batch.append(told)
        elif told is None or told.seq > self.seq + 1:
            self._must_read = True
        elif told.seq == self.seq + 1:
            self.seq = told.seq
            batch.append(told)

    def saw(self, seq: int) -> None:
        """The reader has read the log up to `seq`."""
        self.seq = max(self.seq, seq)

    def tell(self, told: Told) -> None:
        """A reader that is too slow loses its buffer and reads the log."""
        if self._told.full():
            while not self._told.empty():
                self._told.get_nowait()
            told = None
        self._told.put_nowait(told)


class _Topic:
    """A watched job: its readers, and whether Redis confirmed."""

    def __init__(self) -> None:
        self.watches: set[Watch] = set()
        self.confirmed = asyncio.Event()

    def tell(self, told: Told) -> None:
        for watch in self.watches:
            watch.tell(told)

    def tell_those_behind(self, last_seq: int) -> None:
        for watch in self.watches:
            if watch.seq < last_seq:
                watch.tell(None)


class Hub:
    def __init__(self, redis: Redis, engine: Direct) -> None:
        self.log = LogReader(engine)
        self._redis = redis
        self._engine = engine
        self._subscriptions: Batches[UUID, None] = Batches(self._subscribe)
        self._left: set[UUID] = set()
        self._leaving: asyncio.Task[None] | None = None
        self._topics: dict[UUID, _Topic] = {}
        self._pubsub: PubSub = redis.pubsub()
        self._tasks: list[asyncio.Task[None]] = []
        self.closing = False

    def close_all(self) -> None:
        """Wake every reader; they see `closing` and end."""
        self.closing = True
        for topic in self._topics.values():
            topic.tell(None)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._check())]

    async def stop(self) -> None:
        tasks = [*self._tasks, *([self._leaving] if self._leaving else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()

    @asynccontextmanager
    async def watch(self, job_id: UUID) -> AsyncIterator[Watch]:
        """Inside the block every event committed from now on is told, or the watch is told to read the log."""
        topic = self._topics.setdefault(job_id, _Topic())
        is_first = not topic.watches
        watch = Watch()
        topic.watches.add(watch)
        try:
            if is_first:
                await self._subscriptions.get(job_id)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(topic.confirmed.wait(), CONFIRM_S)
            yield watch
        finally:
            topic.watches.discard(watch)
            if not topic.watches and self._topics.get(job_id) is topic:
                del self._topics[job_id]
                self._left.add(job_id)
                if self._leaving is None:
                    self._leaving = asyncio.create_task(self._unsubscribe())

    async def _subscribe(self, job_ids: Sequence[UUID]) -> Sequence[None]:
        try:
            await self._pubsub.subscribe(*[topic_of(job_id) for job_id in job_ids])
        except (RedisError, OSError) as error:
            _log.warning("subscribe_failed", error=type(error).__name__)
        return [None] * len(job_ids)

    async def _unsubscribe(self) -> None:
        """A moment later, together with others; what is told until then is dropped."""
        await asyncio.sleep(LEAVE_S)
        self._leaving = None
        topics = [topic_of(job_id) for job_id in self._left if job_id not in self._topics]
        self._left.clear()
        if topics:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(*topics)

    async def _listen(self) -> None:
        connected = False
        while True:
            try:
                if not connected:
                    await self._connect()
                    connected = True
                message = await self._pubsub.get_message(ignore_subscribe_messages=False, timeout=5)
                if message is not None:
                    self._on_message(message)
            except (RedisError, OSError) as error:
                _log.warning("hub_disconnected", error=type(error).__name__)
                connected = False
                await asyncio.sleep(0.5)

    async def _connect(self) -> None:
        """A new connection that asks for every topic again; their confirmations make readers read the log.

        One topic that nobody publishes on keeps the connection subscribed while nothing is watched.
        """
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()
        self._pubsub = self._redis.pubsub()
        await self._pubsub.subscribe("hub", *[topic_of(job_id) for job_id in self._topics])

    def _on_message(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        name = bytes(message["channel"]).decode()
        if kind not in ("message", "subscribe") or not name.startswith("job:"):
            return
        topic = self._topics.get(UUID(name.removeprefix("job:")))
        if topic is None:
            return
        if kind == "subscribe":
            repeated = topic.confirmed.is_set()
            topic.confirmed.set()
            if repeated or any(watch.seq for watch in topic.watches):
                topic.tell(None)
            return
        events = _decode(message["data"])
        if not events:
            topic.tell(None)
        for event in events:
            topic.tell(event)

    async def _check(self) -> None:
        """Ask PostgreSQL for the newest numbers of all watched jobs and the places of the queued ones; whoever is
        behind reads the log."""
        while True:
            await asyncio.sleep(CHECK_S)
            if not self._topics:
                continue
            try:
                found = await last_seqs(self._engine, list(self._topics))
                places = await places_of(self._engine, list(self._topics))
            except Exception as error:
                if not is_outage(error):
                    _log.exception("hub_check_failed")
                continue
            for job_id, last_seq in found.items():
                if (topic := self._topics.get(job_id)) is not None:
                    topic.tell_those_behind(last_seq)
            for job_id, place in places.items():
                if (topic := self._topics.get(job_id)) is not None:
                    topic.tell(place)
