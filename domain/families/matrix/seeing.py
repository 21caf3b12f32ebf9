"""Pictures of places without text, for a model that sees: what only a picture shows may be told, never decided."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.documents import Block, BlockKind, Box
from domain.errors import (
    BlobMissing,
    DocumentRejected,
    NotFound,
    PageWithoutPicture,
    RegionOutsidePage,
    Unavailable,
)
from domain.evidence import RenderSpec
from domain.families.matrix.rules_judging import Candidate
from domain.families.matrix.rules_statements import Statement
from domain.families.matrix.types import ReadDocument
from domain.llm import ImagePart
from domain.stage import StageContext

MAX_PICTURES = 4
MAX_PAGES = 3
"""Of one question, and the best pages whose pictures are looked at. Guesses."""

MIN_TEXT = 40
"""Characters: a picture with more text is read by its words. A guess."""

DPI = 200
GROWTH = 0.1
"""Of a block's size, added on each side: crops are 1.2 times the box (DESIGN §6)."""

NOT_DRAWN = (BlobMissing, DocumentRejected, PageWithoutPicture, RegionOutsidePage, Unavailable)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as a model gets it, and the block that it shows as a candidate without words."""

    ref: str
    part: ImagePart
    candidate: Candidate


async def pictures_for(ctx: StageContext, role: str, candidates: Sequence[Candidate]) -> list[Seen]:
    """Crops of blocks without text on the pages of the best candidates; none for a model that cannot see. A picture
    that cannot be drawn is left out: what it shows stays unknown."""
    can = ctx.capabilities(role)
    if can.offline or not can.images:
        return []
    found: list[Seen] = []
    for document, page_no, sheet in _best_pages(candidates):
        for block in await _blocks_without_text(ctx, document, page_no):
            if len(found) == MAX_PICTURES:
                return found
            part = await _drawn(ctx, document, block, f"P{len(found) + 1}", can.picture_sides_px[2])
            if part is not None:
                shown = Candidate(document=document, block=block, sheet=sheet, statement=Statement(text=""))
                found.append(Seen(ref=part.label, part=part, candidate=shown))
    return found


def _best_pages(candidates: Sequence[Candidate]) -> list[tuple[ReadDocument, int, str]]:
    pages: dict[tuple[UUID, int], tuple[ReadDocument, int, str]] = {}
    for candidate in candidates:
        if candidate.document.has_file and len(pages) < MAX_PAGES:
            key = (candidate.document.id, candidate.block.page_no)
            pages.setdefault(key, (candidate.document, candidate.block.page_no, candidate.sheet))
    return list(pages.values())


async def _blocks_without_text(ctx: StageContext, document: ReadDocument, page_no: int) -> list[Block]:
    async with ctx.uow() as uow:
        blocks = await uow.documents.blocks(document.id, page_no=page_no)
    return [b for b in blocks if b.kind is BlockKind.IMAGE and b.box is not None and len(b.content.strip()) < MIN_TEXT]


async def _drawn(
    ctx: StageContext, document: ReadDocument, block: Block, ref: str, longest_px: int
) -> ImagePart | None:
    try:
        async with ctx.uow() as uow:
            sha256 = (await uow.documents.get(document.id)).sha256
    except NotFound:
        return None
    if sha256 is None or block.box is None:
        return None
    spec = RenderSpec(sha256=sha256, page_no=block.page_no, region=_grown(block.box), dpi=DPI, longest_px=longest_px)
    try:
        picture = await ctx.renderer.render(spec, pinned=True)
    except NOT_DRAWN:
        return None
    return ImagePart(digest=picture.digest, mime_type=picture.mime_type, label=ref)


def _grown(box: Box) -> Box:
    x0, y0, x1, y1 = box
    wide, high = GROWTH * (x1 - x0), GROWTH * (y1 - y0)
    return (max(0.0, x0 - wide), max(0.0, y0 - high), min(1.0, x1 + wide), min(1.0, y1 + high))
