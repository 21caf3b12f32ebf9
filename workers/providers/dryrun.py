"""The offline reader as a provider: it fills the schemas from the given material, without any model or network.

Deterministic: equal requests give equal replies. It never reads the environment. Quirks: it works from the request's
variables, not from its text; it counts no tokens, for none are used; pictures are beyond it, and it says so.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from domain.errors import ProviderRefused
from domain.llm import Capabilities, Chunk, EndChunk, LLMRequest, TextChunk, Usage
from domain.ports import BlobStore
from workers.offline.answers import read_answer
from workers.offline.comparisons import read_comparison
from workers.offline.drawings import read_drawings
from workers.offline.facts import pick_blocks, read_facts
from workers.offline.intents import read_intent
from workers.offline.requirements import find_requirements, judge_requirements

NAME = "dryrun"
MODEL = "reader"
CHUNK_CHARS = 24
"""About six tokens, as models stream."""

Reader = Callable[[Mapping[str, Any]], msgspec.Struct]

READERS: Mapping[str, Reader] = {
    "analysis/classify": read_intent,
    "analysis/collect": pick_blocks,
    "analysis/extract": read_facts,
    "analysis/answer": read_answer,
    "analysis/compare": read_comparison,
    "matrix/requirements": find_requirements,
    "matrix/judge": judge_requirements,
    "indexing/describe": read_drawings,
}
"""How each prompt is filled, by the prompt's name."""


class DryrunProvider:
    name = NAME
    is_ready = True

    def capabilities(self, model: str) -> Capabilities:
        """Raises `ProviderRefused` for any model but `reader`."""
        if model != MODEL:
            raise ProviderRefused(f"unknown model {NAME}:{model}")
        return Capabilities(offline=True, context_tokens=10_000_000)

    async def stream(self, request: LLMRequest, *, api_key: str | None = None) -> AsyncIterator[Chunk]:
        self.capabilities(request.model.partition(":")[2])
        reader = READERS.get(request.purpose)
        if reader is None:
            raise ProviderRefused(
                f"the offline reader cannot fill {request.purpose}",
                public_ru="Без модели это задание выполнить нельзя: настройте провайдера.",
                public_en="This cannot be done without a model: set up a provider.",
            )
        reply = await asyncio.to_thread(reader, request.variables)
        text = msgspec.json.encode(reply).decode()
        for start in range(0, len(text), CHUNK_CHARS):
            yield TextChunk(text=text[start : start + CHUNK_CHARS])
            await asyncio.sleep(0)
        yield EndChunk(usage=Usage())

    async def close(self) -> None:
        """Has nothing open."""


def build(secrets: Mapping[str, str], blobs: BlobStore) -> DryrunProvider:
    return DryrunProvider()
