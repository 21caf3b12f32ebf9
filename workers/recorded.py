"""A provider that gives the replies of a recorded job again: chunk by chunk, faults and all, without a network.

Calls are matched by stage, step and the request's normal form (`domain.rules_replay`); of equal ones the first that was
not given yet. What is not recorded ends a replay with `ReplayDiverged`; where prompts are tried, it goes to the real
provider.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast
from uuid import UUID

from domain import errors
from domain.errors import DomainError, ProviderFailed, ReplayDiverged
from domain.llm import (
    CallFault,
    Capabilities,
    Chunk,
    EndChunk,
    LLMRequest,
    Provider,
    ServedChunk,
    TextChunk,
    ThoughtChunk,
    UsageChunk,
)
from domain.replays import RecordedCall
from domain.rules_replay import first_difference, request_key
from storage.llm_log import comparable_request

INTERRUPTED = "interrupted"
"""The fault of a call that the stage gave up, in the log's words."""

Where = Callable[[], tuple[str, int]]
"""The stage that runs, and the number of the step that it is to end with."""


class Tape:
    """The recorded calls, and which of them this run was given. `is_strict`: nothing else may be asked."""

    def __init__(self, calls: Sequence[RecordedCall], where: Where, *, is_strict: bool) -> None:
        self.is_strict = is_strict
        self._calls = calls
        self._keys = {call.id: request_key(call.request) for call in calls}
        self._where = where
        self._given: set[UUID] = set()
        self._given_up: set[tuple[str, int, str]] = set()

    def take(self, request: LLMRequest) -> RecordedCall | None:
        """The call whose turn it is; null when it is not recorded and may be made.

        Raises `ReplayDiverged` with the first difference, and `ProviderFailed` for what the stage had given up.
        """
        asked = comparable_request(request)
        stage, step_no = self._where()
        open_calls = [call for call in self._calls if call.stage == stage and call.id not in self._given]
        of_step = [call for call in open_calls if call.step_no == step_no]
        key = request_key(asked)
        candidates = of_step if self.is_strict else [*of_step, *open_calls]
        found = next((call for call in candidates if self._keys[call.id] == key), None)
        if found is not None:
            self._given.add(found.id)
            self._note(found, step_no)
            return found
        if not self.is_strict:
            return None
        if (stage, step_no, request.purpose) in self._given_up:
            raise ProviderFailed("the recorded stage had given up here")
        raise self._diverged(stage, asked, of_step)

    def _note(self, call: RecordedCall, step_no: int) -> None:
        if call.fault is not None and call.fault.code == INTERRUPTED:
            self._given_up.add((call.stage, step_no, call.prompt))

    def _diverged(self, stage: str, asked: Mapping[str, Any], expected: Sequence[RecordedCall]) -> ReplayDiverged:
        number = len(self._given) + 1
        same_prompt = [call for call in expected if call.prompt == asked["purpose"]]
        call = next(iter(same_prompt or expected), None)
        difference = first_difference(call.request, asked) if call else None
        what_ru = difference.ru if difference else "в записи этого вызова нет"
        what_en = difference.en if difference else "the record has no such call"
        return ReplayDiverged(
            f"stage {stage}, call {number}: {difference.what if difference else 'not recorded'}",
            public_ru=f"Повтор разошёлся с записью: этап {stage}, вызов {number} ({asked['purpose']}): {what_ru}.",
            public_en=f"The replay diverged: stage {stage}, call {number} ({asked['purpose']}): {what_en}.",
        )


class RecordedProvider:
    """Stands in for `real`, which is asked for what its models can take and, in a trial, for what is not recorded."""

    is_ready = True

    def __init__(self, name: str, tape: Tape, real: Provider) -> None:
        self.name = name
        self._tape = tape
        self._real = real

    def capabilities(self, model: str) -> Capabilities:
        return self._real.capabilities(model)

    async def stream(self, request: LLMRequest, *, api_key: str | None = None) -> AsyncIterator[Chunk]:
        call = self._tape.take(request)
        if call is None:
            # Every provider's stream is a generator; the protocol does not say so.
            stream = cast("AsyncGenerator[Chunk, None]", self._real.stream(request, api_key=api_key))
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        yield ServedChunk(call_id=call.id, seconds=call.latency_ms / 1000)
        for piece in _pieces_of(call):
            yield piece
            await asyncio.sleep(0)
        if call.finish_reason is not None:
            yield EndChunk(usage=call.usage, finish_reason=call.finish_reason, request_id=call.request_id)
            return
        yield UsageChunk(call.usage)
        raise error_of(call.fault)

    async def close(self) -> None:
        """The real provider belongs to whoever made it."""


def _pieces_of(call: RecordedCall) -> Iterator[Chunk]:
    thought = said = 0
    for piece in call.pieces:
        if piece.is_thought:
            yield ThoughtChunk(call.thinking[thought : thought + piece.length])
            thought += piece.length
        else:
            yield TextChunk(call.response[said : said + piece.length])
            said += piece.length


def error_of(fault: CallFault | None) -> DomainError:
    """The recorded failure as the error that it was; an interrupted call as one that passes."""
    kind = _ERRORS.get(fault.code) if fault else None
    if fault is None or kind is None:
        return ProviderFailed("the recorded call was given up")
    return kind(
        f"recorded: {fault.code}",
        public_ru=fault.public_ru or None,
        public_en=fault.public_en or None,
        retry_after_s=fault.retry_after_s,
    )


_ERRORS = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DomainError)
}
