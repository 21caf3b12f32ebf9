"""The normal form of an event log: what counts when two jobs are compared."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.events import Event, EventType
from domain.ids import new_id
from domain.rules_same_events import differences, normal_form

Line = tuple[str, str | None, dict[str, Any]]


def log(*lines: Line) -> list[Event]:
    """A log of another job at another time, each time."""
    job_id = new_id()
    return [
        Event(job_id=job_id, seq=seq, epoch=seq, type=EventType(kind), ts=datetime.now(UTC), stage=stage, payload=told)
        for seq, (kind, stage, told) in enumerate(lines, start=1)
    ]


def delta(text: str) -> Line:
    return ("answer.delta", "answer", {"text": text})


QUEUED: Line = ("job.queued", None, {"mode": "simple"})
STARTED: Line = ("job.started", None, {"attempt": 1})
BEGUN: Line = ("stage.started", "answer", {"label_en": "x"})
DONE: Line = ("stage.finished", "answer", {"duration_ms": 5, "usage": {"calls": 1}})
END: Line = ("job.succeeded", None, {"result": {"message_id": "a", "answer": {"text": "ab", "usage": {"calls": 1}}}})
RETRYING: Line = ("job.retrying", None, {"code": "worker_lost", "run_in_s": 1.0})


def told(*lines: Line) -> list[Any]:
    return [(event.type.value, event.payload) for event in normal_form(log(*lines))]


def test_times_spending_ids_and_the_queue_do_not_count() -> None:
    other_end: Line = ("job.succeeded", None, {"result": {"message_id": "b", "answer": {"text": "ab", "usage": {}}}})
    other_done: Line = ("stage.finished", "answer", {"duration_ms": 7})

    one = normal_form(log(QUEUED, STARTED, BEGUN, delta("ab"), DONE, END))
    other = normal_form(
        log(("job.queued", None, {"mode": "replay"}), STARTED, BEGUN, delta("ab"), other_done, other_end)
    )

    assert one == other
    assert differences(one, other) == []


def test_how_text_was_cut_does_not_count_and_what_it_says_does() -> None:
    whole = normal_form(log(BEGUN, delta("Расход 4200"), DONE, END))
    pieces = normal_form(log(BEGUN, delta("Расход "), delta("42"), delta("00"), DONE, END))
    other = normal_form(log(BEGUN, delta("Расход "), delta("4300"), DONE, END))

    assert whole == pieces
    assert any(line.startswith("+") and "4300" in line for line in differences(whole, other))


def test_a_run_that_was_lost_leaves_nothing_and_neither_does_the_reset_after_it() -> None:
    reset: Line = ("answer.reset", "answer", {"reason": "attempt"})

    lost = told(STARTED, BEGUN, delta("Рас"), RETRYING, STARTED, BEGUN, reset, delta("ab"), DONE, END)

    assert lost == told(STARTED, BEGUN, delta("ab"), DONE, END)


def test_a_reset_of_something_counts() -> None:
    reset: Line = ("answer.reset", "answer", {"reason": "repair"})

    kinds = [kind for kind, _ in told(BEGUN, delta("a"), reset, delta("b"), DONE, END)]

    assert kinds == ["stage.started", "answer.delta", "answer.reset", "answer.delta", "stage.finished", "job.succeeded"]


def test_progress_does_not_count() -> None:
    progress: Line = ("stage.progress", "answer", {"progress": 0.5})

    assert told(BEGUN, progress, DONE, END) == told(BEGUN, DONE, END)


def test_what_came_before_a_requeue_from_a_stage_does_not_count() -> None:
    before: Sequence[Line] = (("stage.started", "search", {}), ("stage.finished", "search", {}))
    failed: Line = ("job.failed", None, {"error": {"code": "x"}})
    again: Line = ("job.requeued", None, {"by": "a", "from_stage": "answer"})

    requeued = told(*before, BEGUN, delta("old"), DONE, failed, again, STARTED, BEGUN, delta("ab"), DONE, END)

    assert requeued == told(*before, BEGUN, delta("ab"), DONE, END)


def test_a_failure_is_told_with_its_code() -> None:
    failed: Line = ("job.failed", None, {"error": {"code": "replay_diverged"}, "usage": {"calls": 0}})

    lines = differences(normal_form(log(BEGUN, DONE, END)), normal_form(log(BEGUN, failed)))

    assert any("replay_diverged" in line for line in lines)
