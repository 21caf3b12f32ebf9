"""What a run may spend of its user's month: never more than is set aside, whatever runs at once."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.budgets import Budget, Meter, tokens_of
from domain.errors import BudgetExceeded
from domain.ids import new_id
from domain.jobs import Job
from domain.llm import Usage
from tests.fakes.stage_context import running_job
from workers.allowance import Allowance

BUDGET = Budget(cost_micro_usd=100_000)
NEED = Usage(input_tokens=1_000, output_tokens=4_000)


class Month:
    """A user's quota as the database keeps it: what is set aside for a job only grows."""

    def __init__(self, left: int | None) -> None:
        self.left = left
        self.held: dict[object, int] = {}
        self.asked = 0

    async def extend(self, job: Job, reserved_micro_usd: int) -> int | None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.left is None:
            return None
        held = self.held.setdefault(job.id, job.reserved_micro_usd)
        more = max(min(reserved_micro_usd - held, self.left), 0)
        self.left -= more
        self.held[job.id] = held + more
        return self.held[job.id]


class Run:
    def __init__(self, reserved: int = 0, settled: int = 0) -> None:
        job = running_job(new_id())
        self.job = msgspec.structs.replace(job, reserved_micro_usd=reserved, settled_micro_usd=settled)


def cost(call: Usage) -> int:
    return tokens_of(call)


def free(call: Usage) -> int:
    return 0


async def test_a_user_without_a_quota_is_asked_about_once() -> None:
    month, run, meter = Month(None), Run(), Meter(Usage())
    allowance = Allowance(BUDGET, month)

    for _ in range(3):
        assert (await allowance.reserve(run, meter, NEED, cost)).output_tokens == 4_000

    assert month.asked == 1


async def test_a_call_that_costs_nothing_needs_no_money() -> None:
    month = Month(0)

    room = await Allowance(BUDGET, month).reserve(Run(), Meter(Usage()), NEED, free)

    assert (room.output_tokens, month.asked) == (4_000, 0)


async def test_a_job_that_was_given_enough_asks_for_no_more() -> None:
    month = Month(10**9)

    await Allowance(BUDGET, month).reserve(Run(reserved=5_000), Meter(Usage()), NEED, cost)

    assert month.asked == 0


async def test_a_job_without_money_gets_what_its_calls_may_cost_and_no_more() -> None:
    month, run, meter = Month(7_500), Run(), Meter(Usage())
    allowance = Allowance(BUDGET, month)

    first = await allowance.reserve(run, meter, NEED, cost)
    second = await allowance.reserve(run, meter, NEED, cost)

    assert (first.output_tokens, second.output_tokens) == (4_000, 1_500)
    assert month.left == 0
    with pytest.raises(BudgetExceeded, match="cost"):
        await allowance.reserve(run, meter, NEED, cost)


async def test_what_former_runs_settled_is_neither_asked_for_nor_given_again() -> None:
    month, run = Month(5_000), Run(settled=40_000)
    meter = Meter(Usage(cost_micro_usd=40_000))

    assert (await Allowance(BUDGET, month).reserve(run, meter, NEED, cost)).output_tokens == 4_000
    assert month.left == 0


async def test_the_jobs_own_budget_counts_too() -> None:
    month, meter = Month(10**9), Meter(Usage(cost_micro_usd=97_000))

    room = await Allowance(BUDGET, month).reserve(Run(settled=97_000), meter, NEED, cost)

    assert room.output_tokens == 2_000
    assert month.held.popitem()[1] == 3_000


calls = st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 9_000), st.floats(0, 1)), min_size=1, max_size=12)


@given(jobs=st.lists(calls, min_size=1, max_size=4), cap=st.integers(0, 60_000))
def test_jobs_side_by_side_never_spend_more_than_the_month_has(
    jobs: list[list[tuple[int, int, float]]], cap: int
) -> None:
    month = Month(cap)
    allowance = Allowance(BUDGET, month)
    meters = [Meter(Usage()) for _ in jobs]

    async def call(run: Run, meter: Meter, asked: tuple[int, int, float]) -> None:
        try:
            room = await allowance.reserve(run, meter, Usage(input_tokens=asked[0], output_tokens=asked[1]), cost)
        except BudgetExceeded:
            return
        await asyncio.sleep(0)
        used = Usage(input_tokens=room.input_tokens, output_tokens=round(room.output_tokens * asked[2]), calls=1)
        meter.settle(room, used + Usage(cost_micro_usd=cost(used)), 0.0)

    async def all_at_once() -> None:
        runs = [Run() for _ in jobs]
        await asyncio.gather(
            *(call(run, meter, asked) for run, meter, own in zip(runs, meters, jobs, strict=True) for asked in own)
        )

    asyncio.run(all_at_once())

    assert sum(meter.spent.cost_micro_usd for meter in meters) <= cap
    assert all(meter.reserved == Usage() for meter in meters)
