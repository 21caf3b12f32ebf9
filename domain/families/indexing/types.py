"""What an indexing job is given, what it remembers between its stages, and what a reader of drawings must return."""

from typing import Any
from uuid import UUID

import msgspec

from domain.drawings import BY_MODEL


class IndexWish(msgspec.Struct, frozen=True, kw_only=True):
    """The payload. `wanted` is who describes; `force`: what is fresh is told again, too."""

    document_id: UUID
    wanted: str = BY_MODEL
    force: bool = False


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """What gets one entry: a drawing block, or a sheet as a whole by the block it is known by."""

    block_id: str
    page_no: int
    is_sheet: bool = False

    @property
    def key(self) -> tuple[str, bool]:
        return self.block_id, self.is_sheet


class IndexState(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint. `todo` are the units yet to be described; the first `alone` of them are asked about one by one:
    together they gave no reply. `refused` counts refusals in a row. `left` were not asked about: the budget was used
    up, or there are too many."""

    wish: IndexWish
    sha256: str = ""
    version: str = ""
    todo: tuple[Unit, ...] = ()
    planned: int = 0
    alone: int = 0
    refused: int = 0
    fresh: int = 0
    told: int = 0
    failed: int = 0
    left: int = 0
    model: str = ""


class ReplyDrawing(msgspec.Struct, frozen=True, kw_only=True):
    """One drawing as told. `id` is the one it was shown under."""

    id: str
    title: str
    discipline: str
    what_is_drawn: str
    floor_or_section: str = ""
    scale: str = ""
    keywords: tuple[str, ...] = ()
    system_codes: tuple[str, ...] = ()


class IndexReply(msgspec.Struct, frozen=True, kw_only=True):
    drawings: tuple[ReplyDrawing, ...]


def start(payload: dict[str, Any]) -> IndexState:
    return IndexState(wish=msgspec.convert(payload, IndexWish))
