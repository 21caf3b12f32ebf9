"""What counts as the database being away, by the errors that PostgreSQL and the driver really raise."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from launch.places import free_port
from storage.database import is_outage, open_engine

PASSING = {
    "08006": "connection failure",
    "25006": "read-only: a standby, just before or after a failover",
    "40001": "serialization failure",
    "40P01": "deadlock",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "55P03": "a lock was not given in time",
    "57P01": "shut down by an admin",
    "57P02": "shut down after a crash",
    "57P03": "starting up",
}
LASTING = {
    "22003": "number out of range",
    "22P05": "a character that cannot be stored",
    "23505": "unique violation",
    "42P01": "no such table",
    "P0001": "an exception of a function",
}


async def error_of(engine: AsyncEngine, statement: str) -> Exception:
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(statement)
    except Exception as error:
        return error
    raise AssertionError("the statement succeeded")


@pytest.mark.parametrize("code", [*PASSING, *LASTING], ids=[*PASSING.values(), *LASTING.values()])
async def test_errors_that_pass_by_themselves_are_told_from_those_that_stay(engine: AsyncEngine, code: str) -> None:
    raising = f"do $$ begin raise exception 'as asked' using errcode = '{code}'; end $$"

    assert is_outage(await error_of(engine, raising)) is (code in PASSING)


async def test_a_server_that_does_not_listen_is_away() -> None:
    engine = open_engine(f"postgresql+asyncpg://nobody:x@127.0.0.1:{free_port()}/none", name="test")

    assert is_outage(await error_of(engine, "select 1"))


async def test_a_connection_cut_in_the_middle_of_a_statement_is_an_outage(engine: AsyncEngine) -> None:
    async def cut() -> None:
        await asyncio.sleep(0.2)
        async with engine.begin() as connection:
            await connection.exec_driver_sql(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(30)%'"
            )

    error, _ = await asyncio.gather(error_of(engine, "select pg_sleep(30)"), cut())

    assert is_outage(error)


async def test_a_connection_cut_while_it_was_idle_is_an_outage_once(engine: AsyncEngine, database_url: str) -> None:
    async with engine.connect() as connection:
        await connection.exec_driver_sql("select 1")
    other = open_engine(database_url, name="other")
    async with other.begin() as connection:
        await connection.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    await other.dispose()

    error = await error_of(engine, "select 1")
    async with engine.connect() as connection:
        value = (await connection.exec_driver_sql("select 1")).scalar()

    assert is_outage(error)
    assert value == 1


async def test_of_two_that_wait_for_each_other_one_may_try_again(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("create table pair (id int primary key)")
        await connection.exec_driver_sql("insert into pair values (1), (2)")
    both_hold_one = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> Exception | None:
        try:
            async with engine.begin() as connection:
                await connection.exec_driver_sql("select 1 from pair where id = $1 for update", (first,))
                await both_hold_one.wait()
                await connection.exec_driver_sql("select 1 from pair where id = $1 for update", (second,))
        except DBAPIError as error:
            return error
        return None

    errors = [error for error in await asyncio.gather(lock(1, 2), lock(2, 1)) if error is not None]

    assert len(errors) == 1
    assert is_outage(errors[0])
