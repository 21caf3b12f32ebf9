"""What an ingest job is given and what it remembers between its stages."""

from typing import Any
from uuid import UUID

import msgspec

MODE_FILE = "file"
MODE_PREPARED = "prepared"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The payload. `digests` are the parts of a prepared document: `document` (its Markdown), `blocks`, `annotation`
    (JSON), `html`, `pdf` (the file it was made of); any one of `document`, `annotation`, `html` is enough. `is_locked`:
    the file's password is in the vault, under the job's id."""

    document_id: UUID
    mode: str = MODE_FILE
    digests: dict[str, str] = {}
    is_locked: bool = False


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """How the pages are read: `pages` by the render children from `digest`, `prepared` from the parts of a prepared
    document (`digests` as in the source); those of its PDF are read by the children too."""

    kind: str
    digest: str = ""
    digests: dict[str, str] = {}


class ReadingState(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint. Pages before `next_page` are stored; `lost_code` is why the first lost page was lost.
    `heading` is the last one read. `pages_for_ocr` are those without text: a job of their own recognises them."""

    source: Source
    reader: Reader | None = None
    page_count: int = 0
    next_page: int = 1
    batch_pages: int = 8
    lost_pages: int = 0
    lost_code: str | None = None
    pages_for_ocr: int = 0
    stamp: dict[str, str] = {}
    heading: str | None = None


def start(payload: dict[str, Any]) -> ReadingState:
    return ReadingState(source=msgspec.convert(payload, Source))
