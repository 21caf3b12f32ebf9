"""Counting by a model, where neither text nor strokes serve: it is shown every part of a sheet once, legibly.

The parts overlap, their boxes are put together on the sheet. A batch of parts is one checkpoint: what was paid is not
paid twice. Where the budget ends first there is no total, and it is said how far the look went.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from domain.budgets import Budget
from domain.counting.rules_tiles import merged
from domain.documents import BlockKind, Box, Page, sheet_label
from domain.errors import BlobMissing, DocumentRejected, NotFound, RegionOutsidePage, Unavailable
from domain.evidence import Picture, RenderSpec
from domain.families.analysis.asking import GIVEN_UP, ask_model
from domain.families.analysis.rules_modes import answering_role
from domain.families.analysis.rules_one_look import COUNTING
from domain.families.analysis.rules_tally_wording import tiles_line, tiles_unfinished_line
from domain.families.analysis.rules_wanted import Wanted
from domain.families.analysis.shooting import side_of
from domain.families.analysis.tallies import MAX_BOXES, Method, Tally, TallyPage, TileCount
from domain.families.analysis.types import AnalysisState
from domain.llm import ImagePart, Part
from domain.rules_legibility import READABLE_PX, Shot, cut_shots, with_margin
from domain.rules_seen import WHOLE, part_of
from domain.stage import StageContext

PROMPT = "analysis/count_tile"
ROLE = "flash"
ASK_S = 80.0
SIDE_BY_SIDE = 4
"""Pictures asked about at once. A guess."""

MAX_TILES = 18
"""Calls of one count: the budget has 30 for the whole question. A guess."""

MOST_TILES = 400
KEPT_CALLS = 8
"""Of the job's budget, for the answer and its closer looks: a count must not cost the answer. A guess."""

LEAST_TILES = 2
"""One look at a whole sheet is never a count (peers.md §5a)."""

OVERLAP = 0.15
"""Of a picture: what stands on an edge is whole in a neighbour, unless it is larger. A guess."""


class TileBox(msgspec.Struct, frozen=True, kw_only=True):
    """0–1000 of the picture as shown."""

    x0: float
    y0: float
    x1: float
    y1: float


class TileReply(msgspec.Struct, frozen=True, kw_only=True):
    boxes: tuple[TileBox, ...] = ()
    unsure: tuple[TileBox, ...] = ()


def begin_tiles(ctx: StageContext, state: AnalysisState, wanted: Wanted) -> TileCount | None:
    """What is to be looked at part by part; null where a model does not see, or nothing says which sheet."""
    is_asked = state.intent.intent_type in COUNTING or bool(state.intent.count_of)
    thing = wanted.noun or ("the thing shown" if wanted.is_pointed else "")
    if not (is_asked and thing and ctx.capabilities(ROLE).images and ctx.capabilities(answering_role(state)).images):
        return None
    pointed = [(region.document_id, region.page_no) for region in state.question.regions]
    drawn = [m for m in state.materials if m.kind is BlockKind.IMAGE and m.side == ""]
    best = sorted(drawn, key=lambda material: -material.score)
    places = pointed or [(material.document_id, material.page_no) for material in best]
    with_file = {document.id for document in state.documents if document.has_file}
    place = next((each for each in places if each[0] in with_file), None)
    if place is None:
        return None
    return TileCount(thing=thing, document_id=place[0], page_no=place[1])


async def go_on(ctx: StageContext, state: AnalysisState, counting: TileCount) -> TileCount:
    """The count after the next batch of parts; `is_over` once there is none, or a model failed, or neither the budget
    nor the state has room for the rest."""
    layout = await _layout(ctx, state, counting)
    if layout is None:
        return msgspec.structs.replace(counting, is_over=True)
    page, sha256, shots = layout
    if len(shots) > MAX_TILES or len(shots) - counting.looked > _calls_left(ctx) or len(counting.boxes) > MAX_BOXES:
        return msgspec.structs.replace(counting, tiles=len(shots), is_over=True)
    batch = list(enumerate(shots))[counting.looked : counting.looked + SIDE_BY_SIDE]
    sample = await _sample(ctx, state, counting, page, sha256)
    found = await asyncio.gather(*(_look(ctx, state, counting, page, sha256, shot, sample) for _, shot in batch))
    boxes = list(counting.boxes)
    looked = counting.looked
    for (number, _), own in zip(batch, found, strict=True):
        if own is None:
            return msgspec.structs.replace(counting, tiles=len(shots), looked=looked, boxes=tuple(boxes), is_over=True)
        looked += 1
        boxes += [(number, box) for box in own]
    told = (f"Просмотрено частей листа: {looked} из {len(shots)}", f"Parts of the sheet: {looked} of {len(shots)}")
    await ctx.progress(looked / len(shots), *told)
    return msgspec.structs.replace(
        counting, tiles=len(shots), looked=looked, boxes=tuple(boxes), is_over=looked >= len(shots)
    )


def _calls_left(ctx: StageContext) -> int:
    """Calls that a count may still make; broken replies were asked for twice."""
    return Budget().calls - KEPT_CALLS - ctx.spent.calls


async def tally_of_tiles(ctx: StageContext, state: AnalysisState, counting: TileCount) -> Tally | None:
    """The count, or how far it went; null for a sheet that is gone."""
    async with ctx.uow() as uow:
        pages = await uow.documents.pages(counting.document_id, [counting.page_no])
    if not pages or not counting.tiles:
        return None
    is_whole = counting.looked >= counting.tiles
    things = merged(counting.boxes) if is_whole else []
    page = TallyPage(
        document_id=counting.document_id,
        document_name=next((d.name for d in state.documents if d.id == counting.document_id), ""),
        page_no=counting.page_no,
        sheet=sheet_label(pages[0], state.language),
        count=len(things),
        boxes=tuple(things),
    )
    line = (
        tiles_line(counting.thing, len(things), [page], counting.tiles, state.language)
        if is_whole
        else tiles_unfinished_line(counting.thing, counting.looked, counting.tiles, state.language)
    )
    return Tally(
        target=counting.thing,
        method=Method.TILES,
        total=len(things) if is_whole else None,
        statement=line,
        pages=(page,),
    )


async def _layout(ctx: StageContext, state: AnalysisState, counting: TileCount) -> tuple[Page, str, list[Shot]] | None:
    """The page, its file and the parts that cover it, each legible."""
    try:
        async with ctx.uow() as uow:
            stored = await uow.documents.get(counting.document_id)
            pages = await uow.documents.pages(counting.document_id, [counting.page_no])
    except NotFound:
        return None
    if not pages or stored.sha256 is None:
        return None
    side_px = side_of(ctx.capabilities(ROLE), state.settings.media_resolution)
    shots = cut_shots(
        pages[0], WHOLE, side_px, glyph_px=READABLE_PX, overlap=OVERLAP, least_tiles=LEAST_TILES, max_tiles=MOST_TILES
    )
    return pages[0], stored.sha256, shots


async def _sample(
    ctx: StageContext, state: AnalysisState, counting: TileCount, page: Page, sha256: str
) -> Picture | None:
    """A picture of what the user points at on this page, if anything."""
    place = (counting.document_id, counting.page_no)
    own = [each for each in state.question.regions if (each.document_id, each.page_no) == place]
    region = next((each for each in own if each.box is not None), None)
    if region is None or region.box is None:
        return None
    spec = RenderSpec(sha256=sha256, page_no=page.page_no, region=with_margin(page, region.box), dpi=200)
    return await _draw(ctx, spec)


async def _look(
    ctx: StageContext,
    state: AnalysisState,
    counting: TileCount,
    page: Page,
    sha256: str,
    shot: Shot,
    sample: Picture | None,
) -> list[Box] | None:
    """The things of one part as boxes of the unrotated page; null when it could not be looked at."""
    spec = RenderSpec(sha256=sha256, page_no=page.page_no, region=shot.box, dpi=shot.dpi)
    picture = await _draw(ctx, spec)
    if picture is None:
        return None
    parts: list[Part] = [
        ImagePart(digest=each.digest, mime_type=each.mime_type, label=label)
        for each, label in ((sample, "the thing to find"), (picture, "the part of the drawing"))
        if each is not None
    ]
    variables = {"thing": counting.thing, "question": state.text}
    try:
        asked = await ask_model(ctx, ROLE, PROMPT, variables, TileReply, parts=tuple(parts), within_s=ASK_S)
    except GIVEN_UP:
        return None
    return boxes_on_page(asked.reply.boxes, shot.box, page)


def boxes_on_page(boxes: Sequence[TileBox], part: Box, page: Page) -> list[Box]:
    """Boxes of a picture of `part` as boxes of the unrotated page; what makes no sense is left out."""
    found: list[Box] = []
    for box in boxes:
        edges = [min(max(edge / 1000, 0.0), 1.0) for edge in (box.x0, box.y0, box.x1, box.y1)]
        if edges[0] < edges[2] and edges[1] < edges[3]:
            x0, y0, x1, y1 = part_of(part, (edges[0], edges[1], edges[2], edges[3]), page.rotation)
            found.append((round(x0, 5), round(y0, 5), round(x1, 5), round(y1, 5)))
    return found


async def _draw(ctx: StageContext, spec: RenderSpec) -> Picture | None:
    try:
        return await ctx.renderer.render(spec, pinned=True)
    except (RegionOutsidePage, DocumentRejected, BlobMissing, Unavailable):
        return None
