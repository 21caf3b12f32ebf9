"""Where something is to be measured: what the user points at, or the labels on drawings that name the thing."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.counting.rules_dimensions import Dimension, dimensions_on
from domain.documents import Block, Box, Page, Word, lines_of, union
from domain.errors import BlobMissing, DocumentRejected, NotFound, Unavailable
from domain.evidence import Region
from domain.families.analysis.rules_marks import Zone, find_marks, pattern_of
from domain.families.analysis.rules_measure_wanted import Labelled
from domain.families.analysis.rules_schedules import has_all
from domain.families.analysis.rules_spots import stems
from domain.families.analysis.types import AnalysisState, AskedDocument
from domain.stage import StageContext

MAX_PAGES = 60
"""Looked through for a label. A guess."""

MAX_LABELS = 6
"""Places of one label that are measured each; with more it names no single thing. A guess."""

READ_S = 20.0
LONGEST_LINE = 4
"""Words of a line that may be the label of a room, beside those asked for. A guess."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`box` is in the unrotated page. `label` names the thing; empty where the user pointed."""

    document_id: UUID
    name: str
    page: Page
    box: Box
    words: Sequence[Word]
    sha256: str | None
    label: str = ""
    is_plain: bool = False


async def pointed_place(ctx: StageContext, state: AnalysisState, region: Region) -> Place | None:
    document = next((each for each in state.documents if each.id == region.document_id), None)
    if document is None or region.box is None:
        return None
    try:
        async with ctx.uow() as uow:
            stored = await uow.documents.get(document.id)
            pages = await uow.documents.pages(document.id, [region.page_no])
            words = await uow.documents.words(document.id, region.page_no)
    except NotFound:
        return None
    if not pages:
        return None
    return Place(
        document_id=document.id,
        name=document.name,
        page=pages[0],
        box=region.box,
        words=words,
        sha256=stored.sha256,
    )


async def labelled_places(ctx: StageContext, state: AnalysisState, labelled: Labelled) -> list[Place]:
    """The places of the label on the drawings of the first document that has it and is not deleted meanwhile; none
    where it stands too often."""
    for document in state.documents:
        if not document.has_file:
            continue
        try:
            found = await _places_in(ctx, state, document, labelled)
        except NotFound:
            continue
        if found:
            return found if len(found) <= MAX_LABELS else []
    return []


async def tables_of(ctx: StageContext, state: AnalysisState) -> list[Block]:
    """The tables of the asked documents, of the first pages."""
    found: list[Block] = []
    for document in state.documents:
        async with ctx.uow() as uow:
            blocks = await uow.documents.blocks(document.id, page_nos=list(range(1, MAX_PAGES + 1)))
        found += [block for block in blocks if "|" in block.content]
    return found


async def dimensions_of(ctx: StageContext, place: Place) -> list[Dimension]:
    """None where the drawing cannot be read."""
    if place.sha256 is None:
        return []
    try:
        async with asyncio.timeout(READ_S):
            drawing = await ctx.reader.read_drawing(place.sha256, place.page.page_no)
    except (DocumentRejected, BlobMissing, Unavailable, TimeoutError):
        return []
    return await asyncio.to_thread(dimensions_on, place.page, place.words, drawing.strokes)


async def _places_in(
    ctx: StageContext, state: AnalysisState, document: AskedDocument, labelled: Labelled
) -> list[Place]:
    async with ctx.uow() as uow:
        stored = await uow.documents.get(document.id)
        pages = await uow.documents.pages(document.id)
    found_by_search = {each.page_no for each in state.materials if each.document_id == document.id}
    ordered = sorted(pages, key=lambda page: page.page_no not in found_by_search)[:MAX_PAGES]
    found: list[Place] = []
    for page in ordered:
        async with ctx.uow() as uow:
            words = await uow.documents.words(document.id, page.page_no)
            blocks = await uow.documents.blocks(document.id, page_nos=[page.page_no])
        found += [
            Place(
                document_id=document.id,
                name=document.name,
                page=page,
                box=box,
                words=words,
                sha256=stored.sha256,
                label=labelled.label,
                is_plain=labelled.is_plain,
            )
            for box in label_boxes(labelled, page, words, blocks)
        ]
    return found


def label_boxes(labelled: Labelled, page: Page, words: Sequence[Word], blocks: Sequence[Block]) -> list[Box]:
    """Where the label stands on the drawing itself."""
    if not labelled.is_plain:
        marks = find_marks(pattern_of(labelled.label), page, words, blocks)
        return [mark.box for mark in marks if mark.zone is Zone.DRAWING]
    wanted = set(stems(labelled.label))
    found: list[Box] = []
    for line in lines_of(words):
        own = [word for word in line if wanted and is_one_of(wanted, word.text)]
        is_short = len([word for word in line if word.text.isalpha()]) <= len(labelled.label.split()) + LONGEST_LINE
        if own and is_short and has_all(wanted, [stem for word in own for stem in stems(word.text)]):
            marks = find_marks(pattern_of(own[0].text), page, line, blocks)
            if any(mark.zone is Zone.DRAWING for mark in marks):
                found.append(union([word.box for word in line]))
    return found


def is_one_of(wanted: set[str], word: str) -> bool:
    """Whether the word is one of those wanted."""
    own = stems(word)
    return any(stem.startswith(other) or other.startswith(stem) for stem in own for other in wanted)
