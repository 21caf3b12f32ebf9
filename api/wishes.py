"""What a request wants to see of a page, as a `RenderSpec`. Pure; faults name the parameter."""

from typing import Literal

import msgspec

from domain.documents import Box, Page
from domain.errors import Fault, InvalidInput
from domain.evidence import RenderKind, RenderSpec
from domain.rules_seen import WHOLE, part_of, sector_of

Kind = Literal["page", "region", "overview", "quadrant", "thumbnail"]
Format = Literal["png", "jpeg", "jpg", "webp"]

DPI = 150
MAX_DPI = 400
MAX_MARKS = 100

QUADRANTS: dict[str, Box] = {
    "tl": (0.0, 0.0, 0.55, 0.55),
    "tr": (0.45, 0.0, 1.0, 0.55),
    "bl": (0.0, 0.45, 0.55, 1.0),
    "br": (0.45, 0.45, 1.0, 1.0),
}
"""Parts of the page as read, with 10 % overlap (spec/aizoomdoc.md §1.7)."""


class PictureWish(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a request, as they came."""

    kind: Kind | None = None
    region: str | None = None
    part: str | None = None
    marks: str | None = None
    dpi: int | None = None
    longest: int | None = None
    grid: bool = False
    image_format: Format = "png"


def spec_of(wish: PictureWish, sha256: str, page_no: int, page: Page | None) -> RenderSpec:
    """Raises InvalidInput. `page` is needed for parts only: they are those of the page as read.

    Who names a dpi gets a region of just that many pixels; else small regions are drawn larger. Who names a longest
    side alone gets it at up to 400 dpi.
    """
    region = _region(wish, page)
    kind = _kind(wish, region)
    dpi = wish.dpi or (MAX_DPI if wish.longest else DPI)
    spec = RenderSpec(
        sha256=sha256,
        page_no=page_no,
        kind=kind,
        region=region,
        dpi=dpi,
        longest_px=wish.longest,
        grid=wish.grid,
        marks=_marks(wish.marks),
        image_format="jpeg" if wish.image_format == "jpg" else wish.image_format,
    )
    return msgspec.structs.replace(spec, least_px=0) if wish.dpi or wish.longest else spec


def _kind(wish: PictureWish, region: Box | None) -> RenderKind:
    if wish.kind is None:
        return RenderKind.PAGE if region is None else RenderKind.REGION
    if wish.kind in ("region", "quadrant"):
        if region is None:
            name = "part" if wish.kind == "quadrant" else "region"
            raise _fault(name, f"is needed for kind={wish.kind}")
        return RenderKind.REGION
    if region is not None:
        raise _fault("region" if wish.region is not None else "part", f"is not for kind={wish.kind}")
    return RenderKind(wish.kind)


def _region(wish: PictureWish, page: Page | None) -> Box | None:
    if wish.part is None:
        if wish.kind == "quadrant" and wish.region is not None:
            raise _fault("region", "is not for kind=quadrant, which needs part")
        return None if wish.region is None else box_of(wish.region, "region")
    if wish.region is not None:
        raise _fault("part", "is not to be given together with region")
    part = QUADRANTS.get(wish.part.lower())
    if part is None and wish.kind != "quadrant":
        part = sector_of(wish.part)
    if part is None:
        raise _fault("part", "needs tl, tr, bl or br" + ("" if wish.kind == "quadrant" else ", or a sector A1 to C3"))
    if page is None:
        raise _fault("part", "the page has not been read yet: name a region")
    return part_of(WHOLE, part, page.rotation)


def _marks(text: str | None) -> tuple[Box, ...]:
    if text is None or text == "":
        return ()
    marks = text.split(";")
    if len(marks) > MAX_MARKS:
        raise _fault("marks", f"at most {MAX_MARKS} boxes")
    return tuple(box_of(mark, "marks") for mark in marks)


def box_of(text: str, name: str) -> Box:
    """Raises InvalidInput for anything but four numbers from 0 to 1 that make a box."""
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _fault(name, "needs x0,y0,x1,y1") from error
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise _fault(name, "needs 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1")
    return (x0, y0, x1, y1)


def _fault(name: str, message: str) -> InvalidInput:
    return InvalidInput(name, faults=(Fault(f"query:{name}", message),))
