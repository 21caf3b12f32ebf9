"""What may happen to a job: every command in every state."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.events import TERMINAL_EVENTS, EventType
from domain.jobs import TERMINAL, JobError, JobState
from domain.rules_jobs import (
    BACKOFF_CAP_S,
    CRASHED,
    EXPIRED,
    AckCancel,
    Cancel,
    Change,
    Claim,
    Command,
    Expire,
    Facts,
    Fail,
    Finish,
    HandBack,
    Park,
    Reap,
    Refused,
    Requeue,
    Unchanged,
    Wake,
    backoff_s,
    decide,
)

FLAKY = JobError(code="flaky", message_ru="Сбой.", message_en="A fault.")
ADMIN = UUID(int=1)
QUEUED = Facts(JobState.QUEUED, epoch=0)
RUNNING = Facts(JobState.RUNNING, epoch=3, attempt=1)
WAITING = Facts(JobState.WAITING, epoch=3)
FAILED = Facts(JobState.FAILED, epoch=3, attempt=5, crashes=2)


def changed(facts: Facts, command: Command) -> Change:
    decision = decide(facts, command)
    assert isinstance(decision, Change), decision
    return decision


def refused(facts: Facts, command: Command) -> str:
    decision = decide(facts, command)
    assert isinstance(decision, Refused), decision
    return decision.reason


def fail(retryable: bool = True, **more: Any) -> Fail:
    return Fail(epoch=3, error=FLAKY, retryable=retryable, **more)


def test_a_claim_starts_a_run_of_its_own_epoch_with_a_lease() -> None:
    change = changed(QUEUED, Claim())

    assert (change.state, change.epoch, change.attempt, change.takes_lease) == (JobState.RUNNING, 1, 1, True)
    assert change.event.type is EventType.JOB_STARTED


@pytest.mark.parametrize(
    "facts",
    [structs.replace(QUEUED, due=False), RUNNING, WAITING, FAILED],
    ids=["not due", "running", "waiting", "failed"],
)
def test_what_is_not_due_is_not_claimed(facts: Facts) -> None:
    assert refused(facts, Claim()) == "not_due"


def test_a_claim_of_a_lost_run_counts_a_crash_and_no_attempt() -> None:
    change = changed(structs.replace(RUNNING, lease_expired=True), Claim())

    assert (change.epoch, change.attempt, change.crashes) == (4, 1, 1)


def test_the_claim_that_finds_the_last_crash_fails_the_job() -> None:
    change = changed(structs.replace(RUNNING, lease_expired=True, crashes=2), Claim())

    assert (change.state, change.error) == (JobState.FAILED, CRASHED)


def test_a_claim_finds_a_cancelled_or_overdue_job_and_ends_it() -> None:
    assert changed(structs.replace(QUEUED, cancel_requested=True), Claim()).state is JobState.CANCELLED
    overdue = changed(structs.replace(QUEUED, deadline_passed=True), Claim())
    assert (overdue.state, overdue.error) == (JobState.FAILED, EXPIRED)


def test_a_finish_ends_the_run_and_may_be_said_again() -> None:
    change = changed(RUNNING, Finish(epoch=3, payload={"result": {}}))

    assert (change.state, change.event.payload) == (JobState.SUCCEEDED, {"result": {}})
    assert isinstance(decide(Facts(JobState.SUCCEEDED, epoch=3), Finish(epoch=3)), Unchanged)


@pytest.mark.parametrize(
    "command",
    [
        Finish(epoch=2),
        Fail(epoch=2, error=FLAKY, retryable=True),
        HandBack(epoch=2, reason="drain"),
        Park(epoch=2, reason={}),
        AckCancel(epoch=2),
    ],
    ids=lambda command: type(command).__name__,
)
@pytest.mark.parametrize("facts", [RUNNING, QUEUED, WAITING, FAILED, Facts(JobState.SUCCEEDED, epoch=3)])
def test_a_worker_of_an_older_epoch_is_refused(facts: Facts, command: Command) -> None:
    assert refused(facts, command) == "lease_lost"


def test_a_passing_fault_is_tried_again_after_a_growing_pause() -> None:
    pauses = [changed(structs.replace(RUNNING, attempt=attempt), fail()).run_in_s for attempt in (1, 2, 3, 4)]

    assert pauses == [2.0, 4.0, 8.0, 16.0]


def test_a_retry_waits_as_long_as_the_provider_wishes() -> None:
    assert changed(RUNNING, fail(retry_after_s=60.0)).run_in_s == 60.0
    assert changed(RUNNING, fail(retry_after_s=0.1)).run_in_s == 2.0


@pytest.mark.parametrize(
    ("facts", "command"),
    [(RUNNING, fail(retryable=False)), (structs.replace(RUNNING, attempt=5), fail())],
    ids=["final fault", "last attempt"],
)
def test_a_final_fault_and_the_last_attempt_fail_the_job(facts: Facts, command: Fail) -> None:
    change = changed(facts, command)

    assert (change.state, change.error) == (JobState.FAILED, FLAKY)
    assert change.event.payload["error"] == {"code": "flaky", "message_ru": "Сбой.", "message_en": "A fault."}


@pytest.mark.parametrize("command", [fail(), HandBack(epoch=3, reason="drain"), Park(epoch=3, reason={})])
def test_a_run_that_stops_while_a_cancel_is_wanted_is_cancelled(command: Command) -> None:
    assert changed(structs.replace(RUNNING, cancel_requested=True), command).state is JobState.CANCELLED


def test_a_run_that_finishes_before_it_sees_the_cancel_has_succeeded() -> None:
    assert changed(structs.replace(RUNNING, cancel_requested=True), Finish(epoch=3)).state is JobState.SUCCEEDED


def test_handing_back_and_waiting_cost_no_attempt() -> None:
    back = changed(RUNNING, HandBack(epoch=3, reason="provider_limit", delay_s=30.0))
    parked = changed(RUNNING, Park(epoch=3, reason={"kind": "documents"}))

    assert (back.state, back.attempt, back.run_in_s) == (JobState.QUEUED, 0, 30.0)
    assert (parked.state, parked.attempt) == (JobState.WAITING, 0)
    assert parked.event.payload == {"kind": "documents"}


def test_only_what_waits_is_woken() -> None:
    assert changed(WAITING, Wake()).run_in_s == 0.0
    assert refused(RUNNING, Wake()) == "not_waiting"


@pytest.mark.parametrize("facts", [QUEUED, WAITING])
def test_what_does_not_run_is_cancelled_at_once(facts: Facts) -> None:
    assert changed(facts, Cancel()).state is JobState.CANCELLED


def test_what_runs_is_asked_to_stop_and_asked_once() -> None:
    change = changed(RUNNING, Cancel())

    assert (change.state, change.cancel_requested) == (JobState.RUNNING, True)
    assert change.event.type is EventType.JOB_CANCEL_REQUESTED
    assert isinstance(decide(structs.replace(RUNNING, cancel_requested=True), Cancel()), Unchanged)


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_cancelling_what_has_ended_changes_nothing(state: JobState) -> None:
    assert isinstance(decide(Facts(state, epoch=3), Cancel()), Unchanged)


def test_a_dead_workers_job_is_given_back_at_once_and_later_crashes_wait() -> None:
    first = changed(structs.replace(RUNNING, lease_expired=True), Reap())
    second = changed(structs.replace(RUNNING, lease_expired=True, crashes=1), Reap(jitter=0.5))

    assert (first.state, first.crashes, first.attempt, first.run_in_s) == (JobState.QUEUED, 1, 0, 0.0)
    assert (second.crashes, second.run_in_s) == (2, 2.0)


def test_the_third_crash_fails_the_job() -> None:
    change = changed(structs.replace(RUNNING, crashes=2), Reap(known_dead=True))

    assert (change.state, change.error, change.crashes) == (JobState.FAILED, CRASHED, 3)


def test_a_living_workers_job_is_not_reaped() -> None:
    assert refused(RUNNING, Reap()) == "lease_valid"
    assert refused(QUEUED, Reap(known_dead=True)) == "lease_valid"


def test_reaping_a_job_whose_cancel_is_wanted_cancels_it() -> None:
    facts = structs.replace(RUNNING, lease_expired=True, cancel_requested=True)

    assert changed(facts, Reap()).state is JobState.CANCELLED


@pytest.mark.parametrize("facts", [QUEUED, RUNNING, WAITING])
def test_a_deadline_ends_what_has_not_ended(facts: Facts) -> None:
    assert changed(structs.replace(facts, deadline_passed=True), Expire()).error == EXPIRED
    assert refused(facts, Expire()) == "not_expired"


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_requeue_begins_anew_in_an_epoch_of_its_own(state: JobState) -> None:
    change = changed(structs.replace(FAILED, state=state), Requeue(seen_epoch=3, by=ADMIN, from_stage="search"))

    assert (change.state, change.epoch, change.attempt, change.crashes) == (JobState.QUEUED, 4, 0, 0)
    assert (change.run_in_s, change.renews_deadline) == (0.0, True)
    assert change.event.payload == {"by": str(ADMIN), "from_stage": "search"}


def test_a_requeue_needs_an_ended_job_that_nobody_touched_since() -> None:
    assert refused(RUNNING, Requeue(seen_epoch=3, by=ADMIN)) == "not_ended"
    assert refused(Facts(JobState.SUCCEEDED, epoch=3), Requeue(seen_epoch=3, by=ADMIN)) == "not_ended"
    assert refused(FAILED, Requeue(seen_epoch=2, by=ADMIN)) == "seen_epoch_is_old"


def test_the_backoff_never_exceeds_its_cap() -> None:
    assert backoff_s(10, 1.0) == BACKOFF_CAP_S
    assert backoff_s(1000, 1.5) == BACKOFF_CAP_S * 1.5


FACTS = st.builds(
    Facts,
    state=st.sampled_from(JobState),
    epoch=st.integers(0, 3),
    attempt=st.integers(0, 5),
    crashes=st.integers(0, 2),
    due=st.booleans(),
    lease_expired=st.booleans(),
    deadline_passed=st.booleans(),
    cancel_requested=st.booleans(),
)
EPOCHS = st.integers(0, 3)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(Claim),
    st.builds(Finish, epoch=EPOCHS),
    st.builds(Fail, epoch=EPOCHS, error=st.just(FLAKY), retryable=st.booleans(), jitter=st.floats(0.5, 1.5)),
    st.builds(HandBack, epoch=EPOCHS, reason=st.just("drain")),
    st.builds(Park, epoch=EPOCHS, reason=st.just({})),
    st.builds(Wake),
    st.builds(Cancel),
    st.builds(AckCancel, epoch=EPOCHS),
    st.builds(Reap, known_dead=st.booleans()),
    st.builds(Expire),
    st.builds(Requeue, seen_epoch=EPOCHS, by=st.just(ADMIN)),
)


@given(FACTS, COMMANDS)
def test_whatever_is_decided_keeps_the_promises(facts: Facts, command: Command) -> None:
    decision = decide(facts, command)

    if not isinstance(decision, Change):
        return
    assert facts.state not in TERMINAL or isinstance(command, Requeue)
    assert (decision.state in TERMINAL) == (decision.event.type in TERMINAL_EVENTS)
    assert decision.epoch == facts.epoch + isinstance(command, (Claim, Requeue)) * (decision.state not in TERMINAL)
    assert decision.takes_lease == (decision.event.type is EventType.JOB_STARTED)
    assert (decision.error is not None) == (decision.state is JobState.FAILED)
    assert decision.crashes <= facts.max_crashes
    assert decision.run_in_s is None or 0 <= decision.run_in_s <= BACKOFF_CAP_S * 1.5
