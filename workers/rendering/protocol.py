"""What a worker and its render children say to each other: length-prefixed msgpack over a socket pair.

The file of a task travels as an open descriptor, never as a path: a child has no rights to open files.
"""

import struct

import msgspec

from domain.counting.traces import TraceAsk, Traced
from domain.counting.types import Shape, ShapesFound
from domain.documents import Box, PageContent
from domain.evidence import Drawing, RenderSpec
from domain.revisions.types import PageDrawing
from workers.rendering.recognising_types import SeenPage

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


class Decrypt(msgspec.Struct, frozen=True, tag="decrypt"):
    """Answered by `Piece`s of the file without its encryption, then `Done`."""

    password: str


class ReadDrawing(msgspec.Struct, frozen=True, tag="read_drawing"):
    """Answered by `DrawingRead`."""

    page_no: int


class ReadShape(msgspec.Struct, frozen=True, tag="read_shape"):
    """The strokes that lie in a box whole. Answered by `ShapeRead`. `box` in points of the page as seen."""

    page_no: int
    box: Box


class FindShapes(msgspec.Struct, frozen=True, tag="find_shapes"):
    """Where a sample stands on a page. Answered by `ShapesRead`. `scales`: the least and greatest size against it."""

    page_no: int
    shape: Shape
    scales: tuple[float, float]


class TracePaths(msgspec.Struct, frozen=True, tag="trace"):
    """The contour around a place, or the lines through it. Answered by `PathsTraced`."""

    page_no: int
    ask: TraceAsk


class ReadRecognised(msgspec.Struct, frozen=True, tag="read_recognised"):
    """A page with what was recognised on its picture. Answered by `PageRead`, then `Done`."""

    seen: SeenPage
    read_by: str
    page_cpu_s: float = 2.0


Task = (
    CountPages | ReadPages | ReadRecognised | DrawRegion | Decrypt | ReadDrawing | ReadShape | FindShapes | TracePaths
)


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


class DrawingRead(msgspec.Struct, frozen=True, tag="drawing_read"):
    drawing: PageDrawing


class ShapeRead(msgspec.Struct, frozen=True, tag="shape_read"):
    shape: Shape


class ShapesRead(msgspec.Struct, frozen=True, tag="shapes_read"):
    found: ShapesFound


class PathsTraced(msgspec.Struct, frozen=True, tag="paths_traced"):
    traced: Traced


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    drawing: Drawing


class Piece(msgspec.Struct, frozen=True, tag="piece"):
    """The next bytes of a file."""

    data: bytes


class Done(msgspec.Struct, frozen=True, tag="done"):
    """All of the task has been said."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The task ended with a typed failure. `detail` is for the log; `spent`: this child should be replaced."""

    code: str
    detail: str = ""
    spent: bool = False


Reply = (
    Ready
    | Counted
    | PageBegun
    | PageRead
    | DrawingRead
    | ShapeRead
    | ShapesRead
    | PathsTraced
    | Drawn
    | Piece
    | Done
    | Failed
)
LAST_REPLIES = (Counted, DrawingRead, ShapeRead, ShapesRead, PathsTraced, Drawn, Done, Failed)
