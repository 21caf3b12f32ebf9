"""Evidence: what an answer stands on, and regions of pages as pictures."""

from enum import StrEnum
from uuid import UUID

import msgspec

from domain.documents import Box


class CitationKind(StrEnum):
    """The names are those of the AIZoomDoc answer schema (spec/aizoomdoc.md §1.4)."""

    TEXT_BLOCK = "text_block"
    IMAGE_BLOCK = "image_block"
    ROI = "roi"


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a document that supports the answer, resolved by the server from a block id and quoted words.

    `number` counts from 1 in the order of the answer. `boxes` are exact (unions of glyph boxes) or empty when the
    document has no coordinates. `sheet` is the page as engineers say it, in the language of the answer.
    """

    number: int
    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    kind: CitationKind = CitationKind.TEXT_BLOCK
    block_id: str | None = None
    boxes: tuple[Box, ...] = ()
    quote: str = ""
    note: str | None = None


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """A place the user points at with a message. `page_no` from 1; `box` null means the whole page."""

    document_id: UUID
    page_no: int
    box: Box | None = None


class RenderKind(StrEnum):
    REGION = "region"
    PAGE = "page"
    THUMBNAIL = "thumbnail"


class RenderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to draw. `region` is in the unrotated page; null is the whole page. `marks` are boxes drawn as outlines.

    The picture is shown as the page is read (rotation applied). dpi 36–400; the renderer lowers it to keep the
    picture within its pixel limit and says so in the result.
    """

    sha256: str
    page_no: int
    kind: RenderKind = RenderKind.REGION
    region: Box | None = None
    dpi: int = 150
    marks: tuple[Box, ...] = ()
    image_format: str = "png"


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered picture in the blob store. `dpi` is the one really used."""

    digest: str
    mime_type: str
    width_px: int
    height_px: int
    size_bytes: int
    dpi: int


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A picture just drawn, not yet stored. `dpi` is the one really used."""

    data: bytes
    mime_type: str
    width_px: int
    height_px: int
    dpi: int
