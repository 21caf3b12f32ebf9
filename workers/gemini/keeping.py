"""What this process has left with Google, by the key it belongs to: found again, and deleted when nobody uses it.

Only in memory: a key is held as long as what it keeps, nothing is shared between processes, and what a killed process
leaves behind ends by Google's own clock (a cache after its time to live, a file after 48 hours).
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from domain.errors import DomainError

_log = structlog.get_logger()

CLOSE_S = 5.0
"""For deleting everything when the process ends. A guess."""

Delete = Callable[[str, str], Awaitable[None]]
"""By name and API key."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what it is deleted by; `value` what requests name it by."""

    name: str
    value: str


class _Entry(msgspec.Struct, kw_only=True):
    kept: Kept
    api_key: str
    used_at: float
    expiry: asyncio.Task[None]


class Keeper:
    """`idle_s` after its last use a thing is deleted; with `is_renewed` false, after it was made. Belongs to one event
    loop."""

    def __init__(self, delete: Delete, *, idle_s: float, is_renewed: bool = True) -> None:
        self._delete = delete
        self._idle_s = idle_s
        self._is_renewed = is_renewed
        self._entries: dict[str, _Entry] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def find(self, key: str) -> Kept | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._is_renewed:
            entry.used_at = time.monotonic()
        return entry.kept

    async def keep(self, key: str, api_key: str, make: Callable[[], Awaitable[Kept]]) -> Kept:
        """What is kept under the key, made if it is not: once, whoever asks meanwhile."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if found := self.find(key):
                    return found
                kept = await make()
                expiry = asyncio.create_task(self._expire(key))
                self._entries[key] = _Entry(kept=kept, api_key=api_key, used_at=time.monotonic(), expiry=expiry)
                return kept
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    def forget(self, key: str) -> None:
        """It is gone at Google's, or no longer usable."""
        if entry := self._entries.pop(key, None):
            entry.expiry.cancel()

    async def close(self) -> None:
        entries = list(self._entries.values())
        for key in list(self._entries):
            self.forget(key)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*map(self._remove, entries))

    async def _expire(self, key: str) -> None:
        entry = self._entries[key]
        await asyncio.sleep(max(entry.used_at + self._idle_s - time.monotonic(), 0.0))
        if time.monotonic() < entry.used_at + self._idle_s:
            entry.expiry = asyncio.create_task(self._expire(key))
            return
        self._entries.pop(key, None)
        await self._remove(entry)

    async def _remove(self, entry: _Entry) -> None:
        try:
            await self._delete(entry.kept.name, entry.api_key)
        except DomainError as error:
            _log.warning("gemini_not_deleted", name=entry.kept.name, error=error.code)


def kept_key(api_key: str, *what: str) -> str:
    """A digest: two keys, or two owners named in `what`, never meet in one entry."""
    return hashlib.sha256(msgspec.json.encode([api_key, *what])).hexdigest()
