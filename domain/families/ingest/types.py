"""What an ingest job is given and what it remembers between its stages."""

from typing import Any
from uuid import UUID

import msgspec

MODE_FILE = "file"
MODE_PREPARED = "prepared"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The payload. `digests` of a prepared document: `document` (its Markdown) and perhaps `blocks` (its JSON)."""

    document_id: UUID
    mode: str = MODE_FILE
    digests: dict[str, str] = {}


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """How the pages are read: `pages` by the render children, `prepared` or `text` from a text given by digest."""

    kind: str
    digest: str
    blocks_digest: str | None = None


class ReadingState(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint. Pages before `next_page` are stored; `lost_code` is why the first lost page was lost."""

    source: Source
    reader: Reader | None = None
    page_count: int = 0
    next_page: int = 1
    lost_pages: int = 0
    lost_code: str | None = None
    pages_for_ocr: int = 0
    stamp: dict[str, str] = {}


def start(payload: dict[str, Any]) -> ReadingState:
    return ReadingState(source=msgspec.convert(payload, Source))
