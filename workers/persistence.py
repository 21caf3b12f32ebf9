"""Writing while the database comes and goes: the result is in memory, so wait for it rather than do the work again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from storage.database import is_outage

PATIENCE_S = 600.0
"""How long a worker keeps trying to write what it has (reliability.md §3.4, finish)."""

T = TypeVar("T")
_log = structlog.get_logger()


async def persist(write: Callable[[], Awaitable[T]], what: str) -> T:
    """The result of `write`, tried again with growing pauses while the database is away.

    `write` must be safe to repeat after a commit whose reply was lost.
    """
    give_up_at = time.monotonic() + PATIENCE_S
    pause_s = 0.1
    while True:
        try:
            return await write()
        except Exception as error:
            if not is_outage(error) or time.monotonic() > give_up_at:
                raise
            _log.warning("database_away", what=what, error=type(error).__name__, pause_s=round(pause_s, 2))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)
