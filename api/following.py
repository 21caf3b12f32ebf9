"""Reading a job's log to its end: subscribe, replay, relay, and read the log again at every gap (DESIGN §5)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID

from api.hub import Hub
from domain.events import Event
from storage.database import is_outage
from storage.events import PAGE
from storage.lines import Place

AWAY_S = 0.5
"""Between two tries while the database is away. A guess."""


async def follow(hub: Hub, job_id: UUID, *, after: int, until: float) -> AsyncGenerator[Event | Place]:
    """Every event of the job with seq > `after`, each once and in order, until the run's terminal event or the
    monotonic time `until`; between them the place in line while the job is queued.

    Holds no database connection while waiting.
    """
    async with aclosing(follow_batches(hub, job_id, after=after, until=until)) as batches:
        async for batch in batches:
            for told in batch:
                yield told


async def follow_batches(
    hub: Hub, job_id: UUID, *, after: int, until: float
) -> AsyncGenerator[Sequence[Event | Place]]:
    """The same in batches of what is there at once, never empty: one write to a client for each."""
    async with hub.watch(job_id) as watch:
        cursor = after
        while True:
            last: Event | None = None
            while batch := await _read(hub, job_id, cursor, until):
                yield batch
                last, cursor = batch[-1], batch[-1].seq
                if len(batch) < PAGE:
                    break
            if last is not None and last.is_terminal:
                return
            watch.saw(cursor)
            while told := await watch.next(until):
                yield told
                if any(isinstance(item, Event) and item.is_terminal for item in told):
                    return
            cursor = watch.seq
            if hub.closing or time.monotonic() >= until:
                return


async def _read(hub: Hub, job_id: UUID, after: int, until: float) -> list[Event]:
    """The next events of the log; an outage of the database is waited out, the stream stays open."""
    while True:
        try:
            return await hub.log.read(job_id, after=after)
        except Exception as error:
            if not is_outage(error) or time.monotonic() >= until:
                raise
            await asyncio.sleep(AWAY_S)
