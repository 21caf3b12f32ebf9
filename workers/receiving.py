"""Taking one streamed reply: chunk by chunk, with the answer's text passed on as it grows."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

import msgspec

from domain.errors import ProviderFailed, ProviderRefused, ReplyInvalid
from domain.llm import Chunk, EndChunk, TextChunk, ThoughtChunk, Usage
from workers.json_stream import JsonTextField

_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Listener(Protocol):
    """Where the pieces of a reply go. Either method may raise to stop the reply."""

    async def write_answer(self, text: str) -> None: ...

    async def write_thought(self, text: str) -> None: ...


class Received:
    """What has come of one reply. `shown` is the part of the answer's text that was passed on."""

    def __init__(self, stream_field: str | None) -> None:
        self.text = ""
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

    async def take(self, chunk: Chunk, listener: Listener) -> None:
        self.elapsed_s = time.monotonic() - self._started
        if isinstance(chunk, EndChunk):
            self.usage = chunk.usage
            self.finish_reason = chunk.finish_reason
            self.request_id = chunk.request_id
        elif isinstance(chunk, ThoughtChunk):
            await listener.write_thought(chunk.text)
        else:
            await self._take_text(chunk, listener)

    def stop_clock(self) -> None:
        self.elapsed_s = time.monotonic() - self._started

    def decode(self, schema: type[msgspec.Struct]) -> None:
        """Set `reply`. Raises `ReplyInvalid` naming what does not fit, `ProviderRefused` for a blocked reply."""
        if self.finish_reason == "blocked":
            raise ProviderRefused("the reply was blocked by the provider")
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
        piece = self._field.feed(chunk.text) if self._field else ""
        if piece:
            self.shown += piece
            await listener.write_answer(piece)


async def receive(stream: AsyncIterator[Chunk], received: Received, listener: Listener, *, idle_s: float) -> None:
    """Take the whole stream. Raises `ProviderFailed` when it is silent for `idle_s` or ends without its last chunk.

    The stream is closed however this ends: a cancelled task stops the provider's work too.
    """
    try:
        while received.finish_reason is None:
            async with asyncio.timeout(idle_s):
                chunk = await anext(stream, None)
            if chunk is None:
                raise ProviderFailed("the stream ended without its last chunk")
            await received.take(chunk, listener)
    except TimeoutError as error:
        raise ProviderFailed(f"nothing came for {idle_s:.0f} s") from error
    finally:
        received.stop_clock()
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def _json_of(text: str) -> str:
    """The JSON object in `text`: models put it into code fences or add a sentence around it.

    An escaped NUL becomes U+FFFD, as in the streamed text: PostgreSQL holds no NUL.
    """
    first, last = text.find("{"), text.rfind("}")
    return _ESCAPED_NUL.sub(r"\1\\ufffd", text[first : last + 1] if 0 <= first < last else text)
