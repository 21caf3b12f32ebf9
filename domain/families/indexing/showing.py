"""What a reader of drawings is shown of each: its text, its surroundings, its sheet, and pictures that can be read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.documents import Block, Box, Document, Page, PageContent, Word, sheet_label
from domain.errors import BlobMissing, DocumentRejected, RegionOutsidePage, Unavailable
from domain.evidence import Picture, RenderSpec
from domain.families.indexing.types import Unit
from domain.llm import ImagePart
from domain.ports import UnitOfWork
from domain.rules_legibility import READABLE_PX, plan_shots
from domain.rules_legibility import Shot as PlannedShot
from domain.rules_seen import from_seen, has_middle_in
from domain.stage import StageContext

TEXT_CHARS = 4_000
NEAR_CHARS = 600
"""Of one drawing in a prompt: enough for a title, rooms and designations. Guesses."""

READ_CHARS = 12
"""Fewer letters inside a drawing are no text: it has to be read off the picture. A guess."""

TITLE_BLOCK_MM = (195.0, 65.0)
"""Width and height of the lower right corner of a sheet: a title block of 185 × 55 mm (GOST R 21.101) and the frame."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is all that stands on the drawing; `is_read`: there is any. `near` stands beside it."""

    unit: Unit
    block: Block
    page: Page
    text: str
    near: str
    is_read: bool
    stamp: dict[str, str]


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a drawing and whether its smallest letters can be read."""

    picture: Picture
    is_readable: bool


async def load_shown(uow: UnitOfWork, document: Document, units: Sequence[Unit]) -> list[Shown]:
    """The units whose block still exists, in the given order."""
    page_nos = sorted({unit.page_no for unit in units})
    blocks: dict[int, list[Block]] = {}
    for block in await uow.documents.blocks(document.id, page_nos=page_nos):
        blocks.setdefault(block.page_no, []).append(block)
    contents = {
        page.page_no: PageContent(
            page=page,
            blocks=tuple(blocks.get(page.page_no, ())),
            words=await uow.documents.words(document.id, page.page_no),
        )
        for page in await uow.documents.pages(document.id, page_nos)
    }
    return [
        show(unit, contents[unit.page_no], stamp=document.stamp)
        for unit in units
        if any(block.id == unit.block_id for block in blocks.get(unit.page_no, ())) and unit.page_no in contents
    ]


def show(unit: Unit, content: PageContent, *, stamp: Mapping[str, str]) -> Shown:
    """A unit of a page as a reader is shown it. `stamp` is the document's; that of the page goes before."""
    block = next(block for block in content.blocks if block.id == unit.block_id)
    title = content.page.facts.title
    told = {**stamp, **content.page.facts.stamp, **({"title": title} if title else {})}
    text = "\n".join(other.content for other in content.blocks if other.content) if unit.is_sheet else block.content
    near = ""
    if not unit.is_sheet and block.box is not None:
        box = block.box
        written = _text_of([word for word in content.words if has_middle_in(word.box, box)])
        text = "\n".join(part for part in (block.content, written) if part)
        near = "\n".join(other.content for other in _beside(block, content.blocks) if other.content)
    is_read = sum(character.isalnum() for character in text) >= READ_CHARS
    return Shown(unit=unit, block=block, page=content.page, text=text, near=near, is_read=is_read, stamp=told)


def as_variable(name: str, shown: Shown, document: Document, pictures: Sequence[tuple[str, Shot]]) -> dict[str, Any]:
    """A drawing as the prompt tells of it."""
    return {
        "id": name,
        "document": document.name,
        "place": sheet_label(shown.page, "ru"),
        "is_sheet": shown.unit.is_sheet,
        "stamp": shown.stamp,
        "heading": shown.block.heading or "",
        "text": shown.text[:TEXT_CHARS],
        "near": shown.near[:NEAR_CHARS],
        "pictures": [{"picture": label, "readable": shot.is_readable} for label, shot in pictures],
    }


async def shoot(ctx: StageContext, document: Document, shown: Shown, side_px: int) -> list[Shot]:
    """Its pictures: one where its text is known, else as many as make its letters readable, within limits. Empty for a
    document without a file or where one cannot be drawn."""
    if document.sha256 is None:
        return []
    shots = []
    for shot in _planned(shown, side_px):
        spec = RenderSpec(
            sha256=document.sha256,
            page_no=shown.page.page_no,
            region=shot.box,
            dpi=shot.dpi,
            longest_px=side_px,
        )
        try:
            picture = await ctx.renderer.render(spec)
        except (RegionOutsidePage, DocumentRejected, BlobMissing, Unavailable):
            return []
        shots.append(Shot(picture=picture, is_readable=shot.glyph_px >= READABLE_PX))
    return shots


def _planned(shown: Shown, side_px: int) -> list[PlannedShot]:
    """A sheet without text that is too large to be read in few pictures is shown whole, for what is drawn, and with its
    title block, for what it is."""
    page = shown.page
    box = None if shown.unit.is_sheet else shown.block.box
    if shown.is_read:
        return plan_shots(page, box, side_px, max_tiles=1)
    shots = plan_shots(page, box, side_px)
    if shown.unit.is_sheet and shots[0].glyph_px < READABLE_PX:
        shots += plan_shots(page, _title_block(page), side_px, max_tiles=1)
    return shots


def _title_block(page: Page) -> Box:
    """Of the unrotated page; the corner is the lower right one as the page is seen."""
    width_mm, height_mm = (side / 72 * 25.4 for side in (page.width_pt, page.height_pt))
    if page.rotation in (90, 270):
        width_mm, height_mm = height_mm, width_mm
    left, top = (max(1 - size / side, 0.0) for size, side in zip(TITLE_BLOCK_MM, (width_mm, height_mm), strict=True))
    return from_seen((left, top, 1.0, 1.0), page.rotation)


def part_of(label: str, shot: Shot) -> ImagePart:
    return ImagePart(digest=shot.picture.digest, mime_type=shot.picture.mime_type, label=label)


def _beside(block: Block, on_page: Sequence[Block]) -> list[Block]:
    """The blocks before and after it in reading order."""
    place = next(n for n, other in enumerate(on_page) if other.id == block.id)
    return [*on_page[max(place - 1, 0) : place], *on_page[place + 1 : place + 2]]


def _text_of(words: Sequence[Word]) -> str:
    """The lines of the words, in reading order."""
    lines: dict[tuple[int, int], list[str]] = {}
    for word in words:
        lines.setdefault((word.block_no, word.line_no), []).append(word.text)
    return "\n".join(" ".join(line) for line in lines.values())
