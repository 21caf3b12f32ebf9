"""A bare HTTP/1.1 client for load: a general client costs more CPU per request than what is measured."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any


class Connection:
    """One kept-alive connection; one request at a time."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._host = host
        self._port = port
        self._token = token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded JSON answer. Raises RuntimeError for a status of 400 and above."""
        status, headers, reader = await self._send(method, path, body)
        length = int(headers.get("content-length", "0"))
        data = await reader.readexactly(length)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {data[:300]!r}")
        return json.loads(data) if data else None

    async def events(self, path: str) -> AsyncIterator[tuple[str, bytes]]:
        """(event name, data) of a stream of events; ends when the server ends it. The connection is used up."""
        status, _, reader = await self._send("GET", path, None, accept="text/event-stream")
        if status != 200:
            raise RuntimeError(f"GET {path}: {status}")
        name = ""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield name, line[6:]

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = self._reader = None

    async def _send(
        self, method: str, path: str, body: Any, accept: str = "application/json"
    ) -> tuple[int, dict[str, str], asyncio.StreamReader]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        )
        self._writer.write(head.encode() + data)
        status = int((await self._reader.readline()).split()[1])
        headers: dict[str, str] = {}
        while (line := await self._reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self._reader
