"""What users may spend on models in a month (UTC). Room is set aside when a job is accepted and settled at its end, so
that jobs side by side cannot exceed it together."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import LeaseLost, QuotaExceeded
from domain.jobs import Job
from storage.direct import Direct
from storage.events import first

KIND = "micro_usd"
LEAST_MICRO_USD = 5_000
"""Half a cent: a job with less could not ask one question. A guess."""

_MONTH = "to_char(now() at time zone 'utc', 'YYYY-MM')"
_RESERVE = f"""
with room as (
  select least($3::bigint, cap - used - reserved) as amount from quotas
  where user_id = $1 and kind = $2 and period = {_MONTH} for update
), taken as (
  update quotas q set reserved = q.reserved + room.amount from room
  where q.user_id = $1 and q.kind = $2 and q.period = {_MONTH} and room.amount >= $4::bigint
)
select amount from room
"""
_OPEN = f"""
insert into quotas (user_id, kind, period, cap)
select user_id, kind, {_MONTH}, cap from quotas where user_id = $1 and kind = $2 order by period desc limit 1
on conflict do nothing returning 1
"""
"""The first job of a month takes over the cap of the last one."""
_RESERVED = f"update jobs set reserved_micro_usd = $2, quota_period = {_MONTH} where id = $1"
_SET = f"""
with unsettled as (
  select least(
    coalesce(sum(c.cost_micro_usd) filter (where c.created_at >= date_trunc('month', now(), 'UTC')), 0),
    greatest(coalesce(sum(c.cost_micro_usd), 0) - j.settled_micro_usd, 0)) as cost
  from jobs j join llm_calls c on c.job_id = j.id
  where j.user_id = $1 and j.state in ('queued', 'running', 'waiting') group by j.id, j.settled_micro_usd
)
insert into quotas (user_id, kind, period, cap, used, reserved)
select $1, $2, {_MONTH}, $3,
  greatest(coalesce((select sum(cost_micro_usd) from llm_calls where user_id = $1
                     and created_at >= date_trunc('month', now(), 'UTC')), 0)
           - coalesce((select sum(cost) from unsettled), 0), 0),
  coalesce((select sum(reserved_micro_usd) from jobs where user_id = $1 and quota_period = {_MONTH}
            and state in ('queued', 'running', 'waiting')), 0)
on conflict (user_id, kind, period) do update set cap = $3
"""
"""A first cap counts what the month has cost so far, and what open jobs still hold of a cap that was taken away. What
open jobs have cost counts when they end, once."""

_EXTEND = f"""
with job as (
  select id, user_id, reserved_micro_usd as held, coalesce(quota_period, {_MONTH}) as period
  from jobs where id = $1 and epoch = $2 and state = 'running' for update
), room as (
  select q.user_id, q.period, greatest(least($4::bigint - job.held, q.cap - q.used - q.reserved), 0) as more
  from quotas q join job on job.user_id = q.user_id and job.period = q.period where q.kind = $3 for update of q
), taken as (
  update quotas q set reserved = q.reserved + room.more from room
  where q.user_id = room.user_id and q.kind = $3 and q.period = room.period and room.more > 0
), noted as (
  update jobs j set reserved_micro_usd = j.reserved_micro_usd + room.more, quota_period = room.period
  from job cross join room where j.id = job.id and room.more > 0
)
select job.user_id, room.user_id is not null, job.held + coalesce(room.more, 0) from job left join room on true
"""
_GET = f"""
select cap, case when period = {_MONTH} then used else 0 end, case when period = {_MONTH} then reserved else 0 end
from quotas where user_id = $1 and kind = $2 order by period desc limit 1
"""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Of this month, in millionths of a US dollar; `reserved` is set aside for jobs that have not ended."""

    cap_micro_usd: int
    used_micro_usd: int
    reserved_micro_usd: int


class DatabasePurse:
    """See `domain.ports.Purse`; each call is a transaction of its own."""

    def __init__(self, auto: Direct) -> None:
        self._auto = auto

    async def extend(self, job: Job, reserved_micro_usd: int) -> int | None:
        arguments = (job.id, job.epoch, KIND, reserved_micro_usd)
        row = await self._auto.first(_EXTEND, *arguments)
        if row is not None and not row[1] and await self._auto.first(_OPEN, row[0], KIND) is not None:
            row = await self._auto.first(_EXTEND, *arguments)
        if row is None:
            raise LeaseLost(f"job {job.id} epoch {job.epoch}")
        return row[2] if row[1] else None


class QuotaRepository:
    """`job_micro_usd` is what one job may spend at most."""

    def __init__(self, session: AsyncSession, job_micro_usd: int) -> None:
        self._session = session
        self._job_micro_usd = job_micro_usd

    async def reserve(self, user_id: UUID) -> int:
        """Set aside what a job may spend, less when the month has less left; 0 for a user without a quota.

        Raises QuotaExceeded when next to nothing is left.
        """
        connection = await self._session.connection()
        arguments: tuple[Any, ...] = (user_id, KIND, self._job_micro_usd, LEAST_MICRO_USD)
        row = await first(connection, _RESERVE, *arguments)
        if row is None and await first(connection, _OPEN, user_id, KIND) is not None:
            row = await first(connection, _RESERVE, *arguments)
        if row is None:
            return 0
        if row[0] < LEAST_MICRO_USD:
            raise QuotaExceeded(KIND)
        return row[0]

    async def reserve_again(self, user_id: UUID, job_id: UUID) -> None:
        """The same for a job that is to run again."""
        if amount := await self.reserve(user_id):
            connection = await self._session.connection()
            await connection.exec_driver_sql(_RESERVED, (job_id, amount))

    async def set_cap(self, user_id: UUID, cap_micro_usd: int | None) -> None:
        """From this month on; null: no limit."""
        connection = await self._session.connection()
        if cap_micro_usd is None:
            await connection.exec_driver_sql("delete from quotas where user_id = $1 and kind = $2", (user_id, KIND))
        else:
            await connection.exec_driver_sql(_SET, (user_id, KIND, cap_micro_usd))

    async def get(self, user_id: UUID) -> Quota | None:
        """Null: no limit."""
        connection = await self._session.connection()
        row = await first(connection, _GET, user_id, KIND)
        if row is None:
            return None
        return Quota(cap_micro_usd=row[0], used_micro_usd=row[1], reserved_micro_usd=row[2])
