"""A stage's context in memory: events are a list, models are scripted or really asked through an asker."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.events import Event, EventType, Snapshot, fold
from domain.ids import new_id
from domain.jobs import Job, JobState
from domain.llm import Capabilities, Part, Usage
from domain.stage import Asked, Hold
from tests.fakes.recogniser import FakeRecogniser
from tests.fakes.renderer import FakeRenderer
from tests.fakes.search import FakeSearch
from tests.fakes.unit_of_work import FakeUnitOfWork

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage asked."""

    role: str
    prompt: str
    variables: dict[str, Any]
    schema: type
    stream_field: str | None
    parts: tuple[Part, ...] = ()


class FakeTeller:
    stage: str | None = None
    step_no = 1


class FakeStageContext:
    """`replies` answer the asks in order: a struct is the reply, an exception is raised. `can` is what models can take.

    With `asker`, asks go to it instead: a real `workers.asking.Asker` over scripted providers.
    """

    def __init__(self, uow: FakeUnitOfWork, user_id: UUID, *replies: msgspec.Struct | Exception, asker: Any = None):
        self.store = uow
        self.job = running_job(user_id)
        self.search = FakeSearch(uow.documents)
        self.blobs: Any = None
        self.reader: Any = None
        self.renderer: Any = FakeRenderer()
        self.comparer: Any = None
        self.recogniser: Any = FakeRecogniser()
        self.vault: Any = None
        self.teller = FakeTeller()
        self.events: list[tuple[EventType, dict[str, Any]]] = []
        self.asks: list[AskedFor] = []
        self.spent = Usage()
        self.model = "fake:model"
        self.offline = False
        self.versions: dict[str, str] = {}
        self.can = Capabilities()
        self.roles: set[str] = set()
        self._replies = list(replies)
        self._asker = asker
        self._has_streamed = False

    def uow(self) -> FakeUnitOfWork:
        return self.store

    async def emit(self, event: EventType, payload: dict[str, Any]) -> None:
        assert not self.store.is_open, "told an event inside a unit of work"
        msgspec.json.encode(payload)
        self.events.append((event, payload))

    async def progress(self, fraction: float, message_ru: str = "", message_en: str = "") -> None:
        await self.emit(EventType.STAGE_PROGRESS, {"progress": fraction})

    async def write_answer(self, text: str) -> None:
        if text:
            self._has_streamed = True
            await self.emit(EventType.ANSWER_DELTA, {"text": text})

    async def write_thought(self, text: str) -> None:
        await self.emit(EventType.THINKING_DELTA, {"text": text})

    async def restart_answer(self, reason: str) -> None:
        if self._has_streamed:
            self._has_streamed = False
            await self.emit(EventType.ANSWER_RESET, {"reason": reason})

    def spend(self, usage: Usage) -> None:
        self.spent += usage

    async def ask(
        self,
        role: str,
        prompt: str,
        variables: dict[str, Any],
        schema: type,
        *,
        parts: tuple[Part, ...] = (),
        stream_field: str | None = None,
        hold: Hold | None = None,
    ) -> Asked:
        assert not self.store.is_open, "asked a model inside a unit of work"
        self.asks.append(
            AskedFor(
                role=role, prompt=prompt, variables=variables, schema=schema, stream_field=stream_field, parts=parts
            )
        )
        if self._asker is not None:
            return await self._asker.ask(
                self, role, prompt, variables, schema, parts=parts, stream_field=stream_field, hold=hold
            )
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        held = hold is not None and hold(msgspec.to_builtins(reply))
        if stream_field is not None and not held:
            await self.write_answer(getattr(reply, stream_field))
        return Asked(reply=reply, model=self.model, usage=Usage(calls=1), offline=self.offline, held=held)

    async def prompt_version(self, prompt: str, variables: Collection[str]) -> str:
        return self.versions.get(prompt, "1")

    def capabilities(self, role: str) -> Capabilities:
        return self.can if self._asker is None else self._asker.capabilities(role, self)

    def has_models(self, role: str) -> bool:
        return role in self.roles if self._asker is None else self._asker.has_models(role, self)

    def payloads(self, event: EventType) -> list[dict[str, Any]]:
        return [payload for kind, payload in self.events if kind is event]

    def snapshot(self) -> Snapshot:
        """What the events so far add up to, as a client would see it."""
        return fold(
            Event(job_id=self.job.id, seq=seq, epoch=1, type=kind, ts=NOW, payload=payload)
            for seq, (kind, payload) in enumerate(self.events, start=1)
        )


def running_job(user_id: UUID) -> Job:
    return Job(
        id=new_id(),
        user_id=user_id,
        family="analysis",
        mode="simple",
        queue="interactive",
        state=JobState.RUNNING,
        payload={},
        priority=100,
        attempt=1,
        max_attempts=5,
        crashes=0,
        max_crashes=3,
        epoch=1,
        last_seq=1,
        run_at=NOW,
        created_at=NOW,
    )
