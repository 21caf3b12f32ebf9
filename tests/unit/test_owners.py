"""The settings and keys of a run's user: read once for many questions, and again soon."""

import asyncio
from uuid import UUID

import pytest

from domain.errors import ProviderRefused
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from workers.owners import Owners


class CountedKeys:
    """`asked` counts; while `refused`, the key cannot be read."""

    def __init__(self) -> None:
        self.asked = 0
        self.refused = False

    async def keys_of(self, user_id: UUID) -> dict[str, str]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.refused:
            raise ProviderRefused("sealed", public_ru="Ключ не читается.", public_en="The key cannot be read.")
        return {"gemini": f"key {self.asked}"}


@pytest.fixture
def run() -> FakeStageContext:
    return FakeStageContext(FakeUnitOfWork(), UUID(int=1))


async def test_questions_asked_at_once_share_one_reading(run: FakeStageContext) -> None:
    keys = CountedKeys()
    owners = Owners(keys)

    found = await asyncio.gather(*(owners.of(run) for _ in range(10)))

    assert keys.asked == 1
    assert {owner.keys["gemini"] for owner in found} == {"key 1"}


async def test_a_key_that_was_changed_counts_soon(run: FakeStageContext) -> None:
    keys = CountedKeys()
    owners = Owners(keys, kept_s=-1.0)

    await owners.of(run)

    assert (await owners.of(run)).keys == {"gemini": "key 2"}


async def test_a_key_that_could_not_be_read_is_read_again(run: FakeStageContext) -> None:
    keys = CountedKeys()
    owners = Owners(keys)
    keys.refused = True
    with pytest.raises(ProviderRefused):
        await owners.of(run)

    keys.refused = False

    assert (await owners.of(run)).keys == {"gemini": "key 2"}
