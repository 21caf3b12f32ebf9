"""Tells committed events on Redis topics and rings queues. The fast path only: whatever is lost here is found
in PostgreSQL within seconds (DESIGN §5)."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.events import Event
from storage.batching import Batches
from storage.outbox import Outbox

_log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode

DELIVERY_S = 1.0
"""Longest time spent on telling; a guess that keeps a request quick when Redis hangs."""

BELL_GAP_S = 0.01
"""Bells of one process for one queue are at least this far apart; the last of a burst is always rung."""

Ring = Callable[[str], None]
"""Rings one queue; may block, so it runs in a thread."""


def topic_of(job_id: UUID) -> str:
    return f"job:{job_id}"


class Publisher:
    """Never raises for a lost message."""

    def __init__(self, redis: Redis, ring: Ring) -> None:
        self._redis = redis
        self._ring = ring
        self._batches: Batches[Sequence[Event], None] = Batches(self._publish)
        self._rung_at: dict[str, float] = {}
        self._bells: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, outbox: Outbox) -> None:
        """Publish the outbox's events in order, then ring each of its queues without waiting for the bell."""
        await self.publish(outbox.events)
        for queue in dict.fromkeys(outbox.queues):
            if queue not in self._bells:
                self._bells[queue] = asyncio.create_task(self._ring_soon(queue))

    async def _ring_soon(self, queue: str) -> None:
        """Ring at once, or a moment after the last bell: whatever is committed until then is covered by this one,
        for one bell starts as many slots as there are due jobs."""
        await asyncio.sleep(max(self._rung_at.get(queue, -math.inf) + BELL_GAP_S - time.monotonic(), 0))
        del self._bells[queue]
        self._rung_at[queue] = time.monotonic()
        await self.ring(queue)

    async def publish(self, events: Sequence[Event]) -> None:
        """One message per job: the JSON array of its events. In the order of the calls."""
        if events:
            await self._batches.get(events)

    async def _publish(self, batches: Sequence[Sequence[Event]]) -> Sequence[None]:
        by_job: dict[UUID, list[Event]] = {}
        for event in (event for batch in batches for event in batch):
            by_job.setdefault(event.job_id, []).append(event)
        commands = self._redis.pipeline(transaction=False)
        for job_id, events in by_job.items():
            commands.publish(topic_of(job_id), _encode(events))
        try:
            async with asyncio.timeout(DELIVERY_S):
                await commands.execute()
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("publish_lost", error=type(error).__name__, jobs=len(by_job))
        return [None] * len(batches)

    async def poke(self, job_id: UUID) -> None:
        """Make whoever watches the job read its log."""
        try:
            async with asyncio.timeout(DELIVERY_S):
                await self._redis.publish(topic_of(job_id), b"[]")
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("publish_lost", error=type(error).__name__, events=0)

    async def ring(self, queue: str) -> bool:
        """False when the bell could not be sent."""
        try:
            async with asyncio.timeout(DELIVERY_S):
                await asyncio.to_thread(self._ring, queue)
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("bell_lost", error=type(error).__name__, queue=queue)
            return False
        return True
