"""What the engine hands to a stage: `domain.stage.StageContext` for one run of one job."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import msgspec

from domain.events import EventType
from domain.jobs import Job
from domain.llm import Capabilities, Part, Usage
from domain.ports import BlobStore, PageReader, PictureComparer, Recogniser, Renderer, SearchIndex, Vault
from domain.stage import Asked, Hold
from storage.uow import Database, SqlUnitOfWork
from storage.vectors.opening import charged
from workers.asking import Asker
from workers.telling import Teller

T = TypeVar("T", bound=msgspec.Struct)


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What every run of this worker shares."""

    database: Database
    search: SearchIndex
    blobs: BlobStore
    reader: PageReader
    renderer: Renderer
    comparer: PictureComparer
    recogniser: Recogniser
    vault: Vault
    asker: Asker


class RunContext:
    """One run of a job. `spent` is what the job has used of models so far, over all its runs. `may_write`: what stages
    want written is written; a replay's is not."""

    may_write = True

    def __init__(self, job: Job, tools: Tools, teller: Teller, has_streamed: Callable[[], Awaitable[bool]]) -> None:
        self.job = job
        self.search = charged(tools.search, self._pay)
        self.blobs = tools.blobs
        self.reader = tools.reader
        self.renderer = tools.renderer
        self.comparer = tools.comparer
        self.recogniser = tools.recogniser
        self.vault = tools.vault
        self.teller = teller
        self._tools = tools
        self._has_streamed = has_streamed
        self._streamed: bool | None = False if job.epoch <= 1 else None
        self.spent = job.usage

    async def begin(self) -> None:
        """Before its first stage: what the asker has to know of its user."""
        await self._tools.asker.begin(self)

    def uow(self) -> AbstractAsyncContextManager[SqlUnitOfWork]:
        return self._tools.database.uow()

    async def emit(self, event: EventType, payload: dict[str, Any]) -> None:
        if event is EventType.ANSWER_RESET:
            self._streamed = False
        await self.teller.tell(event, payload)

    async def progress(self, fraction: float, message_ru: str = "", message_en: str = "") -> None:
        payload = {"message_ru": message_ru, "message_en": message_en} if message_ru or message_en else {}
        await self.teller.tell_progress(fraction, payload)

    async def write_answer(self, text: str) -> None:
        self._streamed = True
        await self.teller.tell_delta(EventType.ANSWER_DELTA, text)

    async def write_thought(self, text: str) -> None:
        """Stream a piece of the model's thinking, coalesced like the answer."""
        await self.teller.tell_delta(EventType.THINKING_DELTA, text)

    async def restart_answer(self, reason: str) -> None:
        if self._streamed is None:
            self._streamed = await self._has_streamed()
        if self._streamed:
            await self.emit(EventType.ANSWER_RESET, {"reason": reason})

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
        return await self._tools.asker.ask(
            self, role, prompt, variables, schema, parts=parts, stream_field=stream_field, hold=hold
        )

    async def prompt_version(self, prompt: str, variables: Collection[str]) -> str:
        return await self._tools.asker.prompt_version(self, prompt, variables)

    def capabilities(self, role: str) -> Capabilities:
        return self._tools.asker.capabilities(role, self)

    def has_models(self, role: str) -> bool:
        return self._tools.asker.has_models(role, self)

    async def _pay(self, usage: Usage) -> None:
        self.spend(usage)

    def spend(self, usage: Usage) -> None:
        """Count what a call cost, also one that failed."""
        self.spent = self.spent + usage
