"""The boxes of large counts: in the blob store while the job runs, in the answer's citations when it ends."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.answers import Answer
from domain.documents import Box
from domain.errors import BlobMissing
from domain.evidence import Citation
from domain.families.analysis.rules_tally_sources import note_of
from domain.families.analysis.tallies import Tally
from domain.stage import StageContext


class _PageBoxes(msgspec.Struct, frozen=True):
    document_id: UUID
    page_no: int
    boxes: tuple[Box, ...]


async def keep_bulk(ctx: StageContext, tally: Tally, room: int) -> Tally:
    """The tally; with more boxes than there is room for, all of them are kept as a blob."""
    if sum(len(page.boxes) for page in tally.pages) <= room:
        return tally
    places = [_PageBoxes(page.document_id, page.page_no, page.boxes) for page in tally.pages]
    digest = await ctx.blobs.put(msgspec.json.encode(places), "application/json")
    return msgspec.structs.replace(tally, boxes_digest=digest)


async def with_all_boxes(ctx: StageContext, answer: Answer, tallies: tuple[Tally, ...]) -> Answer:
    """The answer whose citations of counts hold all boxes, also those that the state had no room for."""
    citations = list(answer.citations)
    for tally in tallies:
        if tally.boxes_digest is None:
            continue
        try:
            places = msgspec.json.decode(await ctx.blobs.get(tally.boxes_digest), type=list[_PageBoxes])
        except BlobMissing:
            continue
        boxes = {(place.document_id, place.page_no): place.boxes for place in places}
        citations = [_filled(citation, note_of(tally), boxes) for citation in citations]
    return msgspec.structs.replace(answer, citations=tuple(_shared(citations, tallies)))


def _shared(citations: Sequence[Citation], tallies: Sequence[Tally]) -> list[Citation]:
    """The citations; one that cites a count again gets the boxes of the first that does."""
    notes = {note_of(tally) for tally in tallies}
    counted = [each for each in citations if each.note in notes and each.boxes]
    known = {(each.note, each.document_id, each.page_no): each.boxes for each in reversed(counted)}
    return [
        each
        if each.boxes or each.note not in notes
        else msgspec.structs.replace(each, boxes=known.get((each.note, each.document_id, each.page_no), ()))
        for each in citations
    ]


def _filled(citation: Citation, note: str, boxes: dict[tuple[UUID, int], tuple[Box, ...]]) -> Citation:
    place = (citation.document_id, citation.page_no)
    if citation.note != note or place not in boxes:
        return citation
    return msgspec.structs.replace(citation, boxes=boxes[place])
