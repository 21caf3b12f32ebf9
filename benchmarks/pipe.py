"""The pipe: an empty job from POST to its terminal event, against Dramatiq alone; and idle clients of the stream."""

import asyncio
import signal

import psutil

from benchmarks import empty_job, relay
from benchmarks.service import running_service


def section() -> str:
    with running_service() as service:
        compared = empty_job.measure(service)
        psutil.Process(service.background_pid).send_signal(signal.SIGSTOP)
        relayed = asyncio.run(relay.measure(service))
        psutil.Process(service.background_pid).send_signal(signal.SIGCONT)
    return render(compared, relayed)


def render(compared: empty_job.Compared, relayed: relay.Relayed) -> str:
    ours, bare, stripped, split = compared.ours, compared.shipped, compared.stripped, compared.split
    cpu = " · ".join(f"{name} {spent:.2f}" for name, spent in compared.cpu_ms.items())
    return f"""## An empty job, from POST to its terminal event at an SSE client

Medians of {empty_job.ROUNDS} rounds in which the sides took turns.

Baseline: Dramatiq as it comes, on the same Valkey: its Redis broker with its default middleware and poll interval, {empty_job.THREADS} threads, an
actor whose result is stored in Redis and waited for. Ours adds what the baseline lacks: three durable PostgreSQL commits (fsync on),
authentication of each request, an event log, a stream. `stripped` is Dramatiq without its own middleware, for information.

| | ours | Dramatiq | ratio | stripped |
|---|---|---|---|---|
| p50, one by one ({empty_job.ONE_BY_ONE} jobs) | {ours.p50_ms:.1f} ms | {bare.p50_ms:.1f} ms | {ours.p50_ms / bare.p50_ms:.2f}× (wanted ≤ 3×) | {stripped.p50_ms:.1f} ms |
| p99 | {ours.p99_ms:.1f} ms | {bare.p99_ms:.1f} ms | {ours.p99_ms / bare.p99_ms:.2f}× | {stripped.p99_ms:.1f} ms |
| jobs/s, {empty_job.IN_FLIGHT} in flight ({empty_job.TOGETHER} jobs) | {ours.jobs_per_s:.0f} | {bare.jobs_per_s:.0f} | {ours.jobs_per_s / bare.jobs_per_s:.0%} (wanted ≥ 25 %) | {stripped.jobs_per_s:.0f} |

Where the median job's time goes, one by one: accepting (sign-in check, one statement, commit) {split.accept_ms:.1f} ms · waiting for the bell
and the claim {split.wait_ms:.1f} ms · running and the last commit {split.run_ms:.1f} ms · telling through Redis, hub and stream {split.tell_ms:.1f} ms.

Processor time of a job in milliseconds, {empty_job.IN_FLIGHT} in flight: {cpu}; together {sum(compared.cpu_ms.values()):.1f}.

## {relayed.clients} idle SSE clients of one api process

| | measured | wanted |
|---|---|---|
| resident memory per client | {relayed.kib_per_client:.1f} KiB | ≤ 40 KiB |
| commit to client, p50 | {relayed.p50_ms:.1f} ms | |
| commit to client, p99 | {relayed.p99_ms:.1f} ms | ≤ 100 ms |
| events received | {relayed.received} of {relayed.expected} | all |
"""
