"""What an embedding model gave, and what it costs."""

from collections.abc import Sequence

import msgspec

from domain.llm import Usage
from domain.rules_tokens import tokens_in


class Embeddings(msgspec.Struct, frozen=True):
    """One vector of length 1 for each text, in their order. `tokens` as the provider counted them, null where it does
    not say."""

    vectors: Sequence[Sequence[float]]
    tokens: int | None = None


def usage_of(embeddings: Embeddings, texts: Sequence[str], price_micro_usd: int) -> Usage:
    """What embedding the texts has used, at a price for a million tokens; their length counts where the provider does
    not. It is no call in the sense of a job's budget: the smallest that a model may be asked costs a hundred times as
    much."""
    tokens = sum(map(tokens_in, texts)) if embeddings.tokens is None else embeddings.tokens
    return Usage(input_tokens=tokens, cost_micro_usd=-(-tokens * price_micro_usd // 1_000_000))
