"""A blob store in memory."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from domain.errors import BlobMissing, TooLarge


class FakeBlobs:
    """`stored` holds the bytes by digest."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    async def put(self, data: bytes, mime_type: str) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.stored[digest] = data
        return digest

    async def put_stream(self, pieces: AsyncIterator[bytes], *, limit_bytes: int, mime_type: str) -> tuple[str, int]:
        data = b"".join([piece async for piece in pieces])
        if len(data) > limit_bytes:
            raise TooLarge(f"more than {limit_bytes} bytes")
        return await self.put(data, mime_type), len(data)

    async def get(self, digest: str) -> bytes:
        if digest not in self.stored:
            raise BlobMissing(digest)
        return self.stored[digest]

    async def stream(self, digest: str) -> AsyncGenerator[bytes, None]:
        yield await self.get(digest)

    async def fetch(self, digest: str, path: str) -> None:
        await asyncio.to_thread(Path(path).write_bytes, await self.get(digest))

    async def exists(self, digest: str) -> bool:
        return digest in self.stored

    async def delete(self, digest: str) -> None:
        self.stored.pop(digest, None)
