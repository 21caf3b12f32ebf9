"""What the server counted or measured itself: a fact for the model, cited by it as C1, C2 …, shown with boxes."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from domain.documents import Box


class Method(StrEnum):
    """How a number came about. `tiles`: a model was shown every part of a sheet once; never one look at a whole."""

    TEXT = "text"
    SCHEDULE = "schedule"
    SHAPES = "shapes"
    TILES = "tiles"
    SCALE = "scale"


class TallyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The counted things of one page. `boxes` are in the unrotated page; those beyond `MAX_BOXES` of a job are in the
    blob alone. `picture` is the number of the evidence picture that shows them."""

    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    count: int
    boxes: tuple[Box, ...] = ()
    picture: int | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """One thing counted in one way. `total` is null when it could not be counted to its end; `statement` says all of it
    in the language of the question: the number, where, how, and what it does not cover. `boxes_digest` is the blob with
    all boxes as JSON, when they are too many for the state."""

    number: int = 0
    target: str
    method: Method
    total: int | None
    statement: str
    pages: tuple[TallyPage, ...] = ()
    boxes_digest: str | None = None

    @property
    def ref(self) -> str:
        return f"C{self.number}"


class TileCount(msgspec.Struct, frozen=True, kw_only=True):
    """A count by a model, part by part of one sheet: how many parts there are, how many were looked at, and the boxes
    found (in the unrotated page) with the number of their part."""

    thing: str
    document_id: UUID
    page_no: int
    tiles: int = 0
    looked: int = 0
    boxes: tuple[tuple[int, Box], ...] = ()
    is_over: bool = False


MAX_BOXES = 2_000
"""Of all counts of a job, in its state: 80 KB of the 256 KB it has. A guess."""


MAX_PAGES = 30
"""Of one count; further pages are told in its statement alone. A guess."""

MAX_ALL_PAGES = 120
"""Of all counts of a job, in its state and again in its citations: 2 × 45 KB. A guess."""


def numbered(tallies: Sequence[Tally]) -> list[Tally]:
    return [msgspec.structs.replace(tally, number=number) for number, tally in enumerate(tallies, start=1)]


def few_pages(tally: Tally, room: int) -> tuple[Tally, int]:
    """The tally with its first pages, at least one, and what is left of the room for pages."""
    kept = tally.pages[: max(min(MAX_PAGES, room), 1)]
    return msgspec.structs.replace(tally, pages=kept), room - len(kept)


def within_room(tally: Tally, room: int) -> tuple[Tally, int]:
    """The tally with at most `room` boxes, and what is left of the room."""
    pages: list[TallyPage] = []
    for page in tally.pages:
        kept = page.boxes[: max(room, 0)]
        room -= len(kept)
        pages.append(msgspec.structs.replace(page, boxes=kept))
    return msgspec.structs.replace(tally, pages=tuple(pages)), room


def unboxed(tallies: Sequence[Tally]) -> tuple[Tally, ...]:
    """The tallies without boxes, once the answer's citations hold them."""
    return tuple(within_room(tally, 0)[0] for tally in tallies)
