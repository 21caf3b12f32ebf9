"""A client that reads one job's events while they are published: what `api.following` promises (P6)."""

from random import Random

from tests.simulation.ledger import Violation
from tests.simulation.model import Entry, Row


class Reader:
    """`row` null: nothing is watched yet."""

    def __init__(self, random: Random) -> None:
        self.row: Row | None = None
        self._random = random
        self._published = 0
        self._seen: list[Entry] = []
        self._inbox: list[list[Entry]] = []

    def watch(self, row: Row) -> None:
        self.row = row
        self._published = len(row.log)

    def publish(self, *, is_lost: bool) -> None:
        """What was committed since the last call is published as one message."""
        if self.row is None or len(self.row.log) == self._published:
            return
        if not is_lost:
            self._inbox.append(self.row.log[self._published :])
        self._published = len(self.row.log)

    def read(self) -> None:
        """Take one message, of whatever age; with none, read the log."""
        if not self._inbox:
            self._read_log()
            return
        for entry in self._inbox.pop(int(self._random.random() * len(self._inbox))):
            if entry.seq == len(self._seen) + 1:
                self._seen.append(entry)
            elif entry.seq > len(self._seen):
                self._read_log()

    def check_end(self) -> None:
        """Raises Violation when the reader did not see every event once and in order."""
        self._read_log()
        if self.row is not None and self._seen != self.row.log:
            raise Violation(f"a reader of job {self.row.id} saw {len(self._seen)} events of {len(self.row.log)}")

    def _read_log(self) -> None:
        if self.row is not None:
            self._seen += self.row.log[len(self._seen) :]
