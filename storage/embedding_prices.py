"""What embedding costs: one price for each model, which operators may set."""

from collections.abc import Mapping

from domain.errors import InvalidInput

FREE_PROVIDERS = frozenset({"ollama"})
"""They run on machines of one's own."""

DEFAULT_PRICES: Mapping[str, int] = {
    "gemini:gemini-embedding-001": 150_000,
    "gemini:gemini-embedding-2": 200_000,
    "gemini:gemini-embedding-2-preview": 200_000,
}
"""Micro dollars for a million tokens of text (ai.google.dev/gemini-api/docs/pricing, paid tier). Set EMBEDDING_PRICE
when they change."""

PRICE_LIMIT = 1_000.0
"""Dollars for a million tokens: more is a slip of the pen. A guess."""


def price_of(model: str, told_usd: float | None) -> int:
    """Micro dollars for a million tokens of `provider:model`: what the operator told, else the table's.

    Raises `InvalidInput` for a model that is to be paid for and has no price: its limit could not be kept.
    """
    if told_usd is not None:
        return round(told_usd * 1_000_000)
    if model.partition(":")[0] in FREE_PROVIDERS:
        return 0
    if model not in DEFAULT_PRICES:
        raise InvalidInput(f"EMBEDDINGS: no price for {model}: set EMBEDDING_PRICE, in dollars for a million tokens")
    return DEFAULT_PRICES[model]
