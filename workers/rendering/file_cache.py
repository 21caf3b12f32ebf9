"""Local copies of blobs for the render children: bounded, least recently used out first, one folder per process."""

import asyncio
import contextlib
import os
import shutil
from collections import OrderedDict
from pathlib import Path

from domain.ports import BlobStore

CACHE_LIMIT_BYTES = 1024**3


class FileCache:
    """`folder` is this process's own: what an earlier process left there is removed."""

    def __init__(self, blobs: BlobStore, folder: Path, *, limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self._blobs = blobs
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._fetching: dict[str, asyncio.Lock] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    async def open(self, digest: str) -> int:
        """A descriptor of the file, to be closed by the caller; stays valid when the copy is evicted.

        Raises BlobMissing or Unavailable.
        """
        path = self._folder / digest
        lock = self._fetching.setdefault(digest, asyncio.Lock())
        async with lock:
            if digest not in self._sizes:
                await self._fetch(digest, path)
            self._sizes.move_to_end(digest)
            descriptor = os.open(path, os.O_RDONLY)
        self._fetching.pop(digest, None)
        self._evict()
        return descriptor

    def close(self) -> None:
        """Removes the folder."""
        self._sizes.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _fetch(self, digest: str, path: Path) -> None:
        partial = path.with_suffix(".part")
        try:
            await self._blobs.fetch(digest, str(partial))
            os.replace(partial, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial)
        self._sizes[digest] = os.stat(path).st_size

    def _evict(self) -> None:
        """The newest copy stays, whatever its size."""
        while len(self._sizes) > 1 and sum(self._sizes.values()) > self._limit_bytes:
            digest, _ = self._sizes.popitem(last=False)
            with contextlib.suppress(FileNotFoundError):
                (self._folder / digest).unlink()
