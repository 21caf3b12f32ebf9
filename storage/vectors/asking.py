"""The vector of a question: quickly or not at all, and not twice in a row."""

import asyncio
import time
from collections import OrderedDict

import structlog

from domain.errors import DomainError
from domain.ports import Embedder

_log = structlog.get_logger()

PATIENCE_S = 1.5
"""What a search waits for its vector before it goes without. A guess."""

PAUSE_S = 10.0
"""After a failure nobody asks for so long: an outage costs one search its patience, not every one. A guess."""

REMEMBERED = 500
REMEMBERED_S = 600.0
"""One question is asked for pages and for blocks, and often again while its answer is read."""


class QuestionVectors:
    """Of one process. `failure` is the code of the last failure, null since the provider last answered."""

    def __init__(self, embedder: Embedder, *, patience_s: float = PATIENCE_S, pause_s: float = PAUSE_S) -> None:
        self.embedder = embedder
        self.failure: str | None = None
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._quiet_until = 0.0
        self._known: OrderedDict[str, tuple[float, asyncio.Future[list[float]]]] = OrderedDict()

    async def of(self, question: str) -> list[float] | None:
        """Null when there is none in time; never raises for a failure of the provider."""
        future = self._asked(question)
        if future is None:
            return None
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._patience_s)
        except TimeoutError:
            self._fail(question, future, "timeout")
        except DomainError as error:
            self._fail(question, future, error.code)
        return None

    def _asked(self, question: str) -> asyncio.Future[list[float]] | None:
        """The vector that is known or on its way, else asked for; null in a pause."""
        now = time.monotonic()
        known = self._known.get(question)
        if known is not None and known[0] > now:
            return known[1]
        if now < self._quiet_until:
            return None
        future = asyncio.ensure_future(self.embedder.embed_query(question))
        future.add_done_callback(self._answered)
        self._known[question] = (now + REMEMBERED_S, future)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return future

    def _fail(self, question: str, future: asyncio.Future[list[float]], code: str) -> None:
        """A late answer is kept for the next asking; a failed one is not."""
        if future.done():
            self._known.pop(question, None)
        self.failure = code
        self._quiet_until = time.monotonic() + self._pause_s
        _log.warning("question_without_vector", error=code, model=self.embedder.model)

    def _answered(self, future: asyncio.Future[list[float]]) -> None:
        if not future.cancelled() and future.exception() is None:
            self.failure = None
