"""Measuring by the sheet's scale: what the user points at, or what a label of the drawing names.

Along the vector lines of the sheet where there are any; by the box that was drawn on a scan. Refused where the scale is
not stated, contradicted by the dimensions, or the contour does not close. What the sheet states goes first.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.counting.rules_dimensions import Agreement, Dimension, agreement_of, calibrated, stated_length
from domain.counting.rules_scale import (
    MM_PER_PT,
    Chosen,
    Refusal,
    Scale,
    choose_scale,
    is_format,
    scales_on,
    stamp_scale,
)
from domain.counting.traces import Point, Trace, TraceAsk, Traced, TraceKind
from domain.documents import Block, Box, Word, sheet_label
from domain.errors import BlobMissing, DocumentRejected, Unavailable
from domain.families.analysis.measuring_places import (
    Place,
    dimensions_of,
    labelled_places,
    pointed_place,
    tables_of,
)
from domain.families.analysis.rules_measure_wanted import Measure, labelled_in
from domain.families.analysis.rules_measure_wording import (
    Measured,
    basis_lines,
    measured_line,
    refusal_line,
    stated_lines,
    trace_lines,
    trace_refusal_line,
)
from domain.families.analysis.rules_stated import Stated, may_be_of, stated_beside, stated_in_tables
from domain.families.analysis.rules_traces import (
    ChosenTrace,
    TraceRefusal,
    choose_contour,
    is_inside,
    labels_on,
    names_inside,
)
from domain.families.analysis.rules_wanted import Wanted
from domain.families.analysis.tallies import Method, Tally, TallyPage
from domain.families.analysis.types import AnalysisState
from domain.revisions.types import from_seen, to_seen
from domain.rules_seen import has_middle_in
from domain.stage import StageContext

POINTING_MM = 0.5
"""On paper, at each end: what a hand and a screen may be off. A guess."""

DRAWN_MM = 0.1
"""On paper: what ends of lines on a sheet are off, and half a line's width. A guess."""

MAX_REGIONS = 6
LEAST_DIMENSIONS = 4
LEAST_AGREEING = 0.15
"""Of so many numbers over lines fewer that are as long as they say contradict a scale: some are by chance. Guesses."""

MAX_TEXTS = 400
"""Words nearest to a place whose underlines and frames are no walls. A guess."""

_TRACED = {Measure.AREA: TraceKind.CONTOUR, Measure.PERIMETER: TraceKind.CONTOUR, Measure.LENGTH: TraceKind.LINE}


class _Based(msgspec.Struct, frozen=True, kw_only=True):
    """The scale of a place with what speaks for it, and the dimensions around."""

    chosen: Chosen
    agreement: Agreement
    dimensions: Sequence[Dimension]
    is_unscaled: bool

    @property
    def ratio(self) -> float | None:
        tried, agreeing = self.agreement.tried, self.agreement.agreeing
        is_contradicted = tried >= LEAST_DIMENSIONS and agreeing < LEAST_AGREEING * tried
        return None if self.chosen.scale is None or is_contradicted else self.chosen.scale.ratio


async def measure(ctx: StageContext, state: AnalysisState, wanted: Wanted) -> list[Tally]:
    """A length, an area, a perimeter or a distance; one tally per place, one for a distance."""
    kind = wanted.measure or Measure.LENGTH
    regions = [region for region in state.question.regions[:MAX_REGIONS] if region.box is not None]
    places = [place for region in regions if (place := await pointed_place(ctx, state, region))]
    if not regions:
        labelled = labelled_in(state.text)
        places = await labelled_places(ctx, state, labelled) if labelled is not None else []
    if kind is Measure.DISTANCE:
        pairs = [places[:2]] if len(places) > 1 and _sheet(places[0]) == _sheet(places[1]) else []
        return [await _by_boxes(ctx, state, kind, pair) for pair in pairs]
    if kind not in _TRACED:
        return [await _by_boxes(ctx, state, kind, [place]) for place in places]
    tables = await tables_of(ctx, state) if any(place.label for place in places) else []
    tallies = [tally for place in places if (tally := await _traced(ctx, state, kind, place, tables)) is not None]
    return _each_once(tallies)


def _sheet(place: Place) -> tuple[UUID, int]:
    return place.document_id, place.page.page_no


def _each_once(tallies: Sequence[Tally]) -> list[Tally]:
    """Two labels of one contour tell it once, and so do places that are refused alike."""
    return list({tally.statement: tally for tally in tallies}.values())


async def _traced(
    ctx: StageContext, state: AnalysisState, kind: Measure, place: Place, tables: Sequence[Block]
) -> Tally | None:
    """Along the lines of the drawing; null where a label's line was not found and nothing is stated."""
    based = await _based(ctx, place)
    in_tables, is_disputed = (
        stated_in_tables(place.label, tables, kind, is_plain=place.is_plain)
        if place.label
        else (
            None,
            False,
        )
    )
    if based.ratio is None:
        stated = in_tables or _beside(place, kind)
        lines = _stated_alone(state, place, kind, stated) if stated else [_refused(state, based)]
        return _told(state, [place], "\n".join(lines))
    traced = await _trace(ctx, kind, place, based.ratio)
    if not traced.is_drawn and not place.label:
        return await _by_boxes(ctx, state, kind, [place], based)
    chosen = _chosen(kind, place, traced, based, in_tables)
    if chosen.refusal is TraceRefusal.NO_LINE and not place.label:
        return await _by_boxes(ctx, state, kind, [place], based)
    stated = in_tables or _stated_of(kind, place, chosen.trace, based)
    if chosen.trace is None:
        if chosen.refusal is TraceRefusal.NO_LINE and stated is None:
            return None
        lines = [*(_stated_alone(state, place, kind, stated) if stated else [])]
        lines.append(trace_refusal_line(chosen, kind, based.ratio, place.label, state.language))
        return _told(state, [place], "\n".join(lines), [trace.box for trace in chosen.traces])
    measured = measured_along(kind, chosen.trace, based.ratio)
    stated = stated if stated is not None and may_be_of(stated, measured.value) else None
    lines = [
        *stated_lines(stated, measured, place.label, kind, state.language, is_disputed=is_disputed),
        *trace_lines(measured, chosen.trace, place.label, _inner_names(kind, place, chosen.trace), state.language),
        *_basis(state, place, based),
    ]
    boxes = chosen.trace.boxes if kind is Measure.LENGTH and chosen.trace.boxes else (chosen.trace.box,)
    return _told(state, [place], "\n".join(lines), boxes)


def measured_along(kind: Measure, trace: Trace, ratio: float) -> Measured:
    """In millimetres and square millimetres of the real thing."""
    per_pt = MM_PER_PT * ratio
    length = trace.length_pt * per_pt
    if kind is Measure.AREA:
        return Measured(
            wanted=kind, value=trace.area_pt2 * per_pt**2, error=length * DRAWN_MM * ratio, sides=(length, 0.0)
        )
    return Measured(wanted=kind, value=length, error=2 * DRAWN_MM * ratio, sides=(length, 0.0))


def measured_by(wanted: Measure, boxes: Sequence[Box], ratio: float) -> Measured:
    """In millimetres and square millimetres of the real thing. `boxes` in points of the page as seen."""
    per_pt = MM_PER_PT * ratio
    slack = 2 * POINTING_MM * ratio
    x0, y0, x1, y1 = boxes[0]
    width, height = (x1 - x0) * per_pt, (y1 - y0) * per_pt
    if wanted is Measure.AREA:
        return Measured(wanted=wanted, value=width * height, error=(width + height) * slack, sides=(width, height))
    if wanted is Measure.PERIMETER:
        return Measured(wanted=wanted, value=2 * (width + height), error=4 * slack, sides=(width, height))
    if wanted is Measure.DISTANCE:
        across = (boxes[1][0] + boxes[1][2] - x0 - x1) / 2 * per_pt
        down = (boxes[1][1] + boxes[1][3] - y0 - y1) / 2 * per_pt
        return Measured(wanted=wanted, value=float((across**2 + down**2) ** 0.5), error=slack, sides=(across, down))
    return Measured(wanted=wanted, value=max(width, height), error=slack, sides=(width, height))


async def _by_boxes(
    ctx: StageContext, state: AnalysisState, kind: Measure, places: Sequence[Place], based: _Based | None = None
) -> Tally:
    """What was pointed at, by its box."""
    first = places[0]
    based = based or await _based(ctx, first)
    if based.ratio is None:
        return _told(state, places, _refused(state, based))
    measured = measured_by(kind, [to_seen(place.page, place.box) for place in places], based.ratio)
    lines = [measured_line(measured, state.language), *_basis(state, first, based)]
    inside = _dimensions_in(first, based)
    stated = Stated(value=inside[0].mm, text=inside[0].text) if len(inside) == 1 else None
    if stated is not None and kind in (Measure.LENGTH, Measure.SIDE):
        lines = [*stated_lines(stated, measured, "", kind, state.language), *lines]
    return _told(state, places, "\n".join(lines))


async def _based(ctx: StageContext, place: Place) -> _Based:
    found, is_unscaled = scales_on(place.words)
    chosen = choose_scale(stamp_scale(place.page.facts.stamp), found, place.box, is_unscaled=is_unscaled)
    dimensions = await dimensions_of(ctx, place)
    if chosen.refusal is Refusal.NO_SCALE and (ratio := calibrated(dimensions)) is not None:
        chosen = Chosen(scale=Scale(ratio=ratio, text="", is_calibrated=True))
    if chosen.scale is None:
        return _Based(chosen=chosen, agreement=Agreement(0, 0), dimensions=dimensions, is_unscaled=is_unscaled)
    others = [scale.ratio for scale in found if scale.ratio != chosen.scale.ratio]
    agreement = agreement_of(dimensions, chosen.scale.ratio, others)
    return _Based(chosen=chosen, agreement=agreement, dimensions=dimensions, is_unscaled=is_unscaled)


async def _trace(ctx: StageContext, kind: Measure, place: Place, ratio: float) -> Traced:
    """Nothing drawn where the file cannot be read."""
    if place.sha256 is None:
        return Traced(is_drawn=False)
    seen = to_seen(place.page, place.box)
    texts = sorted((to_seen(place.page, word.box) for word in place.words), key=lambda box: _apart(box, seen))
    ask = TraceAsk(
        kind=_TRACED[kind],
        place=seen,
        texts=tuple(texts[:MAX_TEXTS]),
        is_pointed=not place.label,
        pt_per_mm=1 / (MM_PER_PT * ratio),
    )
    try:
        return await ctx.reader.trace(place.sha256, place.page.page_no, ask)
    except (BlobMissing, Unavailable):
        return Traced(is_drawn=False)
    except DocumentRejected:
        return Traced(is_complete=False)


def _apart(one: Box, other: Box) -> float:
    """How far the middles of two boxes are apart, along and across together."""
    return abs(one[0] + one[2] - other[0] - other[2]) + abs(one[1] + one[3] - other[1] - other[3])


def _chosen(kind: Measure, place: Place, traced: Traced, based: _Based, stated: Stated | None) -> ChosenTrace:
    if not traced.is_drawn:
        return ChosenTrace(refusal=TraceRefusal.NO_STROKES)
    if not traced.is_complete:
        return ChosenTrace(refusal=TraceRefusal.UNFINISHED)
    if kind is Measure.LENGTH:
        if len(traced.traces) > 1:
            return ChosenTrace(refusal=TraceRefusal.SEVERAL, traces=traced.traces)
        only = next(iter(traced.traces), None)
        return ChosenTrace(trace=only, refusal=None if only else TraceRefusal.NO_LINE)
    ratio = based.ratio or 1.0
    figures = {dimension.box for dimension in based.dimensions if dimension.agrees_with(ratio)}
    words = [word for word in place.words if to_seen(place.page, word.box) not in figures]
    seen = to_seen(place.page, place.box)
    per_pt2 = (MM_PER_PT * ratio) ** 2
    stated = stated or _area_in(place, traced)
    return choose_contour(
        traced.traces,
        seen,
        place.label,
        labels_on(place.page, words),
        stated.value / per_pt2 if stated is not None and kind is Measure.AREA else None,
        is_pointed=not place.label,
        own_words=[word.text for word in _own_words(place)],
    )


def _area_in(place: Place, traced: Traced) -> Stated | None:
    """Of the smallest contour that holds a stated area."""
    for trace in traced.traces:
        stated = stated_beside(_words_in(place, trace), Measure.AREA)
        if stated is not None:
            return stated
    return None


def _stated_of(kind: Measure, place: Place, trace: Trace | None, based: _Based) -> Stated | None:
    """What the sheet states of the thing itself."""
    if kind is Measure.AREA:
        return stated_beside(_words_in(place, trace), kind) if trace is not None else None
    if kind is Measure.LENGTH:
        points: list[Point] = list(trace.points) if trace is not None else []
        ends = (points[0], points[-1]) if trace is not None and len(points) == 2 else None
        straight = stated_length(based.dimensions, *ends) if ends else None
        if straight is not None:
            return Stated(value=straight.mm, text=straight.text)
        inside = _dimensions_in(place, based) if not place.label else []
        if len(inside) == 1:
            return Stated(value=inside[0].mm, text=inside[0].text)
        return _beside(place, kind)
    return None


def _beside(place: Place, kind: Measure) -> Stated | None:
    """What stands in the label's own block of text."""
    near = _own_words(place)
    return stated_beside(near, kind) if place.label and kind is not Measure.PERIMETER else None


def _own_words(place: Place) -> list[Word]:
    """The words of the label's own block of text."""
    own = {
        word.block_no
        for word in place.words
        if word.box[0] < place.box[2]
        and word.box[2] > place.box[0]
        and word.box[1] < place.box[3]
        and word.box[3] > place.box[1]
    }
    near = [word for word in place.words if word.block_no in own]
    return near if len(near) < MAX_NEAR else []


MAX_NEAR = 25
"""Words of a label's block; a longer one is running text or half of the sheet. A guess."""


def _dimensions_in(place: Place, based: _Based) -> list[Dimension]:
    seen = to_seen(place.page, place.box)
    return [dimension for dimension in based.dimensions if has_middle_in(dimension.box, seen)]


def _words_in(place: Place, trace: Trace) -> list[Word]:
    return [
        word
        for word, label in zip(place.words, labels_on(place.page, place.words), strict=True)
        if is_inside(trace.points, label.at)
    ]


def _inner_names(kind: Measure, place: Place, trace: Trace) -> list[str]:
    if kind is Measure.LENGTH or not place.label:
        return []
    own = [word.text for word in _own_words(place)]
    return names_inside(trace, place.label, own, labels_on(place.page, place.words))


def _refused(state: AnalysisState, based: _Based) -> str:
    refused = based.chosen.refusal or Refusal.CONFLICT
    return refusal_line(refused, based.chosen, based.agreement, state.language)


def _stated_alone(state: AnalysisState, place: Place, kind: Measure, stated: Stated) -> list[str]:
    return stated_lines(stated, None, place.label, kind, state.language)


def _basis(state: AnalysisState, place: Place, based: _Based) -> list[str]:
    return basis_lines(
        based.chosen,
        based.agreement,
        is_format=is_format(place.page),
        is_unscaled=based.is_unscaled,
        language=state.language,
    )


def _told(state: AnalysisState, places: Sequence[Place], statement: str, seen: Sequence[Box] = ()) -> Tally:
    """`seen` are boxes of what was measured, in points of the page as seen; without them the places themselves."""
    first = places[0]
    boxes = tuple(from_seen(first.page, box) for box in seen) or tuple(place.box for place in places)
    page = TallyPage(
        document_id=first.document_id,
        document_name=first.name,
        page_no=first.page.page_no,
        sheet=sheet_label(first.page, state.language),
        count=len(places),
        boxes=boxes,
    )
    return Tally(target=state.text[:60], method=Method.SCALE, total=None, statement=statement, pages=(page,))
