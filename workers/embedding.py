"""Embedding in the background under the limits of the provider's account, which questions to models count against too.

A text of a question is not counted: it is one short call, made by the api as well.
"""

from collections.abc import Sequence

from domain.errors import DomainError, ProviderLimited
from domain.ports import Embedder
from workers.asking import SERVER
from workers.limiting import Limiter
from workers.questions import tokens_in


class LimitedEmbedder:
    """See `domain.ports.Embedder`. `ProviderLimited` when the account's turn takes longer than 2 s."""

    def __init__(self, embedder: Embedder, limiter: Limiter) -> None:
        self.model = embedder.model
        self.dimensions = embedder.dimensions
        self.batch = embedder.batch
        self._embedder = embedder
        self._limiter = limiter

    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        tokens = sum(map(tokens_in, texts))
        ticket = await self._limiter.enter(self.model, SERVER, tokens)
        pause_s: float | None = None
        try:
            return await self._embedder.embed_documents(texts)
        except DomainError as error:
            pause_s = error.retry_after_s if isinstance(error, ProviderLimited) else None
            raise
        finally:
            await self._limiter.leave(ticket, tokens, pause_s=pause_s)

    async def embed_query(self, text: str) -> list[float]:
        return await self._embedder.embed_query(text)

    async def close(self) -> None:
        await self._embedder.close()
