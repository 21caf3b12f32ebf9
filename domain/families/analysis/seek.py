"""Stage `seek`: the place is unknown, so sheets are searched part by part, the most promising first (peers.md §5d.5).

Each run of the stage is one look: some pictures, one cheap question. The queue is in the state, so that a look that was
paid is not paid twice. It ends as soon as the place is found, and says where it looked when it is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.documents import Box
from domain.errors import DomainError
from domain.events import EventType
from domain.evidence import EvidencePicture, PictureKind, RenderKind, RenderSpec
from domain.families.analysis.asking import GIVEN_UP, ask_model, listed, parts_of, seeing_role
from domain.families.analysis.ending import end_with_draft
from domain.families.analysis.rules_modes import answering_role
from domain.families.analysis.rules_tiles import (
    MAX_DEPTH,
    best_of,
    is_legible,
    sectors_of,
    shot_of,
    split,
)
from domain.families.analysis.shooting import Places, Planned, load_places, side_of, take
from domain.families.analysis.sources import load_sources
from domain.families.analysis.types import AnalysisState, Cell, TileSearch, Wish
from domain.rules_reasons import Why, reasons_of
from domain.rules_seen import WHOLE
from domain.stage import Next, StageContext

PROMPT = "analysis/seek"
ROLE = "flash"
SEEK_S = 80.0

MAX_LOOKS = 6
"""Questions of one search: one over the whole sheets, five over parts of them. A guess."""

CELLS_A_LOOK = 3
"""Pictures of one look. With `MAX_LOOKS`, 15 parts of sheets at most. A guess."""


_Key = tuple[UUID, int, Box | None]


class PictureScore(msgspec.Struct, frozen=True, kw_only=True):
    """How likely the place is in a picture, 0–1, and in which of its sectors."""

    picture: str
    here: float = 0.0
    sectors: tuple[str, ...] = ()


class SeekReply(msgspec.Struct, frozen=True, kw_only=True):
    """`found` are the pictures in which the answer can be read plainly."""

    found: tuple[str, ...] = ()
    scores: tuple[PictureScore, ...] = ()


async def seek(ctx: StageContext, state: AnalysisState) -> Next:
    tiles = state.tiles
    if tiles is None or tiles.is_over:
        return Next(state=state, goto="answer")
    cells = best_of(tiles.queue, tiles.looked, CELLS_A_LOOK)
    if not cells or tiles.looks >= MAX_LOOKS:
        return await _not_found(ctx, state, tiles)
    places = await load_places(ctx, [_wish(cell) for cell in cells])
    await _announce(ctx, cells)
    role = seeing_role(ctx, ROLE, answering_role(state))
    side_px = side_of(ctx.capabilities(role), state.settings.media_resolution)
    state, shown = await _show(ctx, state, cells, places, side_px)
    pictures = [picture for picture in state.pictures if picture.ref in shown]
    looked = msgspec.structs.replace(tiles, looked=(*tiles.looked, *cells), looks=tiles.looks + 1)
    try:
        reply = await _ask(ctx, state, role, pictures)
    except GIVEN_UP as error:
        await _tell_failure(ctx, error)
        return await _not_found(ctx, state, looked)
    legible = {picture.ref for picture in pictures if picture.kind is not PictureKind.OVERVIEW}
    if any(ref.strip().upper() in legible for ref in reply.found):
        return _found(state, looked)
    queue = _grown(state, looked, reply, shown, places, side_px)
    return Next(state=msgspec.structs.replace(state, tiles=msgspec.structs.replace(looked, queue=queue)), goto="seek")


def _found(state: AnalysisState, tiles: TileSearch) -> Next:
    over = msgspec.structs.replace(tiles, queue=(), is_over=True, is_found=True)
    return Next(state=msgspec.structs.replace(state, tiles=over, turn=state.turn + 1), goto="answer")


async def _not_found(ctx: StageContext, state: AnalysisState, tiles: TileSearch) -> Next:
    """The best answer so far, with the places where it was not found below it."""
    over = msgspec.structs.replace(tiles, queue=(), is_over=True)
    state = msgspec.structs.replace(state, tiles=over)
    if state.draft is None:
        return Next(state=state, goto="answer")
    await ctx.restart_answer("closer_look")
    async with ctx.uow() as uow:
        sources = await load_sources(uow, state.materials)
    return await end_with_draft(ctx, state, sources, state.draft, streamed="", stopped=[])


async def _show(
    ctx: StageContext, state: AnalysisState, cells: Sequence[Cell], places: Places, side_px: int
) -> tuple[AnalysisState, dict[str, Cell]]:
    """The state with the pictures of the cells, and which picture shows which. A sheet whose overview is there already
    is not drawn again."""
    shown = {known.ref: cell for cell in cells if (known := _known(state, cell)) is not None}
    fresh = [cell for cell in cells if cell not in shown.values()]
    planned = {_key(cell): one for cell in fresh if (one := _planned(cell, places, side_px)) is not None}
    before = len(state.pictures)
    state = await take(ctx, state, list(planned.values()), places, side_px)
    by_key = {_key(cell): cell for cell in fresh}
    shown |= {p.ref: by_key[p.document_id, p.page_no, p.box] for p in state.pictures[before:]}
    wishes = tuple(one.wish for one in planned.values())
    return msgspec.structs.replace(state, places=(*state.places, *wishes)), shown


def _known(state: AnalysisState, cell: Cell) -> EvidencePicture | None:
    """The overview of a whole sheet that was shown before."""
    return next((p for p in state.pictures if cell.depth == 0 and _is_overview(p) and _key(cell) == _place(p)), None)


def _is_overview(picture: EvidencePicture) -> bool:
    return picture.kind is PictureKind.OVERVIEW and picture.box in (None, WHOLE)


def _place(picture: EvidencePicture) -> _Key:
    return picture.document_id, picture.page_no, None


def _key(cell: Cell) -> _Key:
    return cell.document_id, cell.page_no, cell.box if cell.depth else None


def _planned(cell: Cell, places: Places, side_px: int) -> Planned | None:
    """With the grid, so that the model can name a part. Null for a document that is gone or has no file."""
    document = places.documents.get(cell.document_id)
    page = places.pages.get((cell.document_id, cell.page_no))
    if document is None or document.sha256 is None or page is None:
        return None
    shot = shot_of(cell, page, side_px)
    is_readable = is_legible(shot) and cell.depth > 0
    return Planned(
        wish=_wish(cell),
        page=page,
        spec=RenderSpec(
            sha256=document.sha256,
            page_no=cell.page_no,
            kind=RenderKind.REGION if is_readable else RenderKind.OVERVIEW,
            region=cell.box if cell.depth else None,
            dpi=shot.dpi,
            longest_px=side_px,
            grid=True,
        ),
        kind=PictureKind.QUADRANT if is_readable else PictureKind.OVERVIEW,
        why=Why.TILE_SEARCH,
    )


async def _ask(ctx: StageContext, state: AnalysisState, role: str, pictures: Sequence[EvidencePicture]) -> SeekReply:
    if not pictures:
        return SeekReply()
    sides = {document.id: document.side for document in state.documents}
    variables: dict[str, Any] = {
        "question": state.text,
        "focus": list(state.intent.focus_areas),
        "pictures": listed(pictures, sides),
    }
    asked = await ask_model(ctx, role, PROMPT, variables, SeekReply, parts=parts_of(pictures), within_s=SEEK_S)
    return asked.reply


def _grown(
    state: AnalysisState,
    tiles: TileSearch,
    reply: SeekReply,
    shown: Mapping[str, Cell],
    places: Places,
    side_px: int,
) -> tuple[Cell, ...]:
    """The queue with the parts of what was seen, scored by what the model said of it."""
    told = {score.picture.strip().upper(): score for score in reply.scores}
    queue = [cell for cell in tiles.queue if cell not in tiles.looked]
    for ref, cell in shown.items():
        page = places.pages.get((cell.document_id, cell.page_no))
        if page is None:
            # Its document was deleted meanwhile.
            continue
        words = places.words.get((cell.document_id, cell.page_no), ())
        score = told.get(ref, PictureScore(picture=ref))
        if cell.depth == 0:
            picks = {name.strip().upper(): 1.0 for name in score.sectors} or None
            queue += sectors_of(cell, page, words, state.text, picks)
        elif cell.depth < MAX_DEPTH and score.here > 0:
            seen = msgspec.structs.replace(cell, score=min(max(score.here, 0.0), 1.0))
            queue += split(seen, page, words, state.text, score.sectors, side_px)
    return tuple(queue)


def _wish(cell: Cell) -> Wish:
    return Wish(
        document_id=cell.document_id,
        document_name=cell.document_name,
        page_no=cell.page_no,
        sheet=cell.sheet,
        box=cell.box if cell.depth else None,
        as_overview=cell.depth == 0,
        by="gate",
    )


async def _announce(ctx: StageContext, cells: Sequence[Cell]) -> None:
    reason_ru, reason_en = reasons_of(Why.TILE_SEARCH)
    await ctx.emit(
        EventType.TOOL_CALLED,
        {
            "tool": "zoom",
            "parameters": {
                "count": len(cells),
                "places": [f"{cell.sheet} {cell.name}".strip() for cell in cells],
            },
            "reason": Why.TILE_SEARCH.value,
            "reason_ru": reason_ru,
            "reason_en": reason_en,
        },
    )


async def _tell_failure(ctx: StageContext, error: DomainError) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "tile_search_failed",
            "cause": error.code,
            "message_ru": "Поиск места на листе прерван; ответ составлен по тому, что удалось рассмотреть.",
            "message_en": "The search for the place broke off; the answer rests on what could be looked at.",
        },
    )
