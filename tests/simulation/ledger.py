"""What really happened, apart from the rows: paid calls, effects, kills. Says `Violation` when a promise is broken.

The promises are P1, P2, P5 and P6 of reliability.md, the order of a chat, and the grammar of the event log.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from domain.events import TERMINAL_EVENTS, EventType
from domain.jobs import TERMINAL, JobState, NewJob
from storage.jobs import BACKING_OFF_S
from tests.simulation.model import QUEUED, RUNNING, UNFINISHED, Entry, Model, Row
from tests.simulation.plans import QUOTA, Plan


class Violation(AssertionError):
    """A promise is broken; the message says which one and by which job."""


class Ledger:
    def __init__(self, model: Model) -> None:
        self._model = model
        self.calls: Counter[tuple[int, str]] = Counter()
        self.excuses: Counter[tuple[int, str]] = Counter()
        self.effects: Counter[tuple[int, str]] = Counter()
        self.messages: Counter[int] = Counter()
        self.kills: Counter[int] = Counter()
        self.failures: Counter[int] = Counter()
        self.requeues: Counter[tuple[int, int]] = Counter()
        self.accepted: Counter[int] = Counter()
        self.spent: Counter[Any] = Counter()
        self.promised: dict[int, int] = {}

    def claimed(self, row: Row) -> None:
        """P2 and the order of a chat, at the moment of a claim."""
        now = self._model.now
        if row.run_at > now:
            raise Violation(f"job {row.id} claimed before its time")
        if row.deadline_at is not None and row.deadline_at < now:
            raise Violation(f"job {row.id} claimed after its deadline")
        for other in self._model.jobs.values() if row.ordering_key is not None else ():
            if other.ordering_key != row.ordering_key or other is row or other.state not in UNFINISHED:
                continue
            backs_off = other.state is QUEUED and other.run_at > now + BACKING_OFF_S
            if other.state is RUNNING or (other.ordering_no < row.ordering_no and not backs_off):
                raise Violation(f"job {row.id} claimed while job {other.id} of its chat is {other.state}")

    def paid(self, job_id: int, stage: str) -> None:
        """P5: a stage asks the model once, and once more after each execution that was cut short."""
        self.calls[job_id, stage] += 1
        if self.calls[job_id, stage] > 1 + self.excuses[job_id, stage]:
            raise Violation(f"job {job_id} paid for stage {stage} again without a crash")

    def excused(self, job_id: int, stage: str | None) -> None:
        """An execution was cut short by something that the protocol does not promise to survive for free."""
        if stage is not None and not self.effects[job_id, stage]:
            self.excuses[job_id, stage] += 1

    def wrote(self, job_id: int, stage: str) -> None:
        """P2: the database effect of a stage, made in its checkpoint's transaction."""
        self.effects[job_id, stage] += 1
        self.excuses[job_id, stage] = self.calls[job_id, stage] - 1
        if self.effects[job_id, stage] > 1:
            raise Violation(f"job {job_id} made the effect of stage {stage} twice")

    def answered(self, job_id: int) -> None:
        self.messages[job_id] += 1
        if self.messages[job_id] > 1:
            raise Violation(f"job {job_id} wrote its message twice")

    def killed(self, row: Row) -> None:
        """The owner of a running job was killed."""
        self.kills[row.id] += 1
        if self.kills[row.id] > row.max_crashes:
            raise Violation(f"job {row.id} killed its worker {self.kills[row.id]} times")

    def failed(self, row: Row) -> None:
        """A failed attempt was committed."""
        self.failures[row.id] += 1
        if self.failures[row.id] > row.max_attempts:
            raise Violation(f"job {row.id} failed {self.failures[row.id]} times")

    def requeued(self, plan: Plan, seen_epoch: int, from_stage: str | None) -> None:
        """Of two admins who saw the same failure one wins. Stages that are not kept may be paid for again."""
        job_id: Any = plan.job.id
        self.requeues[job_id, seen_epoch] += 1
        if self.requeues[job_id, seen_epoch] > 1:
            raise Violation(f"job {job_id} requeued twice for the failure of epoch {seen_epoch}")
        self.kills[job_id] = self.failures[job_id] = self.messages[job_id] = 0
        again = False
        for stage in plan.stages:
            again = again or stage.name == from_stage or not self.effects[job_id, stage.name]
            if again:
                self.calls[job_id, stage.name] = self.excuses[job_id, stage.name] = 0
                self.effects[job_id, stage.name] = 0

    def stored(self, request: int, job: NewJob) -> None:
        """A job of the request was committed."""
        self.accepted[request] += 1
        if self.accepted[request] > 1:
            raise Violation(f"request {request} made {self.accepted[request]} jobs")
        if job.document_id is None:
            self.spent[job.user_id] += 1
        if self.spent[job.user_id] > QUOTA:
            raise Violation(f"user {job.user_id} has more jobs than the quota allows")

    def check_end(self) -> None:
        """P1: every accepted job has ended. Then each log by itself."""
        for request, job_id in self.promised.items():
            if job_id not in self._model.jobs:
                raise Violation(f"request {request} was accepted as job {job_id}, which is lost")
        if self._model.woken_early:
            raise Violation(f"jobs {sorted(self._model.woken_early)} went on before their children had ended")
        for row in self._model.jobs.values():
            if row.state not in TERMINAL:
                raise Violation(f"job {row.id} never ended: {row.state}")
            if row.error_code == "flaky" and self.failures[row.id] < row.max_attempts:
                raise Violation(
                    f"job {row.id} was given up after {self.failures[row.id]} of {row.max_attempts} attempts"
                )
            check_log(row)


_ENTERS = {
    EventType.JOB_STARTED: RUNNING,
    EventType.JOB_WAITING: JobState.WAITING,
    EventType.JOB_WOKEN: QUEUED,
    EventType.JOB_RETRYING: QUEUED,
    EventType.JOB_RELEASED: QUEUED,
    EventType.JOB_REQUEUED: QUEUED,
    EventType.JOB_SUCCEEDED: JobState.SUCCEEDED,
    EventType.JOB_FAILED: JobState.FAILED,
    EventType.JOB_CANCELLED: JobState.CANCELLED,
}
_LEAVES = {
    EventType.JOB_STARTED: (QUEUED,),
    EventType.JOB_WAITING: (RUNNING,),
    EventType.JOB_WOKEN: (JobState.WAITING,),
    EventType.JOB_RETRYING: (RUNNING,),
    EventType.JOB_RELEASED: (RUNNING,),
    EventType.JOB_REQUEUED: (JobState.FAILED, JobState.CANCELLED),
    EventType.JOB_SUCCEEDED: (RUNNING,),
    EventType.JOB_FAILED: UNFINISHED,
    EventType.JOB_CANCELLED: UNFINISHED,
}
_OF_WORKERS = frozenset({EventType.STAGE_STARTED, EventType.STAGE_FINISHED, EventType.ANSWER_DELTA})


def check_log(row: Row) -> None:
    """Dense numbers, epochs that only grow, one terminal event per run and it is the last, nothing told twice."""
    log = row.log
    if [entry.seq for entry in log] != list(range(1, row.last_seq + 1)):
        raise Violation(f"job {row.id} has numbers {[entry.seq for entry in log]}")
    if log[0].type is not EventType.JOB_QUEUED or log[-1].type not in TERMINAL_EVENTS:
        raise Violation(f"job {row.id} begins with {log[0].type} and ends with {log[-1].type}")
    if _end_state(row.id, log) is not row.state:
        raise Violation(f"job {row.id} is {row.state}, its log says otherwise")
    told = [entry.payload["of"] for entry in log if "of" in entry.payload]
    if len(told) != len(set(told)):
        raise Violation(f"job {row.id} told an event twice")


def _end_state(job_id: int, log: Iterable[Entry]) -> JobState:
    state, epoch, cancels = QUEUED, 0, False
    for entry in log:
        if entry.epoch < epoch:
            raise Violation(f"job {job_id}: epoch {entry.epoch} after {epoch}")
        if entry.type is EventType.JOB_STARTED and (cancels or entry.epoch == epoch):
            raise Violation(f"job {job_id} started again with epoch {epoch}, cancelled: {cancels}")
        if entry.type in _OF_WORKERS and (state is not RUNNING or entry.payload.get("of", (entry.epoch,))[0] != epoch):
            # What a stage finishes with is told just before the transition, under the worker's own epoch.
            raise Violation(f"job {job_id}: {entry.type} of another run while {state} in epoch {epoch}")
        if entry.type in _ENTERS:
            if state not in _LEAVES[entry.type]:
                raise Violation(f"job {job_id}: {entry.type} while {state}")
            state = _ENTERS[entry.type]
        epoch = entry.epoch
        cancels = entry.type is not EventType.JOB_REQUEUED and (cancels or entry.type is EventType.JOB_CANCEL_REQUESTED)
    return state
