"""A real database as a synchronous state machine uses it, and its job rows as the model's rows."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import in_autocommit, open_engine, open_sessions
from storage.outbox import Outbox
from storage.uow import Database, SqlUnitOfWork
from storage.users import User
from tests.fakes.clock import StillClock, instant
from tests.simulation.model import Row

T = TypeVar("T")

COLUMNS = """
select j.id, state, epoch, attempt, crashes, run_at, rung_at, lease_owner, lease_until, append_no, step_no, last_seq,
  pending_children, deadline_at, cancel_requested_at is not null, waiting_for->>'kind', error->>'code', ordering_no,
  result is not null,
  (select count(*) from job_events e where e.job_id = j.id),
  (select coalesce(string_agg(s.stage || '>' || s.next_stage, ' ' order by s.step_no), '') from job_steps s
   where s.job_id = j.id),
  (select count(*) from job_waits w where w.job_id = j.id)
from jobs j order by j.id
"""
EVENTS = "select job_id, seq, epoch, type, stage from job_events order by job_id, seq"
CLEAR = ("delete from jobs", "delete from documents", "delete from chats", "delete from workers", "delete from audit")


class Ground:
    """The database under test, on an event loop of its own."""

    def __init__(self, url: str, *, queue_limit: int) -> None:
        self._loop = asyncio.new_event_loop()
        self.engine: AsyncEngine = open_engine(url, name="machine", pool_size=2)
        self.auto = in_autocommit(self.engine)
        self.rung: list[str] = []
        self.database = Database(open_sessions(self.engine), self._deliver, on_end={}, queue_limit=queue_limit)
        self.clock = StillClock(self.engine)
        self.users = [self.run(self._add_user(f"user {n}")) for n in range(2)]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def write(self, work: Callable[[SqlUnitOfWork], Coroutine[Any, Any, T]]) -> T:
        """The result of `work` in a committed unit of work."""

        async def in_uow() -> T:
            async with self.database.uow() as uow:
                result = await work(uow)
                await uow.commit()
            return result

        return self.run(in_uow())

    def read(self, statement: str) -> list[Any]:
        async def fetch() -> list[Any]:
            async with self.engine.connect() as connection:
                return list((await connection.exec_driver_sql(statement)).all())

        return self.run(fetch())

    def clear(self) -> None:
        async def delete(uow: SqlUnitOfWork) -> None:
            connection = await uow.session.connection()
            for statement in CLEAR:
                await connection.exec_driver_sql(statement)

        self.write(delete)

    def close(self) -> None:
        self.run(self.engine.dispose())
        self._loop.close()

    async def _deliver(self, outbox: Outbox) -> None:
        self.rung += outbox.queues

    async def _add_user(self, name: str) -> User:
        async with self.database.uow() as uow:
            user = await uow.users.add(name, "admin")
            await uow.commit()
        return user


def columns_of(row: Row) -> tuple[Any, ...]:
    """As `COLUMNS` reads them."""

    def at(seconds: float | None) -> Any:
        return None if seconds is None else instant(seconds)

    return (
        row.id,
        row.state.value,
        row.epoch,
        row.attempt,
        row.crashes,
        at(row.run_at),
        at(row.rung_at),
        row.lease_owner,
        at(row.lease_until),
        row.append_no,
        row.step_no,
        row.last_seq,
        row.pending_children,
        at(row.deadline_at),
        row.is_cancel_requested,
        (row.waiting_for or {}).get("kind"),
        row.error_code,
        row.ordering_no,
        row.result is not None,
        len(row.log),
        " ".join(f"{step.stage}>{step.next_stage}" for step in row.steps),
        len(row.waits),
    )
