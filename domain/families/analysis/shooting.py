"""Drawing the places that are to be looked at, and telling about each picture as it is ready."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.documents import Document, Page, PageKey, Word, sheet_label
from domain.errors import BlobMissing, DocumentRejected, NotFound, RegionOutsidePage, Unavailable
from domain.events import EventType
from domain.evidence import EvidencePicture, Picture, PictureKind, RenderKind, RenderSpec
from domain.families.analysis.types import AnalysisState, Wish
from domain.llm import Capabilities
from domain.ports import UnitOfWork
from domain.rules_glyphs import glyphs_on
from domain.rules_legibility import READABLE_PX, Shot, height_px, plan_shots
from domain.rules_reasons import Why, reasons_of, why_of
from domain.stage import StageContext

MAX_NEW = 12
"""Pictures drawn in one stage (spec/aizoomdoc.md §1.3, MAX_IMAGES_PER_CALL)."""

RESOLUTIONS = ("low", "medium", "high")


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A picture to be drawn: for which wish, of which page, how. `why` is named in `rules_reasons`."""

    wish: Wish
    page: Page
    spec: RenderSpec
    kind: PictureKind
    why: Why


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The documents and pages of wishes, those that exist, and the words of the pages."""

    documents: Mapping[UUID, Document]
    pages: Mapping[PageKey, Page]
    words: Mapping[PageKey, Sequence[Word]]


async def shoot(ctx: StageContext, state: AnalysisState, wishes: Sequence[Wish], side_px: int) -> AnalysisState:
    """The state with the pictures of `wishes`, which count as seen whether they could be drawn or not."""
    places = await load_places(ctx, wishes)
    planned = [one for wish in wishes for one in _plan(wish, places, side_px)][:MAX_NEW]
    taken = await take(ctx, state, planned, places, side_px)
    if not planned:
        await _tell_missing(ctx)
    return msgspec.structs.replace(taken, places=(*taken.places, *wishes), wishes=())


async def take(
    ctx: StageContext, state: AnalysisState, planned: Sequence[Planned], places: Places, side_px: int
) -> AnalysisState:
    """The state with the planned pictures behind those it has, each told with its reason.

    They are drawn side by side and pinned; one that cannot be drawn is told as a warning and left out.
    """
    drawn = await asyncio.gather(*(_draw(ctx, one.spec) for one in planned))
    if None in drawn:
        await _tell_missing(ctx)
    pictures = list(state.pictures)
    for one, picture in zip(planned, drawn, strict=True):
        if picture is not None:
            words = places.words.get((one.wish.document_id, one.wish.page_no), ())
            pictures.append(_evidence(one, picture, words, len(pictures) + 1, state.language, side_px))
    # In this order, and all but the first in one write.
    await asyncio.gather(
        *(ctx.emit(EventType.EVIDENCE_PICTURE, told(picture)) for picture in pictures[len(state.pictures) :])
    )
    return msgspec.structs.replace(state, pictures=tuple(pictures))


async def load_places(ctx: StageContext, wishes: Sequence[Wish]) -> Places:
    async with ctx.uow() as uow:
        documents = await _documents(uow, wishes)
        wanted = dict.fromkeys((wish.document_id, wish.page_no) for wish in wishes if wish.document_id in documents)
        pages = await uow.documents.pages_on(wanted)
        words = await uow.documents.words_on(pages)
    return Places(documents=documents, pages=pages, words=words)


def side_of(capabilities: Capabilities, media_resolution: str) -> int:
    """The longest side that the model's provider keeps at the user's media resolution."""
    return capabilities.picture_sides_px[RESOLUTIONS.index(media_resolution)]


def told(picture: EvidencePicture) -> dict[str, object]:
    """The payload of `evidence.picture`, with the names of spec/aizoomdoc.md §1.2 (image_ready) beside ours."""
    return {
        **msgspec.to_builtins(picture),
        "ref": picture.ref,
        "width": picture.width_px,
        "height": picture.height_px,
    }


async def _documents(uow: UnitOfWork, wishes: Sequence[Wish]) -> dict[UUID, Document]:
    """Those that still exist."""
    found: dict[UUID, Document] = {}
    for document_id in dict.fromkeys(wish.document_id for wish in wishes):
        try:
            found[document_id] = await uow.documents.get(document_id)
        except NotFound:
            continue
    return found


def _plan(wish: Wish, places: Places, side_px: int) -> list[Planned]:
    """Nothing for a document without its file."""
    document, page = places.documents.get(wish.document_id), places.pages.get((wish.document_id, wish.page_no))
    if document is None or document.sha256 is None or page is None:
        return []
    shots = [] if wish.as_overview else plan_shots(page, wish.box, side_px)
    if len(shots) == 1 and shots[0].glyph_px < READABLE_PX:
        return [_overview(document.sha256, wish, page, shots[0], side_px)]
    if not shots:
        return [_overview(document.sha256, wish, page, None, side_px)]
    kind = PictureKind.ROI if len(shots) == 1 else PictureKind.QUADRANT
    return [
        Planned(
            wish=wish,
            page=page,
            spec=RenderSpec(sha256=document.sha256, page_no=wish.page_no, region=shot.box, dpi=shot.dpi),
            kind=kind,
            why=why_of(wish.by),
        )
        for shot in shots
    ]


def _overview(sha256: str, wish: Wish, page: Page, shot: Shot | None, side_px: int) -> Planned:
    spec = RenderSpec(
        sha256=sha256,
        page_no=wish.page_no,
        kind=RenderKind.OVERVIEW,
        region=shot.box if shot else None,
        longest_px=side_px,
        grid=True,
    )
    return Planned(wish=wish, page=page, spec=spec, kind=PictureKind.OVERVIEW, why=Why.OVERVIEW)


async def _draw(ctx: StageContext, spec: RenderSpec) -> Picture | None:
    try:
        return await ctx.renderer.render(spec, pinned=True)
    except (RegionOutsidePage, DocumentRejected, BlobMissing, Unavailable):
        return None


def _evidence(
    one: Planned, picture: Picture, words: Sequence[Word], number: int, language: str, side_px: int
) -> EvidencePicture:
    wish = one.wish
    longest_px = max(picture.width_px, picture.height_px)
    glyphs = glyphs_on(one.page, words, one.spec.region)
    reason_ru, reason_en = reasons_of(one.why)
    return EvidencePicture(
        number=number,
        kind=one.kind,
        document_id=wish.document_id,
        document_name=wish.document_name,
        page_no=wish.page_no,
        sheet=wish.sheet or sheet_label(one.page, language),
        digest=picture.digest,
        mime_type=picture.mime_type,
        width_px=picture.width_px,
        height_px=picture.height_px,
        dpi=picture.dpi,
        block_id=wish.block_id,
        box=one.spec.region,
        glyph_px=height_px(glyphs.height_pt, picture.dpi, longest_px, side_px),
        glyph_by=glyphs.by.value,
        reason=wish.reason or (reason_en if language == "en" else reason_ru),
        why=one.why.value,
        reason_ru=reason_ru,
        reason_en=reason_en,
    )


async def _tell_missing(ctx: StageContext) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "picture_missing",
            "message_ru": "Не все места удалось показать крупно.",
            "message_en": "Not every place could be shown large.",
        },
    )
