"""What one run may spend: the job's own budget, and of its user's month no more than is set aside for it."""

from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

import msgspec

from domain.budgets import Budget, Meter
from domain.jobs import Job
from domain.llm import Usage
from domain.ports import Purse

_NO_LIMIT = 2**62


class HasJob(Protocol):
    job: Job


class FixedPurse:
    """Nothing more than what was set aside when the job was accepted; without that, no limit."""

    async def extend(self, job: Job, reserved_micro_usd: int) -> int | None:
        return job.reserved_micro_usd or None


class Allowance:
    """`budget` is of one job over all its runs. A job that was accepted without money set aside asks for some before
    each call; one that had some asks when it would not do."""

    def __init__(self, budget: Budget, purse: Purse) -> None:
        self._budget = budget
        self._purse = purse
        self._limits: WeakKeyDictionary[HasJob, int] = WeakKeyDictionary()

    async def reserve(self, run: HasJob, meter: Meter, need: Usage, cost_of: Callable[[Usage], int]) -> Usage:
        """As `Meter.reserve`, within the user's quota. Raises `BudgetExceeded`, `LeaseLost`."""
        cost = cost_of(need)
        if cost <= 0:
            return meter.reserve(self._budget, need, cost_of)
        await self._extend(run, meter, cost)
        limit = min(self._limit(run), self._budget.cost_micro_usd)
        # Nothing is awaited from here on: what the month gave cannot go to another call of the run.
        return meter.reserve(msgspec.structs.replace(self._budget, cost_micro_usd=limit), need, cost_of)

    async def _extend(self, run: HasJob, meter: Meter, cost: int) -> None:
        """Until the run may spend this much more, or the month has nothing left."""
        while (limit := self._limit(run)) < (wanted := self._wanted(meter, cost)):
            held = await self._purse.extend(run.job, wanted - run.job.settled_micro_usd)
            self._limits[run] = _NO_LIMIT if held is None else max(limit, run.job.settled_micro_usd + held)
            if self._limits[run] <= limit:
                return

    def _wanted(self, meter: Meter, cost: int) -> int:
        taken = meter.spent.cost_micro_usd + meter.reserved.cost_micro_usd
        return min(taken + cost, self._budget.cost_micro_usd)

    def _limit(self, run: HasJob) -> int:
        """Over all runs: what former ones have settled counts as spent, and as allowed."""
        return self._limits.get(run, run.job.settled_micro_usd + run.job.reserved_micro_usd)
