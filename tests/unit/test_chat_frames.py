"""The chat's live view: each event under the name that the former systems' clients know (spec/aizoomdoc.md §1.2)."""

from typing import Any
from uuid import UUID

import pytest

from domain.chat_frames import PHASES, ChatFrame, chat_frame_of
from domain.events import TERMINAL_EVENTS, EventType
from domain.family_list import FAMILIES
from tests.fakes.event_logs import JOB, log

LABELS = {"label_ru": "Ищу в документах", "label_en": "Searching the documents"}
ERROR = {"code": "deadline", "message_ru": "Не успело.", "message_en": "Too late."}


def frame(
    kind: EventType, payload: dict[str, Any] | None = None, *, stage: str | None = None, language: str = "en"
) -> ChatFrame | None:
    return chat_frame_of(log((kind, payload or {}), stage=stage)[0], language)


@pytest.mark.parametrize(
    ("kind", "payload", "stage", "expected"),
    [
        (EventType.JOB_STARTED, {"attempt": 1}, None, ("processing_started", {"request_id": str(JOB)})),
        (
            EventType.STAGE_STARTED,
            LABELS,
            "search",
            ("phase_started", {"phase": "search", "description": "Searching the documents"}),
        ),
        (
            EventType.STAGE_PROGRESS,
            {"progress": 0.5, "message_en": "Half", "message_ru": "Половина"},
            "crop",
            ("phase_progress", {"phase": "tool_execution", "progress": 0.5, "message": "Half"}),
        ),
        (EventType.STAGE_FINISHED, {"duration_ms": 1}, "answer", ("phase_completed", {"phase": "llm"})),
        (EventType.ANSWER_DELTA, {"text": "5200"}, "answer", ("llm_token", {"token": "5200"})),
        (EventType.THINKING_DELTA, {"text": "hm"}, "answer", ("llm_thinking", {"content": "hm"})),
        (
            EventType.ANSWER_COMPLETED,
            {"text": "5200", "model": "gemini:pro", "offline": False},
            "answer",
            ("llm_final", {"content": "5200", "model": "gemini:pro", "offline": False}),
        ),
        (
            EventType.ANSWER_RESET,
            {"reason": "repair"},
            "answer",
            ("phase_started", {"phase": "llm", "description": "", "restarted": True, "reason": "repair"}),
        ),
        (EventType.TOOL_CALLED, {"tool": "zoom"}, "answer", ("tool_call", {"tool": "zoom"})),
        (EventType.EVIDENCE_PICTURE, {"url": "/x"}, "crop", ("image_ready", {"url": "/x"})),
        (EventType.JOB_SUCCEEDED, {"result": {"a": 1}}, None, ("completed", {"message": "Done.", "result": {"a": 1}})),
        (EventType.JOB_FAILED, {"error": ERROR}, None, ("error", {"message": "Too late.", "code": "deadline"})),
        (EventType.JOB_CANCELLED, {}, None, ("error", {"message": "The job was cancelled.", "code": "cancelled"})),
    ],
    ids=lambda value: value.value if isinstance(value, EventType) else "",
)
def test_an_event_has_the_name_and_fields_of_the_former_systems(
    kind: EventType, payload: dict[str, Any], stage: str | None, expected: tuple[str, dict[str, Any]]
) -> None:
    assert frame(kind, payload, stage=stage) == ChatFrame(event=expected[0], data=expected[1])


@pytest.mark.parametrize(
    "kind",
    [
        EventType.JOB_QUEUED,
        EventType.JOB_SCOPED,
        EventType.JOB_WOKEN,
        EventType.JOB_RETRYING,
        EventType.JOB_RELEASED,
        EventType.JOB_REQUEUED,
        EventType.JOB_CANCEL_REQUESTED,
        EventType.EVIDENCE_FOUND,
        EventType.ANSWER_MARKED,
        EventType.WARNING,
    ],
)
def test_events_that_former_clients_do_not_know_are_not_shown(kind: EventType) -> None:
    assert frame(kind) is None


def test_waiting_for_documents_names_them() -> None:
    shown = frame(EventType.JOB_WAITING, {"documents": [{"name": "План.pdf"}, {"name": "Спец.pdf"}]}, language="ru")

    assert shown is not None
    assert shown.event == "phase_progress"
    assert "План.pdf, Спец.pdf" in shown.data["message"]


def test_the_words_are_in_the_asked_language() -> None:
    russian = frame(EventType.STAGE_STARTED, LABELS, stage="search", language="ru")

    assert russian is not None
    assert russian.data["description"] == "Ищу в документах"


def test_a_failure_without_details_is_still_told() -> None:
    shown = frame(EventType.JOB_FAILED)

    assert shown is not None
    assert shown.data["code"] == "internal_error"


@pytest.mark.parametrize("kind", EventType)
def test_exactly_the_end_of_a_job_is_the_last_frame(kind: EventType) -> None:
    payload = {"text": "", "progress": 0.0}
    shown = frame(kind, payload)

    assert (shown is not None and shown.is_last) == (kind in TERMINAL_EVENTS)


def test_every_stage_of_the_analysis_has_a_phase_that_clients_know() -> None:
    known = {"search", "processing", "llm", "flash_stage", "tool_execution", "pro_stage"}

    assert {PHASES.get(stage.name, stage.name) for stage in FAMILIES["analysis"].stages} <= known


def test_a_job_id_is_told_as_text() -> None:
    shown = frame(EventType.JOB_STARTED)

    assert shown is not None
    assert UUID(shown.data["request_id"]) == JOB
