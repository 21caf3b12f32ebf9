"""Prompts and the call log in memory."""

from uuid import UUID

from domain.errors import NotFound
from domain.llm import LLMCall, Usage
from domain.prompts import Prompt


class FakePrompts:
    def __init__(self, **texts: str) -> None:
        """`texts` by name, with `__` for the slash: `analysis__answer="…"`."""
        names = {name.replace("__", "/"): text for name, text in texts.items()}
        self._prompts = {name: Prompt(name=name, version="1", text=text) for name, text in names.items()}

    async def get(self, name: str) -> Prompt:
        if name not in self._prompts:
            raise NotFound(f"prompt {name}")
        return self._prompts[name]


class FakeLLMLog:
    def __init__(self) -> None:
        self.calls: list[LLMCall] = []

    async def write(self, call: LLMCall) -> None:
        self.calls.append(call)

    async def spent(self, job_id: UUID) -> tuple[Usage, float]:
        own = [call for call in self.calls if call.job_id == job_id]
        return sum((call.usage for call in own), start=Usage()), sum(call.latency_ms for call in own) / 1000
