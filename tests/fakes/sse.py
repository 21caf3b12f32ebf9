"""A client of event streams that reconnects with its cursor, as the contract of DESIGN §5 asks for."""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any, NamedTuple

import httpx

AGAIN_S = 0.1


class Frame(NamedTuple):
    """One event as it came; `id` is empty for frames that cannot be resumed from."""

    id: str
    event: str
    data: dict[str, Any]


class StreamReader:
    """Reads a stream to its end over as many connections as it takes; `frames` are those with an id, in order.

    `per_connection` hangs up after so many frames with an id, to come back with the last of them. `after` is the id to
    begin after.
    """

    def __init__(
        self, client: httpx.AsyncClient, path: str, *, per_connection: int | None = None, after: str = ""
    ) -> None:
        self.frames: list[Frame] = []
        self.connections = 0
        self.statuses: list[int] = []
        self._client = client
        self._path = path
        self._per_connection = per_connection
        self._last_id = after

    async def read(self) -> list[Frame]:
        """Until the server answers 204: nothing comes any more."""
        while True:
            try:
                if await self._read_once() == httpx.codes.NO_CONTENT:
                    return self.frames
            except httpx.TransportError:
                pass
            await asyncio.sleep(0 if self._per_connection else AGAIN_S)

    @property
    def seqs(self) -> list[int]:
        return [int(frame.id.rpartition(":")[2]) for frame in self.frames]

    async def _read_once(self) -> int:
        last = {"Last-Event-ID": self._last_id} if self._last_id else {}
        headers = {"Accept": "text/event-stream", **last}
        async with self._client.stream("GET", self._path, headers=headers) as response:
            self.connections += 1
            self.statuses.append(response.status_code)
            if response.status_code != httpx.codes.OK:
                return response.status_code
            seen = 0
            async for frame in frames_of(response):
                if not frame.id:
                    continue
                self.frames.append(frame)
                self._last_id = frame.id
                seen += 1
                if seen == self._per_connection:
                    break
        return httpx.codes.OK


async def frames_of(response: httpx.Response) -> AsyncIterator[Frame]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield Frame(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}


def answer_of(frames: list[Frame]) -> str:
    """The text that the deltas of a job's stream add up to."""
    text = ""
    for frame in frames:
        if frame.event == "answer.delta":
            text += frame.data["text"]
        elif frame.event == "answer.reset":
            text = ""
    return text


def is_proven(frames: list[Frame]) -> bool:
    """Whether the last event's hash and length are those of the text read: nothing was missed."""
    text, end = answer_of(frames), frames[-1].data
    return (end["text_length"], end["text_sha256"]) == (len(text), sha256(text.encode()).hexdigest())
