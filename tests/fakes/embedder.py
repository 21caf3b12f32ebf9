"""An embedder whose meanings are given: texts that hold a word of a group point along that group's axis."""

import math
from collections.abc import Mapping, Sequence

from domain.errors import DomainError

MEANINGS = {"насос": 0, "pump": 0, "вентилятор": 1, "fan": 1, "клапан": 2, "valve": 2}


class FakeEmbedder:
    """`sent` are the batches of texts, `asked` the questions; `failure` is raised instead of answering."""

    batch = 2

    def __init__(
        self, meanings: Mapping[str, int] = MEANINGS, *, model: str = "fake:model", dimensions: int = 4
    ) -> None:
        self.model = model
        self.dimensions = dimensions
        self.sent: list[list[str]] = []
        self.asked: list[str] = []
        self.failure: DomainError | None = None
        self._meanings = meanings

    async def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        self.sent.append(list(texts))
        return [self._vector(text) for text in texts]

    async def embed_query(self, text: str) -> list[float]:
        self.asked.append(text)
        return self._vector(text)

    async def close(self) -> None:
        return

    def _vector(self, text: str) -> list[float]:
        if self.failure is not None:
            raise self.failure
        values = [0.0] * (self.dimensions - 1) + [0.1]
        for word, axis in self._meanings.items():
            values[axis] += text.lower().count(word)
        length = math.sqrt(sum(value * value for value in values))
        return [value / length for value in values]
