"""An empty job, from POST to its terminal event at a Server-Sent Events client, against a bare Dramatiq round trip."""

import asyncio
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import msgspec

from benchmarks.bare_dramatiq import open_baseline
from benchmarks.http_client import Connection
from benchmarks.processor_time import Spent, counted
from benchmarks.service import Service

T = TypeVar("T", bound=msgspec.Struct)

ONE_BY_ONE = 60
TOGETHER = 600
IN_FLIGHT = 24
ROUNDS = 3
THREADS = 8


class Measured(msgspec.Struct, kw_only=True):
    """Milliseconds of single jobs, and jobs per second with many in flight; medians over the rounds."""

    p50_ms: float
    p99_ms: float
    jobs_per_s: float


class Split(msgspec.Struct, kw_only=True):
    """Where the median job's milliseconds go, by the server's own clock where it is known."""

    accept_ms: float
    wait_ms: float
    run_ms: float
    tell_ms: float


class Compared(msgspec.Struct, kw_only=True):
    """`cpu_ms` is the processor time of a job with many in flight, by program: the median round's."""

    ours: Measured
    shipped: Measured
    stripped: Measured
    split: Split
    cpu_ms: dict[str, float]


def measure(service: Service) -> Compared:
    """Ours and Dramatiq as shipped take turns, so that a slow minute hits both; then the stripped one, by itself."""
    ours: list[Measured] = []
    shipped: list[Measured] = []
    splits: list[Split] = []
    spent: list[Spent] = []
    with _baseline_worker(service.redis_url, "shipped"):
        for _ in range(ROUNDS):
            single, split = asyncio.run(_ours_single(service))
            with counted(service.programs) as seconds:
                jobs_per_s = asyncio.run(_ours_together(service))
            ours.append(_measured(single, jobs_per_s))
            splits.append(split)
            spent.append(seconds)
            shipped.append(_bare(service.redis_url, "shipped"))
    with _baseline_worker(service.redis_url, "stripped"):
        stripped = [_bare(service.redis_url, "stripped") for _ in range(ROUNDS)]
    return Compared(
        ours=_median(ours),
        shipped=_median(shipped),
        stripped=_median(stripped),
        split=_median(splits),
        cpu_ms={name: statistics.median(one[name] for one in spent) * 1000 / TOGETHER for name in service.programs},
    )


async def _ours_single(service: Service) -> tuple[list[float], Split]:
    posting = Connection("127.0.0.1", service.port, service.token)
    listening = Connection("127.0.0.1", service.port, service.token)
    times: list[float] = []
    parts: list[tuple[float, float, float, float]] = []
    for _ in range(ONE_BY_ONE):
        started, wall = time.perf_counter(), time.time()
        job_id = (await posting.call("POST", "/admin/probe", {}))["id"]
        accepted = time.perf_counter()
        stamps = await _until_end(listening, job_id)
        ended = time.perf_counter()
        times.append((ended - started) * 1000)
        begun, finished = stamps["job.started"] - wall, stamps["job.succeeded"] - wall
        parts.append(
            (
                (accepted - started) * 1000,
                (begun - (accepted - started)) * 1000,
                (finished - begun) * 1000,
                (ended - started - finished) * 1000,
            )
        )
    await posting.close()
    await listening.close()
    middle = [statistics.median(column) for column in zip(*parts, strict=True)]
    return times, Split(accept_ms=middle[0], wait_ms=middle[1], run_ms=middle[2], tell_ms=middle[3])


async def _ours_together(service: Service) -> float:
    left = iter(range(TOGETHER))

    async def client() -> None:
        connection = Connection("127.0.0.1", service.port, service.token)
        for _ in left:
            job_id = (await connection.call("POST", "/admin/probe", {}))["id"]
            await _until_end(connection, job_id)
        await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))
    return TOGETHER / (time.perf_counter() - started)


async def _until_end(listening: Connection, job_id: str) -> dict[str, float]:
    """Follow the stream to its terminal event; the server's time stamps by event name."""
    stamps: dict[str, float] = {}
    async for name, data in listening.events(f"/jobs/{job_id}/events"):
        if name.startswith("job."):
            stamps[name] = _seconds(json.loads(data)["ts"])
    return stamps


def _bare(url: str, kind: str) -> Measured:
    return _measured(_bare_single(url, kind), _bare_together(url, kind))


def _bare_single(url: str, kind: str) -> list[float]:
    broker, echo = open_baseline(url, kind)
    times: list[float] = []
    for number in range(ONE_BY_ONE):
        started = time.perf_counter()
        echo.send(number).get_result(block=True, timeout=30_000)
        times.append((time.perf_counter() - started) * 1000)
    broker.close()
    return times


def _bare_together(url: str, kind: str) -> float:
    broker, echo = open_baseline(url, kind)
    left = iter(range(TOGETHER))
    lock = threading.Lock()

    def client() -> None:
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            echo.send(number).get_result(block=True, timeout=30_000)

    threads = [threading.Thread(target=client) for _ in range(IN_FLIGHT)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    broker.close()
    return TOGETHER / (time.perf_counter() - started)


@contextmanager
def _baseline_worker(url: str, kind: str) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.bare_dramatiq", url, str(THREADS), kind]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.terminate()
        process.wait(15)


def _measured(times: list[float], jobs_per_s: float) -> Measured:
    ordered = sorted(times)
    return Measured(p50_ms=statistics.median(ordered), p99_ms=ordered[int(len(ordered) * 0.99)], jobs_per_s=jobs_per_s)


def _median(rounds: list[T]) -> T:
    kind = type(rounds[0])
    return kind(**{name: statistics.median(getattr(one, name) for one in rounds) for name in kind.__struct_fields__})


def _seconds(stamp: str) -> float:
    return msgspec.convert(stamp, type=datetime).timestamp()
