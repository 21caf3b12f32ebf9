"""What a recognition job is given and what it remembers between its stages."""

from typing import Any
from uuid import UUID

import msgspec


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """The payload. The file is the document's own: it is not named here, so that it may go with the document."""

    document_id: UUID


class RecognitionJob(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint. `pages` need it, `planned` of them are looked at, `todo` of these are left; `page_no` is the last
    one recognised, `heading` the heading it ends under, `last_error` the code of the last page that nothing could
    read."""

    task: Task
    pages: int = 0
    planned: int = 0
    todo: tuple[int, ...] = ()
    recognised: int = 0
    page_no: int = 0
    heading: str | None = None
    stamp: dict[str, str] = {}
    model_gave_up: bool = False
    last_error: str | None = None

    @property
    def pages_done(self) -> int:
        return self.planned - len(self.todo)

    @property
    def pages_left(self) -> int:
        return self.pages - self.recognised


def start(payload: dict[str, Any]) -> RecognitionJob:
    return RecognitionJob(task=msgspec.convert(payload, Task))
