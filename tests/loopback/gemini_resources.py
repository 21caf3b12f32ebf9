"""What a Gemini API on loopback keeps: uploaded files and cached contents, each usable with the key that made it.

Shapes and refusals as documented (ai.google.dev/gemini-api/docs/files, …/api/caching): an upload is begun at
`/upload/v1beta/files` and ended at the address that this tells; a cache below a number of tokens is refused; a request
may name what its key may see, and has no system instruction beside a cache.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

MIN_TOKENS = 1024
CHARS_PER_TOKEN = 4

Answer = tuple[int, Mapping[str, str], Any]
"""Status, headers and JSON."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request about something that is kept. `body` is its JSON; `raw` the bytes of an upload."""

    verb: str
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    raw: bytes = b""

    @property
    def key(self) -> str:
        return self.headers.get("x-goog-api-key", "")


class Resources:
    """`calls` are all requests; `owners` the keys of what is kept, by name. `refuses` is a status to answer everything
    with."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.owners: dict[str, str] = {}
        self.refuses = 0

    def of(self, verb: str, start: str = "") -> list[Call]:
        return [call for call in self.calls if call.verb == verb and call.path.startswith(start)]

    def is_for(self, target: str) -> bool:
        path = urlsplit(target).path
        return path.startswith(("/upload/", "/v1beta/files", "/v1beta/cachedContents"))

    def answer(self, verb: str, target: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        path, is_upload = urlsplit(target).path, "upload_id" in target
        body = {} if is_upload or not raw else json.loads(raw)
        call = Call(verb=verb, path=path, headers=headers, body=body, raw=raw if is_upload else b"")
        self.calls.append(call)
        if self.refuses:
            return _error(self.refuses, "PERMISSION_DENIED", "refused by the test")
        if verb == "DELETE":
            return self._delete(call)
        if path == "/v1beta/cachedContents":
            return self._cache(call)
        return self._finish(call) if is_upload else self._begin(headers)

    def fault_of(self, key: str, body: Mapping[str, Any]) -> Answer | None:
        """Why a call that names kept things is refused; null when it is not."""
        cache = body.get("cachedContent")
        if cache and "systemInstruction" in body:
            told = "CachedContent can not be used with GenerateContent request setting system_instruction"
            return _error(400, "INVALID_ARGUMENT", told)
        parts = [part for content in body.get("contents", []) for part in content["parts"]]
        uris = [data["fileUri"] for part in parts if (data := part.get("fileData"))]
        named = ([cache] if cache else []) + ["files/" + uri.rpartition("/files/")[2] for uri in uris]
        if any(self.owners.get(name) != key for name in named):
            return _error(403, "PERMISSION_DENIED", "CachedContent not found (or permission denied)")
        return None

    def _begin(self, headers: Mapping[str, str]) -> Answer:
        if headers.get("x-goog-upload-command") != "start" or headers.get("x-goog-upload-protocol") != "resumable":
            return _error(400, "INVALID_ARGUMENT", "no resumable upload")
        # Google's own host: a client behind a proxy must not go there.
        address = "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=u1&upload_protocol=resumable"
        return 200, {"x-goog-upload-url": address, "x-goog-upload-status": "active"}, {}

    def _finish(self, call: Call) -> Answer:
        name = self._own("files", call.key)
        uri = f"https://generativelanguage.googleapis.com/v1beta/{name}"
        file = {"name": name, "uri": uri, "state": "ACTIVE", "sizeBytes": str(len(call.raw))}
        return 200, {"x-goog-upload-status": "final"}, {"file": file}

    def _cache(self, call: Call) -> Answer:
        texts = [part["text"] for content in call.body["contents"] for part in content["parts"]]
        texts += [part["text"] for part in call.body.get("systemInstruction", {}).get("parts", [])]
        tokens = sum(map(len, texts)) // CHARS_PER_TOKEN
        if tokens < MIN_TOKENS:
            return _error(400, "INVALID_ARGUMENT", f"Cached content is too small. total_token_count={tokens}")
        name = self._own("cachedContents", call.key)
        return 200, {}, {"name": name, "model": call.body["model"], "usageMetadata": {"totalTokenCount": tokens}}

    def _delete(self, call: Call) -> Answer:
        name = call.path.removeprefix("/v1beta/")
        if self.owners.get(name) != call.key:
            return _error(403, "PERMISSION_DENIED", "not found (or permission denied)")
        del self.owners[name]
        return 200, {}, {}

    def _own(self, kind: str, key: str) -> str:
        name = f"{kind}/k{len(self.calls)}"
        self.owners[name] = key
        return name


def _error(code: int, status: str, message: str) -> Answer:
    return code, {}, {"error": {"code": code, "status": status, "message": message}}
