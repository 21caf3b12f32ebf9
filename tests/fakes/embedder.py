"""An embedder whose meanings are given: texts that hold a word of a group point along that group's axis."""

import math
from collections.abc import Mapping, Sequence

from domain.embedding import Embeddings
from domain.errors import DomainError

MEANINGS = {"насос": 0, "pump": 0, "вентилятор": 1, "fan": 1, "клапан": 2, "valve": 2}


class FakeEmbedder:
    """`sent` are the batches of texts, `asked` the questions; `failure` is raised instead of answering. Each text has
    `tokens`."""

    batch = 2
    tokens = 7

    def __init__(
        self,
        meanings: Mapping[str, int] = MEANINGS,
        *,
        model: str = "fake:model",
        dimensions: int = 4,
        price_micro_usd: int = 0,
    ) -> None:
        self.model = model
        self.dimensions = dimensions
        self.price_micro_usd = price_micro_usd
        self.sent: list[list[str]] = []
        self.asked: list[str] = []
        self.failure: DomainError | None = None
        self._meanings = meanings

    async def embed_documents(self, texts: Sequence[str]) -> Embeddings:
        self.sent.append(list(texts))
        return Embeddings([self.vector_of(text) for text in texts], self.tokens * len(texts))

    async def embed_query(self, text: str) -> Embeddings:
        self.asked.append(text)
        return Embeddings([self.vector_of(text)], self.tokens)

    async def close(self) -> None:
        return

    def vector_of(self, text: str) -> list[float]:
        if self.failure is not None:
            raise self.failure
        values = [0.0] * (self.dimensions - 1) + [0.1]
        for word, axis in self._meanings.items():
            values[axis] += text.lower().count(word)
        length = math.sqrt(sum(value * value for value in values))
        return [value / length for value in values]
