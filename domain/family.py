"""A job family: its stages in order and how its jobs are queued. The engine knows families only by this."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from domain.jobs import Job, JobError
from domain.ports import UnitOfWork
from domain.stage import Outcome, StageContext


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the verb. `prompts` are checked at start-up. `label_ru`/`label_en` tell the user what happens."""

    name: str
    run: Callable[[StageContext, Any], Awaitable[Outcome]]
    label_ru: str
    label_en: str
    timeout_s: float = 120.0
    prompts: tuple[str, ...] = ()


Ended = Callable[[UnitOfWork, Job, JobError | None], Awaitable[None]]
"""Called in the transaction that fails or cancels a job (error null when cancelled), to keep the subject true."""


Requeued = Callable[[UnitOfWork, Job], Awaitable[None]]
"""Called in the transaction that requeues a job, to keep the subject true."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """`start` makes the first state from a job's payload; `state_type` is what checkpoints are decoded to. `is_long`:
    its stages take minutes; such jobs leave a slot of their worker to others. `again_from`: where a requeued job begins
    if nobody says; null: after its last checkpoint."""

    name: str
    queue: str
    state_type: type
    start: Callable[[dict[str, Any]], Any]
    stages: tuple[Stage, ...]
    on_end: Ended | None = None
    on_requeue: Requeued | None = None
    is_long: bool = False
    again_from: str | None = None

    @property
    def asks_models(self) -> bool:
        return any(stage.prompts for stage in self.stages)

    def stage(self, name: str | None) -> Stage:
        """The stage of this name; the first one for null. Raises KeyError for an unknown name."""
        if name is None:
            return self.stages[0]
        return {stage.name: stage for stage in self.stages}[name]

    def after(self, name: str) -> Stage | None:
        """The stage that follows in order, null after the last."""
        names = [stage.name for stage in self.stages]
        position = names.index(name) + 1
        return self.stages[position] if position < len(names) else None
