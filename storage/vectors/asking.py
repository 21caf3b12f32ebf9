"""The vector of a question: quickly or not at all, and not twice in a row."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from domain.embedding import usage_of
from domain.errors import DomainError
from domain.llm import Usage
from domain.ports import Embedder

_log = structlog.get_logger()

PATIENCE_S = 1.5
"""What a search waits for its vector before it goes without. A guess."""

PAUSE_S = 10.0
"""After a failure nobody asks for so long: an outage costs one search its patience, not every one. A guess."""

REMEMBERED = 500
REMEMBERED_S = 600.0
"""One question is asked for pages and for blocks, and often again while its answer is read."""

Vector = Sequence[float]

Pay = Callable[[Usage], Awaitable[None]]
"""Charges whoever asked first: a vector that is known costs nothing again."""


class Questions(Protocol):
    """Where a search has the vectors of its questions from: a provider, or a job's record (`recording`)."""

    embedder: Embedder

    async def of(self, question: str, pay: Pay) -> Vector | None: ...


class QuestionVectors:
    """Of one process. `failure` is the code of the last failure, null since the provider last answered."""

    def __init__(self, embedder: Embedder, *, patience_s: float = PATIENCE_S, pause_s: float = PAUSE_S) -> None:
        self.embedder = embedder
        self.failure: str | None = None
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._quiet_until = 0.0
        self._known: OrderedDict[str, tuple[float, asyncio.Future[Vector]]] = OrderedDict()

    async def of(self, question: str, pay: Pay) -> Vector | None:
        """Null when there is none in time; never raises for a failure of the provider. What `pay` raises is raised."""
        future = self._asked(question, pay)
        if future is None:
            return None
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._patience_s)
        except TimeoutError:
            self._fail("timeout")
        except DomainError as error:
            self._fail(error.code)
        return None

    def _asked(self, question: str, pay: Pay) -> asyncio.Future[Vector] | None:
        """The vector that is known or on its way, else asked for; null in a pause."""
        now = time.monotonic()
        known = self._known.get(question)
        if known is not None and known[0] > now:
            return known[1]
        if now < self._quiet_until:
            return None
        future = asyncio.ensure_future(self._embed(question, pay))
        future.add_done_callback(lambda future: self._answered(question, future))
        self._known[question] = (now + REMEMBERED_S, future)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return future

    async def _embed(self, question: str, pay: Pay) -> Vector:
        told = await self.embedder.embed_query(question)
        await pay(usage_of(told, [question], self.embedder.price_micro_usd))
        return told.vectors[0]

    def _fail(self, code: str) -> None:
        self.failure = code
        self._quiet_until = time.monotonic() + self._pause_s
        _log.warning("question_without_vector", error=code, model=self.embedder.model)

    def _answered(self, question: str, future: asyncio.Future[Vector]) -> None:
        """A late answer is kept for the next asking; a failed one is not."""
        if future.cancelled() or future.exception() is not None:
            self._known.pop(question, None)
            return
        self.failure = None
