"""Counting by shape: the symbol that the user points at, found again by its strokes on the pages of the document."""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from domain.counting.types import Shape, ShapeMatch
from domain.documents import Box, Page, Word, sheet_label
from domain.errors import BlobMissing, DocumentRejected, NotFound, Unavailable
from domain.evidence import Region
from domain.families.analysis.rules_legend import legend_places
from domain.families.analysis.rules_tally_wording import (
    lettered_line,
    other_documents_line,
    plain_line,
    shapes_line,
    shapes_method_line,
    similar_line,
    unfinished_line,
)
from domain.families.analysis.rules_wanted import Wanted
from domain.families.analysis.tallies import Method, Tally, TallyPage
from domain.families.analysis.types import AnalysisState
from domain.grounding.rules_text import fold_word
from domain.revisions.types import from_seen, to_seen
from domain.rules_seen import has_middle_in
from domain.stage import StageContext

MAX_PAGES = 24
PAGES_S = 100.0
"""Pages of one document that are searched, and how long those of all samples may take while somebody waits: 0.2–5 s
each. Guesses."""

PAGE_S = 30.0
MAX_SAMPLES = 3


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """Matches of one page with their boxes in the unrotated page, and the letters inside of each."""

    page: Page
    matches: tuple[ShapeMatch, ...]
    boxes: tuple[Box, ...]
    letters: tuple[str, ...]
    similar: int
    is_complete: bool


async def count_shapes(ctx: StageContext, state: AnalysisState, wanted: Wanted) -> list[Tally]:
    """One tally per region pointed at that holds a symbol."""
    regions = [region for region in state.question.regions if region.box is not None][:MAX_SAMPLES]
    until = time.monotonic() + PAGES_S
    return [tally for region in regions if (tally := await _count(ctx, state, wanted, region, until)) is not None]


async def count_by_legend(ctx: StageContext, state: AnalysisState, wanted: Wanted) -> list[Tally]:
    """A thing that a legend of the documents names, by the symbol beside its words; the legend's own is not counted."""
    pages_left = LEGEND_PAGES
    until = time.monotonic() + PAGES_S
    for document in state.documents:
        async with ctx.uow() as uow:
            pages = await uow.documents.pages(document.id)
            sheets = [page for page in pages if max(page.width_pt, page.height_pt) >= SHEET_PT][:pages_left]
            shown = [(page, await uow.documents.words(document.id, page.page_no)) for page in sheets]
        pages_left -= len(shown)
        for page, words in shown:
            for box in legend_places(page, words, wanted.noun)[:MAX_SAMPLES]:
                if time.monotonic() > until:
                    return []
                region = Region(document_id=document.id, page_no=page.page_no, box=box)
                tally = await _count(ctx, state, wanted, region, until, is_legend=True)
                if tally is not None and tally.total is not None:
                    return [tally]
    return []


LEGEND_PAGES = 60
"""Looked through for a legend. A guess."""

SHEET_PT = 1000.0
"""The longer side of an A3 or tabloid sheet is 1190 or 1224 pt: smaller pages hold no plan with a legend. A guess."""


async def _count(
    ctx: StageContext, state: AnalysisState, wanted: Wanted, region: Region, until: float, *, is_legend: bool = False
) -> Tally | None:
    document = next((each for each in state.documents if each.id == region.document_id and each.has_file), None)
    if document is None or region.box is None:
        return None
    try:
        async with ctx.uow() as uow:
            stored = await uow.documents.get(document.id)
            pages = await uow.documents.pages(document.id)
    except NotFound:
        return None
    own = next((page for page in pages if page.page_no == region.page_no), None)
    if own is None or stored.sha256 is None:
        return None
    try:
        shape = await ctx.reader.read_shape(stored.sha256, own.page_no, to_seen(own, region.box))
    except (DocumentRejected, BlobMissing, Unavailable):
        return None
    others = [] if wanted.is_this_sheet else [page for page in pages if page is not own]
    found, unsearched = await _search(ctx, stored.sha256, shape, [own, *others], document.id, until)
    if found and is_legend and found[0].page.page_no == own.page_no:
        found = [_without(found[0], region.box), *found[1:]]
    if not found:
        why = plain_line(state.language) if found is None else unfinished_line(unsearched, state.language)
        return _nothing(state, region, own, document.name, why)
    letters = await _letters_of(ctx, region, own)
    return _tally(state, wanted, document.name, region, found, unsearched, letters)


async def _search(
    ctx: StageContext, sha256: str, shape: Shape, pages: Sequence[Page], document_id: object, until: float
) -> tuple[list[_Found] | None, int]:
    """What the pages hold, and how many could not be searched to their end; null when the sample is no symbol."""
    found: list[_Found] = []
    for number, page in enumerate(pages):
        if number >= MAX_PAGES or time.monotonic() > until:
            break
        try:
            async with asyncio.timeout(PAGE_S):
                shapes = await ctx.reader.find_shapes(sha256, page.page_no, shape)
        except (DocumentRejected, BlobMissing, Unavailable, TimeoutError):
            continue
        if shapes.is_plain:
            return None, 0
        boxes = tuple(from_seen(page, match.box) for match in shapes.matches)
        found.append(
            _Found(
                page=page,
                matches=shapes.matches,
                boxes=boxes,
                letters=await _inside(ctx, document_id, page, boxes),
                similar=len(shapes.similar),
                is_complete=shapes.is_complete,
            )
        )
        done = (number + 1) / len(pages)
        await ctx.progress(done * 0.9, f"Просмотрено страниц: {number + 1}", f"Pages searched: {number + 1}")
    return found, len(pages) - sum(1 for each in found if each.is_complete)


def _without(found: _Found, legend: Box) -> _Found:
    """What a page holds but for the legend's own symbol."""
    kept = [place for place, box in enumerate(found.boxes) if not has_middle_in(box, legend)]
    return msgspec.structs.replace(
        found,
        matches=tuple(found.matches[place] for place in kept),
        boxes=tuple(found.boxes[place] for place in kept),
        letters=tuple(found.letters[place] for place in kept),
    )


async def _inside(ctx: StageContext, document_id: object, page: Page, boxes: Sequence[Box]) -> tuple[str, ...]:
    if not boxes:
        return ()
    async with ctx.uow() as uow:
        words = await uow.documents.words(document_id, page.page_no)  # pyright: ignore[reportArgumentType]
    return tuple(letters_in(box, words) for box in boxes)


async def _letters_of(ctx: StageContext, region: Region, page: Page) -> str:
    async with ctx.uow() as uow:
        words = await uow.documents.words(region.document_id, page.page_no)
    return letters_in(region.box or (0.0, 0.0, 1.0, 1.0), words)


def letters_in(box: Box, words: Sequence[Word]) -> str:
    """The letters of the words whose middles lie in the box, without digits: a number tells one from another, not the
    kind."""
    inside = [fold_word(word.text) for word in words if has_middle_in(word.box, box)]
    return "".join(letter for text in inside for letter in text if letter.isalpha())


def _tally(
    state: AnalysisState,
    wanted: Wanted,
    name: str,
    region: Region,
    found: Sequence[_Found],
    unsearched: int,
    letters: str,
) -> Tally:
    language = state.language
    same = sum(each == letters for page in found for each in page.letters)
    is_lettered = bool(letters) and same > 1
    kept = [
        (page, [n for n in range(len(page.matches)) if not is_lettered or page.letters[n] == letters]) for page in found
    ]
    pages = tuple(
        TallyPage(
            document_id=region.document_id,
            document_name=name,
            page_no=page.page.page_no,
            sheet=sheet_label(page.page, language),
            count=len(places),
            boxes=tuple(page.boxes[place] for place in places),
        )
        for page, places in kept
        if places or page is found[0]
    )
    total = sum(page.count for page in pages)
    mirrored = sum(page.matches[place].is_mirrored for page, places in kept for place in places)
    all_matches = sum(len(page.matches) for page in found)
    similar = sum(page.similar for page in found)
    lines = [
        shapes_line(total, pages, mirrored, wanted.noun, language, similar=similar, is_whole=not unsearched),
        lettered_line(letters, total, all_matches - total, language) if is_lettered else "",
        similar_line(similar, language),
        shapes_method_line(len(found), language),
        unfinished_line(unsearched, language),
        other_documents_line(len(state.documents) - 1, language) if not wanted.is_this_sheet else "",
    ]
    return Tally(
        target=wanted.noun or _WORD[language == "en"],
        method=Method.SHAPES,
        total=total,
        statement="\n".join(filter(None, lines)),
        pages=pages,
    )


_WORD = ("знак", "symbol")


def _nothing(state: AnalysisState, region: Region, page: Page, name: str, why: str) -> Tally:
    place = TallyPage(
        document_id=region.document_id,
        document_name=name,
        page_no=page.page_no,
        sheet=sheet_label(page, state.language),
        count=0,
    )
    return Tally(
        target=_WORD[state.language == "en"],
        method=Method.SHAPES,
        total=None,
        statement=why,
        pages=(place,),
    )
