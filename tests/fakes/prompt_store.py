"""Prompts and the call log in memory."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from domain.errors import NotFound
from domain.jobs import Job
from domain.llm import LLMCall, Usage
from domain.prompts import Prompt


class FakePrompts:
    def __init__(self, **texts: str) -> None:
        """`texts` by name, with `__` for the slash: `analysis__answer="…"`."""
        names = {name.replace("__", "/"): text for name, text in texts.items()}
        self._prompts = {name: Prompt(name=name, version="1", text=text) for name, text in names.items()}

    def names(self) -> frozenset[str]:
        return frozenset(self._prompts)

    async def get(self, name: str, version: str | None = None) -> Prompt:
        if name not in self._prompts or version not in (None, self._prompts[name].version):
            raise NotFound(f"prompt {name}")
        return self._prompts[name]

    async def pin(self, job: Job, pins: Mapping[str, str], *, over: bool = False) -> Mapping[str, str]:
        return {**job.prompt_pins, **pins} if over else {**pins, **job.prompt_pins}


class FakeLLMLog:
    def __init__(self) -> None:
        self.calls: list[LLMCall] = []

    async def write(self, call: LLMCall, *, with_request: bool = True) -> None:
        if not with_request:
            [kept] = (one for one in self.calls if one.id == call.id)
            call = msgspec.structs.replace(call, request=kept.request)
        self.calls = [*(one for one in self.calls if one.id != call.id), call]

    async def spent(self, job_id: UUID) -> tuple[Usage, float]:
        own = [call for call in self.calls if call.job_id == job_id]
        return sum((call.usage for call in own), start=Usage()), sum(call.latency_ms for call in own) / 1000
