"""Keeps the block index as the operator wants it: documents that were read get it, other rules or prompts renew it.

A few jobs at a time, behind everything else: it never fills the queue that uploads wait in.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from domain.drawings import BY_MODEL, OFF
from domain.errors import DomainError, NotFound, QueueFull, QuotaExceeded
from domain.families.indexing.plan import PROMPT
from domain.ports import PromptStore
from domain.submission_index import submit_indexing
from storage.block_index_backlog import Lacking, count_unfinished, find_lacking
from storage.database import is_outage
from storage.direct import Direct
from storage.uow import Database

LOOK_S = 5.0
"""Until a document that was just read is seen. A guess."""

SWEEP_S = 600.0
"""Between looks at all documents: rules and prompts change rarely."""

RECENT_DAYS = 1
"""Documents of before are not described by a model without being asked for: an archive would cost its owner money."""

AT_ONCE = 4
"""Unfinished jobs at most."""

LOOKED_AT = 200
"""Documents of one look: those whose owners have no money left do not keep the others. A guess."""

_log = structlog.get_logger()


class IndexKeeper:
    """`after_reading` is one of `domain.drawings.AFTER_READING`. Any number of copies may run."""

    def __init__(self, database: Database, auto: Direct, prompts: PromptStore, *, after_reading: str) -> None:
        self._database = database
        self._auto = auto
        self._prompts = prompts
        self._wanted = after_reading
        self._sweep_at = 0.0

    async def run(self) -> None:
        """Until cancelled; an outage of the stores is waited for."""
        if self._wanted == OFF:
            return
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_outage(error) and not isinstance(error, DomainError):
                    _log.exception("index_not_kept")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """How many jobs were accepted."""
        room = AT_ONCE - await count_unfinished(self._auto)
        if room <= 0:
            return 0
        is_sweep = self._wanted != BY_MODEL and time.monotonic() >= self._sweep_at
        lacking = Lacking(
            prompt=(await self._prompts.get(PROMPT)).version,
            wanted=self._wanted,
            since=None if is_sweep else _first_id_of(datetime.now(UTC) - timedelta(days=RECENT_DAYS)),
        )
        found = await find_lacking(self._auto, lacking, limit=LOOKED_AT)
        if is_sweep and not found:
            self._sweep_at = time.monotonic() + SWEEP_S
        return await self._submit_some(found, room)

    async def _submit_some(self, found: Sequence[tuple[UUID, UUID]], room: int) -> int:
        """The first `room` of the documents; those of an owner who has no money left are passed over."""
        accepted = 0
        broke: set[UUID] = set()
        with contextlib.suppress(QueueFull):
            for document_id, owner_id in found:
                if accepted == room:
                    break
                if owner_id in broke:
                    continue
                try:
                    accepted += await self._submit(document_id, owner_id)
                except QuotaExceeded:
                    broke.add(owner_id)
        return accepted

    async def _submit(self, document_id: UUID, owner_id: UUID) -> bool:
        is_new = False
        with contextlib.suppress(NotFound):
            async with self._database.uow() as uow:
                document = await uow.documents.get(document_id)
                _, is_new = await submit_indexing(uow, document, user_id=owner_id, wanted=self._wanted)
                await uow.commit()
        return is_new


def _first_id_of(moment: datetime) -> UUID:
    """The smallest id (RFC 9562 §5.7) of the moment: ids of documents sort by their creation."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
