"""What is to be told once a transaction is committed: events to publish, queues to ring. Lost ones cost time only."""

import msgspec

from domain.events import Event


class Outbox(msgspec.Struct, kw_only=True):
    """Filled inside a unit of work, delivered after it. `pokes` are (job id, last_seq) without their events."""

    events: list[Event] = []
    queues: list[str] = []

    def clear(self) -> None:
        self.events, self.queues = [], []
