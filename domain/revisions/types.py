"""The difference of two revisions, page by page. `a` is the earlier one, `b` the later one."""

from enum import StrEnum

import msgspec

from domain import rules_seen
from domain.documents import Box, Page, Word


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class Layer(StrEnum):
    """What of the page was compared: its text, its vector paths or its pixels."""

    TEXT = "text"
    VECTOR = "vector"
    RASTER = "raster"


class ChangeClass(StrEnum):
    DIMENSION = "dimension"
    DESIGNATION = "designation"
    NOTE = "note"
    TABLE_CELL = "table_cell"
    GEOMETRY = "geometry"
    COSMETIC = "cosmetic"


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Change(msgspec.Struct, frozen=True, kw_only=True, rename={"change_class": "class"}):
    """One change. Boxes are 0–1 of the unrotated page of their own revision; a side without a trace has none.

    `before` and `after` are the words of either side, null where there are none. `place` names the row and the column
    of a changed table cell.
    """

    kind: ChangeKind
    layer: Layer
    boxes_a: tuple[Box, ...] = ()
    boxes_b: tuple[Box, ...] = ()
    before: str | None = None
    after: str | None = None
    change_class: ChangeClass
    severity: Severity
    place: str | None = None


class PagePair(msgspec.Struct, frozen=True, kw_only=True):
    """Pages that show the same sheet, numbered from 1. A null page: the sheet is on one side only."""

    page_a: int | None
    page_b: int | None
    similarity: float = 0.0


class PageDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of pages compared. `changes` are at most 300, the gravest first; `changes_total` counts them all.

    `overlay` is the digest of a PNG: what went is red, what came is blue. `warnings` say what could not be compared.
    """

    page_a: int | None
    page_b: int | None
    similarity: float
    layers: tuple[Layer, ...] = ()
    changes: tuple[Change, ...] = ()
    changes_total: int = 0
    overlay: str | None = None
    warnings: tuple[str, ...] = ()


class PageText(msgspec.Struct, frozen=True, kw_only=True):
    """A page with its words in reading order; `tables` are the numbers of its blocks that are tables."""

    page: Page
    words: tuple[Word, ...] = ()
    tables: frozenset[int] = frozenset()


class Stroke(msgspec.Struct, frozen=True, array_like=True):
    """A straight line or a curve by its ends, in points of the page as seen (rotation applied).

    `curve` is 0 for a line, else a number that equal curves share (from their control points, relative to the start).
    """

    x0: float
    y0: float
    x1: float
    y1: float
    curve: int = 0


class PageDrawing(msgspec.Struct, frozen=True):
    """The vector drawing of a page, in drawing order."""

    strokes: tuple[Stroke, ...] = ()


class PictureRegion(msgspec.Struct, frozen=True, kw_only=True):
    """A changed place of two pictures: boxes 0–1 of either picture, null where that side shows nothing."""

    kind: ChangeKind
    box_a: Box | None
    box_b: Box | None


class PictureDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Changed places of two pictures of one sheet, larger ones first, and the digest of the overlay (PNG)."""

    regions: tuple[PictureRegion, ...]
    overlay_digest: str


Point = tuple[float, float]


def seen_size(page: Page) -> tuple[float, float]:
    """Width and height in points of the page as seen."""
    size = (page.width_pt, page.height_pt)
    return (size[1], size[0]) if page.rotation in (90, 270) else size


def to_seen(page: Page, box: Box) -> Box:
    """A box of the unrotated page (0–1) in points of the page as seen."""
    width, height = seen_size(page)
    x0, y0, x1, y1 = rules_seen.to_seen(box, page.rotation)
    return (x0 * width, y0 * height, x1 * width, y1 * height)


def from_seen(page: Page, box: Box) -> Box:
    """The inverse of `to_seen`, cut to the page and rounded to five places."""
    width, height = seen_size(page)
    share = (box[0] / (width or 1.0), box[1] / (height or 1.0), box[2] / (width or 1.0), box[3] / (height or 1.0))
    x0, y0, x1, y1 = (round(min(max(edge, 0.0), 1.0), 5) for edge in rules_seen.from_seen(share, page.rotation))
    return (x0, y0, x1, y1)
