"""Taking one streamed reply: chunk by chunk, with the answer's text passed on as it grows."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.errors import BudgetExceeded, ProviderFailed, ProviderRefused, ReplyInvalid
from domain.ids import new_id
from domain.llm import Chunk, EndChunk, Piece, ServedChunk, TextChunk, ThoughtChunk, Usage, UsageChunk
from domain.stage import Hold
from workers.json_stream import JsonTextField

_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Listener(Protocol):
    """Where the pieces of a reply go. Either method may raise to stop the reply."""

    async def write_answer(self, text: str) -> None: ...

    async def write_thought(self, text: str) -> None: ...


class Received:
    """What has come of one reply. `shown` is the part of the answer's text that was passed on; `id` is made when the
    call begins; `served_by` is the recorded call that the reply was taken from, if one was."""

    def __init__(self, stream_field: str | None, hold: Hold | None = None) -> None:
        self.id = new_id()
        self.text = ""
        self.thinking = ""
        self.pieces: list[Piece] = []
        self.served_by: UUID | None = None
        self.served_s = 0.0
        self.shown = ""
        self.usage = Usage()
        self.finish_reason: str | None = None
        self.request_id: str | None = None
        self.first_token_s: float | None = None
        self.elapsed_s = 0.0
        self.reply: msgspec.Struct | None = None
        self._started = time.monotonic()
        self._field = JsonTextField(stream_field) if stream_field else None
        self._stream_field = stream_field
        self._hold = hold
        self.held: bool | None = None if hold else False

    async def take(self, chunk: Chunk, listener: Listener) -> None:
        self.elapsed_s = time.monotonic() - self._started
        if isinstance(chunk, EndChunk):
            self.usage = chunk.usage
            self.finish_reason = chunk.finish_reason
            self.request_id = chunk.request_id
        elif isinstance(chunk, UsageChunk):
            self.usage = chunk.usage
        elif isinstance(chunk, ServedChunk):
            self.served_by, self.served_s = chunk.call_id, chunk.seconds
        elif isinstance(chunk, ThoughtChunk):
            self.thinking += chunk.text
            self._note(chunk)
            await listener.write_thought(chunk.text)
        else:
            await self._take_text(chunk, listener)

    def stop_clock(self) -> None:
        self.elapsed_s = time.monotonic() - self._started

    @property
    def counted_s(self) -> float:
        """The seconds that count against the job's budget: of a recorded reply those that it took then."""
        return self.served_s if self.served_by else self.elapsed_s

    def _note(self, chunk: TextChunk | ThoughtChunk) -> None:
        is_thought = isinstance(chunk, ThoughtChunk)
        self.pieces.append(Piece(is_thought, len(chunk.text), round(self.elapsed_s * 1000)))

    def decode(self, schema: type[msgspec.Struct]) -> None:
        """Set `reply`. Raises `ReplyInvalid` naming what does not fit, `ProviderRefused` for a blocked reply."""
        if self.finish_reason == "blocked":
            raise ProviderRefused(
                "the reply was blocked by the provider",
                public_ru="Модель отказалась отвечать: запрос или ответ заблокирован правилами провайдера.",
                public_en="The model refused to answer: the provider's rules block the request or the reply.",
            )
        if self.finish_reason == "length":
            raise ReplyInvalid("the reply was cut at the length limit; a shorter one is needed")
        try:
            reply = msgspec.json.decode(_json_of(self.text), type=schema)
        except msgspec.MsgspecError as error:
            raise ReplyInvalid(str(error)) from error
        if self._stream_field and not str(getattr(reply, self._stream_field)).strip():
            raise ReplyInvalid(f"`{self._stream_field}` is empty")
        self.reply = reply

    async def _take_text(self, chunk: TextChunk, listener: Listener) -> None:
        if self.first_token_s is None:
            self.first_token_s = self.elapsed_s
        self.text += chunk.text
        self._note(chunk)
        piece = self._field.feed(chunk.text) if self._field else ""
        if piece and self.held is None and self._hold is not None:
            self.held = self._hold(_head_of(self.text, f'"{self._stream_field}"'))
        if piece and not self.held:
            self.shown += piece
            await listener.write_answer(piece)


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a reply may take: until its first chunk, between two chunks, and in all."""

    first_s: float
    idle_s: float
    total_s: float


async def receive(stream: AsyncIterator[Chunk], received: Received, listener: Listener, patience: Patience) -> None:
    """Take the whole stream. Raises `ProviderFailed` when it is silent for too long or ends without its last chunk,
    `BudgetExceeded` when it takes more than its total.

    The stream is closed however this ends: a cancelled task stops the provider's work too.
    """
    give_up_at = time.monotonic() + patience.total_s
    silence_s = patience.first_s
    try:
        while received.finish_reason is None:
            chunk = await _next_chunk(stream, silence_s, give_up_at)
            await received.take(chunk, listener)
            silence_s = patience.idle_s
    finally:
        received.stop_clock()
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def _next_chunk(stream: AsyncIterator[Chunk], silence_s: float, give_up_at: float) -> Chunk:
    left_s = give_up_at - time.monotonic()
    try:
        async with asyncio.timeout(min(silence_s, left_s)):
            chunk = await anext(stream, None)
    except TimeoutError as error:
        if left_s <= silence_s:
            raise BudgetExceeded("limits reached: seconds") from error
        raise ProviderFailed(f"nothing came for {silence_s:.0f} s") from error
    if chunk is None:
        raise ProviderFailed("the stream ended without its last chunk")
    return chunk


def _head_of(text: str, field: str) -> dict[str, Any]:
    """The fields of the reply before `field` (in its quotation marks), whose value has just begun; empty when they
    cannot be read."""
    head = text[text.find("{") : text.rfind(field)].rstrip().removesuffix(",")
    try:
        return msgspec.json.decode(f"{head}}}", type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _json_of(text: str) -> str:
    """The JSON object in `text`: models put it into code fences or add a sentence around it.

    An escaped NUL becomes U+FFFD, as in the streamed text: PostgreSQL holds no NUL.
    """
    first, last = text.find("{"), text.rfind("}")
    return _ESCAPED_NUL.sub(r"\1\\ufffd", text[first : last + 1] if 0 <= first < last else text)
