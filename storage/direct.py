"""Single statements straight on asyncpg: what every request and every job asks is asked here, in one round trip.

SQLAlchemy costs more CPU here than asyncpg does: asking a job's five statements this way took the api from 7.1 to
4.2 ms of CPU a job (measured 2026-11-20). Units of work keep it, for their sessions need it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

CONNECTIONS = 4
"""Beside the engine's pool. Each statement takes about a millisecond, so few serve many; a guess."""


class Direct:
    """Up to so many connections of their own, opened as the engine opens its own and closed with it."""

    def __init__(self, engine: AsyncEngine, *, connections: int = CONNECTIONS) -> None:
        self._engine = engine
        self._auto = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._idle: list[asyncpg.Connection] = []
        self._free = asyncio.Semaphore(connections)
        event.listen(engine.sync_engine, "engine_disposed", self._close)

    def connect(self) -> Any:
        """An `AsyncConnection` in autocommit mode, for `async with`: for what is asked rarely."""
        return self._auto.connect()

    async def first(self, statement: str, *arguments: Any) -> Any:
        """The first row of a statement with $1-style arguments, or null; commits."""
        async with self._taken() as connection:
            return await connection.fetchrow(statement, *arguments)

    async def every(self, statement: str, *arguments: Any) -> list[Any]:
        """All rows of a statement with $1-style arguments; commits."""
        async with self._taken() as connection:
            return await connection.fetch(statement, *arguments)

    async def every_under(self, settings: Mapping[str, str], statement: str, *arguments: Any) -> list[Any]:
        """`every` in a transaction with settings of its own. The settings are written into a statement: they are the
        program's, never a caller's."""
        own = "; ".join(f"set local {name} = '{value}'" for name, value in settings.items())
        async with self._taken() as connection:
            try:
                await connection.execute(f"begin; {own}")
                rows = await connection.fetch(statement, *arguments)
            except asyncpg.PostgresError:
                await connection.execute("rollback")
                raise
            await connection.execute("commit")
            return rows

    @asynccontextmanager
    async def _taken(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._free:
            connection = await self._open()
            try:
                yield connection
            except asyncpg.PostgresError:
                # The server has answered: the statement was wrong, not the connection.
                self._idle.append(connection)
                raise
            except BaseException:
                # Cancelled or lost in the middle of a statement: nobody knows what the server will send yet.
                connection.terminate()
                raise
            self._idle.append(connection)

    async def _open(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        raw = await self._engine.raw_connection()
        driver: Any = raw.driver_connection
        if driver is None:
            raise ConnectionError("the connection was lost as it was opened")
        raw.detach()
        return driver

    def _close(self, _: Any) -> None:
        while self._idle:
            self._idle.pop().terminate()


async def every_of(connection: AsyncConnection, statement: str, *arguments: Any) -> list[Any]:
    """All rows of a statement with $1-style arguments on a session's own connection: within its transaction, if it has
    one by now."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    try:
        return await driver.fetch(statement, *arguments)
    except BaseException as error:
        if driver.is_closed() or not isinstance(error, Exception):
            # Lost, or cancelled in the middle: SQLAlchemy has not seen it, and would hand the connection out again.
            await connection.invalidate()
        raise


def as_uuid(found: UUID) -> UUID:
    """A uuid of a row as the standard library's class, which encoders know: asyncpg has one of its own."""
    return UUID(int=found.int)
