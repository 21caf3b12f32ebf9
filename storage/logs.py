"""Logs of every process: one JSON line per event on standard error, times in UTC, secrets blanked."""

import logging
import re
import sys
from typing import Any

import structlog

_SECRET_FIELD = re.compile(r"(token|secret|password|authorization|api_key|cookie)", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"azd_[A-Za-z0-9_\-]{20,}|AIza[A-Za-z0-9_\-]{20,}|"
    r"eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+|([?&]token=)[^&\s]+"
)


def set_up_logs(process: str, level: str = "INFO") -> None:
    """Called once by a composition root. Libraries' warnings go through the same redaction."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            lambda _, __, event: redact({**event, "process": process}),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_redact_record)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for handler in logging.getLogger("uvicorn").handlers:
        # It tells the addresses of WebSockets, which may hold a token.
        handler.addFilter(_redact_record)


def redact(event: dict[str, Any]) -> dict[str, Any]:
    """The event without secrets: fields named like one, and texts that look like a token."""
    return {name: _redact_value(name, value) for name, value in event.items()}


def _redact_value(name: str, value: Any) -> Any:
    if _SECRET_FIELD.search(name) and isinstance(value, str):
        return "***"
    return _SECRET_TEXT.sub(lambda found: (found.group(1) or "") + "***", value) if isinstance(value, str) else value


def _redact_record(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    record.msg, record.args = _SECRET_TEXT.sub(lambda found: (found.group(1) or "") + "***", message), ()
    return True
