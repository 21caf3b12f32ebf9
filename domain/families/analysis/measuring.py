"""Measuring what the user points at, by the scale that the sheet states; refused where it states none, or several."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.counting.rules_dimensions import Agreement, check_scale
from domain.counting.rules_scale import MM_PER_PT, Chosen, Refusal, choose_scale, is_format, scales_on, stamp_scale
from domain.documents import Box, Page, Word, sheet_label
from domain.errors import BlobMissing, DocumentRejected, NotFound, Unavailable
from domain.evidence import Region
from domain.families.analysis.rules_measure_wording import (
    Measured,
    basis_lines,
    measured_line,
    refusal_line,
)
from domain.families.analysis.rules_wanted import Measure, Wanted
from domain.families.analysis.tallies import Method, Tally, TallyPage
from domain.families.analysis.types import AnalysisState
from domain.revisions.types import to_seen
from domain.stage import StageContext

POINTING_MM = 0.5
"""On paper, at each end: what a hand and a screen may be off. A guess."""

MAX_REGIONS = 6
READ_S = 20.0
LEAST_DIMENSIONS = 4
"""So many numbers over lines, none as long as it says, contradict a scale. A guess."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    region: Region
    box: Box
    page: Page
    words: Sequence[Word]
    name: str
    sha256: str | None


async def measure(ctx: StageContext, state: AnalysisState, wanted: Wanted) -> list[Tally]:
    """A length, an area or a distance for what is pointed at; one tally per place, one for a distance."""
    places = [place for region in state.question.regions[:MAX_REGIONS] if (place := await _place(ctx, state, region))]
    if wanted.measure is Measure.DISTANCE:
        pairs = [places[:2]] if len(places) > 1 and _sheet(places[0]) == _sheet(places[1]) else []
    else:
        pairs = [[place] for place in places]
    return [await _tally(ctx, state, wanted.measure or Measure.LENGTH, pair) for pair in pairs]


def _sheet(place: _Place) -> tuple[UUID, int]:
    return place.region.document_id, place.region.page_no


async def _place(ctx: StageContext, state: AnalysisState, region: Region) -> _Place | None:
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
    return _Place(region=region, box=region.box, page=pages[0], words=words, name=document.name, sha256=stored.sha256)


async def _tally(ctx: StageContext, state: AnalysisState, wanted: Measure, places: Sequence[_Place]) -> Tally:
    first = places[0]
    found, is_unscaled = scales_on(first.words)
    chosen = choose_scale(stamp_scale(first.page.facts.stamp), found, first.box, is_unscaled=is_unscaled)
    agreement = await _agreement(ctx, first, chosen)
    if chosen.scale is None or (agreement.tried >= LEAST_DIMENSIONS and not agreement.agreeing):
        refused = chosen.refusal or Refusal.CONFLICT
        return _told(state, places, refusal_line(refused, chosen, agreement, state.language))
    measured = measured_by(wanted, [to_seen(place.page, place.box) for place in places], chosen.scale.ratio)
    basis = basis_lines(
        chosen, agreement, is_format=is_format(first.page), is_unscaled=is_unscaled, language=state.language
    )
    return _told(state, places, "\n".join([measured_line(measured, state.language), *basis]))


def measured_by(wanted: Measure, boxes: Sequence[Box], ratio: float) -> Measured:
    """In millimetres and square millimetres of the real thing. `boxes` in points of the page as seen."""
    per_pt = MM_PER_PT * ratio
    slack = 2 * POINTING_MM * ratio
    x0, y0, x1, y1 = boxes[0]
    width, height = (x1 - x0) * per_pt, (y1 - y0) * per_pt
    if wanted is Measure.AREA:
        return Measured(wanted=wanted, value=width * height, error=(width + height) * slack, sides=(width, height))
    if wanted is Measure.DISTANCE:
        across = (boxes[1][0] + boxes[1][2] - x0 - x1) / 2 * per_pt
        down = (boxes[1][1] + boxes[1][3] - y0 - y1) / 2 * per_pt
        return Measured(wanted=wanted, value=float((across**2 + down**2) ** 0.5), error=slack, sides=(across, down))
    return Measured(wanted=wanted, value=max(width, height), error=slack, sides=(width, height))


async def _agreement(ctx: StageContext, place: _Place, chosen: Chosen) -> Agreement:
    """Nothing tried where the drawing cannot be read."""
    if chosen.scale is None or place.sha256 is None:
        return Agreement(0, 0)
    try:
        async with asyncio.timeout(READ_S):
            drawing = await ctx.reader.read_drawing(place.sha256, place.page.page_no)
    except (DocumentRejected, BlobMissing, Unavailable, TimeoutError):
        return Agreement(0, 0)
    return await asyncio.to_thread(check_scale, place.page, place.words, drawing.strokes, chosen.scale.ratio)


def _told(state: AnalysisState, places: Sequence[_Place], statement: str) -> Tally:
    first = places[0]
    page = TallyPage(
        document_id=first.region.document_id,
        document_name=first.name,
        page_no=first.page.page_no,
        sheet=sheet_label(first.page, state.language),
        count=len(places),
        boxes=tuple(place.box for place in places),
    )
    return Tally(target=state.text[:60], method=Method.SCALE, total=None, statement=statement, pages=(page,))
