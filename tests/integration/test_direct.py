"""Single statements on connections of their own: which connection survives what."""

import asyncpg
import pytest

from storage.direct import Direct

PID = "select pg_backend_pid()"


async def test_a_statement_that_the_server_refuses_keeps_its_connection(auto: Direct) -> None:
    (pid,) = await auto.first(PID)

    with pytest.raises(asyncpg.DivisionByZeroError):
        await auto.first("select 1 / $1::int", 0)

    assert (await auto.first(PID))[0] == pid


async def test_settings_that_the_server_refuses_leave_no_transaction_behind(auto: Direct) -> None:
    (pid,) = await auto.first(PID)

    with pytest.raises(asyncpg.UndefinedObjectError):
        await auto.every_under({"no_such_setting": "on"}, "select 1")

    assert (await auto.first(PID))[0] == pid


async def test_a_connection_whose_state_is_unknown_is_not_used_again(auto: Direct) -> None:
    (pid,) = await auto.first(PID)

    with pytest.raises(asyncpg.InterfaceError):
        await auto.first("select $1::int")

    assert (await auto.first(PID))[0] != pid
