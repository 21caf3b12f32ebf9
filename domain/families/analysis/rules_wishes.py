"""Which places are looked at closer: what the user points at, what was found, what the model asks for. Pure.

Nothing that a model names is trusted: unknown ids are dropped, boxes are cut to the place they are of, and no place is
looked at twice.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from domain.answers import AnswerReply, RegionRequest
from domain.documents import BlockKind, Box, Page, PageKey
from domain.evidence import EvidencePicture
from domain.families.analysis.types import AskedDocument, Wish
from domain.grounding.rules_citations import Source
from domain.rules_seen import WHOLE, clipped, overlap, part_of, sector_of

MAX_WISHES = 6
"""Of one turn (spec/aizoomdoc.md §1.3, MAX_ROIS_PER_ITERATION)."""

FOUND_IMAGES = 4
FOUND_TABLES = 2
FOUND_OVERVIEWS = 2
"""Of a search. Guesses."""

MAX_REASON = 200
SAME_PLACE = 0.8
"""Two boxes that share so much are one place."""


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """What a model may name: blocks, pictures and changes that it was shown, and the pages they are on."""

    sources: Mapping[str, Source]
    pictures: Sequence[EvidencePicture]
    pages: Mapping[PageKey, Page]
    seen: Sequence[Wish]
    changes: Mapping[str, Wish] = {}


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """`dropped` counts requests that name nothing shown, or no place."""

    wishes: tuple[Wish, ...] = ()
    dropped: int = 0


def requested(reply: AnswerReply, places: Places) -> Requested:
    """The new places that a reply asks for, at most `MAX_WISHES`."""
    asked = [*reply.followup_rois, *(RegionRequest(block_id=ref) for ref in reply.followup_images)]
    found = [wish_of(request, places) for request in asked]
    wishes = [wish for wish in found if wish is not None]
    return Requested(wishes=tuple(new_ones(wishes, places.seen)[:MAX_WISHES]), dropped=len(found) - len(wishes))


def drawable(wishes: Iterable[Wish], documents: Iterable[AskedDocument]) -> tuple[Wish, ...]:
    """Those of documents that came with their file: the others have no pages to draw."""
    with_file = {document.id for document in documents if document.has_file}
    return tuple(wish for wish in wishes if wish.document_id in with_file)


def new_ones(wishes: Iterable[Wish], seen: Sequence[Wish]) -> list[Wish]:
    """Those that were not wished before, each once. A place seen in an overview only is new."""
    kept: list[Wish] = []
    for wish in wishes:
        if not any(_is_same(wish, other) for other in (*seen, *kept)):
            kept.append(wish)
    return kept


def found_wishes(sources: Iterable[Source], *, is_visual: bool) -> list[Wish]:
    """Pictures for what a search found: drawings, and tables when the question is about something to be seen; then
    overviews of their pages. Nothing when the text answers: of a question about text, drawings count only if they were
    hits themselves, or if there is nothing else."""
    ranked = sorted(sources, key=lambda source: -source.material.score)
    is_silent = not any(source.block.content.strip() for source in ranked)
    images = [s for s in ranked if s.block.kind is BlockKind.IMAGE and (is_visual or is_silent or s.material.score > 0)]
    tables = [s for s in ranked if s.block.kind is BlockKind.TABLE and is_visual and s.material.score > 0]
    close = [wish_for(s, by="search") for s in (*images[:FOUND_IMAGES], *tables[:FOUND_TABLES])]
    overviews = [as_overview(wish) for wish in close if is_visual or is_silent]
    return [*new_ones(overviews, ())[:FOUND_OVERVIEWS], *new_ones(close, ())]


def wish_for(source: Source, *, by: str) -> Wish:
    """The whole of a block."""
    material = source.material
    return Wish(
        document_id=material.document_id,
        document_name=material.document_name,
        page_no=source.block.page_no,
        sheet=material.sheet,
        box=source.block.box,
        block_id=source.block.id,
        by=by,
    )


def wish_again(picture: EvidencePicture, *, by: str) -> Wish:
    """What a picture shows, once more."""
    return Wish(
        document_id=picture.document_id,
        document_name=picture.document_name,
        page_no=picture.page_no,
        sheet=picture.sheet,
        box=picture.box,
        block_id=picture.block_id,
        by=by,
    )


def as_overview(wish: Wish) -> Wish:
    """The page of a wish, small and with the grid."""
    return msgspec.structs.replace(wish, box=None, block_id=None, as_overview=True)


def wish_of(request: RegionRequest, places: Places) -> Wish | None:
    """Null for an id that was not shown and for a part that makes no sense."""
    named, part = _named(request.block_id.strip(), places), _part_of(request)
    if named is None or part is None:
        return None
    page = places.pages.get((named.document_id, named.page_no))
    box = part_of(named.box or WHOLE, part, page.rotation if page else 0)
    return msgspec.structs.replace(named, box=box, reason=(request.reason or "")[:MAX_REASON])


def _named(ref: str, places: Places) -> Wish | None:
    """The whole of the block, change or picture of this id."""
    if ref in places.sources:
        return wish_for(places.sources[ref], by="model")
    if ref in places.changes:
        return places.changes[ref]
    picture = next((picture for picture in places.pictures if picture.ref == ref.upper()), None)
    return wish_again(picture, by="model") if picture is not None else None


def _part_of(request: RegionRequest) -> Box | None:
    """The part that is asked for: the box before the sector, nothing means all; null when neither makes sense."""
    if request.bbox_norm is not None:
        return clipped(request.bbox_norm)
    return sector_of(request.sector) if request.sector else WHOLE


def _is_same(one: Wish, other: Wish) -> bool:
    if (one.document_id, one.page_no, one.as_overview) != (other.document_id, other.page_no, other.as_overview):
        return False
    return overlap(one.box or WHOLE, other.box or WHOLE) > SAME_PLACE
