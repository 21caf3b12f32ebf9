"""The prompts of a job: whatever versions were live when it first asked a model, or were given to it, until its end."""

from collections.abc import Collection, Mapping
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog

from domain.errors import NotFound
from domain.jobs import Job
from domain.ports import PromptStore
from domain.prompts import Prompt, variables_of

SHARED = "asking/"
"""Prompts of every family."""

_log = structlog.get_logger()


class HasJob(Protocol):
    job: Job


class PinnedPrompts:
    """Gives each run the versions of its job: all prompts of its family are fixed together, in one statement, when it
    first asks."""

    def __init__(self, store: PromptStore) -> None:
        self._store = store
        self._pins: WeakKeyDictionary[HasJob, Mapping[str, str]] = WeakKeyDictionary()

    async def get(self, run: HasJob, name: str, variables: Collection[str]) -> Prompt:
        """The job's version of a prompt that is to be filled with `variables`.

        A pinned version that is gone, or that this deployment has other values for, gives way to the live one, which
        is pinned in its place. Raises `NotFound` for an unknown name, `LeaseLost`.
        """
        pins = self._pins.get(run) or run.job.prompt_pins
        if name not in pins:
            pins = self._pins[run] = await self._pin_family(run.job, name)
        try:
            prompt = await self._store.get(name, pins[name])
            if variables_of(prompt.text) == set(variables):
                return prompt
        except NotFound:
            pass
        live = await self._store.get(name)
        if live.version != pins[name]:
            _log.warning("pinned_prompt_unusable", job_id=str(run.job.id), prompt=name, version=pins[name])
            self._pins[run] = await self._store.pin(run.job, {name: live.version}, over=True)
        return live

    async def _pin_family(self, job: Job, name: str) -> Mapping[str, str]:
        own = {known for known in self._store.names() if known.startswith((f"{job.family}/", SHARED))}
        live = {each: (await self._store.get(each)).version for each in sorted(own | {name})}
        return await self._store.pin(job, live)
