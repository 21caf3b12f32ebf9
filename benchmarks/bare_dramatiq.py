"""The baseline: a bare Dramatiq actor with a stored result, on the same Valkey.

`shipped` is Dramatiq as it comes: its Redis broker, its default middleware, its poll interval, results in Redis.
`stripped` has no middleware but Results and polls as often as our interactive queue. As a module it is the baseline's
worker process: `python -m benchmarks.bare_dramatiq REDIS_URL THREADS shipped`.
"""

import signal
import sys
import threading
from typing import Any

import dramatiq
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from redis import Redis

from workers.broker import POLL_MS

ECHO = "echo"
QUEUE = "bench"
KINDS = ("shipped", "stripped")


def open_baseline(url: str, kind: str) -> tuple[RedisBroker, dramatiq.Actor]:
    """The broker and the one actor, which returns what it is given."""
    wishes: dict[str, Any] = {"middleware": []} if kind == "stripped" else {}
    broker = RedisBroker(client=Redis.from_url(url), namespace=f"bench-{kind}", **wishes)
    broker.add_middleware(Results(backend=RedisBackend(client=Redis.from_url(url))))
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(lambda value: value, broker=broker, actor_name=ECHO, queue_name=QUEUE, store_results=True)
    return broker, actor


def main() -> None:
    url, threads, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    broker, _ = open_baseline(url, kind)
    wishes = {"worker_timeout": POLL_MS["interactive"]} if kind == "stripped" else {}
    worker = Worker(broker, worker_threads=threads, **wishes)
    worker.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print("ready", flush=True)
    ended.wait()
    worker.stop()


if __name__ == "__main__":
    main()
