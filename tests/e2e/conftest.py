"""The whole service as processes of its own, with two workers that know the family `fault`, to be killed at will."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from domain.ids import new_id
from domain.jobs import TERMINAL, Job, NewJob
from launch.processes import Child
from launch.servers import PostgresServer, ValkeyServer
from launch.stack import Program, Stack
from storage.database import in_autocommit, open_engine, open_sessions
from storage.jobs import find_job
from storage.publisher import Publisher
from storage.queue import Bells, open_broker
from storage.uow import Database
from tests.e2e.fault_family import Note, gate_path, notes_path
from tests.fakes.sse import StreamReader
from workers.persistence import persist

SETTINGS = {"DRAIN_SECONDS": "8", "WORKER_SLOTS": "4", "STREAMS_PER_USER": "1000", "EXCHANGES_PER_MINUTE": "0"}
FAULTY = ("a", "b")
QUEUES = (*FAULTY, "background", "render")
PATIENCE_S = 60.0


class FaultStack(Stack):
    """Two workers of the interactive queue, in the slots a and b; the other queues as ever."""

    def _worker(self, queue: str, env: Mapping[str, str]) -> Program:
        if queue not in FAULTY:
            return super()._worker(queue, env)
        arguments = ["tests.e2e.fault_worker"]
        return Program(
            f"worker-{queue}", self.data_dir, tree=self._tree, arguments=arguments, env={**env, "WORKER_SLOT": queue}
        )


class Faults:
    """Submits jobs to the service, watches them, and reaches its processes."""

    def __init__(self, stack: FaultStack, client: httpx.AsyncClient, user_id: UUID) -> None:
        self.stack = stack
        self.client = client
        self.user_id = user_id
        self._engine = open_engine(stack.env["DATABASE_URL"], name="faults", pool_size=4)
        self.auto = in_autocommit(self._engine)
        self._redis = Redis.from_url(stack.env["REDIS_URL"])
        self._broker = open_broker(stack.env["REDIS_URL"])
        publisher = Publisher(self._redis, Bells(self._broker).ring)
        self.database = Database(open_sessions(self._engine), publisher, on_end={})

    async def close(self) -> None:
        self._broker.client.close()
        await self._redis.aclose()
        await self._engine.dispose()

    @property
    def postgres(self) -> PostgresServer:
        assert self.stack.postgres is not None
        return self.stack.postgres

    @property
    def valkey(self) -> ValkeyServer:
        assert self.stack.valkey is not None
        return self.stack.valkey

    @property
    def api(self) -> Child:
        assert self.stack.api is not None
        return self.stack.api

    async def submit(self, **wishes: dict[str, Any]) -> UUID:
        """A job whose stages do as `wishes` say."""
        job = NewJob(id=new_id(), user_id=self.user_id, family="fault", queue="interactive", payload=wishes)
        async with self.database.uow() as uow:
            await uow.jobs.accept(job)
            await uow.commit()
        return job.id

    def open_gate(self, job_id: UUID, stage: str) -> None:
        gate_path(self.stack.data_dir, job_id, stage).touch()

    def executions(self, job_id: UUID) -> list[Note]:
        """In the order in which the stages began."""
        path = notes_path(self.stack.data_dir)
        lines = path.read_bytes().splitlines() if path.exists() else []
        notes = [msgspec.json.decode(line, type=Note) for line in lines]
        return [note for note in notes if note.job_id == str(job_id)]

    def counts(self, job_id: UUID) -> Counter[str]:
        """How often each stage began."""
        return Counter(note.stage for note in self.executions(job_id))

    async def began(self, job_id: UUID, stage: str, *, times: int = 1) -> Note:
        """The last execution of the stage, once there are so many."""
        await until(lambda: self.counts(job_id)[stage] >= times, f"{stage} began {times} times")
        return next(note for note in reversed(self.executions(job_id)) if note.stage == stage)

    def worker_of(self, note: Note) -> Program:
        return next(worker for worker in self.stack.workers.values() if worker.pid == note.pid)

    async def job(self, job_id: UUID) -> Job:
        """Also while the database is away: then as soon as it is back."""
        return await persist(lambda: find_job(self.auto, job_id), "test")

    async def ended(self, job_id: UUID) -> Job:
        deadline = time.monotonic() + PATIENCE_S
        while (job := await self.job(job_id)).state not in TERMINAL:
            assert time.monotonic() < deadline, f"job is still {job.state}"
            await asyncio.sleep(0.05)
        return job

    def reader(self, job_id: UUID, *, per_connection: int | None = None) -> StreamReader:
        return StreamReader(self.client, f"/jobs/{job_id}/events", per_connection=per_connection)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Returns when the condition holds; fails after `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.02)


async def kill_for(server: Child, seconds: float) -> None:
    """SIGKILL, and nobody starts it again for so long."""
    server.is_wanted = False
    await asyncio.to_thread(server.kill9)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.start)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process of xdist runs all tests of this folder, so that one service is enough."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def fault_stack() -> Iterator[tuple[FaultStack, str]]:
    """The running service and its first admin's token."""
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with FaultStack(Path(folder), durable=False, queues=QUEUES, extra_env=SETTINGS, say=said.append) as stack:
            token = next(line for line in said if "azd_" in line).rpartition(" ")[2]
            yield stack, token


@pytest.fixture(scope="session")
async def signed_in(fault_stack: tuple[FaultStack, str]) -> AsyncIterator[tuple[httpx.AsyncClient, UUID]]:
    """A client of the first admin, and the admin's id."""
    stack, token = fault_stack
    async with httpx.AsyncClient(base_url=stack.url, timeout=30.0) as client:
        answer = (await client.post("/auth/exchange", json={"static_token": token})).json()
        client.headers["Authorization"] = f"Bearer {answer['access_token']}"
        yield client, UUID(answer["user"]["id"])


@pytest.fixture
async def faults(
    fault_stack: tuple[FaultStack, str], signed_in: tuple[httpx.AsyncClient, UUID]
) -> AsyncIterator[Faults]:
    """All processes run and are ready."""
    stack, _ = fault_stack
    for child in stack.children:
        await until(lambda child=child: child.is_running() and child.is_ready(), f"{child.name} runs")
    faults = Faults(stack, *signed_in)
    yield faults
    await faults.close()
