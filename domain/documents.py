"""What a document is once read: pages, blocks and words.

Coordinates: a box is (x0, y0, x1, y1), each 0–1 of the *unrotated* page, origin top left, x right, y down.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

Box = tuple[float, float, float, float]
PageKey = tuple[UUID, int]
"""A document and the number of its page."""


class BlockKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    TABLE = "table"


class DocumentStatus(StrEnum):
    """`reading` until its ingest job ends; `failed` keeps the reason in `error_code`."""

    READING = "reading"
    READY = "ready"
    FAILED = "failed"


class RecognitionState(StrEnum):
    """Of the pages without text: `none` need it, or they are waited for, were looked at, or their job ended early."""

    NONE = "none"
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """How far the pages without text are. `pages` are those without text when the document was read, `pages_done` those
    looked at since, `pages_left` those that have no text yet: while it goes on, and those that nothing could read."""

    state: RecognitionState = RecognitionState.NONE
    job_id: UUID | None = None
    pages: int = 0
    pages_done: int = 0
    pages_left: int = 0
    error_code: str | None = None
    error_ru: str | None = None
    error_en: str | None = None


class Word(msgspec.Struct, frozen=True, array_like=True):
    """One word of a page: text, box, and where it stands: `block_no` and `line_no` count from 0 in reading order."""

    text: str
    box: Box
    block_no: int
    line_no: int


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a page. `box` is null for documents prepared elsewhere whose source PDF did not come.

    `crop` is the digest of a picture or one-page PDF of the block that came with a prepared document.
    """

    id: str
    page_no: int
    block_no: int
    kind: BlockKind
    content: str
    box: Box | None = None
    links: tuple[str, ...] = ()
    category: str | None = None
    heading: str | None = None
    crop: str | None = None


class PageFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured of a page. `sheet` is the sheet number of the stamp, `smallest_glyph_pt` a font size.

    `read_by` is `text`, `recognised_layer` (text that came with a scan), `prepared`, `tesseract`, `model:<name>` or
    `nothing`; `confidence` (0–1) is the program's own, where it tells one."""

    characters: int = 0
    picture_coverage: float = 0.0
    smallest_glyph_pt: float | None = None
    needs_ocr: bool = False
    read_by: str = "text"
    sheet: str | None = None
    title: str | None = None
    stamp: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    confidence: float | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`page_no` from 1; width and height in points of the unrotated page; rotation 0, 90, 180 or 270 clockwise."""

    page_no: int
    width_pt: float
    height_pt: float
    rotation: int = 0
    # A factory, not a value: Litestar hashes the defaults of a struct, and a struct that holds a dict has no hash.
    facts: PageFacts = msgspec.field(default_factory=PageFacts)


class PageContent(msgspec.Struct, frozen=True, kw_only=True):
    """All that reading one page gave: the page, its blocks in reading order, its words."""

    page: Page
    blocks: tuple[Block, ...] = ()
    words: tuple[Word, ...] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """`pages_done` grows while reading. `sha256` is null for prepared documents without their source file. The pages
    that have text can be used while `recognition` goes on."""

    id: UUID
    owner_id: UUID
    name: str
    status: DocumentStatus
    file_id: UUID | None = None
    sha256: str | None = None
    mime_type: str = "application/pdf"
    page_count: int | None = None
    pages_done: int = 0
    supersedes_id: UUID | None = None
    source: str = "upload"
    node_id: UUID | None = None
    stamp: dict[str, str] = {}
    error_code: str | None = None
    error_ru: str | None = None
    error_en: str | None = None
    job_id: UUID | None = None
    # A factory: Litestar writes a value that is a struct into the API's description as it is.
    recognition: Recognition = msgspec.field(default_factory=Recognition)
    created_at: datetime | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether more of it is going to be known by itself: questions wait for that."""
        return self.status is DocumentStatus.READING or self.recognition.state is RecognitionState.PENDING


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """An uploaded file; its bytes stand in the blob store under `sha256`."""

    id: UUID
    owner_id: UUID
    filename: str
    mime_type: str
    size_bytes: int
    sha256: str
    created_at: datetime | None = None


class DocumentFile(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a prepared document as it came. `file_type`: document, blocks, html, annotation, pdf, crop."""

    id: UUID
    document_id: UUID
    file_type: str
    file_name: str
    mime_type: str
    size_bytes: int
    sha256: str
    created_at: datetime | None = None


class TreeNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the project tree. The node of a document has the document's id."""

    id: UUID
    name: str
    node_type: str
    parent_id: UUID | None = None
    client_id: str | None = None
    code: str | None = None
    version: int = 1
    status: str = "active"
    attributes: dict[str, Any] = {}
    sort_order: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Who may see (`read`) or change (`write`) a document, or all below a node; `user_id` null: everyone."""

    user_id: UUID | None
    access: str = "read"
    username: str | None = None
    created_at: datetime | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One search result. `block_id` is null at page level. `boxes` are those of the snippet's words, may be empty."""

    document_id: UUID
    document_name: str
    page_no: int
    block_id: str | None
    score: float
    snippet: str
    boxes: tuple[Box, ...] = ()


def lines_of(words: Iterable[Word]) -> Iterator[list[Word]]:
    """The words line by line; they come in reading order."""
    for _, line in groupby(words, key=lambda word: (word.block_no, word.line_no)):
        yield list(line)


def sheet_label(page: Page, language: str) -> str:
    """The page as engineers say it: «лист 5 (стр. 7)», or the page alone when the stamp names no sheet."""
    sheet = page.facts.sheet
    if language == "en":
        return f"sheet {sheet} (p. {page.page_no})" if sheet else f"p. {page.page_no}"
    return f"лист {sheet} (стр. {page.page_no})" if sheet else f"стр. {page.page_no}"


def union(boxes: list[Box] | tuple[Box, ...]) -> Box:
    """The smallest box around all boxes; at least one is needed."""
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
