"""A Gemini API on loopback for tests: real HTTP and SSE in the recorded shapes, answers by script, requests remembered.

It runs in a thread of its own, so that it serves processes (`GEMINI_BASE_URL=server.url`, `GEMINI_API_KEY=anything`) as
well as tests in this process, synchronous or not:

    with GeminiServer(script) as server: ...           # a function Seen → Reply, dict, list, str or msgspec.Struct
    with GeminiServer([said({...}), refused(429)]) …   # or a queue: a call beyond its end is answered with 500

A *scripted model* looks at `seen.prompt` (system and texts in one), `seen.pictures` (label, MIME type, bytes),
`seen.schema` (to tell a classification from an answer, e.g. `"answer_markdown" in seen.fields`) and returns the reply
as JSON. It is called in the server's thread, one request at a time; what it raises is answered with 500.

Replies: `said` (text or JSON, streamed in pieces, with thoughts, usage, finish reason), `blocked` (prompt feedback),
`refused` (an HTTP error), `recorded` (a file of ../shared/data, as it is). `ending="cut"` closes the connection without
the end of the reply, `ending="silent"` says nothing more until the client goes. `server.seen` lists all requests to
models, `server.left` counts clients that went before the end of their reply; `server.resources` is what is kept (files
and cached contents), and answers for itself.
"""

import asyncio
import base64
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from tests.loopback.gemini_resources import Answer, Resources

USAGE = {"promptTokenCount": 1200, "candidatesTokenCount": 80, "thoughtsTokenCount": 20, "cachedContentTokenCount": 200}
MODEL_VERSION = "gemini-loopback"
RESPONSE_ID = "loopback-1"
SSE = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json; charset=UTF-8"}
_SNAKE = re.compile(r"_([a-z])")


class SentPicture(msgspec.Struct, frozen=True):
    """`label` is the text part before it."""

    label: str
    mime_type: str
    data: bytes


class Seen:
    """One request as it came over the wire. `body` is its JSON with keys in the order sent."""

    def __init__(self, target: str, headers: Mapping[str, str], body: dict[str, Any]) -> None:
        self.target = target
        self.headers = headers
        self.body = body
        self.model, _, self.method = urlsplit(target).path.rpartition("/models/")[2].partition(":")
        told = _in_camel_case(body)
        self.config: dict[str, Any] = told.get("generationConfig", {})
        self.parts: list[dict[str, Any]] = [part for content in told.get("contents", []) for part in content["parts"]]

    @property
    def key(self) -> str:
        return self.headers.get("x-goog-api-key", "")

    @property
    def system(self) -> str:
        return "".join(part.get("text", "") for part in self.body.get("systemInstruction", {}).get("parts", []))

    @property
    def texts(self) -> list[str]:
        return [part["text"] for part in self.parts if "text" in part]

    @property
    def prompt(self) -> str:
        return "\n".join([self.system, *self.texts])

    @property
    def pictures(self) -> list[SentPicture]:
        found = []
        for before, part in zip([{}, *self.parts], self.parts, strict=False):
            if inline := part.get("inlineData"):
                data = base64.urlsafe_b64decode(inline["data"])
                found.append(SentPicture(before.get("text", ""), inline["mimeType"], data))
        return found

    @property
    def schema(self) -> dict[str, Any]:
        return self.config.get("responseJsonSchema", {})

    @property
    def fields(self) -> list[str]:
        """The reply's fields in the order that is asked for."""
        return self.schema.get("propertyOrdering", [])


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """`frames` are sent one after another, `pause_s` apart; `delay_s` passes before the first byte.
    `ending` is end, cut or silent."""

    frames: tuple[bytes, ...]
    status: int = 200
    headers: Mapping[str, str] = msgspec.field(default_factory=lambda: SSE)
    delay_s: float = 0.0
    pause_s: float = 0.0
    ending: str = "end"


Scripted = Reply | msgspec.Struct | Mapping[str, Any] | list[Any] | str
Script = Callable[[Seen], Scripted]


def said(
    reply: msgspec.Struct | Mapping[str, Any] | list[Any] | str,
    *,
    pieces: int = 4,
    thoughts: Sequence[str] = (),
    usage: Mapping[str, int] | None = None,
    finish: str | None = "STOP",
    delay_s: float = 0.0,
    pause_s: float = 0.0,
    ending: str = "end",
) -> Reply:
    """A streamed reply: thoughts first, then the text (anything but a string as JSON) in so many pieces; the last
    response carries the finish reason and the whole usage."""
    text = reply if isinstance(reply, str) else msgspec.json.encode(reply).decode()
    counted = {**USAGE, **(usage or {})}
    size = -(-len(text) // pieces) or 1
    texts = [text[start : start + size] for start in range(0, len(text), size)] or [""]
    counted["totalTokenCount"] = sum(counted[name] for name in counted if name != "cachedContentTokenCount")
    responses = [_response({"text": thought, "thought": True}, counted) for thought in thoughts]
    responses += [_response({"text": piece}, counted) for piece in texts]
    if finish is not None:
        responses[-1]["candidates"][0]["finishReason"] = finish
    frames = tuple(_frame(response) for response in responses)
    return Reply(frames=frames, delay_s=delay_s, pause_s=pause_s, ending=ending)


def blocked(reason: str = "SAFETY") -> Reply:
    """The prompt was blocked: no candidates, only why (recorded: streaming-failure-prompt-blocked-safety.txt)."""
    return Reply(
        frames=(_frame({"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 9}}),)
    )


def refused(
    code: int,
    status: str = "INTERNAL",
    message: str = "refused by the test",
    *,
    details: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An HTTP error with Google's body."""
    error = {"code": code, "message": message, "status": status, "details": list(details)}
    return Reply(frames=(json.dumps({"error": error}).encode(),), status=code, headers={**JSON, **(headers or {})})


def retry_info(seconds: float) -> dict[str, str]:
    """For `refused(429, details=[…])`."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds:g}s"}


def recorded(path: Path) -> Reply:
    """A recorded answer. A stream is sent byte by byte as recorded; a single answer as a stream of one response; an
    error as the error it tells."""
    raw = path.read_bytes()
    if raw.lstrip().startswith(b"data:"):
        return Reply(frames=tuple(line + b"\r\n\r\n" for line in raw.split(b"\n") if line.strip()))
    body = json.loads(raw)
    if "error" in body:
        return Reply(frames=(raw,), status=body["error"]["code"], headers=JSON)
    return Reply(frames=(_frame(body),))


class GeminiServer:
    """See the module. `url` has no slash at its end."""

    def __init__(self, script: Script | Iterable[Scripted]) -> None:
        self.seen: list[Seen] = []
        self.left = 0
        self.url = ""
        self.resources = Resources()
        self._script = script if callable(script) else _queue(script)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gemini", daemon=True)
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait, at most 3 s, until requests or clients that left make it so."""

        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(is_so, 3)

        assert await asyncio.to_thread(wait), "it did not come to pass"

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._serve_client, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stopping.wait()
        server.close()

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; false when the connection is to be closed."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        start, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        verb, target, _ = start.split(" ")
        if self.resources.is_for(target):
            reply = _answered(self.resources.answer(verb, target, headers, raw))
        else:
            reply = self._reply_to(Seen(target, headers, json.loads(raw)))
        await asyncio.sleep(reply.delay_s)
        writer.write(_head(reply))
        return await self._send(reply, reader, writer)

    def _reply_to(self, seen: Seen) -> Reply:
        with self._changed:
            self.seen.append(seen)
            self._changed.notify_all()
        fault = self.resources.fault_of(seen.key, _in_camel_case(seen.body))
        return _answered(fault) if fault else self._reply(seen)

    def _reply(self, seen: Seen) -> Reply:
        try:
            reply = self._script(seen)
        except Exception as error:
            return refused(500, message=f"the script failed: {error!r}")
        return reply if isinstance(reply, Reply) else said(reply)

    async def _send(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        gone = asyncio.create_task(reader.read(1))
        try:
            has_left = not await self._write(reply, gone, writer)
        except ConnectionError:
            has_left = True
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        if has_left:
            with self._changed:
                self.left += 1
                self._changed.notify_all()
        # A read was begun and cancelled: one connection for each request keeps this simple.
        return False

    async def _write(self, reply: Reply, gone: asyncio.Task[bytes], writer: asyncio.StreamWriter) -> bool:
        """Whether the client stayed to the end of the reply. Raises ConnectionError when it left while it was told."""
        for frame in reply.frames:
            if gone.done():
                break
            writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            await writer.drain()
            await asyncio.sleep(reply.pause_s)
        if reply.ending == "silent" and not gone.done():
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait({gone, stopping}, return_when="FIRST_COMPLETED")
            stopping.cancel()
        if gone.done():
            return False
        if reply.ending == "end":
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        return True


def _in_camel_case(value: Any) -> Any:
    """Google takes fields in either case, and google-genai sends both. What is inside a JSON Schema is left alone."""
    if isinstance(value, list):
        return [_in_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {_SNAKE.sub(lambda found: found.group(1).upper(), name): item for name, item in value.items()}
    return {name: item if name == "responseJsonSchema" else _in_camel_case(item) for name, item in named.items()}


def _answered(answer: Answer) -> Reply:
    status, headers, body = answer
    return Reply(frames=(json.dumps(body).encode(),), status=status, headers={**JSON, **headers})


def _queue(replies: Iterable[Scripted]) -> Script:
    waiting = list(replies)

    def take(seen: Seen) -> Scripted:
        assert waiting, f"request {seen.model} was not expected"
        return waiting.pop(0)

    return take


def _head(reply: Reply) -> bytes:
    fields = {**reply.headers, "transfer-encoding": "chunked", "connection": "close"}
    lines = [f"HTTP/1.1 {reply.status} Status", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _response(part: dict[str, Any], usage: Mapping[str, int]) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}],
        "usageMetadata": dict(usage),
        "modelVersion": MODEL_VERSION,
        "responseId": RESPONSE_ID,
    }


def _frame(response: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(response, ensure_ascii=False).encode() + b"\r\n\r\n"
