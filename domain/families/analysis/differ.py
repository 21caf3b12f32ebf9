"""Stage `differ`: the page diff of two revisions, where a comparison is of one document with one other.

Words of all sheets; vectors and pixels of the few that the question is about. Its failure never fails the job: what
could not be compared is told, and the answer then rests on the search alone.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from domain.documents import Document
from domain.errors import BlobMissing, DomainError, NotFound, RegionOutsidePage, Unavailable
from domain.events import EventType
from domain.families.analysis.changes import placed
from domain.families.analysis.rules_modes import Mode, mode_of
from domain.families.analysis.rules_sides import SIDE_A, SIDE_B, SIDES
from domain.families.analysis.types import AnalysisState, Differences, SheetChange
from domain.revisions.cards import cards_of
from domain.revisions.differing import compare_pages
from domain.revisions.rules_pages import PageCard, is_revision, pair_pages
from domain.revisions.types import Layer, PageDifference, PagePair
from domain.stage import Next, StageContext

MAX_PAIRS = 80
DRAWN_PAIRS = 4
SEEN_PAIRS = 2
"""Pairs of sheets compared by words, by vectors and, where there are no words, by pixels, while somebody waits: about
0.05 s, 1–3 s and 3–6 s each. Guesses."""

PAIR_S = 30.0
"""Of one pair: all of them stay within the stage's own time. A guess."""

TEXT_ONLY = frozenset({Layer.TEXT})
WITH_DRAWING = frozenset({Layer.TEXT, Layer.VECTOR})
PIXELS_ONLY = frozenset({Layer.RASTER})


async def differ(ctx: StageContext, state: AnalysisState) -> Next:
    revisions = await _revisions(ctx, state)
    if revisions is None or mode_of(state.question, state.settings) is not Mode.COMPARE:
        return Next(state=state)
    earlier, later = revisions
    async with ctx.uow() as uow:
        cards_a, cards_b = await cards_of(uow, earlier.id), await cards_of(uow, later.id)
    pairs = await asyncio.to_thread(_revised, cards_a, cards_b)
    if all(pair.page_a is None or pair.page_b is None for pair in pairs):
        return Next(state=state)
    worded = {card.page_no for card in cards_a if card.words}, {card.page_no for card in cards_b if card.words}
    plan = _plan(pairs, worded, state)
    pages: list[PageDifference] = []
    for done, (pair, layers) in enumerate(plan, start=1):
        pages.append(await _compare(ctx, earlier, later, pair, layers))
        told = (f"Сравнено листов: {done} из {len(plan)}", f"Sheets compared: {done} of {len(plan)}")
        await ctx.progress(done / len(plan), *told)
    async with ctx.uow() as uow:
        changes, total = await placed(uow, earlier, later, pages, state.language)
    return Next(state=msgspec.structs.replace(state, differences=_told(pairs, pages, changes, total)))


async def _revisions(ctx: StageContext, state: AnalysisState) -> tuple[Document, Document] | None:
    """The one document of side A and the one of side B; null when there are more, or fewer."""
    by_side = [[document.id for document in state.documents if document.side == side] for side in SIDES]
    if [len(ids) for ids in by_side] != [1, 1]:
        return None
    try:
        async with ctx.uow() as uow:
            return await uow.documents.get(by_side[0][0]), await uow.documents.get(by_side[1][0])
    except NotFound:
        return None


def _revised(a: Sequence[PageCard], b: Sequence[PageCard]) -> list[PagePair]:
    """The pairs of sheets; those that only look paired are taken apart."""
    of_a, of_b = {card.page_no: card for card in a}, {card.page_no: card for card in b}
    pairs: list[PagePair] = []
    for pair in pair_pages(a, b):
        one, other = of_a.get(pair.page_a or 0), of_b.get(pair.page_b or 0)
        if one is None or other is None or is_revision(one, other):
            pairs.append(pair)
        else:
            pairs += [PagePair(page_a=pair.page_a, page_b=None), PagePair(page_a=None, page_b=pair.page_b)]
    return pairs


def _plan(
    pairs: Sequence[PagePair], worded: tuple[set[int], set[int]], state: AnalysisState
) -> list[tuple[PagePair, frozenset[Layer]]]:
    """The pairs in order with the layers they are compared by. The best found pages are looked at closest.

    `worded` are the pages of either side that have words. Where one side has none there is nothing to tell by words:
    such a pair is compared by its pixels, or not at all.
    """
    whole = [pair for pair in pairs if pair.page_a is not None and pair.page_b is not None][:MAX_PAIRS]
    scores: dict[tuple[str, int], float] = {}
    for material in state.materials:
        page = (material.side, material.page_no)
        scores[page] = max(material.score, scores.get(page, 0.0))
    ranked = sorted(
        whole,
        key=lambda pair: -max(scores.get((SIDE_A, pair.page_a or 0), 0.0), scores.get((SIDE_B, pair.page_b or 0), 0.0)),
    )
    read = [pair for pair in ranked if pair.page_a in worded[0] and pair.page_b in worded[1]]
    layers = {pair.page_b: TEXT_ONLY for pair in read}
    layers |= {pair.page_b: WITH_DRAWING for pair in read[:DRAWN_PAIRS]}
    layers |= {pair.page_b: PIXELS_ONLY for pair in [pair for pair in ranked if pair not in read][:SEEN_PAIRS]}
    return [(pair, layers[pair.page_b]) for pair in whole if pair.page_b in layers]


async def _compare(
    ctx: StageContext, earlier: Document, later: Document, pair: PagePair, layers: frozenset[Layer]
) -> PageDifference:
    try:
        async with asyncio.timeout(PAIR_S):
            return await compare_pages(ctx, earlier, later, pair, layers)
    except (Unavailable, BlobMissing, RegionOutsidePage, TimeoutError) as error:
        await ctx.emit(
            EventType.WARNING,
            {
                "code": "comparison_incomplete",
                "cause": error.code if isinstance(error, DomainError) else "timeout",
                "message_ru": f"Лист {pair.page_b} сравнён не полностью.",
                "message_en": f"Page {pair.page_b} was not compared completely.",
            },
        )
        return await compare_pages(ctx, earlier, later, pair, layers & TEXT_ONLY)


def _told(
    pairs: Sequence[PagePair], pages: Sequence[PageDifference], changes: Sequence[SheetChange], total: int
) -> Differences:
    return Differences(
        changes=tuple(changes),
        total=total,
        pairs=sum(1 for pair in pairs if pair.page_a is not None and pair.page_b is not None),
        text_pages=sum(1 for page in pages if Layer.TEXT in page.layers),
        drawn_pages=sum(1 for page in pages if Layer.VECTOR in page.layers),
        seen_pages=sum(1 for page in pages if Layer.RASTER in page.layers),
        pages_removed=tuple(pair.page_a for pair in pairs if pair.page_a is not None and pair.page_b is None)[
            :MAX_PAIRS
        ],
        pages_added=tuple(pair.page_b for pair in pairs if pair.page_b is not None and pair.page_a is None)[:MAX_PAIRS],
    )
