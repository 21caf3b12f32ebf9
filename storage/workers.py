"""What the worker processes and the reconciler ask of PostgreSQL: statements of DESIGN §4.4 and §4.8."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from storage.direct import Direct
from storage.job_rows import AWAITED, LEASE_S

HEARTBEAT_S = 2.0
"""DESIGN §4.4; a cancel is seen within one heartbeat."""
ALIVE_S = 10.0
"""A worker that has not reported for this long has no free slots: five heartbeats."""
RING_AGAIN_S = 3.0
"""A due job whose bell was not heard is rung for again after this long (DESIGN §4.8)."""

BEAT = """
with mine as (
  select * from unnest($7::uuid[], $8::bigint[]) as m(id, epoch)
), beat as (
  insert into workers (slot, incarnation, queue, threads, busy, draining, started_at, seen_at)
  values ($1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp())
  on conflict (slot) do update set incarnation = excluded.incarnation, queue = excluded.queue,
    threads = excluded.threads, busy = excluded.busy, draining = excluded.draining, seen_at = excluded.seen_at,
    started_at = case when workers.incarnation = excluded.incarnation then workers.started_at
                      else excluded.started_at end
), held as (
  select j.id from jobs j join mine m on m.id = j.id
  where j.epoch = m.epoch and j.state = 'running' for update of j skip locked
), extended as (
  update jobs j set lease_until = clock_timestamp() + $9::float8 * interval '1 s' from held where j.id = held.id
)
select m.id, m.epoch, j.epoch = m.epoch and j.state = 'running', j.cancel_requested_at is not null
from mine m left join jobs j on j.id = m.id
"""
"""Extends leases, tells which runs are lost or cancelled, reports the process. A row that its own checkpoint holds
locked in this moment is skipped: it is extended by the next beat."""

_OWN = """
select id from jobs where state = 'running' and lease_owner like $1 and lease_owner <> $2 order by id for update
"""
_EXPIRED = """
select id from jobs where state = 'running' and lease_until < clock_timestamp() - interval '1 s'
order by id limit 100 for update skip locked
"""
_OVERDUE = """
select id from jobs where state in ('queued', 'running', 'waiting') and deadline_at < clock_timestamp()
order by id limit 100 for update skip locked
"""
_FORGOTTEN = f"""
select j.id from jobs j where j.state = 'waiting' and (
  (j.waiting_for->>'kind' = 'children' and j.pending_children <= 0)
  or (j.waiting_for->>'kind' = 'documents' and not exists (
    select 1 from job_waits w join documents d on d.id = w.document_id
    where w.job_id = j.id and {AWAITED})))
order by j.id limit 100 for update of j skip locked
"""
_ORPHANED = """
select c.id from jobs c join jobs p on p.id = c.parent_id
where c.state in ('queued', 'running', 'waiting') and c.cancel_requested_at is null
  and p.state in ('failed', 'cancelled') and not exists (
    select 1 from job_events e where e.job_id = c.id and e.type = 'job.requeued' and e.ts > p.finished_at)
order by c.id limit 100 for update of c skip locked
"""
"""Children nobody waits for any more; one that was requeued on its own since then goes on."""
_RING = """
with free as (
  select queue, sum(greatest(threads - busy, 0)) as n from workers
  where queue = $3 and seen_at > clock_timestamp() - $1::float8 * interval '1 s' and not draining group by queue
), due as (
  select j.id, j.queue, row_number() over (partition by j.queue order by j.priority, j.id) as place
  from jobs j where j.queue = $3 and j.state = 'queued' and j.run_at <= clock_timestamp()
    and (j.rung_at is null or j.rung_at < clock_timestamp() - $2::float8 * interval '1 s')
)
update jobs j set rung_at = clock_timestamp() from due join free on free.queue = due.queue
where j.id = due.id and due.place <= free.n and j.state = 'queued' returning j.queue
"""
_LEFTOVERS = (
    "delete from idempotency_keys where created_at < now() - interval '7 days'",
    "delete from revoked_tokens where expires_at < now()",
    "delete from workers where seen_at < now() - interval '1 day'",
)


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs whose rows are locked by the caller's transaction: lease gone, deadline passed, forgotten waiting, or
    children of a parent that failed or was cancelled."""

    expired: tuple[UUID, ...]
    overdue: tuple[UUID, ...]
    forgotten: tuple[UUID, ...]
    orphaned: tuple[UUID, ...]


def beat_arguments(
    *, slot: str, incarnation: UUID, queue: str, threads: int, draining: bool, runs: Sequence[tuple[UUID, int]]
) -> tuple[Any, ...]:
    """For `BEAT`; `runs` are (job id, epoch)."""
    ids, epochs = [run[0] for run in runs], [run[1] for run in runs]
    return (slot, incarnation, queue, threads, len(runs), draining, ids, epochs, LEASE_S)


async def own_leases(connection: Any, slot: str, owner: str) -> list[UUID]:
    """Jobs that a former process of the same slot left running."""
    pattern = slot.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "/%"
    rows = await connection.exec_driver_sql(_OWN, (pattern, owner))
    return [row[0] for row in rows]


async def overdue_jobs(connection: Any, *, with_leases: bool) -> Overdue:
    """`with_leases` false leaves expired leases alone (the grace after an outage of the database)."""

    async def ids(statement: str) -> tuple[UUID, ...]:
        return tuple(row[0] for row in await connection.exec_driver_sql(statement))

    return Overdue(
        expired=await ids(_EXPIRED) if with_leases else (),
        overdue=await ids(_OVERDUE),
        forgotten=await ids(_FORGOTTEN),
        orphaned=await ids(_ORPHANED),
    )


async def count_bells(engine: Direct, queue: str) -> int:
    """How many bells to ring: one per due job that none is on its way for, never more than free slots; commits."""
    async with engine.connect() as auto:
        rows = await auto.exec_driver_sql(_RING, (ALIVE_S, RING_AGAIN_S, queue))
        return len(rows.all())


async def clear_leftovers(engine: Direct) -> None:
    async with engine.connect() as auto:
        for statement in _LEFTOVERS:
            await auto.exec_driver_sql(statement)
