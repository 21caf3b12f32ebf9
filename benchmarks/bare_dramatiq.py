"""The baseline: a bare Dramatiq actor with a stored result, on the same Valkey, with the same poll interval as ours.

As a module it is the baseline's worker process: `python -m benchmarks.bare_dramatiq REDIS_URL THREADS`.
"""

import signal
import sys
import threading

import dramatiq
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from redis import Redis

from workers.broker import POLL_MS

ECHO = "echo"
QUEUE = "bench"


def open_baseline(url: str) -> tuple[RedisBroker, dramatiq.Actor]:
    """The broker and the one actor, which returns what it is given."""
    broker = RedisBroker(client=Redis.from_url(url), namespace="bench", middleware=[])
    broker.add_middleware(Results(backend=RedisBackend(client=Redis.from_url(url))))
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(lambda value: value, broker=broker, actor_name=ECHO, queue_name=QUEUE, store_results=True)
    return broker, actor


def main() -> None:
    broker, _ = open_baseline(sys.argv[1])
    worker = Worker(broker, worker_timeout=POLL_MS["interactive"], worker_threads=int(sys.argv[2]))
    worker.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print("ready", flush=True)
    ended.wait()
    worker.stop()


if __name__ == "__main__":
    main()
