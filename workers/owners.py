"""What the user of a run has set and whose keys pay: read once for all questions that a stage asks at a time."""

import asyncio
import time
from collections.abc import Mapping
from weakref import WeakKeyDictionary

import msgspec

from domain.chats import Settings
from domain.ports import UserKeys
from workers.questions import AskingContext

KEPT_S = 1.0
"""Ten documents are asked about within it; who changes a setting or takes a key back does not notice it. A guess."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """`keys` are the user's own, by provider."""

    settings: Settings
    keys: Mapping[str, str]


class Owners:
    """Of the runs of this process."""

    def __init__(self, keys: UserKeys, *, kept_s: float = KEPT_S) -> None:
        self._keys = keys
        self._kept_s = kept_s
        self._reads: WeakKeyDictionary[AskingContext, tuple[float, asyncio.Task[Owner]]] = WeakKeyDictionary()

    async def of(self, run: AskingContext) -> Owner:
        """As it was read less than a second ago, else now. Raises `ProviderRefused` for a key that cannot be read."""
        until, read = self._reads.get(run, (0.0, None))
        if read is None or time.monotonic() > until:
            read = asyncio.create_task(self._read(run))
            self._reads[run] = time.monotonic() + self._kept_s, read
        try:
            return await asyncio.shield(read)
        except BaseException:
            self._reads.pop(run, None)
            raise

    async def _read(self, run: AskingContext) -> Owner:
        settings, keys = await asyncio.gather(_settings(run), self._keys.keys_of(run.job.user_id))
        return Owner(settings=settings, keys=keys)


async def _settings(run: AskingContext) -> Settings:
    async with run.uow() as uow:
        return await uow.users.settings(run.job.user_id)
