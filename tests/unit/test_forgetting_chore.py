"""What was deleted is emptied for as long as the process lives."""

import asyncio
from typing import Any, cast

import pytest

from storage.direct import Direct
from workers import forgetting


class Failing:
    """A database that fails each statement; `asked` is set at the third."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._count = 0

    async def every(self, *_: Any) -> list[Any]:
        self._count += 1
        if self._count == 3:
            self.asked.set()
        raise RuntimeError("not now")


async def test_a_failure_does_not_end_the_forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "FORGET_S", 0.0)
    database = Failing()

    chore = asyncio.create_task(forgetting.keep_forgetting(cast("Direct", database)))
    await asyncio.wait_for(database.asked.wait(), 5.0)
    alive = not chore.done()
    chore.cancel()

    assert alive
