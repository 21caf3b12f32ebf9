"""Many idle Server-Sent Events clients of one api process: what each costs, and how fast an event reaches it."""

import asyncio
import json
import time
from uuid import UUID

import msgspec
import psutil
from redis.asyncio import Redis

from benchmarks.http_client import Connection
from benchmarks.service import Service
from domain.events import EventType, NewEvent
from storage.database import open_engine, open_sessions
from storage.publisher import Publisher
from storage.uow import Database

CLIENTS = 500
JOBS = 50
EVENTS = 40
"""Events told one after another; each goes to the ten clients of its job."""
SETTLE_S = 5.0


class Relayed(msgspec.Struct, kw_only=True):
    """`kib_per_client` is the api's resident memory per idle client; milliseconds from commit to the client."""

    clients: int
    kib_per_client: float
    p50_ms: float
    p99_ms: float
    received: int
    expected: int


async def measure(service: Service) -> Relayed:
    """The jobs wait in a queue whose worker is stopped; their events are told as a worker would."""
    posting = Connection("127.0.0.1", service.port, service.token)
    jobs = [(await posting.call("POST", "/admin/probe", {"queue": "background"}))["id"] for _ in range(JOBS)]
    await posting.close()
    api = psutil.Process(service.api_pid)
    before = api.memory_info().rss
    delays: list[float] = []
    clients = [asyncio.create_task(_listen(service, jobs[number % JOBS], delays)) for number in range(CLIENTS)]
    await asyncio.sleep(SETTLE_S)
    grown = api.memory_info().rss - before
    await _tell(service, jobs)
    await asyncio.sleep(1.0)
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    ordered = sorted(delays) or [0.0]
    return Relayed(
        clients=CLIENTS,
        kib_per_client=grown / 1024 / CLIENTS,
        p50_ms=ordered[len(ordered) // 2] * 1000,
        p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
        received=len(delays),
        expected=EVENTS * CLIENTS // JOBS,
    )


async def _listen(service: Service, job_id: str, delays: list[float]) -> None:
    connection = Connection("127.0.0.1", service.port, service.token)
    async for name, data in connection.events(f"/jobs/{job_id}/events"):
        if name == "warning":
            delays.append(time.time() - json.loads(data)["told_at"])


async def _tell(service: Service, jobs: list[str]) -> None:
    """Append an event to one job after another, 20 ms apart; the clock starts after the commit, before publishing."""
    engine = open_engine(service.database_url, name="bench", pool_size=2)
    redis = Redis.from_url(service.redis_url)
    database = Database(open_sessions(engine), Publisher(redis, lambda _: None), on_end={})
    for number in range(EVENTS):
        async with database.uow() as uow:
            event = NewEvent(type=EventType.WARNING, payload={"told_at": time.time()})
            await uow.jobs.append(UUID(jobs[number % JOBS]), event)
            await uow.commit()
        await asyncio.sleep(0.02)
    await redis.aclose()
    await engine.dispose()
