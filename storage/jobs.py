"""Jobs in PostgreSQL: accept, claim and every transition. Each reads the row under lock, asks
`rules_jobs.decide`, and writes the change with its event in one statement (DESIGN §4)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain import rules_jobs
from domain.errors import NotFound, QueueFull
from domain.events import EventType, NewEvent
from domain.family import Ended
from domain.jobs import TERMINAL, Claim, Job, JobError, JobState, NewJob
from domain.llm import Usage
from domain.ports import UnitOfWork
from domain.rules_jobs import Change, Command, Decision, Facts, Refused
from storage.events import INSERT_EVENTS, columns_of, first, number_events
from storage.outbox import Outbox

LEASE_S = 15.0
"""How long a worker may be silent before another takes over (DESIGN §4.2)."""

BACKING_OFF_S = 10.0
"""A job that waits longer than this for its next try does not hold back later ones of its chat (DESIGN §4.2)."""

_JOB_COLUMNS = """
j.id, j.user_id, j.family, j.mode, j.queue, j.state, j.payload::text, j.priority, j.attempt, j.max_attempts, j.crashes,
j.max_crashes, j.epoch, j.last_seq, j.run_at, j.created_at, j.chat_id, j.document_id, j.parent_id, j.ordering_key,
j.ordering_no, j.pending_children, j.lease_owner, j.lease_until, j.deadline_at, j.cancel_requested_at, j.stage,
j.step_no, j.progress, j.waiting_for::text, j.result::text, j.error::text, j.usage::text, j.started_at, j.finished_at
"""

_FACTS = """
select j.state, j.epoch, j.attempt, j.max_attempts, j.crashes, j.max_crashes, j.run_at <= clock_timestamp(),
  coalesce(j.lease_until < clock_timestamp(), j.state = 'running'), coalesce(j.deadline_at < clock_timestamp(), false),
  j.cancel_requested_at is not null, j.family, j.queue, j.parent_id, j.document_id, j.ordering_key
from jobs j where j.id = $1 for update
"""

_ACCEPT = """
insert into jobs (id, user_id, family, mode, queue, priority, payload, chat_id, document_id, parent_id, ordering_key,
  ordering_no, run_at, rung_at, max_attempts, max_crashes, deadline_at, deadline_in_s, last_seq)
values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12, clock_timestamp() + $13 * interval '1 s',
  clock_timestamp(), $14, $15, clock_timestamp() + $16::float8 * interval '1 s', $16::float8, 0)
"""

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
    cancel_requested_at = case when $10::bool then clock_timestamp() when $11::bool then null else j.cancel_requested_at end,
    deadline_at = case when $11::bool then clock_timestamp() + j.deadline_in_s * interval '1 s' else j.deadline_at end,
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
  where j.id = $1
  returning j.*
), inserted as ({INSERT_EVENTS.format(types="$17::text[]", stages="$18::text[]", payloads="$19::text[]")} returning ts)
select (select min(ts) from inserted), {_JOB_COLUMNS} from job j
"""

_CLAIMABLE = """
with recursive users_due as (
  (select user_id from jobs where queue = $1 and state = 'queued' order by user_id limit 1)
  union all
  select (select user_id from jobs where queue = $1 and state = 'queued' and user_id > u.user_id
          order by user_id limit 1)
  from users_due u where u.user_id is not null
), candidates as (
  select head.id, head.priority, busy.n as busy
  from users_due u
  cross join lateral (
    select count(*) as n from jobs r where r.user_id = u.user_id and r.state = 'running' and r.queue = $1) busy
  cross join lateral (
    select c.id, c.priority from jobs c
    where c.queue = $1 and c.state = 'queued' and c.user_id = u.user_id and c.run_at <= clock_timestamp()
      and (c.ordering_key is null or not exists (
        select 1 from jobs o where o.ordering_key = c.ordering_key and o.id <> c.id
          and o.state in ('queued', 'running', 'waiting')
          and (o.state = 'running' or (o.ordering_no < c.ordering_no
               and not (o.state = 'queued' and o.run_at > clock_timestamp() + $2::float8 * interval '1 s')))))
    order by c.priority, c.id limit 8) head
  where u.user_id is not null and busy.n < $3
)
select j.id from jobs j join candidates c on c.id = j.id
where j.state = 'queued' and j.run_at <= clock_timestamp()
order by c.priority, c.busy, c.id limit 1
for update of j skip locked
"""
"""The best due job of a queue: of each user's first eight due jobs (a loose index scan over users keeps this flat at
ten thousand queued jobs of one user), by priority, how many the user has running, and age."""

_CHECKPOINT = """
select next_stage, state, step_no from job_steps where job_id = $1 and status = 'done' order by step_no desc limit 1
"""

_READING = "select id from documents where id = any($1::uuid[]) and status = 'reading' and deleted_at is null for share"


StageStarted = Callable[[str, str | None], NewEvent]
"""(family, next stage or null for the first) -> the event that tells the stage has started."""

AlsoTell = Callable[[str], Sequence[NewEvent]]
"""(family) -> events that follow the command's own."""


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a command; `job` is the row after it (null unless it changed)."""

    decision: Decision
    job: Job | None = None


class JobRepository:
    """Jobs inside one unit of work. Events and bells go to its outbox, which is delivered after the commit."""

    def __init__(
        self, session: AsyncSession, uow: UnitOfWork, outbox: Outbox, on_end: Mapping[str, Ended], queue_limit: int
    ) -> None:
        self._session = session
        self._uow = uow
        self._outbox = outbox
        self._on_end = on_end
        self._queue_limit = queue_limit

    async def accept(self, job: NewJob) -> None:
        """Insert the job and its event `job.queued`. Raises QueueFull before anything is written."""
        connection = await self._session.connection()
        if job.parent_id is None:
            due = await first(connection, _COUNT_QUEUED, job.queue, self._queue_limit)
            if due[0] >= self._queue_limit:
                raise QueueFull(job.queue, retry_after_s=15.0)
        await connection.exec_driver_sql(_ACCEPT, _accept_arguments(job))
        await self.append(job.id, NewEvent(type=EventType.JOB_QUEUED, payload=_queued_payload(job)))
        if job.run_in_s <= 0:
            self._outbox.queues.append(job.queue)

    async def append(self, job_id: UUID, *events: NewEvent) -> None:
        """Append to the log of a job of any state, as the api or the reconciler."""
        connection = await self._session.connection()
        row = await first(connection, _APPEND_ANY, job_id, *columns_of(events))
        if row is None:
            raise NotFound(f"job {job_id}")
        last_seq, epoch, ts = row
        self._outbox.events.extend(number_events(job_id, epoch, last_seq - len(events) + 1, ts, events))

    async def get(self, job_id: UUID) -> Job:
        """Raises NotFound. The caller checks who may see it."""
        connection = await self._session.connection()
        row = await first(connection, f"select {_JOB_COLUMNS} from jobs j where j.id = $1", job_id)
        if row is None:
            raise NotFound(f"job {job_id}")
        return job_of(row)

    async def claim(self, queue: str, *, owner: str, user_cap: int, stage_started: StageStarted) -> Claim | None:
        """The best due job of the queue, now running under a new epoch and lease; null when nothing is due.

        `stage_started` makes the event of the stage that runs next, so that it is part of this commit.
        """
        connection = await self._session.connection()
        row = await first(connection, _CLAIMABLE, queue, BACKING_OFF_S, user_cap)
        if row is None:
            return None
        job_id: UUID = row[0]
        checkpoint = await first(connection, _CHECKPOINT, job_id)
        next_stage, state = (checkpoint[0], checkpoint[1]) if checkpoint else (None, None)
        done = await self.transition(
            job_id, rules_jobs.Claim(), owner=owner, also=lambda family: (stage_started(family, next_stage),)
        )
        if done.job is None or done.job.state is not JobState.RUNNING:
            return None
        return Claim(job=done.job, next_stage=next_stage, state=state)

    async def transition(
        self,
        job_id: UUID,
        command: Command,
        *,
        owner: str | None = None,
        result: dict[str, Any] | None = None,
        usage: Usage | None = None,
        before: Sequence[NewEvent] = (),
        also: AlsoTell | None = None,
    ) -> Transition:
        """Do `command` to the job if the rules allow it. Raises NotFound for an unknown job.

        `before` are events told just before that of the command (in the same statement), `also` makes those after it,
        only when the job runs afterwards.
        """
        connection = await self._session.connection()
        row = await first(connection, _FACTS, job_id)
        if row is None:
            raise NotFound(f"job {job_id}")
        subject = _Subject(*row[10:])
        decision = rules_jobs.decide(_facts_of(row), command)
        if not isinstance(decision, Change):
            return Transition(decision=decision)
        events = [*before, decision.event]
        if also is not None and decision.state is JobState.RUNNING:
            events += also(subject.family)
        ordering_no = await self._line_end(connection, subject, decision)
        written = await first(
            connection, _CHANGE, *_change_arguments(job_id, decision, owner, result, usage, ordering_no, events)
        )
        job = job_of(written[1:])
        self._outbox.events.extend(number_events(job_id, job.epoch, job.last_seq - len(events) + 1, written[0], events))
        await self._follow(connection, subject, decision, job)
        return Transition(decision=decision, job=job)

    async def park(
        self, job_id: UUID, epoch: int, *, document_ids: Sequence[UUID], reason: dict[str, Any]
    ) -> Transition:
        """Make the job wait for those of the documents that are being read; none left: it is due at once.

        The documents are locked first, so that their reading cannot end unseen in between.
        """
        connection = await self._session.connection()
        rows = await connection.exec_driver_sql(_READING, (list(document_ids),))
        reading = [row[0] for row in rows]
        if not reading:
            return await self.transition(job_id, rules_jobs.HandBack(epoch=epoch, reason="documents_ready"))
        parked = await self.transition(job_id, rules_jobs.Park(epoch=epoch, reason=reason))
        if not isinstance(parked.decision, Refused):
            await connection.exec_driver_sql(
                "insert into job_waits (job_id, document_id) select $1, unnest($2::uuid[]) on conflict do nothing",
                (job_id, reading),
            )
        return parked

    async def set_scope(self, job_id: UUID, scope: dict[str, Any]) -> bool:
        """Tell a held back job its scope, once: the first wins. The job is due at once; false when it was too late."""
        connection = await self._session.connection()
        row = await first(connection, _SET_SCOPE, job_id, _json(scope))
        if row is None:
            return False
        await self.append(job_id, NewEvent(type=EventType.JOB_SCOPED, payload={"scope": scope}))
        self._outbox.queues.append(row[0])
        return True

    async def newest_of_chat(self, chat_id: UUID) -> UUID | None:
        connection = await self._session.connection()
        row = await first(connection, "select id from jobs where chat_id = $1 order by id desc limit 1", chat_id)
        return row[0] if row else None

    async def unfinished_of_chat(self, chat_id: UUID) -> list[UUID]:
        connection = await self._session.connection()
        rows = await connection.exec_driver_sql(
            "select id from jobs where chat_id = $1 and state in ('queued', 'running', 'waiting') order by id",
            (chat_id,),
        )
        return [row[0] for row in rows]

    async def list_of(
        self,
        *,
        user_id: UUID | None = None,
        state: str | None = None,
        family: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Newest first; null filters nothing. `before` is the last id of the former page."""
        connection = await self._session.connection()
        rows = await connection.exec_driver_sql(_LIST, (user_id, state, family, before, limit))
        return [job_of(row) for row in rows]

    async def spawn(self, job_id: UUID, epoch: int, children: Sequence[NewJob]) -> None:
        """Accept the children and make the job wait for all of them; the last to end wakes it."""
        connection = await self._session.connection()
        await self.transition(
            job_id, rules_jobs.Park(epoch=epoch, reason={"kind": "children", "children": len(children)})
        )
        await connection.exec_driver_sql("update jobs set pending_children = $2 where id = $1", (job_id, len(children)))
        for child in children:
            await self.accept(msgspec.structs.replace(child, parent_id=job_id))
        if not children:
            await self.transition(job_id, rules_jobs.Wake())

    async def wake_waiting_for(self, document_id: UUID) -> None:
        """The reading of the document ended (or it was deleted): wake whoever waits for nothing else."""
        connection = await self._session.connection()
        rows = await connection.exec_driver_sql(
            "delete from job_waits where document_id = $1 returning job_id", (document_id,)
        )
        for (job_id,) in sorted(rows.all()):
            left = await first(connection, "select 1 from job_waits where job_id = $1 limit 1", job_id)
            if left is None:
                await self.transition(job_id, rules_jobs.Wake())

    async def _line_end(self, connection: AsyncConnection, subject: "_Subject", change: Change) -> int | None:
        """A requeued job joins the end of its chat's line: the chat's next number."""
        if change.event.type is not EventType.JOB_REQUEUED or subject.ordering_key is None:
            return None
        row = await first(
            connection,
            "update chats set next_no = next_no + 1 where id = $1 returning next_no - 1",
            subject.ordering_key,
        )
        return row[0] if row else None

    async def _follow(self, connection: AsyncConnection, subject: "_Subject", change: Change, job: Job) -> None:
        """What a change means for others: a bell, the parent's counter, waiting jobs, the family's own rows."""
        if job.state is JobState.QUEUED and not change.run_in_s:
            self._outbox.queues.append(job.queue)
        if job.state not in TERMINAL:
            return
        await connection.exec_driver_sql("delete from job_waits where job_id = $1", (job.id,))
        await connection.exec_driver_sql(_SETTLE, (job.id, job.usage.cost_micro_usd))
        ended = self._on_end.get(subject.family)
        if ended is not None and job.state is not JobState.SUCCEEDED:
            await ended(self._uow, job, change.error)
        if subject.document_id is not None:
            await self.wake_waiting_for(subject.document_id)
        if subject.ordering_key is not None:
            self._outbox.queues.append(job.queue)
        if subject.parent_id is not None:
            await self._child_ended(connection, subject.parent_id)

    async def _child_ended(self, connection: AsyncConnection, parent_id: UUID) -> None:
        row = await first(
            connection,
            "update jobs set pending_children = pending_children - 1 where id = $1 returning pending_children",
            parent_id,
        )
        if row is not None and row[0] <= 0:
            await self.transition(parent_id, rules_jobs.Wake())


class _Subject(msgspec.Struct, frozen=True):
    """What a job belongs to, as read with its facts."""

    family: str
    queue: str
    parent_id: UUID | None
    document_id: UUID | None
    ordering_key: UUID | None


def job_of(row: Sequence[Any]) -> Job:
    """A job from the columns of `_JOB_COLUMNS`, in that order."""
    values = dict(zip(_JOB_FIELDS, row, strict=True))
    for name in ("payload", "waiting_for", "result"):
        values[name] = msgspec.json.decode(values[name]) if values[name] is not None else None
    values["error"] = msgspec.json.decode(values["error"], type=JobError) if values["error"] else None
    values["usage"] = msgspec.json.decode(values["usage"], type=Usage)
    values["state"] = JobState(values["state"])
    return Job(**values)


_JOB_FIELDS = tuple(
    part.strip().removeprefix("j.").removesuffix("::text") for part in _JOB_COLUMNS.replace("\n", " ").split(",")
)

_SET_SCOPE = """
update jobs set payload = jsonb_set(payload, '{scope}', $2::jsonb), run_at = clock_timestamp(),
  rung_at = clock_timestamp()
where id = $1 and state = 'queued' and attempt = 0 and epoch = 0 and payload->'scope' = 'null'::jsonb returning queue
"""

_LIST = f"""
select {_JOB_COLUMNS} from jobs j
where ($1::uuid is null or j.user_id = $1) and ($2::text is null or j.state = $2)
  and ($3::text is null or j.family = $3) and ($4::uuid is null or j.id < $4)
order by j.id desc limit $5
"""

_SETTLE = """
with job as (select id, user_id, reserved_micro_usd, $2::bigint - settled_micro_usd as spent from jobs where id = $1),
closed as (update jobs j set reserved_micro_usd = 0, settled_micro_usd = $2 from job where j.id = job.id)
update quotas q set reserved = greatest(q.reserved - job.reserved_micro_usd, 0), used = q.used + job.spent
from job where q.user_id = job.user_id and q.kind = 'micro_usd'
  and q.period = to_char(now() at time zone 'utc', 'YYYY-MM')
"""
"""Turns what the job had reserved of this month's quota into what it really spent, once per end."""

_COUNT_QUEUED = "select count(*) from (select 1 from jobs where queue = $1 and state = 'queued' limit $2) q"

_APPEND_ANY = f"""
with job as (update jobs set last_seq = last_seq + cardinality($2::text[]) where id = $1 returning id, last_seq, epoch),
inserted as ({INSERT_EVENTS.format(types="$2::text[]", stages="$3::text[]", payloads="$4::text[]")} returning ts)
select job.last_seq, job.epoch, (select min(ts) from inserted) from job
"""


def _facts_of(row: Sequence[Any]) -> Facts:
    return Facts(
        state=JobState(row[0]),
        epoch=row[1],
        attempt=row[2],
        max_attempts=row[3],
        crashes=row[4],
        max_crashes=row[5],
        due=row[6],
        lease_expired=row[7],
        deadline_passed=row[8],
        cancel_requested=row[9],
    )


def _accept_arguments(job: NewJob) -> tuple[Any, ...]:
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


def _queued_payload(job: NewJob) -> dict[str, Any]:
    payload: dict[str, Any] = {"family": job.family, "mode": job.mode, "queue": job.queue}
    if job.chat_id is not None:
        payload["chat_id"] = str(job.chat_id)
    if job.document_id is not None:
        payload["document_id"] = str(job.document_id)
    return payload


def _change_arguments(
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
        _json(change.event.payload if change.state is JobState.WAITING else None),
        _json(change.error),
        _json(result),
        _json(usage),
        ordering_no,
        *columns_of(events),
    )


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
