"""What a stage is given and what it may return. Stages are `async (ctx, state) -> Outcome` over ports."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from domain.events import EventType
from domain.jobs import Job, NewJob
from domain.llm import Capabilities, Part, Usage
from domain.ports import BlobStore, PageReader, PictureComparer, Recogniser, Renderer, SearchIndex, UnitOfWork, Vault

Write = Callable[[UnitOfWork], Awaitable[None]]
"""Database effects of a stage. They are committed in the fenced transaction of its checkpoint: exactly once."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """Go on with the next stage of the family, or with `goto`."""

    state: Any
    goto: str | None = None
    write: Write | None = None


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """The job ends well. `result` is shown as JSON; `text` is the stored text whose hash the terminal event carries."""

    result: dict[str, Any]
    text: str | None = None
    write: Write | None = None


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Wait until none of `document_ids` is being read, then run this same stage again. Holds no slot."""

    state: Any
    document_ids: tuple[UUID, ...]
    reason: dict[str, Any]


class Spawn(msgspec.Struct, frozen=True, kw_only=True):
    """Accept `children` and wait until all have ended, then go on with the next stage."""

    state: Any
    children: tuple[NewJob, ...]


Outcome = Next | Finished | Wait | Spawn

T = TypeVar("T", bound=msgspec.Struct)


Hold = Callable[[dict[str, Any]], bool]
"""Whether the text of a reply is to be held back, by the fields before it (empty when they cannot be read)."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A validated reply with the model that gave it and what it cost. `offline`: read without a model. `held`: nothing
    of its text was streamed."""

    reply: Any
    model: str
    usage: Usage
    offline: bool = False
    held: bool = False


class StageContext(Protocol):
    """Everything a stage may use. Reading goes through `uow()`; writing through the outcome's `write`.

    Every method may raise `LeaseLost` (stop at once) or `JobCancelled`, a BaseException of the engine; a stage
    catches neither.
    """

    @property
    def job(self) -> Job: ...

    @property
    def search(self) -> SearchIndex: ...

    @property
    def blobs(self) -> BlobStore: ...

    @property
    def reader(self) -> PageReader: ...

    @property
    def renderer(self) -> Renderer: ...

    @property
    def comparer(self) -> PictureComparer: ...

    @property
    def recogniser(self) -> Recogniser: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def spent(self) -> Usage:
        """What the job has used of models so far, over all its runs."""
        ...

    def capabilities(self, role: str) -> Capabilities:
        """What the first model of the role can take."""
        ...

    def has_models(self, role: str) -> bool:
        """Whether models are configured for this very role and one of them can be asked."""
        ...

    async def prompt_version(self, prompt: str, variables: Collection[str]) -> str:
        """The version of a prompt that this job's questions are asked with: what is stored of their replies names it.

        `variables` are those it is going to be filled with.
        """
        ...

    def uow(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    async def emit(self, event: EventType, payload: dict[str, Any]) -> None:
        """Append one event to the job's log and publish it, after any coalesced delta."""
        ...

    async def progress(self, fraction: float, message_ru: str = "", message_en: str = "") -> None:
        """Tell how far the stage is, 0–1. Told at most every 200 ms, except the last."""
        ...

    async def write_answer(self, text: str) -> None:
        """Stream a piece of the answer's text; coalesced to at most one event per 40 ms."""
        ...

    async def restart_answer(self, reason: str) -> None:
        """Say `answer.reset` if anything of the answer was streamed in this job, also by an earlier run."""
        ...

    async def ask(
        self,
        role: str,
        prompt: str,
        variables: dict[str, Any],
        schema: type[T],
        *,
        parts: tuple[Part, ...] = (),
        stream_field: str | None = None,
        hold: Hold | None = None,
    ) -> Asked:
        """The model's reply to a versioned prompt, validated as `schema`.

        `role` picks the model (flash, pro, classify …). Values of `variables` are strings or JSON values (rendered as
        JSON). With `stream_field`, the growing text of that field is streamed as the answer, unless `hold`, asked once
        before its first word, says no. Raises `ProviderFailed`,
        `ProviderRefused`, `ReplyInvalid` (after one repair) or `BudgetExceeded`.
        """
        ...
