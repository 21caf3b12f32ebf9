"""Empties what was deleted. A chore of its own: a document of thousands of pages takes seconds, in which the reconciler
would give no dead worker's job to another."""

import asyncio

import structlog

from storage.database import is_outage
from storage.direct import Direct
from storage.forgetting_sweep import empty_forgotten

FORGET_S = 15.0
"""Between two looks for what was deleted and is to be emptied. A guess."""

_log = structlog.get_logger()


async def keep_forgetting(database: Direct) -> None:
    """Until cancelled."""
    while True:
        try:
            await empty_forgotten(database)
        except Exception as error:
            if not is_outage(error):
                _log.exception("not_emptied")
        await asyncio.sleep(FORGET_S)
