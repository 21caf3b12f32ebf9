"""Embedding in the background under the limits of the provider's account, which questions to models count against too.

A text of a question is not counted: it is one short call, made by the api as well.
"""

from collections.abc import Sequence

from domain.embedding import Embeddings, usage_of
from domain.errors import DomainError, ProviderLimited
from domain.ports import Embedder
from domain.rules_tokens import tokens_in
from workers.asking import SERVER
from workers.limiting import Limiter


class LimitedEmbedder:
    """See `domain.ports.Embedder`. `ProviderLimited` when the account's turn takes longer than 2 s."""

    def __init__(self, embedder: Embedder, limiter: Limiter) -> None:
        self.model = embedder.model
        self.dimensions = embedder.dimensions
        self.batch = embedder.batch
        self.price_micro_usd = embedder.price_micro_usd
        self._embedder = embedder
        self._limiter = limiter

    async def embed_documents(self, texts: Sequence[str]) -> Embeddings:
        tokens = sum(map(tokens_in, texts))
        ticket = await self._limiter.enter(self.model, SERVER, tokens)
        pause_s: float | None = None
        try:
            told = await self._embedder.embed_documents(texts)
            tokens = usage_of(told, texts, 0).input_tokens
        except DomainError as error:
            pause_s = error.retry_after_s if isinstance(error, ProviderLimited) else None
            raise
        finally:
            await self._limiter.leave(ticket, tokens, pause_s=pause_s)
        return told

    async def embed_query(self, text: str) -> Embeddings:
        return await self._embedder.embed_query(text)

    async def close(self) -> None:
        await self._embedder.close()
