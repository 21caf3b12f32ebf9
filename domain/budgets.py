"""What one job may spend on models. The limits are checked before every call (DESIGN §7)."""

import msgspec

from domain.errors import BudgetExceeded
from domain.llm import Usage


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Limits over all runs of one job. `seconds` is the time spent waiting for models.

    Calls: 10 turns of the former system with a repair each (spec/aizoomdoc.md §1.3). The rest are guesses that leave
    room for ten turns with 60,000 characters of material.
    """

    calls: int = 20
    tokens: int = 1_000_000
    images: int = 120
    seconds: float = 900.0
    cost_micro_usd: int = 2_000_000


def check_budget(budget: Budget, spent: Usage, seconds: float, new_images: int = 0) -> None:
    """Raises `BudgetExceeded`, naming the limit, when one more call may not be made."""
    tokens = spent.input_tokens + spent.output_tokens + spent.thinking_tokens
    reached = {
        "calls": spent.calls >= budget.calls,
        "tokens": tokens >= budget.tokens,
        "images": spent.images + new_images > budget.images,
        "seconds": seconds >= budget.seconds,
        "cost": spent.cost_micro_usd >= budget.cost_micro_usd,
    }
    names = [name for name, is_reached in reached.items() if is_reached]
    if names:
        raise BudgetExceeded(f"limits reached: {', '.join(names)}")
