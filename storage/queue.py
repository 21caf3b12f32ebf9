"""The doorbell: a Dramatiq message per ring, sent by actor name, so that the api needs no worker code.

A bell only says "look"; the truth about what is due is in PostgreSQL. Message loss costs seconds.
"""

import dramatiq
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import BrokerConnectionError as BrokerUnreachable
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisUnreachable
from redis.retry import Retry

NAMESPACE = "aizoomdoc"
LOOK = "look"
"""The name of the one actor: look into the queue that the message was sent to."""


def open_broker(url: str, *, middleware: list[dramatiq.Middleware] | None = None) -> RedisBroker:
    """A broker whose client fails fast instead of retrying: a lost bell is rung again by the reconciler.

    maintenance_chance makes every fetch look after dead workers' messages (dependencies.md §0); heartbeat_timeout is
    that of a worker process in milliseconds.
    """
    client = Redis.from_url(
        url,
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisBroker(
        client=client,
        namespace=NAMESPACE,
        middleware=middleware or [],
        maintenance_chance=1_000_000,
        heartbeat_timeout=15_000,
    )


class Bells:
    """Rings queues. Calls block for a network round trip; use a thread."""

    def __init__(self, broker: RedisBroker) -> None:
        self._broker = broker

    def ring(self, queue: str) -> None:
        """Raises redis ConnectionError when the bell could not be sent."""
        message: Message[None] = Message(queue_name=queue, actor_name=LOOK, args=(), kwargs={}, options={})
        try:
            self._broker.declare_queue(queue)
            self._broker.enqueue(message)
        except BrokerUnreachable as error:
            raise RedisUnreachable(str(error)) from error
