"""Real servers and databases for every test that asks for them.

Each pytest process (each xdist worker) starts its own servers once, on first use, and ends them at its end. A test that
asks for `database_url`, `engine` or `database` has an empty, migrated database of its own. Tests that use `stack` (the
whole service) are marked `xdist_group("stack")`, so that it runs once.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.family_list import FAMILIES, end_hooks
from launch.servers import PostgresServer, S3Server, ValkeyServer
from launch.stack import Stack
from storage.database import open_engine, open_sessions
from storage.outbox import Outbox
from storage.uow import Database
from tests.fakes.clock import INSTALL, StillClock

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


@pytest.fixture(scope="session")
def make_database(servers: Servers) -> Callable[[], str]:
    """Makes an empty, migrated database and returns its address; 50 ms each."""
    template = servers.postgres.create_database("migrated")
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=TREE,
        env={**os.environ, "DATABASE_URL": template},
        check=True,
        capture_output=True,
    )
    numbers = count(1)
    return lambda: servers.postgres.create_database(f"test_{next(numbers)}", template="migrated")


@pytest.fixture
def database_url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, name="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def database(engine: AsyncEngine, told: Told) -> Database:
    """Units of work on the test's own database; `told` gets their outboxes."""
    return Database(open_sessions(engine), told, on_end=end_hooks(FAMILIES))


@pytest.fixture
async def clock(servers: Servers, database_url: str, engine: AsyncEngine) -> StillClock:
    """The test's own database tells the time by this clock, which stands still. To be asked for before `database`."""
    servers.postgres.sql(INSTALL, database=database_url.rpartition("/")[2])
    await engine.dispose()
    return StillClock(engine)


@pytest.fixture
async def user_id(database: Database) -> UUID:
    """A user of the test's own database."""
    async with database.uow() as uow:
        user = await uow.users.add("user", "user")
        await uow.commit()
    return user.id


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
        with Stack(Path(folder), durable=False, say=said.append) as running:
            yield running


@pytest.fixture(scope="session")
def admin_token(stack: Stack, said: list[str]) -> str:
    """The static token that the first start of `stack` printed."""
    line = next(line for line in said if "token" in line.lower())
    return line.rpartition(" ")[2].strip()
