"""A provider that says what a test tells it to, and remembers what it was asked."""

from collections.abc import AsyncIterator, Sequence

import msgspec

from domain.llm import Capabilities, Chunk, EndChunk, LLMRequest, TextChunk, Usage

Script = Sequence[Chunk | Exception]
"""What one call does, in order: chunks are streamed, an exception is raised at its place."""


class ScriptedProvider:
    """Every call takes the next script; a call beyond the last one fails the test."""

    def __init__(
        self,
        *scripts: Script,
        name: str = "fake",
        capabilities: Capabilities | None = None,
        is_ready: bool = True,
    ) -> None:
        self.name = name
        self.is_ready = is_ready
        self.requests: list[LLMRequest] = []
        self.keys: list[str | None] = []
        self._scripts = list(scripts)
        self._capabilities = capabilities or Capabilities()

    def capabilities(self, model: str) -> Capabilities:
        return self._capabilities

    async def stream(self, request: LLMRequest, *, api_key: str | None = None) -> AsyncIterator[Chunk]:
        self.requests.append(request)
        self.keys.append(api_key)
        assert self._scripts, f"call {len(self.requests)} was not expected"
        for step in self._scripts.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step

    async def close(self) -> None:
        """Has nothing open."""


def said(text: str, *, pieces: int = 1, usage: Usage | None = None, finish_reason: str = "stop") -> list[Chunk]:
    """The script of a call that streams `text` in so many pieces and ends well."""
    size = -(-len(text) // pieces) or 1
    chunks: list[Chunk] = [TextChunk(text[start : start + size]) for start in range(0, len(text), size)]
    return [*chunks, EndChunk(usage=usage or Usage(input_tokens=10, output_tokens=5), finish_reason=finish_reason)]


def said_json(reply: msgspec.Struct, *, pieces: int = 1, usage: Usage | None = None) -> list[Chunk]:
    return said(msgspec.json.encode(reply).decode(), pieces=pieces, usage=usage)
