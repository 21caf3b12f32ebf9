"""Which models serve which role, in which order, and what they cost. The composition root fills it."""

from collections.abc import Mapping

import msgspec

from domain.llm import Provider, Usage

OFFLINE_MODEL = "dryrun:reader"

DEFAULT_CHAINS: Mapping[str, tuple[str, ...]] = {
    "flash": ("gemini:gemini-3-flash-preview",),
    "pro": ("gemini:gemini-3-pro-preview",),
    "classify": ("gemini:gemini-3-flash-preview",),
}
"""Models of the former system (spec/aizoomdoc.md §1.3). The first of a chain is asked, the next ones when it fails."""


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Micro dollars per million tokens."""

    input_micro_usd: int
    output_micro_usd: int
    cached_micro_usd: int | None = None


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`prices` are by model and used where the provider does not tell the cost itself."""

    chains: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: DEFAULT_CHAINS)
    prices: Mapping[str, Price] = {}


def chain_of(config: ModelConfig, role: str, providers: Mapping[str, Provider]) -> tuple[str, ...]:
    """The models to ask for `role`: those of its chain (else of flash's) whose provider is set up.

    With none of them set up, the offline reader: the product answers without any key (DESIGN §8).
    """
    chain = config.chains.get(role) or config.chains.get("flash", ())
    usable = tuple(model for model in chain if model.partition(":")[0] in providers)
    return usable or (OFFLINE_MODEL,)


def with_cost(config: ModelConfig, model: str, usage: Usage) -> Usage:
    """`usage` with its cost by the price list, unless the provider gave it or the price is unknown."""
    price = config.prices.get(model)
    if usage.cost_micro_usd or price is None:
        return usage
    cached_price = price.input_micro_usd if price.cached_micro_usd is None else price.cached_micro_usd
    total = (
        (usage.input_tokens - usage.cached_tokens) * price.input_micro_usd
        + usage.cached_tokens * cached_price
        + (usage.output_tokens + usage.thinking_tokens) * price.output_micro_usd
    )
    return msgspec.structs.replace(usage, cost_micro_usd=-(-total // 1_000_000))
