"""Runs of replays: an ordinary run whose models are a record, whose settings are the recorded ones, and that writes
nothing into the chat.

Documents, search and pictures are those of today, as the recorded job's owner sees them: where they have changed, the
requests differ, and the replay says so.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, TypedDict, cast
from uuid import UUID

import msgspec

from domain.budgets import Budget
from domain.chats import Settings
from domain.errors import Unavailable
from domain.evidence import Picture, RenderSpec
from domain.jobs import Job
from domain.llm import LLMCall, Provider, Usage
from domain.ports import LLMLog, PromptStore, Purse, Renderer, UserKeys
from domain.replays import Recording, ReplayWish, replay_of
from storage.uow import SqlUnitOfWork
from storage.vectors.recording import NotedQuestions, QuestionLog, RecordedQuestions, Where, asking
from workers.asking import Asker
from workers.context import RunContext, Tools
from workers.limiting import Limiter
from workers.models import ModelConfig, chain_of
from workers.recorded import RecordedProvider, Tape
from workers.telling import Teller

RENDER_TRIES = 3
"""Each waits ten seconds; nobody waits for a replay. A guess."""

UNLIMITED = Budget(calls=10**9, tokens=10**12, images=10**9, seconds=1e9, cost_micro_usd=10**15)
"""A record says itself where its job's budget ended."""


class Recordings(Protocol):
    async def load(self, job_id: UUID) -> Recording:
        """Raises RecordingMissing, DialogueExpired, NotFound."""
        ...


class AskerParts(TypedDict):
    """What an `Asker` is made of."""

    providers: Mapping[str, Provider]
    config: ModelConfig
    prompts: PromptStore
    log: LLMLog
    budget: Budget
    keys: UserKeys
    limiter: Limiter
    purse: Purse


class Replays(msgspec.Struct, frozen=True, kw_only=True):
    """Opens the context of every run. `parts` are those of the asker of ordinary runs; what these are told of their
    questions by an embedding provider is noted in `questions`, and given again."""

    tools: Tools
    recordings: Recordings
    questions: QuestionLog
    parts: AskerParts

    async def open(self, job: Job, teller: Teller, has_streamed: Callable[[], Awaitable[bool]]) -> RunContext:
        """Raises RecordingMissing, DialogueExpired and NotFound for a replay without a record."""
        wish = replay_of(job)
        if wish is None:
            context = RunContext(job, self.tools, teller, has_streamed)
            noted = partial(NotedQuestions, log=self.questions, job_id=job.id, epoch=job.epoch, where=step_of(teller))
            context.search = asking(context.search, noted)
            return context
        recording = await self.recordings.load(wish.of)
        tape = Tape(recording.calls, lambda: (teller.stage or "", teller.step_no), is_strict=wish.trial_id is None)
        tools = msgspec.structs.replace(self.tools, asker=self.asker_of(recording, tape, job.user_id))
        context = ReplayContext(job, tools, teller, has_streamed, wish, recording)
        told = partial(
            RecordedQuestions,
            noted=await self.questions.of_job(wish.of),
            where=step_of(teller),
            is_strict=wish.trial_id is None,
        )
        context.search = asking(context.search, told)
        return context

    def asker_of(self, recording: Recording, tape: Tape, payer: UUID) -> Asker:
        """Asks the record. A trial may ask real models too: with the keys of `payer`, within the service's limits."""
        real, keys, log = self.parts["providers"], self.parts["keys"], _PaidBy(self.parts["log"], payer)
        providers = {name: RecordedProvider(name, tape, provider) for name, provider in real.items()}
        if not tape.is_strict:
            usable = {name for name, provider in real.items() if provider.is_ready}
            config = self._config_of(recording, usable)
            changed = {"providers": providers, "config": config, "keys": _KeysOf(keys, payer), "log": log}
            return Asker(**{**self.parts, **changed})
        # Without prices nothing is set aside for a call.
        config = msgspec.structs.replace(self._config_of(recording, real.keys()), prices={})
        return Asker(
            providers=providers,
            config=config,
            prompts=self.parts["prompts"],
            log=log,
            budget=UNLIMITED,
        )

    def _config_of(self, recording: Recording, usable: Set[str]) -> ModelConfig:
        """Each role's models are those that were asked, in the order of their first call. A role that was never asked
        is served by what it would have been served by."""
        chains: dict[str, tuple[str, ...]] = {}
        for call in recording.calls:
            known = chains.get(call.role, ())
            chains[call.role] = known if call.model in known else (*known, call.model)
        vendors = {model.partition(":")[0] for chain in chains.values() for model in chain}
        config = self.parts["config"]
        usable = vendors & usable or vendors
        for role in config.chains.keys() - chains.keys():
            own = tuple(model for model in config.chains[role] if model.partition(":")[0] in usable)
            chains.update({role: own} if own else {})
        chains.setdefault("flash", chain_of(config, "flash", usable))
        return msgspec.structs.replace(config, chains=chains)


def step_of(teller: Teller) -> Where:
    """The number of the step that the running stage is to end with."""
    return lambda: teller.step_no


class ReplayContext(RunContext):
    """See the module. Stages see a job of the recorded job's owner; in a replay it is on its last attempt and as near
    to its deadline as the recorded one was: whatever that run went on after, this one goes on after."""

    may_write = False

    def __init__(
        self,
        job: Job,
        tools: Tools,
        teller: Teller,
        has_streamed: Callable[[], Awaitable[bool]],
        wish: ReplayWish,
        recording: Recording,
    ) -> None:
        super().__init__(job, tools, teller, has_streamed)
        self._settings = recording.settings
        self._roles = {call.role for call in recording.calls}
        self._is_trial = wish.trial_id is not None
        self.job = msgspec.structs.replace(job, user_id=wish.owner_id)
        if wish.trial_id is None:
            left_s = _left_s(recording)
            deadline = None if left_s is None else datetime.fromtimestamp(datetime.now(UTC).timestamp() + left_s, UTC)
            self.job = msgspec.structs.replace(self.job, attempt=job.max_attempts, deadline_at=deadline)
            self.renderer = _RenderedThen(tools.renderer, teller, recording)

    def has_models(self, role: str) -> bool:
        """As the recorded run found: who had models for a role has asked them."""
        return role in self._roles or (self._is_trial and super().has_models(role))

    def uow(self) -> AbstractAsyncContextManager[SqlUnitOfWork]:
        return self._with_recorded_settings()

    @asynccontextmanager
    async def _with_recorded_settings(self) -> AsyncIterator[SqlUnitOfWork]:
        async with super().uow() as uow:
            # Everything of it is the unit of work's own but `users`.
            yield cast("SqlUnitOfWork", _Recorded(uow, users=_RecordedUsers(uow.users, self._settings)))


def _left_s(recording: Recording) -> float | None:
    """Until the recorded job's deadline at the end of its last call that failed; null when none did, or there was no
    deadline. Only then did a stage weigh whether to wait."""
    failed = [call.ended_at for call in recording.calls if call.fault is not None]
    deadline = recording.job.deadline_at
    return (deadline - failed[-1]).total_seconds() if failed and deadline else None


class _KeysOf:
    """The keys of one user, whoever's job it is."""

    def __init__(self, keys: UserKeys, user_id: UUID) -> None:
        self._keys = keys
        self._user_id = user_id

    async def keys_of(self, user_id: UUID) -> dict[str, str]:
        return await self._keys.keys_of(self._user_id)


class _RenderedThen:
    """Pictures that were ready then, and no others: a drawing takes longer on one day than on another."""

    def __init__(self, renderer: Renderer, teller: Teller, recording: Recording) -> None:
        self._renderer = renderer
        self._teller = teller
        self._recording = recording

    async def render(self, spec: RenderSpec, *, pinned: bool = False) -> Picture:
        picture = await self._drawn(spec, pinned)
        if self._teller.stage in self._recording.missed and picture.digest not in self._recording.pictures:
            raise Unavailable("the recorded run went on without this picture")
        return picture

    async def _drawn(self, spec: RenderSpec, pinned: bool) -> Picture:
        for _ in range(RENDER_TRIES - 1):
            with contextlib.suppress(Unavailable):
                return await self._renderer.render(spec, pinned=pinned)
        return await self._renderer.render(spec, pinned=pinned)


class _PaidBy:
    """The log with the figures of whoever runs the replay, not of the recorded job's owner."""

    def __init__(self, log: LLMLog, user_id: UUID) -> None:
        self._log = log
        self._user_id = user_id

    async def write(self, call: LLMCall, *, with_request: bool = True) -> None:
        await self._log.write(msgspec.structs.replace(call, user_id=self._user_id), with_request=with_request)

    async def spent(self, job_id: UUID) -> tuple[Usage, float]:
        return await self._log.spent(job_id)


class _Recorded:
    """Some attributes of `whole` replaced."""

    def __init__(self, whole: Any, **replaced: Any) -> None:
        self.__dict__.update(replaced)
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


class _RecordedUsers(_Recorded):
    def __init__(self, users: Any, settings: Settings) -> None:
        super().__init__(users)
        self._settings = settings

    async def settings(self, user_id: UUID) -> Settings:
        return self._settings
