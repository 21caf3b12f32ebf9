"""One whole service for all tests of the api: processes, stores and workers, over loopback.

It is not the shared `stack`: its settings let the tests sign in often and say which origins may call.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.ids import new_id
from launch.stack import Stack
from tests.integration.api.caller import Caller, access_token

ORIGIN = "https://page.example"
SAMPLES = Path(__file__).parents[3] / "samples"
PLAN = next(SAMPLES.glob("*План_вентиляции.pdf"))

Sql = Callable[..., list[asyncpg.Record]]
MakeUser = Callable[..., Caller]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process of xdist runs all tests of this folder, so that one stack serves them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("api"))


@pytest.fixture(scope="session")
def said() -> list[str]:
    return []


@pytest.fixture(scope="session")
def stack(said: list[str]) -> Iterator[Stack]:
    settings = {
        "CORS_ORIGINS": f"{ORIGIN}, https://other.example",
        "EXCHANGES_PER_MINUTE": "0",
        "INDEX_AFTER_READING": "off",
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), durable=False, say=said.append, extra_env=settings) as running:
            yield running


@pytest.fixture(scope="session")
def sql(stack: Stack) -> Iterator[Sql]:
    """Runs one statement on the service's database: what no route can bring about, or show."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(stack.env["DATABASE_URL"].replace("+asyncpg", "")))
        yield lambda statement, *arguments: runner.run(connection.fetch(statement, *arguments))
        runner.run(connection.close())


@pytest.fixture(scope="session")
def make_user(stack: Stack, sql: Sql) -> MakeUser:
    numbers = count(1)

    def make(role: str = "user", status: str = "active") -> Caller:
        user_id = new_id()
        statement = "insert into users (id, username, role, status) values ($1, $2, $3, $4)"
        sql(statement, user_id, f"{role} {next(numbers)}", role, status)
        return Caller(stack.url, user_id, access_token(stack.env["AIZOOMDOC_SECRET"], user_id))

    return make


@pytest.fixture
def anna(make_user: MakeUser) -> Caller:
    """A user without anything."""
    return make_user()


@pytest.fixture
def boris(make_user: MakeUser) -> Caller:
    """Another user without anything."""
    return make_user()


@pytest.fixture
def admin(make_user: MakeUser) -> Caller:
    return make_user("admin")


@pytest.fixture
def nobody(stack: Stack) -> Caller:
    """Somebody without a token."""
    return Caller(stack.url, UUID(int=0), "")


@pytest.fixture(scope="session")
def owner(make_user: MakeUser) -> Caller:
    """The user who has the plan."""
    return make_user()


@pytest.fixture(scope="session")
def plan(owner: Caller) -> str:
    """The id of a document that was read: one sheet of a ventilation plan, not to be changed by any test."""
    return owner.read_document(PLAN.name, PLAN.read_bytes())["document_id"]


@pytest.fixture(scope="session")
def answered(owner: Caller, plan: str) -> dict[str, Any]:
    """The accepted message of a question that has been answered from the plan."""
    message = owner.ask(owner.new_chat(), "Как называется помещение 207 и какова его площадь?", document_ids=[plan])
    assert owner.ended(message["job_id"])["status"] == "succeeded"
    return message


@pytest.fixture
def grant(sql: Sql) -> Callable[..., None]:
    """Lets a user (null: everyone) see a document."""

    def give(document_id: str, user_id: UUID | None, access: str = "read") -> None:
        statement = "insert into grants (id, document_id, user_id, access) values ($1, $2, $3, $4)"
        sql(statement, new_id(), UUID(document_id), user_id, access)

    return give


@pytest.fixture
def fail_job(sql: Sql, admin: Caller) -> Callable[..., str]:
    """Makes a job of a user that has failed, as the worker leaves it."""

    def fail(user: Caller, code: str = "worker_crashed") -> str:
        job_id = admin.probe()
        admin.ended(job_id)
        error = f'{{"code": "{code}", "message_ru": "Сбой.", "message_en": "A fault."}}'
        sql(
            "update jobs set state = 'failed', result = null, error = $2::jsonb, user_id = $3 where id = $1",
            UUID(job_id),
            error,
            user.user_id,
        )
        return job_id

    return fail
