"""Where queued jobs stand in line, and how long that takes by what was measured (DESIGN §5)."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from storage.direct import Direct
from storage.workers import ALIVE_S

_PLACES = """
with asked as (
  select id, family, mode, queue from jobs where id = any($1::uuid[]) and state = 'queued'
), line as (
  select id, row_number() over (partition by queue order by priority, id) - 1 as ahead from jobs
  where state = 'queued' and run_at <= clock_timestamp() and queue in (select queue from asked)
), load as (
  select queue, count(*) filter (where state = 'running') as running, count(*) filter (where state = 'queued') as queued
  from jobs where state in ('queued', 'running') and queue in (select queue from asked) group by queue
), slots as (
  select queue, sum(threads) as n from workers
  where seen_at > clock_timestamp() - $2::float8 * interval '1 s' and not draining group by queue
), times as (
  select kind.family, kind.mode, count(*) as known,
    percentile_cont(0.5) within group (order by last.s) as p50,
    percentile_cont(0.9) within group (order by last.s) as p90
  from (select distinct family, mode from asked) kind
  cross join lateral (
    select extract(epoch from j.finished_at - j.started_at)::float8 as s from jobs j
    where j.family = kind.family and j.mode = kind.mode and j.state = 'succeeded' and j.finished_at is not null
    order by j.finished_at desc limit 200) last
  group by kind.family, kind.mode
)
select asked.id, coalesce(line.ahead, load.queued), load.running, load.queued, coalesce(slots.n, 1),
  coalesce(times.known, 0), times.p50, times.p90
from asked join load using (queue) left join line on line.id = asked.id left join slots using (queue)
left join times on times.family = asked.family and times.mode = asked.mode
"""
"""All asked jobs in one pass over the line. A job that is not due yet stands behind all that are."""

FEW = 10
"""Below this many measured jobs no time is promised (DESIGN §5)."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`position` is the number of due jobs ahead; the times are seconds until the start, null while unknown."""

    position: int
    running: int
    queued: int
    eta_p50_s: float | None
    eta_p90_s: float | None


async def places_of(auto: Direct, job_ids: Sequence[UUID]) -> dict[UUID, Place]:
    """The places of those of the jobs that are queued; one statement."""
    rows = await auto.every(_PLACES, list(job_ids), ALIVE_S)
    return {row[0]: _place(*row[1:]) for row in rows}


def _place(
    ahead: int, running: int, queued: int, slots: int, known: int, p50: float | None, p90: float | None
) -> Place:
    work = (ahead + max(running - slots + 1, 0)) / float(slots)
    return Place(
        position=ahead,
        running=running,
        queued=queued,
        eta_p50_s=round(work * p50, 1) if known >= FEW and p50 is not None else None,
        eta_p90_s=round(work * p90, 1) if known >= FEW and p90 is not None else None,
    )
