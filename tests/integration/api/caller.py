"""How the tests of the api speak to it: over HTTP, as anybody would."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

import httpx
import jwt

from api.auth import AUDIENCE, ISSUER

DEADLINE_S = 30.0
T = TypeVar("T")

PROBLEM_FIELDS = {"type", "title", "status", "detail", "instance", "trace_id", "error", "message"}


class Frame(NamedTuple):
    """One event of a stream."""

    id: str
    event: str
    data: dict[str, Any]


class Caller:
    """A user of the service and their way into it."""

    def __init__(self, url: str, user_id: UUID, token: str) -> None:
        self.url = url
        self.user_id = user_id
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Without TLS the certificates need not be read, which takes longer than most tests.
        self.http = httpx.Client(base_url=url, headers=headers, timeout=60, verify=False)
        self.get, self.post, self.patch = self.http.get, self.http.post, self.http.patch
        self.delete, self.request = self.http.delete, self.http.request

    def new_chat(self, **fields: Any) -> str:
        return made(self.post("/chats", json=fields))["id"]

    def ask(self, chat_id: str, content: str = "Какой расход воздуха у системы П1?", **fields: Any) -> dict[str, Any]:
        """The accepted message of a question; its scope is told, so that it runs at once."""
        body = {"content": content, "document_ids": [], **fields}
        return made(self.post(f"/chats/{chat_id}/messages", json=body))

    def probe(self, payload: dict[str, Any] | None = None) -> str:
        """The id of an empty job; for admins."""
        return made(self.post("/admin/probe", json={"payload": payload or {}}))["id"]

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job once it has ended."""
        return wait_for(lambda: job if (job := made(self.get(f"/jobs/{job_id}")))["finished_at"] else None)

    def upload(self, name: str, content: bytes, mime_type: str = "application/pdf", **headers: str) -> httpx.Response:
        return self.post("/files/upload", files={"file": (name, content, mime_type)}, headers=headers)

    def read_document(self, name: str, content: bytes, mime_type: str = "application/pdf") -> dict[str, Any]:
        """The upload's answer once its document was read."""
        uploaded = made(self.upload(name, content, mime_type))
        assert self.ended(uploaded["job_id"])["status"] == "succeeded"
        return uploaded

    def frames(self, path: str, **request: Any) -> list[Frame]:
        """All frames of a stream, to its end."""
        with self.http.stream("GET", path, **request) as response:
            assert response.status_code == httpx.codes.OK, response.read()
            return list(frames_of(response.iter_lines()))


def made(response: httpx.Response) -> Any:
    """The body of a good answer."""
    assert response.is_success, (response.status_code, response.text)
    return response.json() if response.content else None


def problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The body of a refusal, which is the same kind of thing everywhere."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body.keys() - {"errors"} == PROBLEM_FIELDS
    assert body["status"] == status
    assert body["trace_id"] == response.headers["x-request-id"]
    assert body["instance"] == response.request.url.path
    assert (body["error"], body["message"]) == (body["type"].removeprefix("urn:aizoomdoc:"), body["detail"])
    if code is not None:
        assert body["error"] == code
    return body


def paths(body: dict[str, Any]) -> list[str]:
    """Where the faults of a problem are."""
    return [fault["path"] for fault in body["errors"]]


def frames_of(lines: Iterable[str]) -> Iterator[Frame]:
    """The frames of an event stream (HTML Living Standard §9.2.6); comments are skipped."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield Frame(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
        fields = {}


def wait_for(condition: Callable[[], T | None]) -> T:
    """What the condition gives once it gives something."""
    deadline = time.monotonic() + DEADLINE_S
    while (value := condition()) is None:
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return value


def access_token(secret: str, user_id: UUID, **changes: Any) -> str:
    """An access token as the service makes them, with `changes` to its claims; null takes a claim away."""
    now = int(time.time())
    claims = {
        "sub": str(user_id),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + 600,
        "extras": {"typ": "access"},
    }
    told = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(told, secret, "HS256")
