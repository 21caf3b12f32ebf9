"""What a worker and its render children say to each other: length-prefixed msgpack over a socket pair.

The file of a task travels as an open descriptor, never as a path: a child has no rights to open files.
"""

import struct

import msgspec

from domain.documents import PageContent
from domain.evidence import Drawing, RenderSpec

HEADER = struct.Struct(">I")
"""The length of the message that follows, in bytes."""

MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024
"""Of one reply, a picture included (reliability.md §5.1)."""


UNREAD = "nothing"
"""The `read_by` of a page that could not be read at all."""


class CountPages(msgspec.Struct, frozen=True, tag="count"):
    """Answered by `Counted`."""


class ReadPages(msgspec.Struct, frozen=True, tag="read"):
    """Answered by `PageBegun` and `PageRead` for each page, then `Done`. Pages from 1, both inclusive."""

    first: int
    last: int
    page_cpu_s: float = 2.0


class DrawRegion(msgspec.Struct, frozen=True, tag="draw"):
    """Answered by `Drawn`."""

    spec: RenderSpec


Task = CountPages | ReadPages | DrawRegion


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child's first message: which of its confinements are in force."""

    confined_by: tuple[str, ...]


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    page_count: int


class PageBegun(msgspec.Struct, frozen=True, tag="page_begun"):
    """Said before the work on a page, so that a page which kills the child keeps its number and size."""

    page_no: int
    width_pt: float
    height_pt: float
    rotation: int


class PageRead(msgspec.Struct, frozen=True, tag="page_read"):
    content: PageContent


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    drawing: Drawing


class Done(msgspec.Struct, frozen=True, tag="done"):
    """All of the task has been said."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The task ended with a typed failure. `detail` is for the log; `spent`: this child should be replaced."""

    code: str
    detail: str = ""
    spent: bool = False


Reply = Ready | Counted | PageBegun | PageRead | Drawn | Done | Failed
LAST_REPLIES = (Counted, Drawn, Done, Failed)
