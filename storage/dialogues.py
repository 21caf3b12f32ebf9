"""Reading the log of model calls back: as a dialogue in pages, and as a record to be run again from."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.chats import Settings
from domain.errors import DialogueExpired, RecordingMissing
from domain.ids import time_of
from domain.llm import CallFault, Piece, Usage
from domain.replays import RecordedCall, Recording
from storage.direct import Direct
from storage.jobs import find_job

_COLUMNS = """
c.id, c.stage, c.step_no, c.epoch, c.try_no, c.role, c.model, c.prompt, c.prompt_version, c.is_repair, c.own_key,
c.request::text as request, c.response, c.thinking, c.pieces::text as pieces, c.finish_reason, c.request_id,
c.error, c.fault::text as fault, c.input_tokens, c.output_tokens, c.cached_tokens, c.thinking_tokens, c.images,
c.cost_micro_usd, c.calls, c.latency_ms, c.first_token_ms, c.settings::text as settings, c.served_by, c.expired_at,
(select count(*) from llm_calls n where n.job_id = c.job_id and n.id <= c.id) as number
"""
MOST_BYTES = 4 * 1024 * 1024
"""Of the texts of one page; a call that is larger comes alone. A guess: a request that fills a model's window of a
million tokens is about as large."""

_KEPT_BYTES = "pg_column_size(request) + pg_column_size(response) + pg_column_size(thinking) + pg_column_size(pieces)"
_PAGE = f"""
with asked as (
  select id, {_KEPT_BYTES} as kept_bytes from llm_calls
  where job_id = $1 and ($2::uuid is null or id > $2) order by id limit $3::int + 1
), measured as (
  select id, sum(kept_bytes) over (order by id) - kept_bytes as before from asked
)
select (select count(*) from asked) as found, {_COLUMNS} from llm_calls c
join measured m on m.id = c.id and m.before < $4 order by c.id limit $3
"""
"""Cut by what the rows take as they are stored, compressed, which is known without reading them: how much is read at
once is bounded, and the page is cut by its true size then."""

_LEADING = """
from llm_calls c join jobs j on j.id = c.job_id
where c.job_id = $1 and c.epoch > 0 and (
  c.epoch = j.epoch and c.step_no = j.step_no + 1
  or exists (select 1 from job_steps s
             where s.job_id = j.id and s.step_no = c.step_no and s.epoch = c.epoch and s.status = 'done'))
"""
"""Calls of the runs of stages that led to a checkpoint, or to the end of the job."""

_RECORDING = f"select {_COLUMNS} {_LEADING} order by c.id"
_HOW_MANY = "count(*) as calls, count(*) filter (where c.expired_at is not null) as expired"
_RECORDED = f"select {_HOW_MANY} {_LEADING}"
_COUNTS = f"select {_HOW_MANY} from llm_calls c where c.job_id = $1"
_PICTURES = """
select stage, payload ->> 'digest' as digest from job_events
where job_id = $1 and (type = 'evidence.picture' or type = 'warning' and payload ->> 'code' = 'picture_missing')
"""
_SPENDING = """
select c.job_id, count(*) filter (where c.served_by is not null) as served, coalesce(sum(c.calls), 0) as live,
  coalesce(sum(c.cost_micro_usd + coalesce(o.cost_micro_usd, 0)), 0) as cost_micro_usd,
  coalesce(sum(c.cost_micro_usd), 0) as paid_micro_usd
from llm_calls c left join llm_calls o on o.id = c.served_by where c.job_id = any($1::uuid[]) group by c.job_id
"""


class LoggedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One row; `number` is its place in the job, from 1. Once it is expired `request` and the texts are empty."""

    number: int
    id: UUID
    stage: str
    step_no: int
    epoch: int
    try_no: int
    role: str
    model: str
    prompt: str
    prompt_version: str
    is_repair: bool
    own_key: bool
    request: dict[str, Any]
    response: str
    thinking: str
    pieces: tuple[Piece, ...]
    finish_reason: str | None
    request_id: str | None
    error: str | None
    fault: CallFault | None
    usage: Usage
    latency_ms: int
    first_token_ms: int | None
    settings: dict[str, Any]
    served_by: UUID | None
    expired_at: datetime | None

    @property
    def started_at(self) -> datetime:
        return time_of(self.id)

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(milliseconds=self.latency_ms)


class CallPage(msgspec.Struct, frozen=True, kw_only=True):
    calls: list[LoggedCall]
    has_more: bool


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """Of one replay: calls taken from the record and calls made, what all of them cost when they were made, and what
    was paid now. Millionths of a US dollar."""

    served: int
    live: int
    cost_micro_usd: int
    paid_micro_usd: int


async def read_calls(
    auto: Direct, job_id: UUID, *, after: UUID | None = None, limit: int = 100, most_bytes: int = MOST_BYTES
) -> CallPage:
    """In the order in which they began: `limit` calls at most, and no more than their texts take `most_bytes`, but at
    least one."""
    rows = await auto.every(_PAGE, job_id, after, limit, most_bytes)
    calls: list[LoggedCall] = []
    left = most_bytes
    for row in rows:
        left -= _bytes_of(row)
        if calls and left < 0:
            break
        calls.append(_call_of(row))
    return CallPage(calls=calls, has_more=bool(rows) and rows[0]["found"] > len(calls))


async def check_kept(auto: Direct, job_id: UUID) -> None:
    """Raises DialogueExpired when the job has called models and the texts of all calls are gone."""
    row = await auto.first(_COUNTS, job_id)
    if row["calls"] and row["calls"] == row["expired"]:
        raise DialogueExpired(f"job {job_id}")


async def check_recorded(auto: Direct, job_id: UUID) -> None:
    """Raises RecordingMissing and DialogueExpired, as loading the record would."""
    row = await auto.first(_RECORDED, job_id)
    _check(job_id, row["calls"], row["expired"])


async def spending_of(auto: Direct, job_ids: Sequence[UUID]) -> dict[UUID, Spending]:
    """By job; those without any call are left out."""
    rows = await auto.every(_SPENDING, list(job_ids))
    return {row["job_id"]: Spending(**{name: int(row[name]) for name in Spending.__struct_fields__}) for row in rows}


class DatabaseRecordings:
    def __init__(self, auto: Direct) -> None:
        self._auto = auto

    async def load(self, job_id: UUID) -> Recording:
        """Raises NotFound, RecordingMissing for a job without calls or of a release that did not record them,
        DialogueExpired when any of them is past its time of keeping."""
        job = await find_job(self._auto, job_id)
        calls = [_call_of(row) for row in await self._auto.every(_RECORDING, job_id)]
        _check(job_id, len(calls), sum(call.expired_at is not None for call in calls))
        settings = msgspec.convert(calls[0].settings, Settings)
        shown = await self._auto.every(_PICTURES, job_id)
        return Recording(
            job=job,
            settings=settings,
            calls=tuple(_recorded(call) for call in calls),
            pictures=frozenset(row["digest"] for row in shown if row["digest"]),
            missed=frozenset(row["stage"] for row in shown if not row["digest"]),
        )


def _check(job_id: UUID, calls: int, expired: int) -> None:
    if not calls:
        raise RecordingMissing(f"job {job_id}")
    if expired:
        raise DialogueExpired(f"job {job_id}")


def _bytes_of(row: Any) -> int:
    return sum(len(row[name].encode()) for name in ("request", "response", "thinking", "pieces"))


def _call_of(row: Any) -> LoggedCall:
    values = {name: row[name] for name in LoggedCall.__struct_fields__ if name != "usage"}
    for name in ("request", "settings"):
        values[name] = msgspec.json.decode(values[name])
    values["pieces"] = msgspec.json.decode(values["pieces"], type=tuple[Piece, ...])
    values["fault"] = msgspec.json.decode(values["fault"] or "null", type=CallFault | None)
    return LoggedCall(**values, usage=Usage(**{name: row[name] for name in Usage.__struct_fields__ if name in row}))


def _recorded(call: LoggedCall) -> RecordedCall:
    return RecordedCall(
        id=call.id,
        stage=call.stage,
        step_no=call.step_no,
        role=call.role,
        model=call.model,
        prompt=call.prompt,
        request=call.request,
        response=call.response,
        thinking=call.thinking,
        pieces=call.pieces,
        finish_reason=call.finish_reason,
        request_id=call.request_id,
        fault=call.fault,
        usage=call.usage,
        latency_ms=call.latency_ms,
        ended_at=call.ended_at,
    )
