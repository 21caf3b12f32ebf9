"""Removes the bytes that nobody needs any more: files and parts of deleted documents, uploads that came to nothing.

Mark and sweep: what is old enough and needed by no row is moved aside, and a grace later removed for good. What is
needed again meanwhile is put back. Any number of copies may run.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from domain.errors import BlobMissing
from storage.blob_references import named_in_columns, named_in_objects
from storage.blob_retiring import Listed, RetiringBlobs
from storage.direct import Direct

GRACE_S = 3600.0 * 2
"""An upload has so long from its bytes to its row, twice over: before it may be moved aside, and again before it is
removed. The longest request takes minutes."""

MOST_SUSPECTS = 5_000
"""Of one sweep: the next one goes on."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    retired: int = 0
    restored: int = 0
    purged: int = 0


async def sweep(database: Direct, blobs: RetiringBlobs, *, grace_s: float = GRACE_S) -> Swept:
    """One look at all blobs. Raises Unavailable, or the outage of the database: nothing is lost then, the next sweep
    goes on."""
    before = datetime.now(UTC) - timedelta(seconds=grace_s)
    restored, purged = await _settle_retired(database, blobs, before)
    return Swept(retired=await _retire(database, blobs, before), restored=restored, purged=purged)


async def _settle_retired(database: Direct, blobs: RetiringBlobs, before: datetime) -> tuple[int, int]:
    restored = purged = 0
    async for batch in blobs.retired():
        needed = await _needed(database, [listed.digest for listed in batch])
        for listed in batch:
            if listed.digest in needed:
                restored += await _done(blobs.restore, listed)
            elif listed.changed_at < before:
                purged += await _done(blobs.purge, listed)
    return restored, purged


async def _retire(database: Direct, blobs: RetiringBlobs, before: datetime) -> int:
    suspects: list[Listed] = []
    async for batch in blobs.kept():
        old = [listed for listed in batch if listed.changed_at < before]
        named = await named_in_columns(database, [listed.digest for listed in old]) if old else set()
        suspects += [listed for listed in old if listed.digest not in named]
        if len(suspects) >= MOST_SUSPECTS:
            if retired := await _retire_unneeded(database, blobs, suspects):
                return retired
            # All of them are needed by objects, as they will be next time: what comes after them has its turn.
            suspects = []
    return await _retire_unneeded(database, blobs, suspects)


async def _retire_unneeded(database: Direct, blobs: RetiringBlobs, suspects: Sequence[Listed]) -> int:
    """Asks for all of them again: rows may have come while the rest was listed."""
    needed = await _needed(database, [listed.digest for listed in suspects])
    return sum([await _done(blobs.retire, listed) for listed in suspects if listed.digest not in needed])


async def _needed(database: Direct, digests: Sequence[str]) -> set[str]:
    if not digests:
        return set()
    named = await named_in_columns(database, digests)
    rest = [digest for digest in digests if digest not in named]
    return named | (await named_in_objects(database, rest) if rest else set())


async def _done(act: Callable[[str], Awaitable[None]], listed: Listed) -> bool:
    """False where another copy of the sweep was quicker."""
    try:
        await act(listed.digest)
    except BlobMissing:
        return False
    return True
