"""Statements straight on asyncpg: what settings of their own leave behind."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import open_sessions
from storage.direct import Direct, every_of

SETTINGS = {"enable_sort": "off", "work_mem": "7MB"}
TOLD = "select current_setting('enable_sort') || ' ' || current_setting('work_mem')"


@pytest.fixture
def direct(engine: AsyncEngine) -> Direct:
    return Direct(engine, connections=1)


async def test_settings_are_of_one_statement(direct: Direct) -> None:
    before = (await direct.first(TOLD))[0]

    under = (await direct.every_under(SETTINGS, TOLD))[0][0]

    assert under == "off 7MB"
    assert (await direct.first(TOLD))[0] == before


async def test_a_wrong_statement_leaves_a_connection_that_serves(direct: Direct) -> None:
    before = (await direct.first(TOLD))[0]

    with pytest.raises(asyncpg.PostgresError):
        await direct.every_under(SETTINGS, "select * from no_such_table")

    assert (await direct.first(TOLD))[0] == before


async def test_a_session_reads_what_it_has_written_itself(engine: AsyncEngine) -> None:
    async with open_sessions(engine)() as session:
        await session.execute(text("create temporary table own (n int) on commit drop"))
        await session.execute(text("insert into own values (1), (2)"))

        rows = await every_of(await session.connection(), "select n from own where n > $1", 1)

    assert [row[0] for row in rows] == [2]


async def test_a_connection_that_is_lost_or_given_up_is_not_handed_out_again(engine: AsyncEngine) -> None:
    sessions = open_sessions(engine)
    async with sessions() as session:
        with pytest.raises(asyncpg.PostgresConnectionError):
            await every_of(await session.connection(), "select pg_terminate_backend(pg_backend_pid())")
    async with sessions() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await every_of(await session.connection(), "select pg_sleep(5)")

    async with sessions() as session:
        assert [row[0] for row in await every_of(await session.connection(), "select 7")] == [7]
