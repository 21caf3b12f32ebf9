"""Where a queued job stands in line, and how long that takes by what was measured (DESIGN §5)."""

from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.events import first
from storage.workers import ALIVE_S

_PLACE = """
select count(*) filter (where o.state = 'queued' and o.run_at <= clock_timestamp()
                          and (o.priority, o.id) < (j.priority, j.id)) as ahead,
       count(*) filter (where o.state = 'running') as running,
       count(*) filter (where o.state = 'queued') as queued,
       j.family, j.mode, j.queue
from jobs j join jobs o on o.queue = j.queue and o.state in ('queued', 'running')
where j.id = $1 and j.state = 'queued'
group by j.family, j.mode, j.queue, j.priority, j.id
"""
_TIMES = """
select count(*), percentile_cont(0.5) within group (order by s), percentile_cont(0.9) within group (order by s),
  greatest((select sum(threads) from workers where queue = $3
            and seen_at > clock_timestamp() - $4::float8 * interval '1 s' and not draining), 1)
from (select extract(epoch from finished_at - started_at)::float8 as s from jobs
      where family = $1 and mode = $2 and state = 'succeeded' order by finished_at desc limit 200) last
"""
FEW = 10
"""Below this many measured jobs no time is promised (DESIGN §5)."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`position` is the number of due jobs ahead; the times are seconds until the start, null while unknown."""

    position: int
    running: int
    queued: int
    eta_p50_s: float | None
    eta_p90_s: float | None


async def place_of(engine: AsyncEngine, job_id: UUID) -> Place | None:
    """Null for a job that is not queued."""
    async with engine.connect() as auto:
        row = await first(auto, _PLACE, job_id)
        if row is None:
            return None
        ahead, running, queued, family, mode, queue = row
        known, p50, p90, slots = await first(auto, _TIMES, family, mode, queue, ALIVE_S)
    work = (ahead + max(running - slots + 1, 0)) / float(slots)
    return Place(
        position=ahead,
        running=running,
        queued=queued,
        eta_p50_s=round(work * p50, 1) if known >= FEW else None,
        eta_p90_s=round(work * p90, 1) if known >= FEW else None,
    )
