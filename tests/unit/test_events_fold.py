"""What the events of a job add up to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import TERMINAL_EVENTS, EventType, Snapshot, fold
from domain.jobs import JobState
from tests.fakes.event_logs import log

DELTA, MARKED = EventType.ANSWER_DELTA, EventType.ANSWER_MARKED


def test_an_empty_log_is_a_queued_job() -> None:
    assert fold([]) == Snapshot()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (EventType.JOB_QUEUED, JobState.QUEUED),
        (EventType.JOB_STARTED, JobState.RUNNING),
        (EventType.JOB_WAITING, JobState.WAITING),
        (EventType.JOB_WOKEN, JobState.QUEUED),
        (EventType.JOB_RETRYING, JobState.QUEUED),
        (EventType.JOB_RELEASED, JobState.QUEUED),
        (EventType.JOB_REQUEUED, JobState.QUEUED),
        (EventType.JOB_SUCCEEDED, JobState.SUCCEEDED),
        (EventType.JOB_FAILED, JobState.FAILED),
        (EventType.JOB_CANCELLED, JobState.CANCELLED),
    ],
)
def test_each_change_of_state_is_told_by_its_event(kind: EventType, status: JobState) -> None:
    assert fold(log(kind)).status is status


def test_deltas_add_up_and_the_completed_text_counts() -> None:
    told = log((DELTA, {"text": "Расход "}), (DELTA, {"text": "5200"}))
    completed = log((DELTA, {"text": "Рас"}), (EventType.ANSWER_COMPLETED, {"text": "Расход 5200"}))

    assert fold(told).answer == "Расход 5200"
    assert fold(completed).answer == "Расход 5200"


def test_thinking_is_kept_apart_from_the_answer() -> None:
    snapshot = fold(log((EventType.THINKING_DELTA, {"text": "Смотрю лист 3"}), (DELTA, {"text": "5200"})))

    assert (snapshot.thinking, snapshot.answer) == ("Смотрю лист 3", "5200")


def test_a_reset_takes_the_answer_and_its_marks_back() -> None:
    mark = {"start": 0, "end": 1, "claim_id": 1, "verdict": "not_found"}
    told = log((DELTA, {"text": "Черновик"}), (MARKED, mark), EventType.ANSWER_RESET, (DELTA, {"text": "Чисто"}))

    snapshot = fold(told)

    assert (snapshot.answer, snapshot.marks) == ("Чисто", [])


def test_what_a_repeated_stage_tells_again_counts_once() -> None:
    found = (EventType.EVIDENCE_FOUND, {"items": [{"block_id": "A"}, {"block_id": "B"}]})
    more = (EventType.EVIDENCE_FOUND, {"items": [{"block_id": "B"}, {"block_id": "C"}]})
    picture = (EventType.EVIDENCE_PICTURE, {"digest": "d"})
    mark = (MARKED, {"start": 0, "end": 1, "claim_id": 1, "verdict": "not_found"})

    snapshot = fold(log(found, more, picture, picture, mark, mark))

    assert [item["block_id"] for item in snapshot.evidence] == ["A", "B", "C"]
    assert (len(snapshot.pictures), len(snapshot.marks)) == (1, 1)


def test_the_stage_and_its_progress_are_the_newest_ones() -> None:
    told = log(EventType.STAGE_STARTED, (EventType.STAGE_PROGRESS, {"progress": 0.4}), stage="search")

    snapshot = fold(told)

    assert (snapshot.stage, snapshot.progress) == ("search", 0.4)


def test_what_a_job_waits_for_is_told_while_it_waits() -> None:
    waiting = (EventType.JOB_WAITING, {"kind": "documents"})

    assert fold(log(waiting)).waiting_for == {"kind": "documents"}
    assert fold(log(waiting, EventType.JOB_WOKEN)).waiting_for is None


def test_the_end_tells_error_result_and_usage() -> None:
    failed = fold(log((EventType.JOB_FAILED, {"error": {"code": "deadline"}, "usage": {"input_tokens": 1}})))
    succeeded = fold(log((EventType.JOB_SUCCEEDED, {"result": {"message_id": "m"}})))

    assert (failed.error, failed.usage, failed.result) == ({"code": "deadline"}, {"input_tokens": 1}, None)
    assert (succeeded.result, succeeded.error, succeeded.progress) == ({"message_id": "m"}, None, 1.0)


def test_a_requeue_forgets_the_former_end_and_numbers_go_on() -> None:
    told = log((EventType.JOB_FAILED, {"error": {"code": "deadline"}}), EventType.JOB_REQUEUED)

    snapshot = fold(told)

    assert (snapshot.status, snapshot.error, snapshot.progress) == (JobState.QUEUED, None, 0.0)
    assert snapshot.last_seq == 2


def test_warnings_are_kept_all() -> None:
    warning = (EventType.WARNING, {"code": "offline"})

    assert len(fold(log(warning, warning)).warnings) == 2


def test_exactly_the_three_ends_are_terminal() -> None:
    assert {kind for kind in EventType if log(kind)[0].is_terminal} == set(TERMINAL_EVENTS)
    assert len(TERMINAL_EVENTS) == 3


PAYLOADS: dict[EventType, dict[str, Any]] = {
    EventType.MATRIX_JUDGED: {"items": [{"number": 1}]},
    EventType.ANSWER_DELTA: {"text": "а"},
    EventType.THINKING_DELTA: {"text": "б"},
    EventType.ANSWER_COMPLETED: {"text": "в"},
    EventType.ANSWER_MARKED: {"claim_id": 1},
    EventType.EVIDENCE_FOUND: {"items": [{"n": 1}]},
    EventType.EVIDENCE_PICTURE: {"digest": "d"},
    EventType.STAGE_PROGRESS: {"progress": 0.5},
    EventType.JOB_WAITING: {"kind": "documents"},
}


@given(st.lists(st.sampled_from(EventType), max_size=30), st.integers(0, 30))
def test_folding_in_two_steps_gives_the_same(kinds: list[EventType], cut: int) -> None:
    events = log(*((kind, PAYLOADS.get(kind, {})) for kind in kinds))

    in_steps = fold(events[cut:], fold(events[:cut]))

    assert in_steps == fold(events)
    assert in_steps.last_seq == len(events)
