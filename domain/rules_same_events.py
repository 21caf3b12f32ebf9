"""Whether two jobs told the same: the normal form of an event log, and what differs between two.

The normal form keeps what the stages told and how the job ended, in order. Left out is what depends on the machine and
the moment:

- numbers, epochs, ids of jobs and messages, times and durations (`…_ms`, `ts`), addresses of pictures, spending (a
  replay spends nothing);
- the job's own way through the queue (`job.*` but the end) and `stage.progress`, which is told by the clock;
- the way in which text was cut into deltas: neighbouring deltas of one kind are one;
- what a run of a stage told that was not finished (its worker died, a limit made it wait, it was tried again), and what
  came before a requeue that began again at that stage;
- an `answer.reset` where nothing of the answer stood.
"""

import difflib
from collections.abc import Sequence
from typing import Any

import msgspec

from domain.events import DELTAS, TERMINAL_EVENTS, Event, EventType

LEFT_OUT = frozenset({"usage", "message_id", "job_id", "ts", "url", "epoch", "seq"})
"""Names of payload fields, at any depth; names that end in `_ms` too."""

LINE_CHARS = 140
"""Of a line of text in a diff. A guess."""

MAX_LINES = 400
"""Of a diff that is shown. A guess."""

_BROKEN_OFF = frozenset({EventType.JOB_RETRYING, EventType.JOB_RELEASED, EventType.JOB_WAITING, EventType.JOB_STARTED})
_OF_THE_QUEUE = frozenset(kind for kind in EventType if kind.value.startswith("job.")) - TERMINAL_EVENTS
_QUIET = _OF_THE_QUEUE | {EventType.STAGE_PROGRESS}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event in the normal form."""

    type: EventType
    stage: str | None
    payload: dict[str, Any]


def normal_form(events: Sequence[Event]) -> list[Told]:
    """`events` are a whole log, in order."""
    told = [event for event in _finished(events) if event.type not in _QUIET]
    return [
        Told(type=event.type, stage=event.stage, payload=_lasting(event.payload))
        for event in _without_empty_resets(_joined(told))
    ]


def differences(recorded: Sequence[Told], replayed: Sequence[Told]) -> list[str]:
    """A unified diff of two normal forms, line by line; empty when they are equal. At most `MAX_LINES` lines."""
    if list(recorded) == list(replayed):
        return []
    lines = difflib.unified_diff(_lines(recorded), _lines(replayed), "recorded", "replayed", lineterm="", n=2)
    found = [line for _, line in zip(range(MAX_LINES), lines, strict=False)]
    return found or ["only the way in which equal text is told differs"]


def _finished(events: Sequence[Event]) -> list[Event]:
    """The events of finished runs of stages, and the last end of the job."""
    kept: list[Event] = []
    pending: list[Event] = []
    for event in events:
        if event.type in _BROKEN_OFF:
            pending = []
        elif event.type is EventType.JOB_REQUEUED:
            kept, pending = _before(kept, event.payload.get("from_stage")), []
        elif event.type is EventType.STAGE_FINISHED or event.is_terminal:
            kept += [*pending, event]
            pending = []
        else:
            pending.append(event)
    return kept + pending


def _before(events: list[Event], from_stage: str | None) -> list[Event]:
    """What stays of a log when its job is requeued: without the end, and without all from the first run of the stage
    on. What the run that failed had told goes too."""
    kept = [event for event in events if not event.is_terminal]
    finished = [n for n, event in enumerate(kept) if event.type is EventType.STAGE_FINISHED]
    kept = kept[: finished[-1] + 1] if finished else []
    if from_stage is None:
        return kept
    first = next((n for n, event in enumerate(kept) if event.stage == from_stage), len(kept))
    return kept[:first]


def _joined(events: Sequence[Event]) -> list[Event]:
    joined: list[Event] = []
    for event in events:
        last = joined[-1] if joined else None
        if last is not None and event.type in DELTAS and (last.type, last.stage) == (event.type, event.stage):
            text = last.payload["text"] + event.payload["text"]
            joined[-1] = msgspec.structs.replace(last, payload={**last.payload, "text": text})
        else:
            joined.append(event)
    return joined


def _without_empty_resets(events: Sequence[Event]) -> list[Event]:
    kept: list[Event] = []
    stands = False
    for event in events:
        if event.type is EventType.ANSWER_RESET:
            if not stands:
                continue
            stands = False
        stands = stands or event.type is EventType.ANSWER_DELTA
        kept.append(event)
    return kept


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(item) for name, item in value.items() if not _is_left_out(name)}
    return [_lasting(item) for item in value] if isinstance(value, list) else value


def _is_left_out(name: str) -> bool:
    return name in LEFT_OUT or name.endswith("_ms")


def _lines(told: Sequence[Told]) -> list[str]:
    lines: list[str] = []
    for event in told:
        lines.append(f"{event.type.value}  [{event.stage or 'job'}]")
        for line in msgspec.json.format(msgspec.json.encode(event.payload), indent=2).decode().splitlines():
            lines += [f"  {line[start : start + LINE_CHARS]}" for start in range(0, len(line), LINE_CHARS)]
    return lines
