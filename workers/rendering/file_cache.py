"""Local copies of blobs for the render children: bounded, least recently used out first, one folder per process."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path

from domain.ports import BlobStore

CACHE_LIMIT_BYTES = 1024**3
PREFIX = "render-files-"


class FileCache:
    """Makes a folder of its own in `work_dir`, which other processes use too; removes those that killed ones left."""

    def __init__(self, blobs: BlobStore, work_dir: Path, *, limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self._blobs = blobs
        self._limit_bytes = limit_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._fetching: dict[str, asyncio.Lock] = {}
        work_dir.mkdir(parents=True, exist_ok=True)
        for leftover in work_dir.glob(f"{PREFIX}*"):
            _remove_if_left(leftover)
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=work_dir))
        self._life = _lock(self._folder)

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
        os.close(self._life)

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


def _lock(folder: Path) -> int:
    """A descriptor that says that the folder is in use; the kernel lets go of it when the process ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _remove_if_left(folder: Path) -> None:
    try:
        descriptor = _lock(folder)
    except OSError:
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.close(descriptor)
