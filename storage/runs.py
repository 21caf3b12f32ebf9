"""A worker process's quick way to its jobs: claimed for all its free slots at once, and ended in one statement when
nothing else is written with the end. What is decided is decided by `rules_jobs.decide`, as everywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import asyncpg

from domain import rules_jobs
from domain.events import Event, NewEvent
from domain.jobs import Claim, Job, JobState
from domain.llm import Usage
from domain.rules_jobs import Change, Facts
from storage.batching import Batches
from storage.direct import Direct
from storage.events import number_events
from storage.job_rows import DUE, END, TAKE, change_arguments, facts_of, job_of, subject_of
from storage.jobs import BACKING_OFF_S, StageStarted

Tell = Callable[[Sequence[Event]], Coroutine[Any, Any, None]]


class Runs:
    """The jobs of one queue for the process `owner`. `claim_one` is the slow way, which can do everything but takes
    none of the families it is told; `long_room` tells how many more jobs the process may run now of the families that
    may not have all its slots, together."""

    def __init__(
        self,
        auto: Direct,
        tell: Tell,
        *,
        queue: str,
        owner: str,
        user_cap: int,
        stage_started: StageStarted,
        claim_one: Callable[[Sequence[str]], Awaitable[Claim | None]],
        long_room: Callable[[], Mapping[str, int]],
    ) -> None:
        self._auto = auto
        self._tell = tell
        self._queue = queue
        self._owner = owner
        self._user_cap = user_cap
        self._stage_started = stage_started
        self._claim_one = claim_one
        self._long_room = long_room
        self._claims: Batches[None, Claim | None] = Batches(self._claim)
        # Whether more was due than the last claim took.
        self.has_more = True
        self._telling: set[asyncio.Task[None]] = set()

    async def claim(self) -> Claim | None:
        """The best due job, now running under a new epoch and lease; null when nothing is due."""
        return await self._claims.get(None)

    async def finish(
        self, job: Job, command: rules_jobs.Finish, *, result: dict[str, Any], usage: Usage, before: Sequence[NewEvent]
    ) -> bool:
        """End a job that belongs to nothing else, has cost nothing and writes nothing but itself; commits.

        False: the job is no longer as this run left it, and nothing was written.
        """
        facts = Facts(JobState.RUNNING, job.epoch, job.attempt, job.max_attempts, job.crashes, job.max_crashes)
        change = rules_jobs.decide(facts, command)
        if not isinstance(change, Change):
            return False
        events = [*before, change.event]
        row = await self._auto.first(END, *change_arguments(job.id, change, None, result, usage, None, events))
        if row is None:
            return False
        self._tell_soon(number_events(job.id, job.epoch, row[1] - len(events) + 1, row[0], events))
        return True

    async def _claim(self, asked: Sequence[None]) -> list[Claim | None]:
        claims = await self._take(len(asked))
        if claims is None:
            return [await self._claim_one(self._full()) for _ in asked]
        return [*claims, *[None] * (len(asked) - len(claims))]

    async def _take(self, count: int) -> list[Claim] | None:
        """At most `count` claims, best first; fewer when fewer are due. Null when others took all that was found, or it
        must end instead of running."""
        due = await self._auto.every(DUE, self._queue, BACKING_OFF_S, self._user_cap, count, self._full())
        rows = self._with_room(due)
        if due and not rows:
            # Claims of before have taken their room meanwhile: there may be others.
            return await self._take(count)
        self.has_more = bool(rows) and rows[0][-1] > len(rows)
        taken = await asyncio.gather(*(self._start(row) for row in rows), return_exceptions=True)
        claims = [one for one in taken if isinstance(one, Claim)]
        failed = next((one for one in taken if isinstance(one, BaseException)), None)
        if failed is not None and not claims:
            raise failed
        return claims if claims or not rows else None

    def _full(self) -> list[str]:
        return [family for family, room in self._long_room().items() if room <= 0]

    def _with_room(self, due: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """As many jobs of long families as there is room for; the others wait for the next look."""
        long = self._long_room()
        room = min(long.values(), default=0)
        rows: list[Sequence[Any]] = []
        for row in due:
            if subject_of(row).family in long:
                if room <= 0:
                    continue
                room -= 1
            rows.append(row)
        return rows

    async def _start(self, row: Sequence[Any]) -> Claim | None:
        change = rules_jobs.decide(facts_of(row), rules_jobs.Claim())
        if not isinstance(change, Change) or change.state is not JobState.RUNNING:
            return None
        *_, next_stage, state, _ = row
        events = [change.event, self._stage_started(subject_of(row).family, next_stage)]
        try:
            written = await self._auto.first(
                TAKE, *change_arguments(row[0], change, self._owner, None, None, None, events)
            )
        except asyncpg.UniqueViolationError:
            # Another worker claimed a job of the same chat in the same moment.
            return None
        if written is None:
            return None
        told_at, *columns = written
        job = job_of(columns)
        self._tell_soon(number_events(job.id, job.epoch, job.last_seq - len(events) + 1, told_at, events))
        return Claim(job=job, next_stage=next_stage, state=state)

    def _tell_soon(self, events: Sequence[Event]) -> None:
        task = asyncio.create_task(self._tell(events))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
