"""The event log in PostgreSQL: dense numbers, appended in the statement that counts them (DESIGN §5).

The functions that take a `Direct` commit; each is one round trip.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import LeaseLost
from domain.events import Event, EventType, NewEvent
from storage.batching import Batches
from storage.direct import Direct

INSERT_EVENTS = """
insert into job_events (job_id, seq, epoch, type, stage, payload, ts)
select job.id, job.last_seq - cardinality({types}) + e.no, job.epoch, e.type, e.stage, e.payload::jsonb, job.told_at
from job, unnest({types}, {stages}, {payloads}) with ordinality as e(type, stage, payload, no)
"""
"""For a CTE named `job` that returns id, last_seq (already raised by the number of events), epoch and told_at."""

_APPEND = f"""
with job as (
  update jobs set last_seq = last_seq + cardinality($4::text[]), append_no = $3,
                  progress = coalesce($7::float8, progress)
  where id = $1 and epoch = $2 and state = 'running' and append_no = $3 - 1
  returning id, last_seq, epoch, clock_timestamp() as told_at, cancel_requested_at is not null as cancelled
), inserted as ({INSERT_EVENTS.format(types="$4::text[]", stages="$5::text[]", payloads="$6::text[]")} returning ts)
select job.last_seq, job.cancelled, (select min(ts) from inserted) from job
"""

_WHY_NOT = "select epoch = $2 and state = 'running' and append_no >= $3, last_seq from jobs where id = $1"

_READ = """
select seq, epoch, type, stage, payload::text, ts from job_events
where job_id = $1 and seq > $2 order by seq limit $3
"""

_READ_MANY = """
select asked.no, e.seq, e.epoch, e.type, e.stage, e.payload, e.ts
from unnest($1::uuid[], $2::bigint[]) with ordinality as asked(job_id, after, no)
cross join lateral (
  select seq, epoch, type, stage, payload::text, ts from job_events
  where job_id = asked.job_id and seq > asked.after order by seq limit $3
) e order by asked.no, e.seq
"""

_STREAMED = """
select coalesce(max(seq) filter (where type = 'answer.delta'), 0)
     > coalesce(max(seq) filter (where type = 'answer.reset'), 0)
from job_events where job_id = $1 and type in ('answer.delta', 'answer.reset')
"""

_LAST_SEQS = "select id, last_seq from jobs where id = any($1::uuid[])"


PAGE = 500
"""Events read at once. A guess."""


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """`events` is empty when an earlier try of the same append had been committed after all."""

    events: tuple[Event, ...]
    last_seq: int
    cancel_requested: bool


async def append_events(
    auto: Direct,
    *,
    job_id: UUID,
    epoch: int,
    append_no: int,
    events: Sequence[NewEvent],
    progress: float | None = None,
) -> Appended:
    """Append to the log of a running job, as the worker of `epoch`; commits. One round trip.

    `append_no` counts the worker's writes of this run from 1: saying the same number again after a lost reply is
    safe. Raises `LeaseLost` when the job is no longer this worker's.
    """
    types, stages, payloads = columns_of(events)
    row = await auto.first(_APPEND, job_id, epoch, append_no, types, stages, payloads, progress)
    if row is not None:
        last_seq, cancelled, ts = row
        numbered = number_events(job_id, epoch, last_seq - len(events) + 1, ts, events)
        return Appended(events=numbered, last_seq=last_seq, cancel_requested=cancelled)
    why = await auto.first(_WHY_NOT, job_id, epoch, append_no)
    still_ours, last_seq = why or (False, 0)
    if not still_ours:
        raise LeaseLost(f"job {job_id} epoch {epoch}")
    return Appended(events=(), last_seq=last_seq, cancel_requested=False)


async def read_events(auto: Direct, job_id: UUID, *, after: int, limit: int = PAGE) -> list[Event]:
    """The events with seq > `after`, oldest first, at most `limit`."""
    return [_event_of(job_id, row) for row in await auto.every(_READ, job_id, after, limit)]


class LogReader:
    """Reads the logs of many jobs, those asked for at once in one statement."""

    def __init__(self, auto: Direct) -> None:
        self._auto = auto
        self._batches: Batches[tuple[UUID, int], list[Event]] = Batches(self._read)

    async def read(self, job_id: UUID, *, after: int) -> list[Event]:
        """The events with seq > `after`, oldest first, at most `PAGE`."""
        return await self._batches.get((job_id, after))

    async def _read(self, asked: Sequence[tuple[UUID, int]]) -> list[list[Event]]:
        pages: list[list[Event]] = [[] for _ in asked]
        rows = await self._auto.every(_READ_MANY, [one[0] for one in asked], [one[1] for one in asked], PAGE)
        for no, *row in rows:
            pages[no - 1].append(_event_of(asked[no - 1][0], row))
        return pages


async def last_seqs(auto: Direct, job_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The newest number of each known job, in one query."""
    return dict(await auto.every(_LAST_SEQS, list(job_ids)))


async def has_streamed_answer(auto: Direct, job_id: UUID) -> bool:
    """Whether the job's log holds answer text that no later reset took back."""
    return (await auto.first(_STREAMED, job_id))[0]


def columns_of(events: Sequence[NewEvent]) -> tuple[list[str], list[str | None], list[str]]:
    """Types, stages and JSON payloads as three arrays."""
    return (
        [event.type.value for event in events],
        [event.stage for event in events],
        [msgspec.json.encode(event.payload).decode() for event in events],
    )


def number_events(
    job_id: UUID, epoch: int, first_seq: int, ts: datetime, events: Sequence[NewEvent]
) -> tuple[Event, ...]:
    return tuple(
        Event(job_id=job_id, seq=first_seq + i, epoch=epoch, type=e.type, ts=ts, stage=e.stage, payload=e.payload)
        for i, e in enumerate(events)
    )


async def first(connection: AsyncConnection, statement: str, *arguments: Any) -> Any:
    """The first row of a statement with $1-style arguments, or null."""
    result = await connection.exec_driver_sql(statement, arguments)
    return result.first()


async def every(connection: AsyncConnection, statement: str, *arguments: Any) -> list[Any]:
    """All rows of a statement with $1-style arguments."""
    result = await connection.exec_driver_sql(statement, arguments)
    return [tuple(row) for row in result]


def _event_of(job_id: UUID, row: Any) -> Event:
    return Event(
        job_id=job_id,
        seq=row[0],
        epoch=row[1],
        type=EventType(row[2]),
        stage=row[3],
        payload=msgspec.json.decode(row[4]),
        ts=row[5],
    )
