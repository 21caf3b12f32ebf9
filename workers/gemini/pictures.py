"""Pictures in requests to Gemini, encoded on their way out.

google-genai encodes pictures and serialises the whole body on the event loop: 220 ms for 12 MB, in which no other job
of the process moves (measured 2026-11-20). So it is given names of pictures instead of their bytes, and the body is
completed piece by piece while httpx sends it.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextvars import ContextVar

import httpx

PIECE_BYTES = 3 * 64 * 1024
"""Of a picture, encoded at once: a fraction of a millisecond. A multiple of 3, so that pieces need no padding."""

_NAME = b"aizoomdoc-picture-"
_ENCODED = re.compile(base64.urlsafe_b64encode(_NAME) + rb"[A-Za-z0-9_-]{88}")
"""18 bytes, then 66: no padding within or behind."""

PICTURES: ContextVar[Mapping[str, bytes] | None] = ContextVar("pictures", default=None)
"""The pictures of the call being sent, by digest."""


def name_of(digest: str) -> bytes:
    """What stands for the bytes of a picture until they are sent."""
    return _NAME + digest.encode().ljust(66)


async def complete_body(request: httpx.Request) -> None:
    """A hook of httpx: names of pictures in the body become their bytes in URL-safe base64, as google-genai does it."""
    pictures = PICTURES.get()
    if not pictures or request.method != "POST":
        return
    parts = _parts_of(request.content, pictures)
    if len(parts) == 1:
        return
    request.stream = _Body(parts)
    request.headers["Content-Length"] = str(sum(part.length for part in parts))


class _Part:
    """A piece of the body: as it is, or a picture to be encoded."""

    def __init__(self, data: bytes, *, is_picture: bool) -> None:
        self.data = data
        self.is_picture = is_picture

    @property
    def length(self) -> int:
        return -(-len(self.data) // 3) * 4 if self.is_picture else len(self.data)


class _Body(httpx.AsyncByteStream):
    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            if not part.is_picture:
                yield part.data
                continue
            for start in range(0, len(part.data), PIECE_BYTES):
                yield base64.urlsafe_b64encode(part.data[start : start + PIECE_BYTES])
                # Sockets of this machine take megabytes without ever waiting.
                await asyncio.sleep(0)


def _parts_of(body: bytes, pictures: Mapping[str, bytes]) -> list[_Part]:
    parts: list[_Part] = []
    begin = 0
    for found in _ENCODED.finditer(body):
        digest = base64.urlsafe_b64decode(found.group())[len(_NAME) :].decode().strip()
        if digest in pictures:
            parts.append(_Part(body[begin : found.start()], is_picture=False))
            parts.append(_Part(pictures[digest], is_picture=True))
            begin = found.end()
    parts.append(_Part(body[begin:], is_picture=False))
    return parts
