"""Checkpoints: a finished stage with its state, told and stored in one fenced statement (DESIGN §4.5)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import LeaseLost
from domain.events import Event, NewEvent
from domain.llm import Usage
from storage.events import INSERT_EVENTS, columns_of, first, number_events

_SAVE = f"""
with job as (
  update jobs set step_no = $3, stage = $5, usage = $8::jsonb, progress = 0,
                  last_seq = last_seq + cardinality($10::text[])
  where id = $1 and epoch = $2 and state = 'running' and step_no = $3 - 1
  returning id, last_seq, epoch, clock_timestamp() as told_at
), step as (
  insert into job_steps (job_id, step_no, stage, epoch, status, next_stage, state, usage, duration_ms)
  select id, $3, $4, $2, 'done', $5, $6, $7::jsonb, $9 from job
), inserted as ({INSERT_EVENTS.format(types="$10::text[]", stages="$11::text[]", payloads="$12::text[]")} returning ts)
select job.last_seq, (select min(ts) from inserted) from job
"""
_SAVED_ALREADY = "select 1 from jobs where id = $1 and epoch = $2 and state = 'running' and step_no = $3"

_FROM_STAGE = """
with kept as (
  select coalesce(min(step_no) filter (where stage = $2), max(step_no) + 1) - 1 as step_no
  from job_steps where job_id = $1
), gone as (
  delete from job_steps s using kept where s.job_id = $1 and s.step_no > kept.step_no
)
update jobs j set step_no = coalesce((select step_no from kept), 0) where j.id = $1
"""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`step_no` is the number of this step (from 1, over all runs). `duration_ms` of the stage, `usage` of the stage,
    `total` of the job."""

    step_no: int
    stage: str
    next_stage: str
    state: bytes
    usage: Usage
    total: Usage
    duration_ms: int


async def save_checkpoint(
    session: AsyncSession, *, job_id: UUID, epoch: int, checkpoint: Checkpoint, events: Sequence[NewEvent]
) -> tuple[Event, ...] | None:
    """Write the step and its events in the session's transaction; the job's row stays locked until the commit.

    Null: an earlier try of the same checkpoint was committed after all; nothing more is to be written. Raises
    `LeaseLost`.
    """
    connection = await session.connection()
    row = await first(
        connection,
        _SAVE,
        job_id,
        epoch,
        checkpoint.step_no,
        checkpoint.stage,
        checkpoint.next_stage,
        checkpoint.state,
        _json(checkpoint.usage),
        _json(checkpoint.total),
        checkpoint.duration_ms,
        *columns_of(events),
    )
    if row is not None:
        return number_events(job_id, epoch, row[0] - len(events) + 1, row[1], events)
    if await first(connection, _SAVED_ALREADY, job_id, epoch, checkpoint.step_no) is None:
        raise LeaseLost(f"job {job_id} epoch {epoch}")
    return None


async def forget_from(session: AsyncSession, job_id: UUID, stage: str) -> None:
    """Forget the checkpoint of `stage` and all later ones, so that the next run starts there again."""
    connection = await session.connection()
    await connection.exec_driver_sql(_FROM_STAGE, (job_id, stage))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
