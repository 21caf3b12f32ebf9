"""Runs jobs: claim, stages with checkpoints, one end. Names no family (DESIGN §4)."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import structlog

from domain import rules_jobs
from domain.errors import LeaseLost, NotFound, StageTimeout
from domain.events import EventType, NewEvent
from domain.family import Family, Stage
from domain.jobs import Claim, Job
from domain.llm import Usage
from domain.rules_jobs import Refused
from domain.stage import Finished, Next, Outcome, Spawn, Wait
from storage.checkpoints import Checkpoint, save_checkpoint
from storage.database import is_outage
from workers.context import RunContext, Tools
from workers.failures import Failure, Kind, classify
from workers.persistence import persist
from workers.telling import Stop, Teller

_log = structlog.get_logger()

MAX_STATE_BYTES = 256 * 1024
"""Of a checkpoint; larger things go to the blob store (DESIGN §4.5)."""

HAND_BACK_S = 5.0
"""For writing that a job is handed back. A guess; the lease covers what is not written."""

MakeTeller = Callable[[Job, Callable[[Stop], None]], Teller]
OpenContext = Callable[[Job, Teller, Callable[[], Awaitable[bool]]], Awaitable[RunContext]]


class Run:
    """One job being run by this process."""

    def __init__(self, claim: Claim) -> None:
        self.job = claim.job
        self.step_no = claim.job.step_no
        self.usage = claim.job.usage
        self.stage_usage = Usage()
        self.stopped: Stop | None = None
        self.ended = False
        self.task: asyncio.Task[None] | None = None

    def stop(self, reason: Stop) -> None:
        """Stop the run's stage now; the first reason counts, but a lost lease overrides all."""
        if self.stopped is None or reason is Stop.LOST:
            self.stopped = reason
        if self.task is not None:
            self.task.cancel()


class Engine:
    """Claims and runs the jobs of one queue, at most `slots` at a time. All methods belong to one event loop."""

    def __init__(
        self,
        *,
        queue: str,
        owner: str,
        slots: int,
        user_cap: int,
        families: Mapping[str, Family],
        tools: Tools,
        make_teller: MakeTeller,
        has_streamed: Callable[[UUID], Awaitable[bool]],
        open_context: OpenContext | None = None,
    ) -> None:
        self.queue = queue
        self.owner = owner
        self.slots = slots
        # By job and epoch: a lost run and the next one of the same job may meet in one process.
        self.runs: dict[tuple[UUID, int], Run] = {}
        self.draining = False
        self._families = families
        self._tools = tools
        self._make_teller = make_teller
        self._has_streamed = has_streamed
        self._open_context = open_context or self._plain_context
        self._mine = tools.database.runs(
            queue=queue, owner=owner, user_cap=user_cap, stage_started=self._stage_started, long_room=self._long_room
        )
        self._free = asyncio.Semaphore(slots)
        self._idle = asyncio.Event()
        self._idle.set()
        self._searching = 0
        self._looking: set[asyncio.Task[None]] = set()

    async def look(self) -> None:
        """Claim and run due jobs until nothing is due. A call that finds all slots taken returns at once.

        Each claimed job wakes one more slot: one bell is enough for a burst.
        """
        if self._free.locked():
            return
        async with self._free:
            while not self.draining:
                self._searching += 1
                try:
                    claim = await self._mine.claim()
                finally:
                    self._searching -= 1
                if claim is None:
                    return
                if self._mine.has_more:
                    self._wake_another()
                await self._run(claim)

    async def drain(self, patience_s: float) -> None:
        """Stop claiming; let running stages reach their checkpoint, then hand the rest back."""
        self.draining = True
        await self._ended(patience_s)
        for run in list(self.runs.values()):
            run.stop(Stop.DRAIN)
        await self._ended(HAND_BACK_S)

    async def _ended(self, patience_s: float) -> None:
        """Wait until no run is left, at most this long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience_s)

    def _wake_another(self) -> None:
        if not self._free.locked() and not self._searching:
            task = asyncio.create_task(self._look_on())
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    def _long_room(self) -> dict[str, int]:
        """Families whose stages take minutes, with how many more of their jobs may run: one slot is left for others."""
        long = [name for name, family in self._families.items() if family.is_long]
        return dict.fromkeys(long, max(self.slots - 1, 1) - sum(run.job.family in long for run in self.runs.values()))

    async def _look_on(self) -> None:
        try:
            await self.look()
        except Exception as error:
            if not is_outage(error):
                raise
            _log.warning("database_away", what="look", error=type(error).__name__)

    def _stage_started(self, family_name: str, stage_name: str | None) -> NewEvent:
        try:
            return _started(self._families[family_name].stage(stage_name))
        except KeyError:
            # Of a newer or older release: its run fails, and the queue goes on.
            return NewEvent(type=EventType.STAGE_STARTED, stage=stage_name)

    async def _run(self, claim: Claim) -> None:
        run = Run(claim)
        key = claim.job.id, claim.job.epoch
        self.runs[key] = run
        self._idle.clear()
        teller = self._make_teller(claim.job, run.stop)
        try:
            run.task = asyncio.create_task(self._stages(run, claim, teller))
            await asyncio.wait({run.task})
            run.ended = True
            await self._settle(run, teller)
        finally:
            del self.runs[key]
            if not self.runs:
                self._idle.set()

    async def _stages(self, run: Run, claim: Claim, teller: Teller) -> None:
        """Run stage after stage until the job ends or waits. Raises what a stage raises."""
        job = claim.job
        family = self._families[job.family]
        stage = family.stage(claim.next_stage)
        state = (
            family.start(job.payload)
            if claim.state is None
            else msgspec.json.decode(claim.state, type=family.state_type)
        )
        ctx = await self._open_context(job, teller, lambda: self._has_streamed(job.id))
        if family.asks_models:
            await ctx.begin()
        while True:
            outcome, duration_ms = await self._run_stage(run, ctx, stage, state)
            follower = _follower(family, stage, outcome)
            if isinstance(outcome, Finished) or follower is None:
                await self._finish(run, ctx, stage, outcome, duration_ms)
                return
            if isinstance(outcome, Wait):
                await self._park(run, outcome)
                return
            state = outcome.state
            await self._checkpoint(run, ctx, stage, follower, outcome, duration_ms)
            if isinstance(outcome, Spawn):
                return
            if self.draining:
                await self._hand_back(run, "worker_restarts", 0.0)
                return
            stage = follower

    async def _plain_context(self, job: Job, teller: Teller, has_streamed: Callable[[], Awaitable[bool]]) -> RunContext:
        return RunContext(job, self._tools, teller, has_streamed)

    async def _run_stage(self, run: Run, ctx: RunContext, stage: Stage, state: Any) -> tuple[Outcome, int]:
        """The outcome and the milliseconds it took; what it spent is counted however it ends."""
        ctx.teller.stage, ctx.teller.step_no = stage.name, run.step_no + 1
        started = time.monotonic()
        try:
            async with asyncio.timeout(stage.timeout_s):
                outcome = await stage.run(ctx, state)
        except TimeoutError as error:
            raise StageTimeout(f"stage {stage.name} took more than {stage.timeout_s} s") from error
        finally:
            run.stage_usage = ctx.spent - run.usage
            run.usage = ctx.spent
        await ctx.teller.flush()
        return outcome, round((time.monotonic() - started) * 1000)

    async def _checkpoint(
        self, run: Run, ctx: RunContext, stage: Stage, follower: Stage, outcome: Next | Spawn, duration_ms: int
    ) -> None:
        state = msgspec.json.encode(outcome.state)
        if len(state) > MAX_STATE_BYTES:
            raise ValueError(f"state of {stage.name} has {len(state)} bytes, more than {MAX_STATE_BYTES}")
        events = [_finished(stage, duration_ms, run.stage_usage)]
        if not isinstance(outcome, Spawn):
            events.append(_started(follower))
        checkpoint = Checkpoint(
            step_no=run.step_no + 1,
            stage=stage.name,
            next_stage=follower.name,
            state=state,
            usage=run.stage_usage,
            total=run.usage,
            duration_ms=duration_ms,
        )

        async def write() -> None:
            async with self._tools.database.uow() as uow:
                told = await save_checkpoint(
                    uow.session, job_id=run.job.id, epoch=run.job.epoch, checkpoint=checkpoint, events=events
                )
                if told is None:
                    return
                uow.outbox.events.extend(told)
                if isinstance(outcome, Spawn):
                    await uow.jobs.spawn(run.job.id, run.job.epoch, outcome.children)
                elif outcome.write is not None and ctx.may_write:
                    await outcome.write(uow)
                await uow.commit()

        await persist(write, "checkpoint")
        run.step_no += 1
        _log.info("stage_finished", job_id=str(run.job.id), stage=stage.name, duration_ms=duration_ms)

    async def _finish(self, run: Run, ctx: RunContext, stage: Stage, outcome: Outcome, duration_ms: int) -> None:
        run.ended = True
        finished = (
            outcome if isinstance(outcome, Finished) else Finished(result={}, write=getattr(outcome, "write", None))
        )
        save = finished.write if ctx.may_write else None
        payload: dict[str, Any] = {"result": finished.result, "usage": msgspec.to_builtins(run.usage)}
        if finished.text is not None:
            payload["text_sha256"] = sha256(finished.text.encode()).hexdigest()
            payload["text_length"] = len(finished.text)
        command = rules_jobs.Finish(epoch=run.job.epoch, payload=payload)
        before = [_finished(stage, duration_ms, run.stage_usage)]

        async def write() -> None:
            if save is None and await self._mine.finish(
                run.job, command, result=finished.result, usage=run.usage, before=before
            ):
                return
            async with self._tools.database.uow() as uow:
                done = await uow.jobs.transition(
                    run.job.id, command, result=finished.result, usage=run.usage, before=before
                )
                if isinstance(done.decision, Refused):
                    raise LeaseLost(done.decision.reason)
                if done.job is None:
                    return
                if save is not None:
                    await save(uow)
                await uow.commit()

        await persist(write, "finish")
        _log.info(
            "job_succeeded",
            job_id=str(run.job.id),
            family=run.job.family,
            epoch=run.job.epoch,
            stage=stage.name,
            duration_ms=duration_ms,
        )

    async def _park(self, run: Run, outcome: Wait) -> None:
        async def write() -> None:
            async with self._tools.database.uow() as uow:
                await uow.jobs.park(
                    run.job.id,
                    run.job.epoch,
                    document_ids=outcome.document_ids,
                    reason=outcome.reason,
                    usage=run.usage,
                )
                await uow.commit()

        await persist(write, "park")

    async def _hand_back(self, run: Run, reason: str, delay_s: float) -> None:
        await self._transition(run, rules_jobs.HandBack(epoch=run.job.epoch, reason=reason, delay_s=delay_s))

    async def _settle(self, run: Run, teller: Teller) -> None:
        """What a stopped or failed run means for its job. Never raises."""
        task = run.task
        if task is None or (not task.cancelled() and task.exception() is None):
            return
        try:
            if run.stopped is Stop.LOST:
                return
            with contextlib.suppress(LeaseLost):
                await teller.close()
            if run.stopped is Stop.CANCEL:
                await self._transition(run, rules_jobs.AckCancel(epoch=run.job.epoch, payload=_spent(run)))
            elif run.stopped is Stop.DRAIN or task.cancelled():
                await self._hand_back(run, "worker_restarts", 0.0)
            else:
                await self._fail(run, task.exception())
        except (LeaseLost, NotFound):
            _log.warning("lease_lost", job_id=str(run.job.id), epoch=run.job.epoch)
        except Exception:
            _log.exception("job_not_settled", job_id=str(run.job.id), epoch=run.job.epoch)

    async def _fail(self, run: Run, error: BaseException | None) -> None:
        failure = classify(error or RuntimeError("stage ended without an exception"))
        _log_failure(run.job, failure, error)
        if failure.kind is Kind.LOST:
            return
        if failure.kind is Kind.LIMIT:
            await self._hand_back(run, "provider_limit", failure.retry_after_s or 5.0)
            return
        await self._transition(
            run,
            rules_jobs.Fail(
                epoch=run.job.epoch,
                error=failure.error,
                retryable=failure.kind is Kind.RETRYABLE,
                jitter=random.uniform(0.5, 1.5),
                retry_after_s=failure.retry_after_s,
                payload=_spent(run),
            ),
        )

    async def _transition(self, run: Run, command: rules_jobs.Command) -> None:
        async def write() -> None:
            async with self._tools.database.uow() as uow:
                done = await uow.jobs.transition(run.job.id, command, usage=run.usage)
                if isinstance(done.decision, Refused):
                    raise LeaseLost(done.decision.reason)
                await uow.commit()

        await persist(write, type(command).__name__)


def _follower(family: Family, stage: Stage, outcome: Outcome) -> Stage | None:
    if isinstance(outcome, Next) and outcome.goto is not None:
        return family.stage(outcome.goto)
    if isinstance(outcome, Wait):
        return stage
    return family.after(stage.name)


def _started(stage: Stage) -> NewEvent:
    labels = {"label_ru": stage.label_ru, "label_en": stage.label_en}
    return NewEvent(type=EventType.STAGE_STARTED, stage=stage.name, payload=labels)


def _finished(stage: Stage, duration_ms: int, usage: Usage) -> NewEvent:
    payload: dict[str, Any] = {"duration_ms": duration_ms}
    if usage != Usage():
        payload["usage"] = msgspec.to_builtins(usage)
    return NewEvent(type=EventType.STAGE_FINISHED, stage=stage.name, payload=payload)


def _spent(run: Run) -> dict[str, Any]:
    return {"usage": msgspec.to_builtins(run.usage)}


def _log_failure(job: Job, failure: Failure, error: BaseException | None) -> None:
    fields = {"job_id": str(job.id), "family": job.family, "epoch": job.epoch, "code": failure.error.code}
    if failure.kind is Kind.BUG:
        _log.error("job_bug", **fields, exc_info=error)
    else:
        _log.warning("job_failed", **fields, kind=failure.kind.value, detail=str(error)[:300])
