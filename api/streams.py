"""Server-Sent Events: how events become frames. The only importer of sse_starlette."""

import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any
from uuid import UUID

import anyio
import msgspec
from litestar import Response
from sse_starlette import EventSourceResponse

from api.evidence import addressed
from api.following import follow, follow_batches
from api.hub import Hub
from api.settings import ApiSettings
from domain.chat_frames import chat_frame_of
from domain.errors import TooManyRequests
from domain.events import Event
from storage.lines import Place

SEND_TIMEOUT_S = 20.0
"""A reader that takes nothing for this long is dropped; its cursor lets it resume (reliability.md §4.2)."""
FAREWELL_S = 2.0
"""How long streams may say goodbye when the server stops."""

_encode = msgspec.json.Encoder().encode


class SSEResponse(Response[None]):
    """Lets a handler answer with a stream or with something else: Litestar takes an EventSourceResponse as it is only
    from handlers annotated with exactly that type (dependencies.md §1)."""

    def __init__(self, stream: EventSourceResponse) -> None:
        super().__init__(content=None)
        self._stream = stream

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        return self._stream


class Streams:
    """Opens streams, at most so many at a time for each user of this process, each for a limited time (settings)."""

    def __init__(self, hub: Hub, settings: ApiSettings) -> None:
        self.hub = hub
        self._settings = settings
        self._per_user = settings.streams_per_user
        self._life_s = settings.stream_life_s
        self._ping_s = settings.ping_s
        self._open: Counter[UUID] = Counter()
        # Set by sse_starlette when the server is told to stop; shared by all streams.
        self._shutdown = anyio.Event()

    async def close_on_shutdown(self) -> None:
        """Let every stream end with a farewell when the server stops. Runs until then."""
        await self._shutdown.wait()
        self.hub.close_all()

    def check(self, user_id: UUID) -> None:
        """Raises TooManyRequests when the user has as many streams open as allowed."""
        if self._open[user_id] >= self._per_user:
            raise TooManyRequests("streams", retry_after_s=5)

    @contextmanager
    def taken(self, user_id: UUID) -> Iterator[None]:
        """One of the user's streams is open inside the block. Raises TooManyRequests."""
        self.check(user_id)
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]

    def job_stream(self, user_id: UUID, job_id: UUID, *, after: int, life_s: float) -> EventSourceResponse:
        """The job's own events; `after` is the cursor."""
        until = self._until(life_s)
        return self._respond(user_id, self._job_frames(job_id, after, until), until)

    def chat_stream(
        self, user_id: UUID, job_id: UUID, *, after: int, life_s: float, language: str
    ) -> EventSourceResponse:
        """The chat's view of the job, with the former systems' event names."""
        until = self._until(life_s)
        return self._respond(user_id, self._chat_frames(job_id, after, until, language), until)

    async def chat_messages(
        self, job_id: UUID, *, after: int, life_s: float, language: str
    ) -> AsyncGenerator[dict[str, Any]]:
        """The same view as JSON objects {event, data, id}, for the WebSocket."""
        async with aclosing(follow(self.hub, job_id, after=after, until=self._until(life_s))) as told:
            async for told_item in told:
                item = addressed(self._settings, told_item)
                if isinstance(item, Place):
                    yield {"event": "queue_position", "data": _queue_position(item)}
                elif (frame := chat_frame_of(item, language)) is not None:
                    yield {"id": f"{job_id}:{item.seq}", "event": frame.event, "data": frame.data}

    def _until(self, life_s: float) -> float:
        return time.monotonic() + min(self._life_s, life_s)

    def _respond(self, user_id: UUID, frames: AsyncGenerator[bytes], until: float) -> EventSourceResponse:
        self.check(user_id)
        return EventSourceResponse(
            self._guarded(user_id, frames, until),
            ping=self._ping_s,
            send_timeout=SEND_TIMEOUT_S,
            shutdown_event=self._shutdown,
            shutdown_grace_period=FAREWELL_S,
            headers={"Cache-Control": "no-store"},
        )

    async def _guarded(self, user_id: UUID, frames: AsyncGenerator[bytes], until: float) -> AsyncGenerator[bytes]:
        """First bytes at once; a stream that ends before its job tells the client to come back at a random moment."""
        with self.taken(user_id):
            yield b"retry: 2000\n: connected\n\n"
            async with aclosing(frames):
                async for frame in frames:
                    yield frame
            if self.hub.closing or time.monotonic() >= until:
                yield b"retry: %d\n: resume\n\n" % random.randint(500, 3000)

    async def _job_frames(self, job_id: UUID, after: int, until: float) -> AsyncGenerator[bytes]:
        async with aclosing(follow_batches(self.hub, job_id, after=after, until=until)) as batches:
            async for batch in batches:
                yield b"".join(
                    _place_frame(item, "queue.position") if isinstance(item, Place) else job_frame(item)
                    for item in self._addressed(batch)
                )

    async def _chat_frames(self, job_id: UUID, after: int, until: float, language: str) -> AsyncGenerator[bytes]:
        async with aclosing(follow_batches(self.hub, job_id, after=after, until=until)) as batches:
            async for batch in batches:
                if frames := b"".join(_chat_frame(item, language) for item in self._addressed(batch)):
                    yield frames

    def _addressed(self, batch: Sequence[Event | Place]) -> list[Event | Place]:
        return [addressed(self._settings, item) for item in batch]


def _chat_frame(item: Event | Place, language: str) -> bytes:
    """Empty for an event that the chat's view does not show."""
    if isinstance(item, Place):
        return _frame("queue_position", _queue_position(item))
    frame = chat_frame_of(item, language)
    return b"" if frame is None else _frame(frame.event, frame.data, f"{item.job_id}:{item.seq}")


def envelope(event: Event) -> dict[str, Any]:
    """The data of an event as clients see it, in streams and in polling alike."""
    return {
        **event.payload,
        "job_id": event.job_id,
        "seq": event.seq,
        "epoch": event.epoch,
        "stage": event.stage,
        "ts": event.ts,
    }


def job_frame(event: Event) -> bytes:
    return _frame(event.type.value, envelope(event), str(event.seq))


def _queue_position(place: Place) -> dict[str, Any]:
    """The fields of spec/aizoomdoc.md §1.2."""
    return {
        "position": place.position,
        "estimated_wait_seconds": place.eta_p50_s,
        "estimated_wait_seconds_p90": place.eta_p90_s,
        "active_requests": place.running,
        "queue_size": place.queued,
    }


def _place_frame(place: Place, name: str) -> bytes:
    return _frame(name, msgspec.to_builtins(place))


def _frame(event: str, data: Any, event_id: str | None = None) -> bytes:
    """JSON has no raw line ends, so one data line is enough."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {event}\ndata: ".encode() + _encode(data) + b"\n\n"
