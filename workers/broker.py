"""The worker's side of Dramatiq: one actor that looks into this process's queue (DESIGN §4)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import dramatiq
import structlog
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker

from storage.database import is_outage
from storage.queue import LOOK, open_broker

_log = structlog.get_logger()

POLL_MS = {"interactive": 15, "render": 30}
POLL_OTHERS_MS = 250
"""How long an idle consumer sleeps between two fetches at most, by queue; Dramatiq's default is 1 s. Half of it is the
mean delay of a bell. Shorter costs an idle worker CPU: see benchmarks/RESULTS.md."""


THREAD_WAIT_S = 1.0
"""How long an idle thread waits for a bell before it looks whether it shall end."""


class BellWorker(Worker):
    """Dramatiq's worker without what would only wake up: Dramatiq lets every idle thread wake as often as the consumer
    polls, and polls a queue of delayed messages as often as the queue itself; ours is always empty. Measured 2026-11-20
    for the interactive queue: 26 instead of 55 ms of CPU a second."""

    def start(self) -> None:
        self.broker.delay_queues.clear()
        super().start()
        for thread in self.workers:
            thread.timeout = THREAD_WAIT_S


def open_worker(
    url: str, *, queue: str, threads: int, look: Callable[[], Coroutine[Any, Any, None]]
) -> tuple[Worker, RedisBroker]:
    """A Dramatiq worker of `threads` threads, not yet started; each bell runs `look` on the caller's event loop.

    No middleware: no retries, no results, no time limits. Backoff and deadlines are in PostgreSQL.
    """
    loop = asyncio.get_running_loop()
    broker = open_broker(url)

    def on_bell() -> None:
        try:
            asyncio.run_coroutine_threadsafe(look(), loop).result()
        except Exception as error:
            # The bell is answered in any case; what is due is rung for again.
            if is_outage(error):
                _log.warning("database_away", what="look", error=type(error).__name__)
            else:
                _log.exception("look_failed")

    dramatiq.actor(broker=broker, actor_name=LOOK, queue_name=queue)(on_bell)
    return BellWorker(
        broker, queues={queue}, worker_timeout=POLL_MS.get(queue, POLL_OTHERS_MS), worker_threads=threads
    ), broker
