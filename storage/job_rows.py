"""The statements of `storage.jobs`, and how a job's row becomes a `Job`. Arguments are $1-style; times are
PostgreSQL's clock."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.events import NewEvent
from domain.jobs import Job, JobError, JobState, NewJob
from domain.llm import Usage
from domain.replays import replay_of
from domain.rules_jobs import Change, Facts
from storage.events import INSERT_EVENTS, columns_of

LEASE_S = 15.0
"""How long a worker may be silent before another takes over (DESIGN §4.2)."""

JOB_COLUMNS = """
j.id, j.user_id, j.family, j.mode, j.queue, j.state, j.payload::text, j.priority, j.attempt, j.max_attempts, j.crashes,
j.max_crashes, j.epoch, j.last_seq, j.run_at, j.created_at, j.chat_id, j.document_id, j.parent_id, j.ordering_key,
j.ordering_no, j.pending_children, j.lease_owner, j.lease_until, j.deadline_at, j.cancel_requested_at, j.stage,
j.step_no, j.progress, j.waiting_for::text, j.result::text, j.error::text, j.usage::text, j.started_at, j.finished_at,
j.reserved_micro_usd, j.settled_micro_usd, j.prompt_pins::text, j.forgotten_at
"""

FACT_COLUMNS = """
j.id, j.state, j.epoch, j.attempt, j.max_attempts, j.crashes, j.max_crashes, j.run_at <= clock_timestamp(),
coalesce(j.lease_until < clock_timestamp(), j.state = 'running'), coalesce(j.deadline_at < clock_timestamp(), false),
j.cancel_requested_at is not null, j.family, j.queue, j.parent_id, j.document_id, j.ordering_key,
j.reserved_micro_usd > 0 or (j.usage->>'cost_micro_usd')::bigint > 0
"""
FACTS = f"select {FACT_COLUMNS} from jobs j where j.id = $1 for update"

ACCEPT = f"""
with room as (
  select count(*) < $17::int as free from (select 1 from jobs where queue = $5 and state = 'queued' limit $17::int) q
), job as (
  insert into jobs (id, user_id, family, mode, queue, priority, payload, chat_id, document_id, parent_id, ordering_key,
    ordering_no, run_at, rung_at, max_attempts, max_crashes, deadline_at, deadline_in_s, last_seq,
    reserved_micro_usd, quota_period)
  select $1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10::uuid, $11, $12,
    clock_timestamp() + $13::float8 * interval '1 s', clock_timestamp(), $14, $15,
    clock_timestamp() + $16::float8 * interval '1 s', $16::float8, cardinality($18::text[]), $21::bigint,
    case when $21::bigint > 0 then to_char(now() at time zone 'utc', 'YYYY-MM') end
  from room where room.free or $10::uuid is not null
  returning id, last_seq, epoch, clock_timestamp() as told_at
), inserted as ({INSERT_EVENTS.format(types="$18::text[]", stages="$19::text[]", payloads="$20::text[]")} returning ts)
select min(ts) from inserted
"""
"""A child (parent given) is accepted however full the queue is: its parent was."""

_CHANGE = f"""
with job as (
  update jobs j set
    state = $2::text, epoch = $3, attempt = $4, crashes = $5,
    run_at = case when $6::float8 is null then j.run_at else clock_timestamp() + $6::float8 * interval '1 s' end,
    rung_at = null,
    lease_owner = case when $7::bool then $8::text when $2::text = 'running' then j.lease_owner end,
    lease_until = case when $7::bool then clock_timestamp() + $9::float8 * interval '1 s'
                       when $2::text = 'running' then j.lease_until end,
    append_no = case when $7::bool then 0 else j.append_no end,
    cancel_requested_at = case when $10::bool then clock_timestamp()
                               when $11::bool then null else j.cancel_requested_at end,
    deadline_at = case when $2::text = 'waiting' then null
                       when $11::bool or j.state = 'waiting' then clock_timestamp() + j.deadline_in_s * interval '1 s'
                       else j.deadline_at end,
    waiting_for = case when $2::text = 'waiting' then $12::jsonb end,
    error = $13::jsonb,
    result = case when $2::text = 'succeeded' then $14::jsonb when $11::bool then null else j.result end,
    usage = coalesce($15::jsonb, j.usage),
    stage = case when $11::bool then null when $7::bool then ($18::text[])[cardinality($18::text[])] else j.stage end,
    progress = case when $2::text = 'succeeded' then 1 when $11::bool then 0 else j.progress end,
    started_at = case when $7::bool then coalesce(j.started_at, clock_timestamp()) else j.started_at end,
    finished_at = case when $2::text in ('succeeded', 'failed', 'cancelled') then clock_timestamp() end,
    ordering_no = coalesce($16::int, j.ordering_no),
    last_seq = j.last_seq + cardinality($17::text[])
  where j.id = $1 %(guard)s
  returning j.*, clock_timestamp() as told_at
), inserted as ({INSERT_EVENTS.format(types="$17::text[]", stages="$18::text[]", payloads="$19::text[]")} returning ts)
select (select min(ts) from inserted), %(columns)s from job j
"""
CHANGE = _CHANGE % {"guard": "", "columns": JOB_COLUMNS}
"""Of a row that the caller holds locked."""
TAKE = _CHANGE % {
    "guard": "and j.id = (select id from jobs where id = $1 for update skip locked) and j.epoch = $3 - 1 "
    "and j.state = 'queued'",
    "columns": JOB_COLUMNS,
}
"""Of a row that is still as queued as `DUE` read it: an epoch is queued once, so what was decided holds for it."""
END = _CHANGE % {
    "guard": "and j.epoch = $3 and j.state = 'running' and j.reserved_micro_usd = 0 and j.parent_id is null "
    "and j.document_id is null and coalesce((j.usage->>'cost_micro_usd')::bigint, 0) = 0",
    "columns": "j.last_seq",
}
"""Of a row that is still the run's of this epoch, and that nothing else hangs on: what was decided holds for it."""

_DUE = f"""
with recursive users_due as (
  (select user_id from jobs where queue = $1 and state = 'queued' order by user_id limit 1)
  union all
  select (select user_id from jobs where queue = $1 and state = 'queued' and user_id > u.user_id
          order by user_id limit 1)
  from users_due u where u.user_id is not null
), candidates as (
  select u.user_id, head.id, head.priority, busy.n as busy
  from users_due u
  cross join lateral (
    select count(*) as n from jobs r where r.user_id = u.user_id and r.state = 'running' and r.queue = $1) busy
  cross join lateral (
    select c.id, c.priority from jobs c
    where c.queue = $1 and c.state = 'queued' and c.user_id = u.user_id and c.run_at <= clock_timestamp()
      and c.family <> all($5::text[])
      and (c.ordering_key is null or not exists (
        select 1 from jobs o where o.ordering_key = c.ordering_key and o.id <> c.id
          and o.state in ('queued', 'running', 'waiting')
          and (o.state = 'running' or (o.ordering_no < c.ordering_no
               and not (o.state = 'queued' and o.run_at > clock_timestamp() + $2::float8 * interval '1 s')))))
    order by c.priority, c.id limit 7 + $4::int) head
  where u.user_id is not null and busy.n < $3
), ranked as (
  select id, priority, busy + row_number() over (partition by user_id order by priority, id) - 1 as busy from candidates
)
select {FACT_COLUMNS}, step.next_stage, step.state, (select count(*) from ranked where busy < $3)
from jobs j join ranked c on c.id = j.id and c.busy < $3
left join lateral (
  select s.next_stage, s.state, s.step_no from job_steps s where s.job_id = j.id and s.status = 'done'
  order by s.step_no desc limit 1) step on true
where j.state = 'queued' and j.run_at <= clock_timestamp() and coalesce(step.step_no, 0) = j.step_no
order by c.priority, c.busy, c.id limit $4::int
"""
DUE = _DUE
"""The best $4 due jobs of a queue: of each user's first due jobs (a loose index scan over users keeps this flat at ten
thousand queued jobs of one user), by priority, how many the user has running before it, and age; none of the families
$5. The last column counts all that are due. Nothing is locked."""
CLAIMABLE = f"{_DUE} for update of j skip locked"
"""The same, locked. The row is that of the moment it is locked, the step that of the statement's beginning; a job that
was run in between is left to the next claim."""

PARENT_OF_CHILDREN = """
select id from jobs where id = $1 and state = 'waiting' and waiting_for->>'kind' = 'children' for update
"""
COUNT_CHILDREN = """
update jobs j set pending_children = (
  select count(*) from jobs c where c.parent_id = j.id and c.state in ('queued', 'running', 'waiting'))
where j.id = $1 returning j.pending_children
"""

AWAITED = "(d.status = 'reading' or d.recognition_state = 'pending') and d.deleted_at is null"
"""Of `documents d`: whether more of it is going to be known by itself (`domain.documents.Document.is_awaited`)."""

READING = f"select d.id from documents d where d.id = any($1::uuid[]) and {AWAITED} for share of d"


GET = f"select {JOB_COLUMNS} from jobs j where j.id = $1"

SET_SCOPE = """
update jobs set payload = jsonb_set(payload, '{scope}', $2::jsonb), run_at = clock_timestamp(),
  rung_at = clock_timestamp()
where id = $1 and state = 'queued' and attempt = 0 and epoch = 0 and payload->'scope' = 'null'::jsonb returning queue
"""

LIST = f"""
select {JOB_COLUMNS} from jobs j
where ($1::uuid is null or j.user_id = $1) and ($2::text is null or j.state = $2)
  and ($3::text is null or j.family = $3) and ($4::uuid is null or j.id < $4)
order by j.id desc limit $5
"""

SETTLE = """
with job as (
  select id, user_id, reserved_micro_usd, settled_micro_usd,
    coalesce(quota_period, to_char(now() at time zone 'utc', 'YYYY-MM')) as period,
    greatest($2::bigint, settled_micro_usd,
      (select coalesce(sum(cost_micro_usd), 0)::bigint from llm_calls where job_id = $1)) as total
  from jobs where id = $1
), closed as (
  update jobs j set reserved_micro_usd = 0, settled_micro_usd = job.total, quota_period = null from job
  where j.id = job.id
)
update quotas q set reserved = greatest(q.reserved - job.reserved_micro_usd, 0),
  used = q.used + job.total - job.settled_micro_usd
from job where q.user_id = job.user_id and q.kind = 'micro_usd' and q.period = job.period
"""
"""Turns what the job had reserved of a month's quota into what it really spent, once per end: of the month that it was
reserved of. The log of calls knows more than the job's own sum when a worker died in a stage."""

APPEND_ANY = f"""
with job as (update jobs set last_seq = last_seq + cardinality($2::text[]) where id = $1
  returning id, last_seq, epoch, clock_timestamp() as told_at),
inserted as ({INSERT_EVENTS.format(types="$2::text[]", stages="$3::text[]", payloads="$4::text[]")} returning ts)
select job.last_seq, job.epoch, (select min(ts) from inserted) from job
"""


class Subject(msgspec.Struct, frozen=True):
    """What a job belongs to, as read with its facts."""

    family: str
    queue: str
    parent_id: UUID | None
    document_id: UUID | None
    ordering_key: UUID | None
    has_cost: bool | None


def facts_of(row: Sequence[Any]) -> Facts:
    """What `rules_jobs.decide` is told of a row of `FACT_COLUMNS`."""
    return Facts(JobState(row[1]), *row[2:11])


def subject_of(row: Sequence[Any]) -> Subject:
    return Subject(*row[11:17])


def job_of(row: Sequence[Any]) -> Job:
    """A job from the columns of `JOB_COLUMNS`, in that order."""
    values = dict(zip(_JOB_FIELDS, row, strict=True))
    for name in ("payload", "waiting_for", "result", "prompt_pins"):
        values[name] = msgspec.json.decode(values[name]) if values[name] is not None else None
    values["error"] = msgspec.json.decode(values["error"], type=JobError) if values["error"] else None
    values["usage"] = msgspec.json.decode(values["usage"], type=Usage)
    values["state"] = JobState(values["state"])
    return Job(**values)


_JOB_FIELDS = tuple(
    part.strip().removeprefix("j.").removesuffix("::text") for part in JOB_COLUMNS.replace("\n", " ").split(",")
)


def accept_arguments(job: NewJob) -> tuple[Any, ...]:
    return (
        job.id,
        job.user_id,
        job.family,
        job.mode,
        job.queue,
        job.priority,
        msgspec.json.encode(job.payload).decode(),
        job.chat_id,
        job.document_id,
        job.parent_id,
        job.ordering_key,
        job.ordering_no,
        job.run_in_s,
        job.max_attempts,
        job.max_crashes,
        job.deadline_in_s,
    )


def queued_payload(job: NewJob) -> dict[str, Any]:
    payload: dict[str, Any] = {"family": job.family, "mode": job.mode, "queue": job.queue}
    if job.chat_id is not None:
        payload["chat_id"] = str(job.chat_id)
    if job.document_id is not None:
        payload["document_id"] = str(job.document_id)
    if (wish := replay_of(job)) is not None:
        payload["replay_of"] = str(wish.of)
    return payload


def change_arguments(
    job_id: UUID,
    change: Change,
    owner: str | None,
    result: dict[str, Any] | None,
    usage: Usage | None,
    ordering_no: int | None,
    events: Sequence[NewEvent],
) -> tuple[Any, ...]:
    return (
        job_id,
        change.state.value,
        change.epoch,
        change.attempt,
        change.crashes,
        change.run_in_s,
        change.takes_lease,
        owner,
        LEASE_S,
        change.cancel_requested,
        change.renews_deadline,
        as_json(change.event.payload if change.state is JobState.WAITING else None),
        as_json(change.error),
        as_json(result),
        as_json(usage),
        ordering_no,
        *columns_of(events),
    )


def as_json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
