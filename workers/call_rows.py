"""The row of one paid call in the log: before it is begun, while the model works, and at its end."""

import asyncio

import msgspec

from domain.errors import DomainError
from domain.llm import LLMRequest, Usage
from domain.ports import LLMLog
from workers.questions import AskingContext, Question, row_of
from workers.receiving import Received
from workers.spending import Interrupted

SENT_AFTER_S = 0.05
"""The request has left by then: what was sent is looked through for secrets and stored while the model works, not
while somebody waits. A guess; a call that ends sooner is stored at its end."""


class CallRow:
    """`room` is the most that the call may cost; 0 where models cost nothing."""

    def __init__(
        self, log: LLMLog, run: AskingContext, question: Question, received: Received, *, is_repair: bool
    ) -> None:
        self._log = log
        self._run = run
        self._question = question
        self._received = received
        self._is_repair = is_repair
        self._over = asyncio.Event()
        self._sent: asyncio.Task[bool] | None = None

    async def begin(self, request: LLMRequest, room: Usage) -> None:
        """Keep what the call may cost until its own row takes this one's place: a worker that dies in it leaves the
        money spent, not free to be spent again."""
        if room.cost_micro_usd:
            await self._write(msgspec.structs.replace(request, system="", parts=()), room, Interrupted())

    def sending(self, request: LLMRequest, room: Usage) -> None:
        """From now on the model works: what it is sent is kept meanwhile."""
        if room.cost_micro_usd:
            self._sent = asyncio.create_task(self._keep_sent(request, room))

    async def end(self, request: LLMRequest, used: Usage, error: DomainError | None) -> None:
        """What came of it. Never lost: without a row that has the request, this one has it."""
        self._over.set()
        await self._write(request, used, error, with_request=not (self._sent and await _is_done(self._sent)))

    async def _keep_sent(self, request: LLMRequest, room: Usage) -> bool:
        """Whether it was worth while."""
        try:
            await asyncio.wait_for(self._over.wait(), SENT_AFTER_S)
        except TimeoutError:
            await self._write(request, room, Interrupted())
            return True
        return False

    async def _write(
        self, request: LLMRequest, usage: Usage, error: DomainError | None, *, with_request: bool = True
    ) -> None:
        row = row_of(self._run, self._question, request, self._received, usage, error, self._is_repair)
        await self._log.write(row, with_request=with_request)


async def _is_done(keeping: asyncio.Task[bool]) -> bool:
    """Whether it was kept, once it no longer writes."""
    await asyncio.wait({keeping})
    return not keeping.cancelled() and keeping.exception() is None and keeping.result()
