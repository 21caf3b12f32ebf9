"""Many questions asked as one: who is answered together, and whom a failure reaches."""

import asyncio
from collections.abc import Sequence

import pytest

from storage.batching import LARGEST, Batches


class Answers:
    """Doubles each number of a batch, once the gate is open; `asked` are the batches as they came."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        await self.gate.wait()
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


@pytest.fixture
async def answers() -> Answers:
    return Answers()


async def test_who_asks_alone_is_answered_alone(answers: Answers) -> None:
    batches = Batches(answers.double)

    doubled = [await batches.get(1), await batches.get(2)]

    assert (doubled, answers.asked) == ([2, 4], [[1], [2]])


async def test_questions_asked_meanwhile_are_asked_together(answers: Answers) -> None:
    batches = Batches(answers.double)
    answers.gate.clear()
    first = asyncio.create_task(batches.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(batches.get(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    answers.gate.set()

    doubled = await asyncio.gather(first, *others)

    assert (doubled, answers.asked) == ([2, 4, 6], [[1], [2, 3]])


async def test_a_batch_has_an_end(answers: Answers) -> None:
    batches = Batches(answers.double)

    await asyncio.gather(*(batches.get(number) for number in range(100, 101 + LARGEST)))

    assert [len(batch) for batch in answers.asked] == [LARGEST, 1]


async def test_a_failure_reaches_all_of_its_batch_and_none_of_the_next(answers: Answers) -> None:
    batches = Batches(answers.double)

    failed = await asyncio.gather(batches.get(13), batches.get(1), return_exceptions=True)

    assert [type(one) for one in failed] == [ValueError, ValueError]
    assert await batches.get(1) == 2


async def test_a_caller_that_gave_up_does_not_disturb_the_others(answers: Answers) -> None:
    batches = Batches(answers.double)
    gone, stays = (asyncio.create_task(batches.get(number)) for number in (1, 2))
    await asyncio.sleep(0)

    gone.cancel()

    assert await stays == 4
