"""Telling a job's events while it runs: deltas are coalesced before they are numbered (DESIGN §5)."""

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from domain.errors import LeaseLost
from domain.events import EventType, NewEvent
from domain.jobs import Job
from storage.direct import Direct
from storage.events import Appended, append_events
from storage.publisher import Publisher
from workers.persistence import persist

COALESCE_S = 0.04
"""Pieces of text are gathered this long (DESIGN §5)."""
PROGRESS_S = 0.2


class Stop(StrEnum):
    """Why a run is stopped before its end."""

    CANCEL = "cancel"
    LOST = "lost"
    DRAIN = "drain"


class Teller:
    """The one writer of a run's events. Appends are made one after another, in the order of the calls.

    `stop` is called with a reason when an append learns that the job is to be cancelled or is no longer ours.
    """

    def __init__(self, engine: Direct, publisher: Publisher, job: Job, stop: Callable[[Stop], None]) -> None:
        self._engine = engine
        self._publisher = publisher
        self._job = job
        self._stop = stop
        self._lock = asyncio.Lock()
        self._append_no = 0
        self._waiting: list[NewEvent] = []
        self._timer: asyncio.Task[None] | None = None
        self._failed: Exception | None = None
        self._told_at = 0.0
        self._progress_at = 0.0
        self._progress: float | None = None
        self.stage: str | None = None
        self.step_no = 0

    async def tell(self, event: EventType, payload: dict[str, Any]) -> None:
        """Append the gathered deltas and this event."""
        self._waiting.append(NewEvent(type=event, stage=self.stage, payload=payload))
        await self.flush()

    async def tell_delta(self, event: EventType, text: str) -> None:
        """Gather a piece of text; the first goes at once, later ones at most every 40 ms."""
        if not text:
            return
        self._gather(event, text)
        if time.monotonic() - self._told_at >= COALESCE_S:
            await self.flush()
        elif self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._flush_later())

    async def tell_progress(self, fraction: float, payload: dict[str, Any]) -> None:
        """At most one every 200 ms, but always the last (fraction 1)."""
        now = time.monotonic()
        if fraction < 1 and now - self._progress_at < PROGRESS_S:
            return
        self._progress_at = now
        self._progress = fraction
        await self.tell(EventType.STAGE_PROGRESS, {"progress": round(fraction, 4), **payload})

    async def flush(self) -> None:
        """Append and publish what is gathered; returns when it is durable. A cancelled caller does not tear it.

        Raises also what the timer met since the last call.
        """
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        if not self._waiting and not self._lock.locked():
            return
        await asyncio.shield(asyncio.create_task(self._flush()))

    async def close(self) -> None:
        """End the pending timer; what it would have told is appended."""
        if self._timer is not None:
            self._timer.cancel()
        self._failed = None
        await self.flush()

    async def _flush(self) -> None:
        async with self._lock:
            if not self._waiting:
                return
            batch, self._waiting = self._waiting, []
            self._told_at = time.monotonic()
            self._append_no += 1
            try:
                appended = await persist(lambda: self._append(batch), "events")
            except LeaseLost:
                self._stop(Stop.LOST)
                raise
            except Exception:
                # Refused by the database: nothing was written, the next write has this number.
                self._append_no -= 1
                raise
            if appended.events:
                await self._publisher.publish(appended.events)
            else:
                await self._publisher.poke(self._job.id)
        if appended.cancel_requested:
            self._stop(Stop.CANCEL)

    async def _append(self, batch: list[NewEvent]) -> Appended:
        return await append_events(
            self._engine,
            job_id=self._job.id,
            epoch=self._job.epoch,
            append_no=self._append_no,
            events=batch,
            progress=self._progress,
        )

    async def _flush_later(self) -> None:
        await asyncio.sleep(max(COALESCE_S - (time.monotonic() - self._told_at), 0))
        try:
            await self.flush()
        except LeaseLost:
            pass
        except Exception as error:
            # Nobody awaits the timer.
            self._failed = error

    def _gather(self, event: EventType, text: str) -> None:
        last = self._waiting[-1] if self._waiting else None
        if last is not None and last.type is event:
            self._waiting[-1] = NewEvent(type=event, stage=last.stage, payload={"text": last.payload["text"] + text})
        else:
            self._waiting.append(NewEvent(type=event, stage=self.stage, payload={"text": text}))
