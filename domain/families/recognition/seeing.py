"""Reads a page by a model that takes pictures: one call for each legible part of the page."""

import asyncio

from domain.documents import Box, Page, PageContent
from domain.errors import ProviderFailed
from domain.evidence import RenderSpec
from domain.families.recognition.rules_recognised import SeenReply, make_page
from domain.llm import ImagePart
from domain.recognition import seen_size, tiles_of, to_unrotated
from domain.stage import Asked, StageContext

ROLE = "ocr"
PROMPT = "ingest/recognise"

DPI = 180
"""Letters of 2.5 mm are 18 px high; 12 are legible (peers.md §5d)."""

ASK_S = 150.0
"""For one part of a page with its repair. A guess."""

AT_ONCE = 3
"""Parts of a page that are asked about at a time. A guess."""


def can_see(ctx: StageContext) -> bool:
    can = ctx.capabilities(ROLE)
    return can.images and not can.offline


async def see_page(ctx: StageContext, digest: str, page: Page) -> PageContent:
    """The page as the model transcribes it. Raises what `ctx.ask` and the renderer raise."""
    side_px = ctx.capabilities(ROLE).picture_sides_px[-1]
    tiles = tiles_of(seen_size(page.width_pt, page.height_pt, page.rotation), DPI, side_px)
    free = asyncio.Semaphore(AT_ONCE)

    async def see(number: int, tile: Box) -> Asked:
        async with free:
            return await _see_tile(
                ctx, digest, page, tile, side_px, f"part {number} of {len(tiles)} of page {page.page_no}"
            )

    tasks = [asyncio.create_task(see(number, tile)) for number, tile in enumerate(tiles, start=1)]
    try:
        asked = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    replies = [(tile, reply.reply) for tile, reply in zip(tiles, asked, strict=True)]
    return make_page(page, replies, f"model:{asked[0].model}")


async def _see_tile(ctx: StageContext, digest: str, page: Page, tile: Box, side_px: int, place: str) -> Asked:
    spec = RenderSpec(
        sha256=digest, page_no=page.page_no, region=to_unrotated(tile, page.rotation), dpi=DPI, longest_px=side_px
    )
    picture = await ctx.renderer.render(spec)
    parts = (ImagePart(digest=picture.digest, mime_type=picture.mime_type, label="P1"),)
    try:
        async with asyncio.timeout(ASK_S):
            return await ctx.ask(ROLE, PROMPT, {"place": place}, SeenReply, parts=parts)
    except TimeoutError as error:
        raise ProviderFailed(f"no whole reply within {ASK_S:.0f} s") from error
