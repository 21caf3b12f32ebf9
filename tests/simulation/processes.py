"""A worker process of the simulation: what `workers.engine` does, as generators that yield at every await.

A task yields a transaction (a callable), null for other work (a model call), or KILL. The world sends the result, or
throws `Outage` with the transaction committed or not, or throws `Stopped`.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from domain import rules_jobs
from domain.errors import LeaseLost
from domain.events import EventType, NewEvent
from domain.jobs import JobError
from domain.rules_jobs import Change, Refused
from tests.simulation.model import Claimed
from tests.simulation.plans import QUEUE, USER_CAP, Plan, StagePlan
from workers.telling import Stop

if TYPE_CHECKING:
    from tests.simulation.world import World

KILL = object()
Await = Callable[[], Any] | object | None
Steps = Generator[Await, Any, Any]

FLAKY = JobError(code="flaky", message_ru="", message_en="")
BROKEN = JobError(code="broken", message_ru="", message_en="")


class Outage(Exception):
    """The database did not answer; the transaction may have been committed."""


class Stopped(BaseException):
    """The run was cancelled from outside, as an asyncio task is."""


class Raised(Exception):
    """A stage failed: flaky (retryable), broken (final) or limit (of a provider)."""


class Run:
    """`stage` is the stage whose model call is paid and not yet checkpointed."""

    def __init__(self, claimed: Claimed) -> None:
        self.job_id: int = claimed.row.id
        self.epoch = claimed.epoch
        self.step_no = claimed.step_no
        self.append_no = 0
        self.stage: str | None = None
        self.stop: Stop | None = None
        self.ended = False


class Task:
    """Something that goes on by itself: of a client (no process), or of a worker process that dies with it."""

    def __init__(self, process: "Process | None" = None) -> None:
        self.process = process
        self.run: Run | None = None
        self.steps: Steps
        self.pending: Await = None

    def begin(self, steps: Steps) -> "Task":
        self.steps = steps
        self.pending = next(steps)
        return self


class Process:
    """One start of a worker in its slot."""

    def __init__(self, world: "World", slot: str, incarnation: int, slots: int) -> None:
        self.world = world
        self.slot = slot
        self.owner = f"{slot}/{incarnation}"
        self.slots = slots
        self.looks = 0
        self.runs: dict[tuple[int, int], Run] = {}
        self.is_ready = self.draining = self.is_stalled = self.is_mute = False
        # Since the last heartbeat was missed and until the next one: the leases may have run out.
        self.is_late = False
        # As in workers.reconciler.Reconciler.
        self.succeeded_at = self.grace_until = 0.0
        world.tasks.append(Task(self).begin(self._start()))

    def hear(self) -> None:
        """A bell: look, if a slot is free."""
        if self.is_ready and not self.draining and self.looks < self.slots:
            self.looks += 1
            task = Task(self)
            self.world.tasks.append(task.begin(self._look(task)))

    def _start(self) -> Steps:
        yield from persist(lambda: self.world.model.free_slot(self.slot, self.owner))
        self.is_ready = True
        self.hear()

    def _look(self, task: Task) -> Steps:
        try:
            while not self.draining:
                claimed = yield self._claim
                if claimed is None:
                    return
                key = claimed.row.id, claimed.epoch
                task.run = self.runs[key] = Run(claimed)
                yield from self._run(task.run, claimed.next_stage)
                del self.runs[key]
                task.run = None
        finally:
            self.looks -= 1

    def _claim(self) -> Claimed | None:
        claimed = self.world.model.claim(QUEUE, owner=self.owner, user_cap=USER_CAP)
        if claimed is not None:
            self.world.ledger.claimed(claimed.row)
        return claimed

    def _run(self, run: Run, next_stage: str | None) -> Steps:
        plan = self.world.clients.plans[run.job_id]
        try:
            yield from self._stages(run, plan, plan.stage(next_stage))
        except LeaseLost:
            pass
        except Raised as raised:
            self.world.ledger.excused(run.job_id, run.stage)
            run.ended = True
            yield from self._settle(run, _failure(run, str(raised)))
        except Stopped:
            run.ended = True
            if run.stop is not Stop.LOST:
                self.world.ledger.excused(run.job_id, run.stage)
                yield from self._settle(run, _stopped(run))

    def _stages(self, run: Run, plan: Plan, index: int) -> Steps:
        while True:
            stage = plan.stages[index]
            if stage.kind == "wait" and (yield from self._wait(run, stage)):
                return
            if stage.kind != "wait":
                yield from self._ask(run, stage)
            if stage.kind == "finish":
                yield from self._finish(run, stage)
                return
            follower = plan.stages[index + 1]
            yield from self._checkpoint(run, stage, follower)
            run.stage = None
            if stage.kind == "spawn":
                return
            if self.draining:
                yield from self._settle(run, rules_jobs.HandBack(epoch=run.epoch, reason="worker_restarts"))
                return
            index += 1

    def _wait(self, run: Run, stage: StagePlan) -> Steps:
        """Whether the job waits for its documents."""
        documents = self.world.model.documents
        is_reading = yield from persist(lambda: any(documents.get(document_id) for document_id in stage.documents))
        if is_reading:
            yield from persist(lambda: self.world.model.park(run.job_id, run.epoch, stage.documents))
        return is_reading

    def _ask(self, run: Run, stage: StagePlan) -> Steps:
        """The model call of the stage and what it tells."""
        run.stage = stage.name
        self.world.ledger.paid(run.job_id, stage.name)
        if self.is_late:
            self.world.ledger.excused(run.job_id, stage.name)
        yield None
        for _ in range(stage.deltas):
            yield from self._tell(run, stage)
        if stage.kills:
            yield KILL
        if stage.raises and self.world.random.random() < stage.raises:
            raise Raised(self.world.random.choice(("flaky", "flaky", "broken", "limit")))

    def _tell(self, run: Run, stage: StagePlan) -> Steps:
        run.append_no += 1
        event = NewEvent(type=EventType.ANSWER_DELTA, stage=stage.name, payload={"of": (run.epoch, run.append_no)})
        model = self.world.model
        if (yield from persist(lambda: model.append(run.job_id, run.epoch, run.append_no, (event,)))):
            run.stop = Stop.CANCEL
            raise Stopped

    def _checkpoint(self, run: Run, stage: StagePlan, follower: StagePlan) -> Steps:
        finished = _finished(run, stage)
        started = NewEvent(type=EventType.STAGE_STARTED, stage=follower.name)
        is_spawn = stage.kind == "spawn"
        events = (finished,) if is_spawn else (finished, started)

        def write() -> None:
            model = self.world.model
            if not model.checkpoint(run.job_id, run.epoch, run.step_no + 1, stage.name, follower.name, events):
                return
            self.world.ledger.wrote(run.job_id, stage.name)
            if is_spawn:
                model.spawn(run.job_id, run.epoch, self.world.clients.make_children(run.job_id, stage.children))

        yield from persist(write)
        run.step_no += 1

    def _finish(self, run: Run, stage: StagePlan) -> Steps:
        run.ended = True
        finished = _finished(run, stage)

        def write() -> None:
            command = rules_jobs.Finish(epoch=run.epoch)
            decision = self.world.model.transition(run.job_id, command, before=(finished,))
            if isinstance(decision, Refused):
                raise LeaseLost(decision.reason)
            if isinstance(decision, Change):
                self.world.ledger.wrote(run.job_id, stage.name)
                self.world.ledger.answered(run.job_id)

        yield from persist(write)

    def _settle(self, run: Run, command: rules_jobs.Command) -> Steps:
        def write() -> None:
            decision = self.world.model.transition(run.job_id, command)
            if isinstance(command, rules_jobs.Fail) and command.retryable and isinstance(decision, Change):
                self.world.ledger.failed(self.world.model.jobs[run.job_id])

        yield from persist(write)


def persist(write: Callable[[], Any]) -> Generator[Await, Any, Any]:
    """As `workers.persistence.persist`: again until the database answers."""
    while True:
        try:
            return (yield write)
        except Outage:
            continue


def _finished(run: Run, stage: StagePlan) -> NewEvent:
    return NewEvent(type=EventType.STAGE_FINISHED, stage=stage.name, payload={"of": (run.epoch, stage.name)})


def _failure(run: Run, kind: str) -> rules_jobs.Command:
    if kind == "limit":
        return rules_jobs.HandBack(epoch=run.epoch, reason="provider_limit", delay_s=5.0)
    error = FLAKY if kind == "flaky" else BROKEN
    return rules_jobs.Fail(epoch=run.epoch, error=error, retryable=kind == "flaky")


def _stopped(run: Run) -> rules_jobs.Command:
    if run.stop is Stop.CANCEL:
        return rules_jobs.AckCancel(epoch=run.epoch)
    return rules_jobs.HandBack(epoch=run.epoch, reason="worker_restarts")
