"""The rows of the job protocol in memory: each method does what one committed transaction of `storage` does.

Production code decides here too: every transition goes through `rules_jobs.decide`. The simulation runs workers against
this model; `tests/integration/test_jobs_state_machine.py` holds it to the real SQL, step by step.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from domain import rules_jobs
from domain.errors import IdempotencyMismatch, LeaseLost, QueueFull, QuotaExceeded
from domain.events import EventType, NewEvent
from domain.jobs import TERMINAL, JobState, NewJob
from domain.rules_jobs import Change, Command, Decision, Facts
from storage.job_rows import LEASE_S
from storage.jobs import BACKING_OFF_S
from storage.workers import ALIVE_S, RING_AGAIN_S

QUEUED, RUNNING, WAITING = JobState.QUEUED, JobState.RUNNING, JobState.WAITING
UNFINISHED = (QUEUED, RUNNING, WAITING)


class Entry(NamedTuple):
    """A numbered event."""

    seq: int
    epoch: int
    type: EventType
    stage: str | None
    payload: dict[str, Any]


class Step(NamedTuple):
    """A checkpoint."""

    step_no: int
    stage: str
    epoch: int
    next_stage: str


class Row:
    """A row of `jobs` with its steps, events and waits. Times are seconds of the model's clock."""

    def __init__(self, job: NewJob, now: float) -> None:
        self.id: Any = job.id
        self.user_id: Any = job.user_id
        self.family = job.family
        self.queue = job.queue
        self.priority = job.priority
        self.ordering_key: Any = job.ordering_key
        self.ordering_no = job.ordering_no
        self.parent_id: Any = job.parent_id
        self.document_id: Any = job.document_id
        self.max_attempts = job.max_attempts
        self.max_crashes = job.max_crashes
        self.state = QUEUED
        self.epoch = self.attempt = self.crashes = 0
        self.append_no = self.step_no = self.last_seq = self.pending_children = 0
        self.run_at = now + job.run_in_s
        self.rung_at: float | None = now
        self.lease_owner: str | None = None
        self.lease_until: float | None = None
        self.deadline_in = job.deadline_in_s
        self.deadline_at = None if job.deadline_in_s is None else now + job.deadline_in_s
        self.finished_at = self.requeued_at = -1.0
        self.is_cancel_requested = False
        self.waiting_for: dict[str, Any] | None = None
        self.error_code: str | None = None
        self.result: dict[str, Any] | None = None
        self.steps: list[Step] = []
        self.log: list[Entry] = []
        self.waits: set[Any] = set()


class Seen(NamedTuple):
    """A row of `workers`."""

    queue: str
    threads: int
    busy: int
    draining: bool
    seen_at: float


class Claimed(NamedTuple):
    row: Row
    epoch: int
    step_no: int
    next_stage: str | None


class Model:
    """`documents` maps a document to whether it is being read; `bells` collects the queues that a commit rings.

    `woken_early` are the parents that were woken while a child of theirs had not ended. `jobs_end_readings`: a job
    that reads a document ends its reading, as the hooks of the family ingest do.
    """

    def __init__(self, *, queue_limit: int = 1000, jobs_end_readings: bool = True) -> None:
        self.now = 0.0
        self.jobs: dict[Any, Row] = {}
        self.documents: dict[Any, bool] = {}
        self.next_no: dict[Any, int] = {}
        self.workers: dict[str, Seen] = {}
        self.keys: dict[Any, tuple[Any, Any]] = {}
        self.reserved: dict[Any, int] = {}
        self.woken_early: set[Any] = set()
        self.bells: list[str] = []
        self.queue_limit = queue_limit
        self._jobs_end_readings = jobs_end_readings

    # What the api writes.

    def accept(self, job: NewJob) -> Row:
        """Raises QueueFull for a job without a parent."""
        if job.parent_id is None:
            queued = sum(row.queue == job.queue and row.state is QUEUED for row in self.jobs.values())
            if queued >= self.queue_limit:
                raise QueueFull(job.queue)
        row = self.jobs[job.id] = Row(job, self.now)
        self.tell(row, (NewEvent(type=EventType.JOB_QUEUED),))
        if job.run_in_s <= 0:
            self.bells.append(row.queue)
        return row

    def take_key(self, key: Any, request: Any) -> Any:
        """What an earlier request with the key was answered, null for the first. Raises IdempotencyMismatch."""
        if key not in self.keys:
            return None
        known, answer = self.keys[key]
        if known != request:
            raise IdempotencyMismatch(str(key))
        return answer

    def reserve(self, user_id: Any, amount: int, cap: int) -> None:
        """Raises QuotaExceeded."""
        if self.reserved.get(user_id, 0) + amount > cap:
            raise QuotaExceeded(str(user_id))
        self.reserved[user_id] = self.reserved.get(user_id, 0) + amount

    def requeue(self, job_id: Any, *, seen_epoch: int, by: Any, from_stage: str | None) -> Decision:
        command = rules_jobs.Requeue(seen_epoch=seen_epoch, by=by, from_stage=from_stage)
        decision = self.transition(job_id, command)
        if type(decision) is Change and from_stage is not None:
            row = self.jobs[job_id]
            first = min((step.step_no for step in row.steps if step.stage == from_stage), default=row.step_no + 1)
            row.steps = [step for step in row.steps if step.step_no < first]
            row.step_no = row.steps[-1].step_no if row.steps else 0
        return decision

    def end_reading(self, document_id: Any) -> None:
        """The document is ready, failed or deleted: whoever waits for nothing else is woken."""
        self.documents[document_id] = False
        self.wake_waiting_for(document_id)

    # What workers write.

    def claim(self, queue: str, *, owner: str, user_cap: int) -> Claimed | None:
        """A job whose deadline has passed is ended, and the next one is claimed."""
        while (row := self.best_due(queue, user_cap)) is not None:
            next_stage = row.steps[-1].next_stage if row.steps else None
            self.transition(row.id, rules_jobs.Claim(), owner=owner, also=(EventType.STAGE_STARTED, next_stage))
            if row.state is RUNNING:
                return Claimed(row, row.epoch, row.step_no, next_stage)
        return None

    def append(self, job_id: Any, epoch: int, append_no: int, events: Sequence[NewEvent]) -> bool:
        """Whether a cancel is wanted. Raises LeaseLost."""
        row = self.jobs[job_id]
        if self.is_owner(row, epoch) and self.is_next_append(row, append_no):
            row.append_no = append_no
            self.tell(row, events)
            return row.is_cancel_requested
        if row.epoch == epoch and row.state is RUNNING and row.append_no >= append_no:
            return False
        raise LeaseLost(str(job_id))

    def checkpoint(
        self, job_id: Any, epoch: int, step_no: int, stage: str, next_stage: str, events: Sequence[NewEvent]
    ) -> bool:
        """False when an earlier try was committed after all. Raises LeaseLost."""
        row = self.jobs[job_id]
        if self.is_owner(row, epoch) and self.is_next_step(row, step_no):
            row.step_no = step_no
            row.steps.append(Step(step_no, stage, epoch, next_stage))
            self.tell(row, events)
            return True
        if row.epoch == epoch and row.state is RUNNING and row.step_no == step_no:
            return False
        raise LeaseLost(str(job_id))

    def park(self, job_id: Any, epoch: int, document_ids: Iterable[Any]) -> Decision:
        reading = {document_id for document_id in document_ids if self.documents.get(document_id)}
        if not reading:
            return self.transition(job_id, rules_jobs.HandBack(epoch=epoch, reason="documents_ready"))
        decision = self.transition(job_id, rules_jobs.Park(epoch=epoch, reason={"kind": "documents"}))
        if self.jobs[job_id].state is WAITING and type(decision) is Change:
            self.jobs[job_id].waits |= reading
        return decision

    def spawn(self, job_id: Any, epoch: int, children: Sequence[NewJob]) -> None:
        row = self.jobs[job_id]
        self.transition(job_id, rules_jobs.Park(epoch=epoch, reason={"kind": "children", "children": len(children)}))
        if row.state is not WAITING:
            return
        row.pending_children = len(children)
        for child in children:
            self.accept(child)
        if not children:
            self.transition(job_id, rules_jobs.Wake())

    def beat(
        self, slot: str, queue: str, threads: int, draining: bool, runs: Sequence[tuple[Any, int]]
    ) -> list[tuple[Any, int, bool, bool]]:
        """(job, epoch, still this worker's, cancel wanted) of each run; their leases are extended."""
        self.workers[slot] = Seen(queue, threads, len(runs), draining, self.now)
        told = []
        for job_id, epoch in runs:
            row = self.jobs[job_id]
            ours = row.epoch == epoch and row.state is RUNNING
            if ours:
                row.lease_until = self.now + LEASE_S
            told.append((job_id, epoch, ours, row.is_cancel_requested))
        return told

    def free_slot(self, slot: str, owner: str) -> list[Any]:
        """Reap what a former process of the slot left running."""
        left = [
            row.id
            for row in self.jobs.values()
            if row.state is RUNNING
            and row.lease_owner is not None
            and row.lease_owner.startswith(slot + "/")
            and row.lease_owner != owner
        ]
        for job_id in left:
            self.transition(job_id, rules_jobs.Reap(known_dead=True))
        return left

    def transition(
        self,
        job_id: Any,
        command: Command,
        *,
        owner: str | None = None,
        before: Sequence[NewEvent] = (),
        also: tuple[EventType, str | None] | None = None,
        result: dict[str, Any] | None = None,
    ) -> Decision:
        row = self.jobs[job_id]
        decision = self.decide(self.facts(row), command)
        if type(decision) is Change:
            self._apply(row, decision, owner, before, also, result)
        return decision

    # What the reconciler does every second.

    def sweep(self, *, with_leases: bool) -> None:
        expired = self.expired() if with_leases else []
        overdue, forgotten, orphaned = self.overdue(), self.forgotten(), self.orphaned()
        for row in expired:
            self.transition(row.id, rules_jobs.Reap())
        for row in overdue:
            self.transition(row.id, rules_jobs.Expire())
        for row in forgotten:
            self.transition(row.id, rules_jobs.Wake())
        for row in orphaned:
            self.transition(row.id, rules_jobs.Cancel())

    def expired(self) -> list[Row]:
        limit = self.now - 1.0
        return [
            row
            for row in self.jobs.values()
            if row.state is RUNNING and row.lease_until is not None and row.lease_until < limit
        ]

    def overdue(self) -> list[Row]:
        return [
            row
            for row in self.jobs.values()
            if row.deadline_at is not None and row.deadline_at < self.now and row.state in UNFINISHED
        ]

    def forgotten(self) -> list[Row]:
        return [row for row in self.jobs.values() if row.state is WAITING and self._has_nothing_to_wait_for(row)]

    def orphaned(self) -> list[Row]:
        return [row for row in self.jobs.values() if row.state in UNFINISHED and self._is_orphan(row)]

    def _is_orphan(self, row: Row) -> bool:
        parent = None if row.parent_id is None else self.jobs[row.parent_id]
        if parent is None or row.is_cancel_requested or parent.state not in (JobState.FAILED, JobState.CANCELLED):
            return False
        return row.requeued_at <= parent.finished_at

    def ring(self) -> list[str]:
        """The queues to ring, one entry per bell."""
        free: dict[str, int] = {}
        for seen in self.workers.values():
            if seen.seen_at > self.now - ALIVE_S and not seen.draining:
                free[seen.queue] = free.get(seen.queue, 0) + max(seen.threads - seen.busy, 0)
        rung = []
        for row in sorted(self.jobs.values(), key=_by_priority):
            if self._is_unheard(row) and free.get(row.queue, 0) > 0:
                free[row.queue] -= 1
                row.rung_at = self.now
                rung.append(row.queue)
        return rung

    # The guards, each in a place of its own, so that a test can lie about it.

    decide: Callable[[Facts, Command], Decision] = staticmethod(rules_jobs.decide)

    def facts(self, row: Row) -> Facts:
        return Facts(
            state=row.state,
            epoch=row.epoch,
            attempt=row.attempt,
            max_attempts=row.max_attempts,
            crashes=row.crashes,
            max_crashes=row.max_crashes,
            due=row.run_at <= self.now,
            lease_expired=row.lease_until < self.now if row.lease_until is not None else row.state is RUNNING,
            deadline_passed=row.deadline_at is not None and row.deadline_at < self.now,
            cancel_requested=row.is_cancel_requested,
        )

    def is_owner(self, row: Row, epoch: int) -> bool:
        return row.epoch == epoch and row.state is RUNNING

    def is_next_append(self, row: Row, append_no: int) -> bool:
        return row.append_no == append_no - 1

    def is_next_step(self, row: Row, step_no: int) -> bool:
        return row.step_no == step_no - 1

    def is_due(self, row: Row) -> bool:
        return row.run_at <= self.now

    def is_its_turn(self, row: Row) -> bool:
        """No other job of the chat runs, and no earlier one holds this one back."""
        if row.ordering_key is None:
            return True
        return not any(
            other.ordering_key == row.ordering_key
            and other is not row
            and other.state in UNFINISHED
            and (other.state is RUNNING or (other.ordering_no < row.ordering_no and not self._backs_off(other)))
            for other in self.jobs.values()
        )

    def best_due(self, queue: str, user_cap: int) -> Row | None:
        """By priority, how many jobs of the user run, and age."""
        busy: dict[Any, int] = {}
        for row in self.jobs.values():
            if row.state is RUNNING and row.queue == queue:
                busy[row.user_id] = busy.get(row.user_id, 0) + 1
        due = [
            row
            for row in self.jobs.values()
            if row.state is QUEUED
            and row.queue == queue
            and self.is_due(row)
            and busy.get(row.user_id, 0) < user_cap
            and self.is_its_turn(row)
        ]
        return min(due, key=lambda row: (row.priority, busy.get(row.user_id, 0), row.id), default=None)

    def tell(self, row: Row, events: Sequence[NewEvent]) -> None:
        """Number the events and append them."""
        for event in events:
            row.last_seq += 1
            row.log.append(Entry(row.last_seq, row.epoch, event.type, event.stage, event.payload))

    def wake_waiting_for(self, document_id: Any) -> None:
        for row in sorted((row for row in self.jobs.values() if document_id in row.waits), key=_by_id):
            row.waits.discard(document_id)
            if not row.waits:
                self.transition(row.id, rules_jobs.Wake())

    def _apply(
        self,
        row: Row,
        change: Change,
        owner: str | None,
        before: Sequence[NewEvent],
        also: tuple[EventType, str | None] | None,
        result: dict[str, Any] | None,
    ) -> None:
        if change.event.type is EventType.JOB_REQUEUED:
            self._renew(row)
        if row.state is WAITING and change.state in TERMINAL:
            row.waits.clear()
        if self._waits_for_children(row) and change.state is QUEUED and self.unfinished_children(row):
            self.woken_early.add(row.id)
        if change.state is WAITING:
            row.deadline_at = None
        elif change.renews_deadline or row.state is WAITING:
            row.deadline_at = None if row.deadline_in is None else self.now + row.deadline_in
        row.state, row.epoch, row.attempt, row.crashes = change.state, change.epoch, change.attempt, change.crashes
        row.rung_at = None
        row.error_code = change.error.code if change.error else None
        row.waiting_for = change.event.payload if change.state is WAITING else None
        if change.run_in_s is not None:
            row.run_at = self.now + change.run_in_s
        if change.takes_lease:
            row.lease_owner, row.lease_until, row.append_no = owner, self.now + LEASE_S, 0
        elif change.state is not RUNNING:
            row.lease_owner = row.lease_until = None
        if change.cancel_requested:
            row.is_cancel_requested = True
        if change.state in TERMINAL:
            row.finished_at = self.now
        if change.state is JobState.SUCCEEDED:
            row.result = result
        events = [*before, change.event]
        if also is not None and change.state is RUNNING:
            events.append(NewEvent(type=also[0], stage=also[1]))
        self.tell(row, events)
        self._follow(row, change)

    def _renew(self, row: Row) -> None:
        """A requeued job forgets its cancel and joins the end of its chat's line."""
        row.is_cancel_requested = False
        row.requeued_at = self.now
        row.result = None
        if row.ordering_key in self.next_no:
            row.ordering_no = self.next_no[row.ordering_key]
            self.next_no[row.ordering_key] += 1

    def _follow(self, row: Row, change: Change) -> None:
        if row.state is QUEUED and not change.run_in_s:
            self.bells.append(row.queue)
        if row.state not in TERMINAL:
            return
        if row.document_id is not None:
            self.documents[row.document_id] &= not self._jobs_end_readings
            self.wake_waiting_for(row.document_id)
        if row.ordering_key is not None and row.state is not JobState.SUCCEEDED:
            # A worker that finished a job looks for the next by itself.
            self.bells.append(row.queue)
        if row.parent_id is not None:
            self.child_ended(self.jobs[row.parent_id])

    def child_ended(self, parent: Row) -> None:
        if not self._waits_for_children(parent):
            return
        parent.pending_children = self.unfinished_children(parent)
        if parent.pending_children == 0:
            self.transition(parent.id, rules_jobs.Wake())

    def unfinished_children(self, parent: Row) -> int:
        return sum(row.state in UNFINISHED for row in self.jobs.values() if row.parent_id == parent.id)

    def _backs_off(self, row: Row) -> bool:
        return row.state is QUEUED and row.run_at > self.now + BACKING_OFF_S

    def _has_nothing_to_wait_for(self, row: Row) -> bool:
        if self._waits_for_children(row):
            return row.pending_children <= 0
        return not any(self.documents.get(document_id) for document_id in row.waits)

    def _waits_for_children(self, row: Row) -> bool:
        return row.state is WAITING and (row.waiting_for or {}).get("kind") == "children"

    def _is_unheard(self, row: Row) -> bool:
        return (
            row.state is QUEUED
            and row.run_at <= self.now
            and (row.rung_at is None or row.rung_at < self.now - RING_AGAIN_S)
        )


def _by_id(row: Row) -> Any:
    return row.id


def _by_priority(row: Row) -> Any:
    return row.priority, row.id
