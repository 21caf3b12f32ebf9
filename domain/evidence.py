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
    document has no coordinates. `sheet` is the page as engineers say it, in the language of the answer. `picture` is
    the number of the evidence picture that was cited, if one was.
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
    picture: int | None = None


class PictureKind(StrEnum):
    """The names are those of the former system (spec/aizoomdoc.md §1.2, image_ready). `overview` says where things are,
    never what they are; `quadrant` is one of several tiles of a place; `roi` is a place whole."""

    OVERVIEW = "overview"
    QUADRANT = "quadrant"
    ROI = "roi"


class EvidencePicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that a model was shown or that the user pointed at: kept as long as the answer.

    `number` counts from 1 in the job; models know the picture as P1, P2 … `box` is in the unrotated page, null is the
    whole page. `glyph_px` is the height of the smallest letters of the place as the model sees them, after its
    provider's own downscale; `glyph_by` says how the letters' size is known (`rules_glyphs.GlyphsBy`).

    `reason` is why the model wanted it, in its words, else why it was taken; `why` is that reason's name,
    `reason_ru` and `reason_en` its texts.
    """

    number: int
    kind: PictureKind
    document_id: UUID
    document_name: str
    page_no: int
    sheet: str
    digest: str
    mime_type: str
    width_px: int
    height_px: int
    dpi: int
    block_id: str | None = None
    box: Box | None = None
    glyph_px: float | None = None
    glyph_by: str = ""
    reason: str = ""
    why: str = ""
    reason_ru: str = ""
    reason_en: str = ""

    @property
    def ref(self) -> str:
        return f"P{self.number}"


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """A place the user points at with a message. `page_no` from 1; `box` null means the whole page."""

    document_id: UUID
    page_no: int
    box: Box | None = None


class RenderKind(StrEnum):
    """`overview` says where things are, never what they are: the whole page, small, usually with the grid. `tile` is a
    part of a deep-zoom pyramid."""

    REGION = "region"
    PAGE = "page"
    OVERVIEW = "overview"
    THUMBNAIL = "thumbnail"
    TILE = "tile"


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle of the page as read, drawn so large that the whole page would be `level_width_px` by
    `level_height_px`. Pixels, origin top left; right and bottom edges (`left + width`) exclusive."""

    level_width_px: int
    level_height_px: int
    left: int
    top: int
    width: int
    height: int


class RenderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to draw. `region` is in the unrotated page; null is the whole page. `marks` are boxes drawn as outlines.

    The picture is shown as the page is read (rotation applied). dpi 36–400; the renderer lowers it to keep the
    picture within its pixel limit and to the scanner's own where a scan is shown, and says so in the result. With
    `longest_px` the dpi is the one that makes the longer side of the picture, border included, at most that long (never
    above `dpi`); overviews and thumbnails have a longest side anyway. A `region` smaller than `least_px` on its longer
    side is drawn larger; 0 turns that off. `grid` draws the sectors A1–C3 of the shown part, labels on an added border.
    `tile` is for the kind of that name, and then decides alone. Formats: png, jpeg, webp.
    """

    sha256: str
    page_no: int
    kind: RenderKind = RenderKind.REGION
    region: Box | None = None
    dpi: int = 150
    longest_px: int | None = None
    least_px: int = 512
    grid: bool = False
    marks: tuple[Box, ...] = ()
    tile: Tile | None = None
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
