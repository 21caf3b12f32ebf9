"""`python -m benchmarks`: measure and write benchmarks/RESULTS.md."""

import asyncio
import platform
import signal
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks import empty_job, relay
from benchmarks.service import running_service

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    with running_service() as service:
        load = psutil.getloadavg()[0]
        ours, bare, split = empty_job.measure(service)
        psutil.Process(service.background_pid).send_signal(signal.SIGSTOP)
        relayed = asyncio.run(relay.measure(service))
        psutil.Process(service.background_pid).send_signal(signal.SIGCONT)
    RESULTS.write_text(render(load, ours, bare, split, relayed), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


def render(
    load: float, ours: empty_job.Measured, bare: empty_job.Measured, split: empty_job.Split, relayed: relay.Relayed
) -> str:
    return f"""# Results

Made by `make bench` on {datetime.now(UTC):%Y-%m-%d}: Python {platform.python_version()}, {psutil.cpu_count()} cores shared by
servers, workers and the load itself; load average at the start {load:.1f}. Medians of {empty_job.ROUNDS} rounds in which the
two sides took turns. Read the ratios; the milliseconds are those of a noisy machine.

## An empty job, from POST to its terminal event at an SSE client

Baseline: a bare Dramatiq actor with a stored result on the same Valkey, {empty_job.THREADS} threads, the same poll interval, no middleware
but Results. Ours adds what the baseline lacks: three durable PostgreSQL commits (fsync on), authentication, an event log, a stream.

| | ours | bare Dramatiq | ratio |
|---|---|---|---|
| p50, one by one ({empty_job.ONE_BY_ONE} jobs) | {ours.p50_ms:.1f} ms | {bare.p50_ms:.1f} ms | {ours.p50_ms / bare.p50_ms:.2f}× (wanted ≤ 3×) |
| p99 | {ours.p99_ms:.1f} ms | {bare.p99_ms:.1f} ms | {ours.p99_ms / bare.p99_ms:.2f}× |
| jobs/s, {empty_job.IN_FLIGHT} in flight ({empty_job.TOGETHER} jobs) | {ours.jobs_per_s:.0f} | {bare.jobs_per_s:.0f} | {ours.jobs_per_s / bare.jobs_per_s:.0%} (wanted ≥ 25 %) |

Where the median job's time goes: accepting (sign-in check, one statement, commit) {split.accept_ms:.1f} ms · waiting for the bell and
the claim {split.wait_ms:.1f} ms · running and the last commit {split.run_ms:.1f} ms · telling through Redis, hub and stream {split.tell_ms:.1f} ms.

## {relayed.clients} idle SSE clients of one api process

| | measured | wanted |
|---|---|---|
| resident memory per client | {relayed.kib_per_client:.1f} KiB | ≤ 40 KiB |
| commit to client, p50 | {relayed.p50_ms:.1f} ms | |
| commit to client, p99 | {relayed.p99_ms:.1f} ms | ≤ 100 ms |
| events received | {relayed.received} of {relayed.expected} | all |
"""


if __name__ == "__main__":
    main()
