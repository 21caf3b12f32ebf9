"""Sweeps once a second what no single process can promise: dead workers' jobs, deadlines, unheard bells (DESIGN §4.8).

Any number of copies may run: every row is taken with SKIP LOCKED and decided under its lock.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import structlog

from domain import rules_jobs
from storage.database import is_outage
from storage.direct import Direct
from storage.job_rows import LEASE_S
from storage.llm_retention import expire_dialogues
from storage.publisher import Publisher
from storage.uow import Database
from storage.workers import clear_leftovers, count_bells, overdue_jobs, own_leases

_log = structlog.get_logger()

SWEEP_S = 1.0
OUTAGE_S = 2.0
"""Without a successful sweep for this long the database was away, and so were the heartbeats of living workers."""
LEFTOVERS_S = 3600.0


class Reconciler:
    """`look` runs this process's own due jobs when a bell cannot be sent: work goes on without Redis. `dialogue_days`
    is how long the texts of model calls are kept; null: for ever."""

    def __init__(
        self,
        database: Database,
        engine: Direct,
        publisher: Publisher,
        *,
        own_queue: str,
        look: Callable[[], Coroutine[Any, Any, None]],
        dialogue_days: int | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._publisher = publisher
        self._own_queue = own_queue
        self._look = look
        self._dialogue_days = dialogue_days
        self._succeeded_at = 0.0
        self._grace_until = 0.0
        self._cleared_at = 0.0
        self._looks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S * random.uniform(0.8, 1.2))
            try:
                await self._sweep()
            except Exception as error:
                if not is_outage(error):
                    _log.exception("sweep_failed")
                else:
                    _log.warning("database_away", what="sweep", error=type(error).__name__)

    async def free_slot(self, slot: str, owner: str) -> int:
        """Give back at once what a former process of this slot left running; how many jobs."""
        async with self._database.uow() as uow:
            left = await own_leases(await uow.session.connection(), slot, owner)
            for job_id in left:
                await uow.jobs.transition(job_id, rules_jobs.Reap(jitter=_jitter(), known_dead=True))
            await uow.commit()
        return len(left)

    async def _sweep(self) -> None:
        now = time.monotonic()
        if now - self._succeeded_at > OUTAGE_S + SWEEP_S:
            # Leases could not be extended while the database was away: give living workers one lease of time.
            # The same holds at the start of this process, which knows nothing of what was before.
            self._grace_until = now + LEASE_S if self._succeeded_at else now + OUTAGE_S + SWEEP_S
        await self._end_overdue(with_leases=now >= self._grace_until)
        self._succeeded_at = time.monotonic()
        # Only for the own queue: who cannot ring must be able to look.
        for _ in range(await count_bells(self._engine, self._own_queue)):
            if not await self._publisher.ring(self._own_queue):
                task = asyncio.create_task(self._look())
                self._looks.add(task)
                task.add_done_callback(self._looks.discard)
        if now - self._cleared_at > LEFTOVERS_S:
            await clear_leftovers(self._engine)
            await expire_dialogues(self._engine, days=self._dialogue_days)
            self._cleared_at = now

    async def _end_overdue(self, *, with_leases: bool) -> None:
        async with self._database.uow() as uow:
            found = await overdue_jobs(await uow.session.connection(), with_leases=with_leases)
        for job_id in found.expired:
            await self._tell(job_id, rules_jobs.Reap(jitter=_jitter()))
            _log.warning("job_reaped", job_id=str(job_id))
        for job_id in found.overdue:
            await self._tell(job_id, rules_jobs.Expire())
        for job_id in found.forgotten:
            await self._tell(job_id, rules_jobs.Wake())
        for job_id in found.orphaned:
            await self._tell(job_id, rules_jobs.Cancel())

    async def _tell(self, job_id: UUID, command: rules_jobs.Command) -> None:
        """In a transaction of its own, decided anew: a job that cannot be ended does not keep the others."""
        try:
            async with self._database.uow() as uow:
                await uow.jobs.transition(job_id, command)
                await uow.commit()
        except Exception as error:
            if is_outage(error):
                raise
            _log.exception("job_not_swept", job_id=str(job_id))


def _jitter() -> float:
    return random.uniform(0.5, 1.5)
