"""What may happen to a job: pure decisions on a row that the caller holds under lock (DESIGN §4).

Production SQL, the deterministic simulation and the state-machine test all call `decide`. It knows no clock, no
random and no database: time enters as facts, chance as `jitter`, and delays leave as seconds from now.
"""

from uuid import UUID

import msgspec

from domain.events import EventType, NewEvent
from domain.jobs import TERMINAL, JobError, JobState

BACKOFF_CAP_S = 900.0
"""Longest wait between two attempts: 15 minutes (reliability.md §3.4)."""

CRASHED = JobError(
    code="worker_crashed",
    message_ru="Задание несколько раз прервало работу исполнителя.",
    message_en="The job stopped its worker several times.",
)
EXPIRED = JobError(
    code="deadline",
    message_ru="Задание не уложилось в отведённое время.",
    message_en="The job did not finish in the time allowed.",
)


class Facts(msgspec.Struct, frozen=True):
    """A job row as read under its lock. `due`, `lease_expired` and `deadline_passed` are by PostgreSQL's clock."""

    state: JobState
    epoch: int
    attempt: int = 0
    max_attempts: int = 5
    crashes: int = 0
    max_crashes: int = 3
    due: bool = True
    lease_expired: bool = False
    deadline_passed: bool = False
    cancel_requested: bool = False


class Claim(msgspec.Struct, frozen=True):
    """A worker wants to run the job."""


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """The run of `epoch` ended well. `payload` goes into the terminal event."""

    epoch: int
    payload: dict[str, object] = {}


class Fail(msgspec.Struct, frozen=True, kw_only=True):
    """The run of `epoch` raised. `jitter` is from 0.5 to 1.5; `retry_after_s` is the provider's wish."""

    epoch: int
    error: JobError
    retryable: bool
    jitter: float = 1.0
    retry_after_s: float | None = None
    payload: dict[str, object] = {}


class HandBack(msgspec.Struct, frozen=True, kw_only=True):
    """The worker gives the job back without a lost attempt: it drains, or a provider's limit makes it wait."""

    epoch: int
    reason: str
    delay_s: float = 0.0


class Park(msgspec.Struct, frozen=True, kw_only=True):
    """The job waits for documents or children; `reason` is shown."""

    epoch: int
    reason: dict[str, object]


class Wake(msgspec.Struct, frozen=True):
    """What the job waited for has ended."""


class Cancel(msgspec.Struct, frozen=True):
    """The owner or an admin cancels; may be said twice."""


class AckCancel(msgspec.Struct, frozen=True, kw_only=True):
    """The run of `epoch` saw the cancel and stopped. `payload` goes into the terminal event."""

    epoch: int
    payload: dict[str, object] = {}


class Reap(msgspec.Struct, frozen=True, kw_only=True):
    """The worker of the job is gone: its lease ran out, or the restarted worker says so (`known_dead`)."""

    jitter: float = 1.0
    known_dead: bool = False


class Expire(msgspec.Struct, frozen=True):
    """The deadline of the job may have passed."""


class Requeue(msgspec.Struct, frozen=True, kw_only=True):
    """Run a failed or cancelled job again. `seen_epoch` is what the caller looked at: of two callers one wins."""

    seen_epoch: int
    by: UUID
    from_stage: str | None = None


Command = Claim | Finish | Fail | HandBack | Park | Wake | Cancel | AckCancel | Reap | Expire | Requeue


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The row's new values and the event that tells it. `run_in_s` null leaves run_at; `takes_lease` starts a lease,
    any other change that leaves `running` ends it; `renews_deadline` counts the deadline anew."""

    state: JobState
    epoch: int
    attempt: int
    crashes: int
    event: NewEvent
    run_in_s: float | None = None
    takes_lease: bool = False
    cancel_requested: bool = False
    renews_deadline: bool = False
    error: JobError | None = None


class Unchanged(msgspec.Struct, frozen=True):
    """The wish is already fulfilled (a repeated cancel, a finish whose commit was in doubt)."""


class Refused(msgspec.Struct, frozen=True):
    """The command is not allowed now; nothing may be written. `reason` is for the log."""

    reason: str


Decision = Change | Unchanged | Refused


def backoff_s(count: int, jitter: float) -> float:
    """Seconds to wait before try `count + 1`: 2, 4, 8 … up to 15 minutes, times the jitter."""
    return min(2.0**count, BACKOFF_CAP_S) * jitter


def decide(facts: Facts, command: Command) -> Decision:
    """What `command` does to a job with these `facts`."""
    match command:
        case Claim():
            return _claim(facts)
        case Finish() | Fail() | HandBack() | Park() | AckCancel():
            return _from_worker(facts, command)
        case Wake():
            if facts.state is not JobState.WAITING:
                return Refused("not_waiting")
            return _change(facts, JobState.QUEUED, EventType.JOB_WOKEN, run_in_s=0.0)
        case Cancel():
            return _cancel(facts)
        case Reap():
            return _reap(facts, command)
        case Expire():
            if facts.state in TERMINAL or not facts.deadline_passed:
                return Refused("not_expired")
            return _failed(facts, EXPIRED)
        case Requeue():
            return _requeue(facts, command)


def _claim(facts: Facts) -> Decision:
    lost = facts.state is JobState.RUNNING and facts.lease_expired
    if not lost and not (facts.state is JobState.QUEUED and facts.due):
        return Refused("not_due")
    if facts.cancel_requested:
        return _change(facts, JobState.CANCELLED, EventType.JOB_CANCELLED)
    if facts.deadline_passed:
        return _failed(facts, EXPIRED)
    crashes = facts.crashes + 1 if lost else facts.crashes
    if crashes >= facts.max_crashes:
        return _failed(facts, CRASHED, crashes=crashes)
    attempt = facts.attempt if lost else facts.attempt + 1
    return _change(
        facts,
        JobState.RUNNING,
        EventType.JOB_STARTED,
        payload={"attempt": attempt, "crashes": crashes},
        epoch=facts.epoch + 1,
        attempt=attempt,
        crashes=crashes,
        takes_lease=True,
    )


def _from_worker(facts: Facts, command: Finish | Fail | HandBack | Park | AckCancel) -> Decision:
    if isinstance(command, Finish) and facts.state is JobState.SUCCEEDED and facts.epoch == command.epoch:
        return Unchanged()
    if facts.state is not JobState.RUNNING or facts.epoch != command.epoch:
        return Refused("lease_lost")
    if isinstance(command, Finish):
        return _change(facts, JobState.SUCCEEDED, EventType.JOB_SUCCEEDED, payload=command.payload)
    if isinstance(command, AckCancel):
        return _change(facts, JobState.CANCELLED, EventType.JOB_CANCELLED, payload=command.payload)
    if facts.cancel_requested:
        return _change(facts, JobState.CANCELLED, EventType.JOB_CANCELLED)
    if isinstance(command, HandBack):
        return _change(
            facts,
            JobState.QUEUED,
            EventType.JOB_RELEASED,
            payload={"reason": command.reason, "run_in_s": command.delay_s},
            attempt=max(facts.attempt - 1, 0),
            run_in_s=command.delay_s,
        )
    if isinstance(command, Park):
        return _change(
            facts,
            JobState.WAITING,
            EventType.JOB_WAITING,
            payload=command.reason,
            attempt=max(facts.attempt - 1, 0),
        )
    return _fail(facts, command)


def _fail(facts: Facts, command: Fail) -> Decision:
    if not command.retryable or facts.attempt >= facts.max_attempts:
        return _failed(facts, command.error, payload=command.payload)
    delay_s = max(backoff_s(facts.attempt, command.jitter), command.retry_after_s or 0.0)
    return _change(
        facts,
        JobState.QUEUED,
        EventType.JOB_RETRYING,
        payload={"code": command.error.code, "attempt": facts.attempt, "run_in_s": round(delay_s, 3)},
        run_in_s=delay_s,
    )


def _cancel(facts: Facts) -> Decision:
    if facts.state in TERMINAL:
        return Unchanged()
    if facts.state is not JobState.RUNNING:
        return _change(facts, JobState.CANCELLED, EventType.JOB_CANCELLED)
    if facts.cancel_requested:
        return Unchanged()
    return _change(facts, JobState.RUNNING, EventType.JOB_CANCEL_REQUESTED, cancel_requested=True)


def _reap(facts: Facts, command: Reap) -> Decision:
    if facts.state is not JobState.RUNNING or not (facts.lease_expired or command.known_dead):
        return Refused("lease_valid")
    if facts.cancel_requested:
        return _change(facts, JobState.CANCELLED, EventType.JOB_CANCELLED)
    crashes = facts.crashes + 1
    if crashes >= facts.max_crashes:
        return _failed(facts, CRASHED, crashes=crashes)
    # The first crash is mostly a restart or a kill: no wait. Later ones may be the job's own doing.
    delay_s = 0.0 if crashes == 1 else backoff_s(crashes, command.jitter)
    return _change(
        facts,
        JobState.QUEUED,
        EventType.JOB_RETRYING,
        payload={"code": "worker_lost", "crashes": crashes, "run_in_s": round(delay_s, 3)},
        attempt=max(facts.attempt - 1, 0),
        crashes=crashes,
        run_in_s=delay_s,
    )


def _requeue(facts: Facts, command: Requeue) -> Decision:
    if facts.state not in (JobState.FAILED, JobState.CANCELLED):
        return Refused("not_ended")
    if facts.epoch != command.seen_epoch:
        return Refused("seen_epoch_is_old")
    return _change(
        facts,
        JobState.QUEUED,
        EventType.JOB_REQUEUED,
        payload={"by": str(command.by), "from_stage": command.from_stage},
        epoch=facts.epoch + 1,
        attempt=0,
        crashes=0,
        run_in_s=0.0,
        renews_deadline=True,
    )


def _failed(
    facts: Facts, error: JobError, *, crashes: int | None = None, payload: dict[str, object] | None = None
) -> Change:
    shown = {"error": msgspec.to_builtins(error), **(payload or {})}
    return _change(facts, JobState.FAILED, EventType.JOB_FAILED, payload=shown, crashes=crashes, error=error)


def _change(
    facts: Facts,
    state: JobState,
    event: EventType,
    *,
    payload: dict[str, object] | None = None,
    epoch: int | None = None,
    attempt: int | None = None,
    crashes: int | None = None,
    run_in_s: float | None = None,
    takes_lease: bool = False,
    cancel_requested: bool = False,
    renews_deadline: bool = False,
    error: JobError | None = None,
) -> Change:
    return Change(
        state=state,
        epoch=facts.epoch if epoch is None else epoch,
        attempt=facts.attempt if attempt is None else attempt,
        crashes=facts.crashes if crashes is None else crashes,
        event=NewEvent(type=event, payload=payload or {}),
        run_in_s=run_in_s,
        takes_lease=takes_lease,
        cancel_requested=cancel_requested,
        renews_deadline=renews_deadline,
        error=error,
    )
