"""The demo's view of the service: plain HTTP and Server-Sent Events, as any client would use them."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from launch.places import LaunchError
from launch.stack import REPOSITORY, Stack

Watch = Callable[[str, dict[str, Any]], None]
"""Told every event of a job: its name and its data."""


class DemoClient:
    """Signed in as the user `demo`, who is made when missing. Raises LaunchError with the service's own words."""

    def __init__(self, stack: Stack) -> None:
        self._http = httpx.Client(base_url=stack.url, timeout=60, headers={"Accept-Language": "ru"})
        exchanged = self._call("POST", "/auth/exchange", json={"static_token": _static_token(stack)})
        self._http.headers["Authorization"] = f"Bearer {exchanged['access_token']}"

    def close(self) -> None:
        self._http.close()

    def upload(self, path: Path) -> dict[str, Any]:
        """The uploaded file with document_id and job_id."""
        with path.open("rb") as file:
            return self._call("POST", "/files/upload", files={"file": (path.name, file, "application/pdf")})

    def ask(self, question: str, document_ids: list[str]) -> tuple[str, str]:
        """A new chat with one question: (chat id, job id)."""
        chat = self._call("POST", "/chats", json={})["id"]
        body = {"content": question, "document_ids": document_ids}
        return chat, self._call("POST", f"/chats/{chat}/messages", json=body)["job_id"]

    def answer(self, chat_id: str) -> dict[str, Any] | None:
        """The assistant's last message of the chat."""
        messages = self._call("GET", f"/chats/{chat_id}")["messages"]
        return next((message for message in reversed(messages) if message["role"] == "assistant"), None)

    def document(self, document_id: str) -> dict[str, Any]:
        return self._call("GET", f"/documents/{document_id}")

    def picture(self, document_id: str, page_no: int, **query: Any) -> bytes:
        """PNG of a page or region; waits while it is being drawn."""
        path = f"/documents/{document_id}/pages/{page_no}/render"
        response = self._http.get(path, params=query)
        for _ in range(5):
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(float(response.headers.get("Retry-After", "1")))
            response = self._http.get(path, params=query)
        _check(response)
        return response.content

    def follow(self, job_id: str, watch: Watch) -> str:
        """Tell `watch` every event until the job ends; the name of the last. Reconnects when the stream breaks."""
        cursor, last = 0, ""
        while not last.startswith(("job.succeeded", "job.failed", "job.cancelled")):
            try:
                with self._http.stream("GET", f"/jobs/{job_id}/events", params={"after": cursor}) as response:
                    if response.status_code == httpx.codes.NO_CONTENT:
                        return last
                    for event, event_id, data in _events(response.iter_lines()):
                        watch(event, data)
                        if event_id:
                            cursor, last = int(event_id), event
            except httpx.TransportError:
                time.sleep(0.5)
        return last

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._http.request(method, path, **arguments)
        _check(response)
        return response.json()


def _static_token(stack: Stack) -> str:
    """A token from the command line tool: the demo runs where the operator does."""
    result = subprocess.run(
        [sys.executable, "-m", "api.tokens", "issue", "demo"],
        cwd=REPOSITORY,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise LaunchError(f"no token for the demo:\n{result.stderr[-2000:]}")
    return result.stdout.strip()


def _check(response: httpx.Response) -> None:
    if response.is_error:
        response.read()
        raise LaunchError(f"{response.request.method} {response.request.url.path}: {response.text[:500]}")


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(event, id, data) of each frame of a stream; comments are skipped."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"])
        fields = {}
