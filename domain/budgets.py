"""What one job may spend on models. Room is reserved before every call and settled after it (DESIGN §7)."""

from collections.abc import Callable, Mapping

import msgspec

from domain.errors import BudgetExceeded
from domain.llm import Usage

MIN_OUTPUT_TOKENS = 1_000
"""A call that could say less than this is not worth its input. A guess."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Limits over all runs of one job. `seconds` is the time spent waiting for models.

    Calls: 10 turns of the former system with a repair each (spec/aizoomdoc.md §1.3), ten documents to collect from, six
    looks of a search for a place, four second readings.
    The rest are guesses that leave room for ten turns with 60,000 characters of material.
    """

    calls: int = 40
    tokens: int = 1_000_000
    images: int = 120
    seconds: float = 900.0
    cost_micro_usd: int = 2_000_000


def cost_limit(environ: Mapping[str, str]) -> int:
    """What one job may spend in millionths of a US dollar: JOB_MAX_COST_USD over the default."""
    return round(float(environ.get("JOB_MAX_COST_USD") or Budget().cost_micro_usd / 1e6) * 1_000_000)


class Meter:
    """What one job has spent and what its running calls may still spend. Belongs to one event loop: several calls of
    a job may run at once, and none of them takes what another has reserved."""

    def __init__(self, spent: Usage, seconds: float = 0.0) -> None:
        self.spent = spent
        self.reserved = Usage()
        self.seconds = seconds

    def reserve(self, budget: Budget, need: Usage, cost_of: Callable[[Usage], int]) -> Usage:
        """Take room for one call and return it, to be given to `settle`.

        `need` is its input, its pictures and the output it would like; the room may hold less output, at least
        `MIN_OUTPUT_TOKENS`. `cost_of` is the price in micro dollars. Raises `BudgetExceeded` naming the limits.
        """
        taken = self.spent + self.reserved
        need = msgspec.structs.replace(need, calls=1)
        least = min(need.output_tokens, MIN_OUTPUT_TOKENS)
        if exceeded := _exceeded(budget, taken, self.seconds, _with(need, least, cost_of)):
            raise BudgetExceeded(f"limits reached: {', '.join(exceeded)}")
        room = _with(need, _most_output(budget, taken, need, least, cost_of), cost_of)
        self.reserved += room
        return room

    def settle(self, room: Usage, used: Usage, seconds: float) -> None:
        """Give back the room of a call that has ended and count what it used."""
        self.reserved -= room
        self.spent += used
        self.seconds += seconds


def tokens_of(usage: Usage) -> int:
    """All tokens that count: what was read, written and thought."""
    return usage.input_tokens + usage.output_tokens + usage.thinking_tokens


def _exceeded(budget: Budget, taken: Usage, seconds: float, call: Usage) -> list[str]:
    after = taken + call
    over = {
        "calls": after.calls > budget.calls,
        "tokens": tokens_of(after) > budget.tokens,
        "images": after.images > budget.images,
        "seconds": seconds >= budget.seconds,
        "cost": after.cost_micro_usd > budget.cost_micro_usd or taken.cost_micro_usd >= budget.cost_micro_usd,
    }
    return [name for name, is_over in over.items() if is_over]


def _most_output(budget: Budget, taken: Usage, need: Usage, least: int, cost_of: Callable[[Usage], int]) -> int:
    """The most output tokens, up to what is wanted, that stay within tokens and money; `least` is known to."""
    most = min(need.output_tokens, budget.tokens - tokens_of(taken) - need.input_tokens)
    money = budget.cost_micro_usd - taken.cost_micro_usd
    while least < most:
        middle = (least + most + 1) // 2
        if _with(need, middle, cost_of).cost_micro_usd <= money:
            least = middle
        else:
            most = middle - 1
    return least


def _with(need: Usage, output_tokens: int, cost_of: Callable[[Usage], int]) -> Usage:
    call = msgspec.structs.replace(need, output_tokens=output_tokens)
    return msgspec.structs.replace(call, cost_micro_usd=cost_of(call))
