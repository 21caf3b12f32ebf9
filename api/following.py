"""Reading a job's log to its end: subscribe, replay, relay, and read the log again at every gap (DESIGN §5)."""

import asyncio
import time
from collections.abc import AsyncGenerator
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from api.hub import Hub, Watch
from domain.events import Event
from storage.database import is_outage
from storage.events import read_events
from storage.lines import Place, place_of

PLACE_S = 2.0
"""How often a waiting stream is told its place in line (spec/aizoomdoc.md §1.2)."""
FIRST_PLACE_S = 0.3
"""A job that starts sooner than this is not told a place."""
AWAY_S = 0.5
"""Between two tries while the database is away. A guess."""
BATCH = 500


async def follow(
    hub: Hub, engine: AsyncEngine, job_id: UUID, *, after: int, until: float
) -> AsyncGenerator[Event | Place]:
    """Every event of the job with seq > `after`, each once and in order, until the run's terminal event or the
    monotonic time `until`; between them the place in line while the job is queued.

    Holds no database connection while waiting.
    """
    async with hub.watch(job_id) as watch:
        cursor, is_queued = after, after == 0
        while True:
            last: Event | None = None
            while batch := await _read(engine, job_id, cursor, until):
                for event in batch:
                    yield event
                last, cursor = batch[-1], batch[-1].seq
                is_queued = _is_queued(last, is_queued)
                if len(batch) < BATCH:
                    break
            if last is not None and last.is_terminal:
                return
            watch.saw(cursor)
            place_in_s = FIRST_PLACE_S
            while (live := await _next_live(watch, cursor, is_queued, place_in_s, until)) is not None:
                if isinstance(live, Event):
                    yield live
                    cursor, is_queued = live.seq, _is_queued(live, is_queued)
                    if live.is_terminal:
                        return
                    continue
                place_in_s = PLACE_S
                if (place := await _place(engine, job_id)) is not None:
                    yield place
            if hub.closing or time.monotonic() >= until:
                return


async def _read(engine: AsyncEngine, job_id: UUID, after: int, until: float) -> list[Event]:
    """The next events of the log; an outage of the database is waited out, the stream stays open."""
    while True:
        try:
            return await read_events(engine, job_id, after=after, limit=BATCH)
        except Exception as error:
            if not is_outage(error) or time.monotonic() >= until:
                raise
            await asyncio.sleep(AWAY_S)


async def _next_live(watch: Watch, cursor: int, is_queued: bool, place_in_s: float, until: float) -> Event | str | None:
    """The event after `cursor`; "place" when it is time to tell the place in line; null when the log must be read or
    the time is over."""
    while (left_s := until - time.monotonic()) > 0:
        event = await watch.next(min(left_s, place_in_s) if is_queued else left_s)
        if event is None:
            return "place" if is_queued and not watch.must_read() else None
        if event.seq == cursor + 1:
            return event
        if event.seq > cursor + 1:
            return None
    return None


async def _place(engine: AsyncEngine, job_id: UUID) -> Place | None:
    try:
        return await place_of(engine, job_id)
    except Exception as error:
        if not is_outage(error):
            raise
        return None


_QUEUED_BY = ("job.queued", "job.woken", "job.retrying", "job.released", "job.requeued")
_NEUTRAL = ("job.scoped", "job.cancel_requested")


def _is_queued(event: Event, before: bool) -> bool:
    return before if event.type in _NEUTRAL else event.type in _QUEUED_BY
