"""The chat's live view: the former systems' event names, mapped one to one from the job's log (DESIGN §5)."""

from collections.abc import Callable
from typing import Any

import msgspec

from domain.events import Event, EventType

PHASES = {
    "classify": "processing",
    "differ": "processing",
    "collect": "flash_stage",
    "cover": "processing",
    "crop": "tool_execution",
    "count": "processing",
    "extract": "processing",
    "answer": "llm",
    "follow_up": "tool_execution",
    "seek": "tool_execution",
    "reread": "tool_execution",
    "verify": "processing",
}
"""Stage → phase as in spec/aizoomdoc.md §1.2; a stage that is not here is its own phase."""


class ChatFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the chat stream. `event` is one of the names of spec/aizoomdoc.md §1.2."""

    event: str
    data: dict[str, Any]

    @property
    def is_last(self) -> bool:
        return self.event in ("completed", "error")


def chat_frame_of(event: Event, language: str) -> ChatFrame | None:
    """The frame of one event, null for events that the chat stream does not show."""
    make = _TABLE.get(event.type)
    if make is None:
        return None
    name, data = make(event, language)
    return ChatFrame(event=name, data=data)


def _phase(event: Event) -> str:
    return PHASES.get(event.stage or "", event.stage or "processing")


def _in(language: str, payload: dict[str, Any], name: str) -> str:
    return str(payload.get(f"{name}_{language}", ""))


def _waiting(event: Event, language: str) -> tuple[str, dict[str, Any]]:
    documents = event.payload.get("documents", [])
    names = ", ".join(str(document.get("name", "")) for document in documents)
    message = f"Читаю документ: {names}" if language == "ru" else f"Reading the document: {names}"
    return "phase_progress", {"phase": "processing", "progress": 0.0, "message": message, "documents": documents}


def _failed(event: Event, language: str) -> tuple[str, dict[str, Any]]:
    error = event.payload.get("error") or {}
    return "error", {"message": _in(language, error, "message"), "code": error.get("code", "internal_error")}


def _cancelled(event: Event, language: str) -> tuple[str, dict[str, Any]]:
    return "error", {
        "message": "Задание отменено." if language == "ru" else "The job was cancelled.",
        "code": "cancelled",
    }


_Make = Callable[[Event, str], tuple[str, dict[str, Any]]]

_TABLE: dict[EventType, _Make] = {
    EventType.JOB_STARTED: lambda e, _: ("processing_started", {"request_id": str(e.job_id)}),
    EventType.JOB_WAITING: _waiting,
    EventType.STAGE_STARTED: lambda e, lang: (
        "phase_started",
        {"phase": _phase(e), "description": _in(lang, e.payload, "label")},
    ),
    EventType.STAGE_PROGRESS: lambda e, lang: (
        "phase_progress",
        {"phase": _phase(e), "progress": e.payload["progress"], "message": _in(lang, e.payload, "message")},
    ),
    EventType.STAGE_FINISHED: lambda e, _: ("phase_completed", {"phase": _phase(e)}),
    EventType.ANSWER_RESET: lambda e, _: (
        "phase_started",
        {"phase": "llm", "description": "", "restarted": True, "reason": e.payload.get("reason", "")},
    ),
    EventType.ANSWER_DELTA: lambda e, _: ("llm_token", {"token": e.payload["text"]}),
    EventType.THINKING_DELTA: lambda e, _: ("llm_thinking", {"content": e.payload["text"]}),
    EventType.ANSWER_COMPLETED: lambda e, _: (
        "llm_final",
        {"content": e.payload["text"], "model": e.payload.get("model", ""), "offline": e.payload.get("offline", False)},
    ),
    EventType.TOOL_CALLED: lambda e, _: ("tool_call", e.payload),
    EventType.EVIDENCE_PICTURE: lambda e, _: ("image_ready", e.payload),
    EventType.JOB_SUCCEEDED: lambda e, lang: (
        "completed",
        {"message": "Готово." if lang == "ru" else "Done.", "result": e.payload.get("result")},
    ),
    EventType.JOB_FAILED: _failed,
    EventType.JOB_CANCELLED: _cancelled,
}
