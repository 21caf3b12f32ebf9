"""Stage `count`: what the question wants counted is counted, before the answer is written. No model guesses a number.

By text where it is a designation or a word, by vector shape where the user points at a symbol, by a model that is
shown every part of a sheet where nothing else serves.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from domain.documents import Box, union
from domain.errors import BlobMissing, DocumentRejected, NotFound, RegionOutsidePage, Unavailable
from domain.events import EventType
from domain.evidence import EvidencePicture, PictureKind, RenderKind, RenderSpec
from domain.families.analysis.counting_boxes import keep_bulk
from domain.families.analysis.counting_shapes import count_by_legend, count_shapes
from domain.families.analysis.counting_text import count_text
from domain.families.analysis.counting_tiles import ROLE, begin_tiles, go_on, tally_of_tiles
from domain.families.analysis.measuring import measure
from domain.families.analysis.rules_wanted import Wanted, wanted_in
from domain.families.analysis.shooting import told
from domain.families.analysis.tallies import (
    MAX_ALL_PAGES,
    MAX_BOXES,
    Method,
    Tally,
    TallyPage,
    few_pages,
    numbered,
    within_room,
)
from domain.families.analysis.types import AnalysisState
from domain.rules_legibility import with_margin
from domain.stage import Next, StageContext

MAX_PICTURES = 6
"""Pictures with outlines of one job; further pages are cited without. A guess."""

LONGEST_PX = 2000
MAX_MARKS = 500
"""Outlines on one picture: more cover it. A guess."""

AFTER = "extract"

COUNT_S = 240.0
"""Of counting without a model: less than the stage's own time, for an answer without a count is better than none."""


async def count(ctx: StageContext, state: AnalysisState) -> Next:
    """By tiles in several runs: one checkpoint for each batch of parts."""
    wanted = wanted_in(state)
    if wanted is None:
        return Next(state=state, goto=AFTER)
    counting = state.tile_count
    if counting is not None and not counting.is_over:
        counting = await go_on(ctx, state, counting)
        state = msgspec.structs.replace(state, tile_count=counting)
        if not counting.is_over:
            return Next(state=state, goto="count")
    if counting is not None:
        tally = await tally_of_tiles(ctx, state, counting)
        return await _end(ctx, msgspec.structs.replace(state, tile_count=None), [tally] if tally else [])
    try:
        async with asyncio.timeout(COUNT_S):
            tallies = await _without_model(ctx, state, wanted)
    except TimeoutError:
        await _tell_late(ctx)
        return Next(state=state, goto=AFTER)
    if not tallies and wanted.is_count and (counting := begin_tiles(ctx, state, wanted)) is not None:
        return Next(state=msgspec.structs.replace(state, tile_count=counting), goto="count")
    return await _end(ctx, state, tallies)


async def _without_model(ctx: StageContext, state: AnalysisState, wanted: Wanted) -> list[Tally]:
    """By the scale, by shape, then by text; what cannot be counted by shape is left to the next way."""
    if wanted.measure:
        return await measure(ctx, state, wanted)
    shapes = await count_shapes(ctx, state, wanted) if wanted.is_pointed else []
    if wanted.noun and not (wanted.is_pointed or wanted.names or wanted.is_mentions):
        shapes = await count_by_legend(ctx, state, wanted)
        # Two ways that differ are both told.
        return [*shapes, *await count_text(ctx, state, wanted)]
    if any(tally.total is not None for tally in shapes):
        return shapes
    return await count_text(ctx, state, wanted) or ([] if ctx.capabilities(ROLE).images else shapes)


async def _tell_late(ctx: StageContext) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "count_unfinished",
            "message_ru": "Сервер не успел посчитать; ответ составлен без его подсчёта.",
            "message_en": "The server did not finish its count; the answer was written without it.",
        },
    )


async def _end(ctx: StageContext, state: AnalysisState, tallies: Sequence[Tally]) -> Next:
    """The counts with their numbers, pictures and events."""
    kept: list[Tally] = []
    room, pages = MAX_BOXES, MAX_ALL_PAGES
    pictures = list(state.pictures)
    for whole in numbered(tallies):
        tally, pages = few_pages(whole, pages)
        drawn = await _pictured(ctx, state, tally, pictures)
        stored, room = within_room(await keep_bulk(ctx, drawn, room), room)
        kept.append(stored)
        await _tell(ctx, stored)
    state = msgspec.structs.replace(state, tallies=tuple(kept), pictures=tuple(pictures))
    return Next(state=state, goto=AFTER)


async def _pictured(ctx: StageContext, state: AnalysisState, tally: Tally, pictures: list[EvidencePicture]) -> Tally:
    """The tally with a picture of each of its first pages, which are added to `pictures`."""
    pages: list[TallyPage] = []
    for page in tally.pages:
        is_shown = page.boxes and sum(picture.reason.startswith(REASON) for picture in pictures) < MAX_PICTURES
        picture = await _draw(ctx, state, tally, page, len(pictures) + 1) if is_shown else None
        if picture is not None:
            pictures.append(picture)
            await ctx.emit(EventType.EVIDENCE_PICTURE, told(picture))
        pages.append(msgspec.structs.replace(page, picture=picture.number if picture is not None else None))
    return msgspec.structs.replace(tally, pages=tuple(pages))


REASON = "count"


async def _draw(
    ctx: StageContext, state: AnalysisState, tally: Tally, page: TallyPage, number: int
) -> EvidencePicture | None:
    """The page, or the part of it that holds all boxes, with an outline around each; null when it cannot be drawn."""
    document = next((each for each in state.documents if each.id == page.document_id), None)
    if document is None or not document.has_file:
        return None
    try:
        async with ctx.uow() as uow:
            stored = await uow.documents.get(page.document_id)
            [layout] = await uow.documents.pages(page.document_id, [page.page_no]) or [None]
        if stored.sha256 is None or layout is None:
            return None
        region = _region(with_margin(layout, union(list(page.boxes))))
        spec = RenderSpec(
            sha256=stored.sha256,
            page_no=page.page_no,
            kind=RenderKind.OVERVIEW,
            region=region,
            dpi=200,
            longest_px=LONGEST_PX,
            marks=page.boxes[:MAX_MARKS],
        )
        picture = await ctx.renderer.render(spec, pinned=True)
    except (NotFound, RegionOutsidePage, DocumentRejected, BlobMissing, Unavailable, TimeoutError):
        return None
    return EvidencePicture(
        number=number,
        kind=PictureKind.OVERVIEW,
        document_id=page.document_id,
        document_name=page.document_name,
        page_no=page.page_no,
        sheet=page.sheet,
        digest=picture.digest,
        mime_type=picture.mime_type,
        width_px=picture.width_px,
        height_px=picture.height_px,
        dpi=picture.dpi,
        box=region,
        reason=f"{REASON}: {tally.target}",
    )


def _region(box: Box) -> Box | None:
    """Null, the whole page, for a part that is most of it."""
    return None if (box[2] - box[0]) * (box[3] - box[1]) > WHOLE_SHARE else box


WHOLE_SHARE = 0.5
"""Of the page. A guess."""


async def _tell(ctx: StageContext, tally: Tally) -> None:
    """One event per count, in the form of a called tool (spec/aizoomdoc.md §1.2)."""
    await ctx.emit(
        EventType.TOOL_CALLED,
        {
            "tool": "measure" if tally.method is Method.SCALE else "count",
            "parameters": {
                "target": tally.target,
                "method": tally.method.value,
                "total": tally.total,
                "pages": len(tally.pages),
            },
            "reason": tally.statement.split("\n")[0],
        },
    )
