"""Real servers and databases for every test that asks for them.

Each pytest process (each xdist worker) starts its own servers once, on first use, and ends them at its end. A test that
asks for `database_url`, `engine` or `database` has an empty, migrated database of its own. Tests that use `stack` (the
whole service) are marked `xdist_group("stack")`, so that it runs once.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.chats import Chat
from domain.documents import Document, DocumentStatus
from domain.family_list import FAMILIES, end_hooks
from domain.ids import new_id
from launch.servers import PostgresServer, S3Server, ValkeyServer
from launch.stack import Stack
from storage.database import in_autocommit, open_engine, open_sessions
from storage.outbox import Outbox
from storage.uow import Database
from storage.users import User
from tests.fakes.clock import INSTALL, SEARCH_PATH, StillClock

TREE = Path(__file__).parents[1]


class Servers(NamedTuple):
    """One PostgreSQL, one Valkey and one S3 server of this pytest process."""

    postgres: PostgresServer
    valkey: ValkeyServer
    s3: S3Server

    @property
    def env(self) -> dict[str, str]:
        """How the api and the workers find them; DATABASE_URL is of the first, unmigrated database."""
        return {**self.postgres.env, **self.valkey.env, **self.s3.env}


class Told(list[Outbox]):
    """What was to be told after the commits of a test's database, in order."""

    async def __call__(self, outbox: Outbox) -> None:
        self.append(outbox)


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """A folder that the user `nobody`, as whom PostgreSQL runs, may pass."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def servers(data_dir: Path) -> Iterator[Servers]:
    with (
        PostgresServer(data_dir, durable=False) as postgres,
        ValkeyServer(data_dir) as valkey,
        S3Server(data_dir) as s3,
    ):
        yield Servers(postgres, valkey, s3)


class Databases:
    """Makes empty, migrated databases, about 40 ms each."""

    def __init__(self, postgres: PostgresServer) -> None:
        self._postgres = postgres
        self._numbers = count(1)
        # A thread of its own: the tests' event loop may or may not be running.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="databases")

    def migrate(self) -> None:
        """Make the templates: one with the true clock, one with a clock that stands still."""
        url = self._postgres.create_database("migrated")
        alembic = [sys.executable, "-m", "alembic", "upgrade", "head"]
        subprocess.run(alembic, cwd=TREE, env={**os.environ, "DATABASE_URL": url}, check=True, capture_output=True)
        self._postgres.create_database("still", template="migrated")
        self._postgres.sql(INSTALL, database="still")

    def make(self) -> str:
        """The address of a new database."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"create database {name} template migrated")
        return self._postgres.url_of(name)

    def make_still(self) -> str:
        """The address of a new database on which `StillClock` works."""
        name = f"test_{next(self._numbers)}"
        self._execute(
            f"create database {name} template still", f"alter database {name} set search_path = {SEARCH_PATH}"
        )
        return self._postgres.url_of(name)

    def _execute(self, *statements: str) -> None:
        self._thread.submit(lambda: asyncio.run(self._execute_all(statements))).result()

    async def _execute_all(self, statements: Sequence[str]) -> None:
        connection = await asyncpg.connect(self._postgres.url_of("postgres", "postgresql"))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Databases:
    databases = Databases(servers.postgres)
    databases.migrate()
    return databases


@pytest.fixture
def database_url(databases: Databases, request: pytest.FixtureRequest) -> str:
    """Of a database that no other test uses; with a still clock if the test asks for `clock`."""
    return databases.make_still() if "clock" in request.fixturenames else databases.make()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, name="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def auto(engine: AsyncEngine) -> AsyncEngine:
    """The test's own database for single statements."""
    return in_autocommit(engine)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def database(engine: AsyncEngine, told: Told) -> Database:
    """Units of work on the test's own database; `told` gets their outboxes."""
    return Database(open_sessions(engine), told, on_end=end_hooks(FAMILIES))


@pytest.fixture
def clock(engine: AsyncEngine) -> StillClock:
    """The test's own database tells the time by this clock, which stands still."""
    return StillClock(engine)


@pytest.fixture
async def user_id(database: Database) -> UUID:
    """A user of the test's own database."""
    async with database.uow() as uow:
        user = await uow.users.add("user", "user")
        await uow.commit()
    return user.id


@pytest.fixture
async def other_user_id(database: Database) -> UUID:
    """Another user of the test's own database."""
    async with database.uow() as uow:
        user = await uow.users.add("other", "user")
        await uow.commit()
    return user.id


@pytest.fixture
async def admin(database: Database) -> User:
    """An admin of the test's own database."""
    async with database.uow() as uow:
        user = await uow.users.add("an admin", "admin")
        await uow.commit()
    return user


@pytest.fixture
async def chat_id(database: Database, user_id: UUID) -> UUID:
    """A chat of the user."""
    chat = Chat(id=new_id(), user_id=user_id, title="chat")
    async with database.uow() as uow:
        await uow.chats.add(chat)
        await uow.commit()
    return chat.id


@pytest.fixture
async def document_ids(database: Database, user_id: UUID) -> list[UUID]:
    """Two documents of the user that are being read."""
    ids = [new_id(), new_id()]
    async with database.uow() as uow:
        for document_id in ids:
            await uow.documents.add(
                Document(id=document_id, owner_id=user_id, name="a.pdf", status=DocumentStatus.READING)
            )
        await uow.commit()
    return ids


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """An empty Valkey."""
    client = Redis.from_url(servers.valkey.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def said() -> list[str]:
    """What `stack` said to its operator."""
    return []


@pytest.fixture(scope="session")
def stack(said: list[str]) -> Iterator[Stack]:
    """The whole service with servers of its own: api and workers as processes, no provider's key (offline answers)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), durable=False, say=said.append, extra_env={"INDEX_AFTER_READING": "off"}) as running:
            yield running


@pytest.fixture(scope="session")
def admin_token(stack: Stack, said: list[str]) -> str:
    """The static token that the first start of `stack` printed."""
    line = next(line for line in said if "token" in line.lower())
    return line.rpartition(" ")[2].strip()
