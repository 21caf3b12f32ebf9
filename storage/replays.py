"""Which jobs are replays of which, and forgetting what models were asked."""

from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables.llm import ReplayRow

BLANKED = """
request = '{}', response = '', thinking = '', pieces = '[]', fault = null, settings = '{}',
expired_at = coalesce(expired_at, now())
"""
"""What a call is without its texts: figures are counted as long as their user is there."""

REMOVED = """
with gone as (
  delete from jobs where id in ({which})
  returning id, user_id, reserved_micro_usd, settled_micro_usd,
    coalesce(quota_period, to_char(now() at time zone 'utc', 'YYYY-MM')) as period
), owed as (
  select user_id, period, sum(reserved_micro_usd)::bigint as held, sum(greatest(
    (select coalesce(sum(c.cost_micro_usd), 0) from llm_calls c where c.job_id = gone.id) - settled_micro_usd, 0
  ))::bigint as spent
  from gone group by user_id, period
), settled as (
  update quotas q set reserved = greatest(q.reserved - owed.held, 0), used = q.used + owed.spent from owed
  where q.user_id = owed.user_id and q.kind = 'micro_usd' and q.period = owed.period
)
select id from gone
"""
"""Deletes jobs. What unfinished ones had set aside is given back, and what they have cost is paid, as at the end of a
job."""

_REPLAYS_OF_CHAT = REMOVED.format(
    which="select r.job_id from replays r join jobs source on source.id = r.source_job_id where source.chat_id = $1"
)
_CALLS_OF_CHAT = f"""
update llm_calls set {BLANKED}
where job_id in (select id from jobs where chat_id = $1) or job_id = any($2::uuid[])
"""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    job_id: UUID
    source_job_id: UUID


class ReplayRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, job_id: UUID, *, source_job_id: UUID, owner_id: UUID, trial_id: UUID | None) -> None:
        self._session.add(ReplayRow(job_id=job_id, source_job_id=source_job_id, owner_id=owner_id, trial_id=trial_id))
        await self._session.flush()

    async def of_trial(self, trial_id: UUID) -> list[Replay]:
        """In the order in which they were asked for; without those whose recorded job is gone."""
        rows = await self._session.scalars(
            select(ReplayRow).where(ReplayRow.trial_id == trial_id).order_by(ReplayRow.job_id)
        )
        return [Replay(job_id=row.job_id, source_job_id=row.source_job_id) for row in rows if row.source_job_id]


async def forget_dialogues(session: AsyncSession, chat_id: UUID) -> None:
    """Of a chat that is being deleted: what models were asked by its jobs, and the replays of these jobs.

    What a job still writes while its chat goes is swept later (`storage.llm_retention`).
    """
    connection = await session.connection()
    gone = (await connection.exec_driver_sql(_REPLAYS_OF_CHAT, (chat_id,))).all()
    await connection.exec_driver_sql(_CALLS_OF_CHAT, (chat_id, [row[0] for row in gone]))
