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
        self._authorization = f"Host: {host}\r\nAuthorization: Bearer {token}\r\n"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded JSON answer. Raises RuntimeError for a status of 400 and above."""
        status, head, reader = await self._send(method, path, body)
        data = await reader.readexactly(_length(head))
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {data[:300]!r}")
        return json.loads(data) if data else None

    async def events(self, path: str) -> AsyncIterator[tuple[str, bytes]]:
        """(event name, data) of a stream of events; ends when the server ends it. The connection is kept if it is read
        to its end."""
        status, _, reader = await self._send("GET", path, None, accept="text/event-stream")
        if status != 200:
            raise RuntimeError(f"GET {path}: {status}")
        async for block in _blocks(reader):
            name = data = b""
            for line in block.splitlines():
                if line.startswith(b"event: "):
                    name = line[7:]
                elif line.startswith(b"data: "):
                    data = line[6:]
            if name:
                yield name.decode(), data

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = self._reader = None

    async def _send(
        self, method: str, path: str, body: Any, accept: str = "application/json"
    ) -> tuple[int, bytes, asyncio.StreamReader]:
        """Status, the header as it came, and where the body is read from."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        data = b"" if body is None else json.dumps(body).encode()
        content = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n" if data else ""
        head = f"{method} {path} HTTP/1.1\r\nAccept: {accept}\r\n{self._authorization}{content}\r\n"
        self._writer.write(head.encode() + data)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        return int(answer[9:12]), answer, self._reader


async def _blocks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Events of a chunked body, each without the blank line that ends it."""
    rest = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        chunk = await reader.readexactly(size + 2)
        *blocks, rest = (rest + chunk[:-2].replace(b"\r\n", b"\n")).split(b"\n\n")
        for block in blocks:
            yield block
    await reader.readexactly(2)


def _length(head: bytes) -> int:
    """Of the body, in bytes; 0 without one."""
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
