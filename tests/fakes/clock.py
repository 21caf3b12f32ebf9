"""A clock of PostgreSQL that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

START = datetime(2026, 1, 1, tzinfo=UTC)

INSTALL = """
create schema clock;
create table clock.reading (at timestamptz not null);
insert into clock.reading values ('2026-01-01T00:00:00Z');
create function clock.clock_timestamp() returns timestamptz language sql as 'select at from clock.reading';
create function clock.now() returns timestamptz language sql as 'select at from clock.reading';
"""
SEARCH_PATH = "clock, public, pg_catalog"
"""Of a database with `INSTALL`: unqualified calls of clock_timestamp() and now() find ours first. Defaults of columns
keep the true clock."""


class StillClock:
    """Moves the clock of one database, with `INSTALL` and `SEARCH_PATH`. `now_s` is in seconds since `START`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.now_s = 0.0

    async def advance(self, seconds: float) -> None:
        self.now_s += seconds
        async with self._engine.begin() as connection:
            await connection.exec_driver_sql("update clock.reading set at = $1", (instant(self.now_s),))


def instant(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)
