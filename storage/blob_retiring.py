"""Blobs on their way out: moved aside first, removed for good later, put back when somebody needs them after all.

A store of bytes cannot delete "unless somebody has just come": between looking and deleting the same bytes may be
uploaded again. So nothing is deleted in place. A retired blob is still read (`MinioBlobs` looks here, too); bytes that
are uploaded again meanwhile are written anew, and removing the retired copy does them no harm.
"""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec

from storage.blobs import PREFIX, RETIRED, MinioBlobs, key_of, retired_key_of


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`changed_at` is when the object was written, by the store's clock."""

    digest: str
    changed_at: datetime


class RetiringBlobs:
    """Any call may raise Unavailable. All of them are safe to repeat, also by several processes at once."""

    def __init__(self, blobs: MinioBlobs) -> None:
        self._blobs = blobs

    async def kept(self) -> AsyncIterator[list[Listed]]:
        """All blobs in use or not, in batches."""
        async for batch in self._listed(PREFIX):
            yield batch

    async def retired(self) -> AsyncIterator[list[Listed]]:
        """Those moved aside; `changed_at` is when."""
        async for batch in self._listed(RETIRED):
            yield batch

    async def retire(self, digest: str) -> None:
        """Raises BlobMissing where it is gone already, as the others do."""
        await self._blobs.move(key_of(digest), retired_key_of(digest))

    async def restore(self, digest: str) -> None:
        """Put a retired blob back. Bytes that were uploaded again are the same ones."""
        await self._blobs.move(retired_key_of(digest), key_of(digest))

    async def purge(self, digest: str) -> None:
        """Remove a retired blob for good."""
        await self._blobs.remove(retired_key_of(digest))

    async def _listed(self, folder: str) -> AsyncIterator[list[Listed]]:
        async for batch in self._blobs.listed(folder):
            yield [Listed(digest=digest, changed_at=changed_at) for digest, changed_at in batch]
