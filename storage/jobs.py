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
from domain.jobs import TERMINAL, Claim, Job, JobState, NewJob
from domain.llm import Usage
from domain.ports import UnitOfWork
from domain.rules_jobs import Change, Command, Decision, Facts
from storage.direct import Direct
from storage.events import columns_of, every, first, number_events
from storage.job_rows import (
    ACCEPT,
    APPEND_ANY,
    CHANGE,
    CLAIMABLE,
    COUNT_CHILDREN,
    FACTS,
    GET,
    LIST,
    PARENT_OF_CHILDREN,
    READING,
    SET_SCOPE,
    SETTLE,
    Subject,
    accept_arguments,
    as_json,
    change_arguments,
    facts_of,
    job_of,
    queued_payload,
    subject_of,
)
from storage.outbox import Outbox

BACKING_OFF_S = 10.0
"""A job that waits longer than this for its next try does not hold back later ones of its chat (DESIGN §4.2)."""

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
        if (await first(connection, ACCEPT, *_accept_arguments(job, self._queue_limit)))[0] is None:
            raise QueueFull(job.queue, retry_after_s=15.0)
        # Not published: nobody can watch a job before its id is known; every reader starts with the log.
        if job.run_in_s <= 0:
            self._outbox.queues.append(job.queue)

    async def append(self, job_id: UUID, *events: NewEvent) -> None:
        """Append to the log of a job of any state, as the api or the reconciler."""
        connection = await self._session.connection()
        row = await first(connection, APPEND_ANY, job_id, *columns_of(events))
        if row is None:
            raise NotFound(f"job {job_id}")
        last_seq, epoch, ts = row
        self._outbox.events.extend(number_events(job_id, epoch, last_seq - len(events) + 1, ts, events))

    async def get(self, job_id: UUID) -> Job:
        """Raises NotFound. The caller checks who may see it."""
        connection = await self._session.connection()
        row = await first(connection, GET, job_id)
        if row is None:
            raise NotFound(f"job {job_id}")
        return job_of(row)

    async def claim(
        self, queue: str, *, owner: str, user_cap: int, stage_started: StageStarted, without: Sequence[str] = ()
    ) -> Claim | None:
        """The best due job of the queue, now running under a new epoch and lease; null when nothing is due, none of the
        families `without`.

        `stage_started` makes the event of the stage that runs next, so that it is part of this commit.
        """
        connection = await self._session.connection()
        row = await first(connection, CLAIMABLE, queue, BACKING_OFF_S, user_cap, 1, list(without))
        if row is None:
            return None
        *facts, next_stage, state, _ = row
        done = await self._apply(
            facts, rules_jobs.Claim(), owner=owner, also=lambda family: (stage_started(family, next_stage),)
        )
        if done.job is None:
            return None
        if done.job.state is not JobState.RUNNING:
            # Its deadline had passed: it is ended, and the next one is due.
            return await self.claim(queue, owner=owner, user_cap=user_cap, stage_started=stage_started, without=without)
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
        row = await first(connection, FACTS, job_id)
        if row is None:
            raise NotFound(f"job {job_id}")
        return await self._apply(row, command, owner=owner, result=result, usage=usage, before=before, also=also)

    async def _apply(
        self,
        row: Sequence[Any],
        command: Command,
        *,
        owner: str | None = None,
        result: dict[str, Any] | None = None,
        usage: Usage | None = None,
        before: Sequence[NewEvent] = (),
        also: AlsoTell | None = None,
    ) -> Transition:
        """Decide on a row of `FACT_COLUMNS` that is locked, and write what was decided."""
        connection = await self._session.connection()
        job_id, subject, facts = row[0], subject_of(row), facts_of(row)
        decision = rules_jobs.decide(facts, command)
        if not isinstance(decision, Change):
            return Transition(decision=decision)
        events = [*before, decision.event]
        if also is not None and decision.state is JobState.RUNNING:
            events += also(subject.family)
        ordering_no = await self._line_end(connection, subject, decision)
        written = await first(
            connection, CHANGE, *change_arguments(job_id, decision, owner, result, usage, ordering_no, events)
        )
        job = job_of(written[1:])
        self._outbox.events.extend(number_events(job_id, job.epoch, job.last_seq - len(events) + 1, written[0], events))
        await self._follow(connection, subject, facts, decision, job)
        return Transition(decision=decision, job=job)

    async def park(
        self,
        job_id: UUID,
        epoch: int,
        *,
        document_ids: Sequence[UUID],
        reason: dict[str, Any],
        usage: Usage | None = None,
    ) -> Transition:
        """Make the job wait for those of the documents that are being read; none left: it is due at once.

        The documents are locked first, so that their reading cannot end unseen in between.
        """
        connection = await self._session.connection()
        reading = [row[0] for row in await every(connection, READING, list(document_ids))]
        if not reading:
            back = rules_jobs.HandBack(epoch=epoch, reason="documents_ready")
            return await self.transition(job_id, back, usage=usage)
        parked = await self.transition(job_id, rules_jobs.Park(epoch=epoch, reason=reason), usage=usage)
        if parked.job is not None and parked.job.state is JobState.WAITING:
            await connection.exec_driver_sql(
                "insert into job_waits (job_id, document_id) select $1, unnest($2::uuid[]) on conflict do nothing",
                (job_id, reading),
            )
        return parked

    async def set_scope(self, job_id: UUID, scope: dict[str, Any]) -> bool:
        """Tell a held back job its scope, once: the first wins. The job is due at once; false when it was too late."""
        connection = await self._session.connection()
        row = await first(connection, SET_SCOPE, job_id, as_json(scope))
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

    async def states_of_chat(self, chat_id: UUID) -> dict[UUID | None, JobState]:
        connection = await self._session.connection()
        rows = await every(connection, "select id, state from jobs where chat_id = $1", chat_id)
        return {job_id: JobState(state) for job_id, state in rows}

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
        return [job_of(row) for row in await every(connection, LIST, user_id, state, family, before, limit)]

    async def spawn(self, job_id: UUID, epoch: int, children: Sequence[NewJob]) -> None:
        """Accept the children and make the job wait for all of them; the last to end wakes it."""
        connection = await self._session.connection()
        parked = await self.transition(
            job_id, rules_jobs.Park(epoch=epoch, reason={"kind": "children", "children": len(children)})
        )
        if parked.job is None or parked.job.state is not JobState.WAITING:
            return
        await connection.exec_driver_sql("update jobs set pending_children = $2 where id = $1", (job_id, len(children)))
        for child in children:
            await self.accept(msgspec.structs.replace(child, parent_id=job_id))
        if not children:
            await self.transition(job_id, rules_jobs.Wake())

    async def wake_waiting_for(self, document_id: UUID) -> None:
        """The reading of the document ended (or it was deleted): wake whoever waits for nothing else."""
        connection = await self._session.connection()
        waiting = await every(connection, "delete from job_waits where document_id = $1 returning job_id", document_id)
        for (job_id,) in sorted(waiting):
            left = await first(connection, "select 1 from job_waits where job_id = $1 limit 1", job_id)
            if left is None:
                await self.transition(job_id, rules_jobs.Wake())

    async def _line_end(self, connection: AsyncConnection, subject: "Subject", change: Change) -> int | None:
        """A requeued job joins the end of its chat's line: the chat's next number."""
        if change.event.type is not EventType.JOB_REQUEUED or subject.ordering_key is None:
            return None
        row = await first(
            connection,
            "update chats set next_no = next_no + 1 where id = $1 returning next_no - 1",
            subject.ordering_key,
        )
        return row[0] if row else None

    async def _follow(
        self, connection: AsyncConnection, subject: "Subject", facts: Facts, change: Change, job: Job
    ) -> None:
        """What a change means for others: a bell, the parent's counter, waiting jobs, the family's own rows."""
        if job.state is JobState.QUEUED and not change.run_in_s:
            self._outbox.queues.append(job.queue)
        if job.state not in TERMINAL:
            return
        if facts.state is JobState.WAITING:
            await connection.exec_driver_sql("delete from job_waits where job_id = $1", (job.id,))
        if subject.has_cost or job.usage.cost_micro_usd:
            await connection.exec_driver_sql(SETTLE, (job.id, job.usage.cost_micro_usd))
        ended = self._on_end.get(subject.family)
        if ended is not None and job.state is not JobState.SUCCEEDED:
            await ended(self._uow, job, change.error)
        if subject.document_id is not None:
            await self.wake_waiting_for(subject.document_id)
        if subject.ordering_key is not None and job.state is not JobState.SUCCEEDED:
            # A worker that finished a job looks for the next by itself.
            self._outbox.queues.append(job.queue)
        if subject.parent_id is not None:
            await self._child_ended(connection, subject.parent_id)

    async def _child_ended(self, connection: AsyncConnection, parent_id: UUID) -> None:
        """Counted anew under the parent's lock, by a statement that sees whatever was committed before it was got: of
        children that end together the last one counts none, and a requeued one counts until it ends again."""
        if await first(connection, PARENT_OF_CHILDREN, parent_id) is None:
            return
        left = (await first(connection, COUNT_CHILDREN, parent_id))[0]
        if left == 0:
            await self.transition(parent_id, rules_jobs.Wake())


async def accept_job(auto: Direct, job: NewJob, *, queue_limit: int) -> None:
    """The same for a job that nothing else is written with; commits. The caller rings. Raises QueueFull."""
    if (await auto.first(ACCEPT, *_accept_arguments(job, queue_limit)))[0] is None:
        raise QueueFull(job.queue, retry_after_s=15.0)


async def find_job(auto: Direct, job_id: UUID) -> Job:
    """Raises NotFound; the caller checks who may see it."""
    row = await auto.first(GET, job_id)
    if row is None:
        raise NotFound(f"job {job_id}")
    return job_of(row)


def _accept_arguments(job: NewJob, queue_limit: int) -> tuple[Any, ...]:
    queued = NewEvent(type=EventType.JOB_QUEUED, payload=queued_payload(job))
    return (*accept_arguments(job), queue_limit, *columns_of([queued]), job.reserved_micro_usd)
