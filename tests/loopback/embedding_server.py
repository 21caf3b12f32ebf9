"""An embedding API on loopback: Ollama's `/api/embed` and Gemini's `:batchEmbedContents`, in their documented shapes.

It runs in a thread of its own, so that it serves processes as well as tests:

    with EmbeddingServer(embed) as server: ...      # `embed` is texts → vectors, the same for both APIs
    server.answer_with(429, {"retry-after": "7"})   # the next request only

`server.seen` lists all requests.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec

Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]


class SeenRequest(msgspec.Struct, frozen=True):
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class EmbeddingServer:
    """See the module. `url` has no slash at its end."""

    def __init__(self, embed: Embed) -> None:
        self.seen: list[SeenRequest] = []
        self._embed = embed
        self._next: list[tuple[int, Mapping[str, str], bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def answer_with(self, code: int, headers: Mapping[str, str] | None = None, body: bytes = b"{}") -> None:
        self._next.append((code, headers or {}, body))

    def reply_to(self, seen: SeenRequest) -> tuple[int, Mapping[str, str], bytes]:
        self.seen.append(seen)
        if self._next:
            return self._next.pop(0)
        if seen.path == "/api/embed":
            return 200, {}, json.dumps(self._ollama(seen.body)).encode()
        if seen.path.endswith(":batchEmbedContents"):
            return 200, {}, json.dumps(self._gemini(seen.body)).encode()
        return 404, {}, b'{"error": "not found"}'

    def _ollama(self, body: Mapping[str, Any]) -> dict[str, Any]:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors = [list(vector) for vector in self._embed(texts)]
        return {"model": body["model"], "embeddings": vectors, "total_duration": 1, "prompt_eval_count": _tokens(texts)}

    def _gemini(self, body: Mapping[str, Any]) -> dict[str, Any]:
        texts = ["".join(part["text"] for part in request["content"]["parts"]) for request in body["requests"]]
        vectors = [{"values": list(vector)} for vector in self._embed(texts)]
        return {"embeddings": vectors, "usageMetadata": {"promptTokenCount": _tokens(texts)}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                code, fields, reply = server.reply_to(SeenRequest(self.path, headers, body))
                self.send_response(code)
                for name, value in {"content-length": str(len(reply)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        return Handler


def _tokens(texts: Sequence[str]) -> int:
    return sum(len(text.split()) for text in texts)
