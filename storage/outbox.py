"""What is to be told once a transaction is committed: events to publish, queues to ring. Lost ones cost time only."""

import msgspec

from domain.events import Event


class Outbox(msgspec.Struct, kw_only=True):
    """Filled inside a unit of work, delivered after it."""

    events: list[Event] = []
    queues: list[str] = []
