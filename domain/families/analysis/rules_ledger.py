"""The claims of statements, looked up in the spots of the blocks they cite."""

import re
from collections.abc import Mapping

import msgspec

from domain.answers import Verdict
from domain.documents import Box
from domain.families.analysis.rules_arithmetic import Calculation
from domain.families.analysis.rules_conversions import find_converted
from domain.families.analysis.rules_counting import is_counted
from domain.families.analysis.rules_look import Look, Match
from domain.families.analysis.rules_reckoning import is_reckoned
from domain.families.analysis.rules_spots import boxes_of, spots_of
from domain.families.analysis.rules_statements import Quote, Statement
from domain.grounding.rules_citations import Source, Stream, find_quote
from domain.grounding.rules_text import fold

MAX_VALUES = 60
"""In longer statements nothing is counted, converted or reckoned. A guess."""

_BULLET = re.compile(r"(?<!\S)[-–—•●▪*]+(?!\S)")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A claim before it is numbered."""

    start: int
    end: int
    kind: str
    text: str
    verdict: Verdict
    label: str | None = None
    unit: str | None = None
    citation_number: int | None = None
    boxes: tuple[Box, ...] = ()


class Ledger:
    """The spots of all cited blocks, and the verdicts on statements about them."""

    def __init__(self, cited: Mapping[int, Source]) -> None:
        self.cited = cited
        self._spots = {number: spots_of(number, source) for number, source in cited.items()}
        self._streams: dict[int, Stream] = {}

    def check(self, statement: Statement) -> list[Draft]:
        """Drafts of the claims: marks that lead nowhere, quotations, then the values outside of found quotations."""
        drafts = [_lost_mark(mark) for mark in statement.unknown_marks]
        found_quotes: list[Quote] = []
        for quote in statement.quotes:
            draft = self._check_quote(quote, statement)
            if draft.verdict is Verdict.FOUND:
                found_quotes.append(quote)
            drafts.append(draft)
        look = Look(statement, [spot for number in statement.marks for spot in self._spots.get(number, ())])
        values = self._check_values(look, found_quotes)
        for calculation in statement.calculations:
            values = _settled(look, calculation, values)
        return [*drafts, *values]

    def _check_quote(self, quote: Quote, statement: Statement) -> Draft:
        for number in statement.marks:
            boxes = self._boxes_of_quote(quote, self.cited[number])
            if boxes is not None:
                return _quotation(quote, Verdict.FOUND, number, boxes)
        return _quotation(quote, Verdict.NOT_FOUND, None, ())

    def _boxes_of_quote(self, quote: Quote, source: Source) -> tuple[Box, ...] | None:
        boxes = find_quote(quote.text, source)
        if boxes is not None:
            return boxes
        wanted = fold(_BULLET.sub(" ", quote.text))
        material = source.material
        place = fold(f"{material.document_name} {material.sheet} {source.block.heading or ''}")
        if wanted in place:
            return ()
        # A sentence and the items of its list are one quotation without the bullets.
        shown = _BULLET.sub(" ", source.block.content)
        if not wanted or shown == source.block.content:
            return None
        block = msgspec.structs.replace(source.block, content=shown)
        return find_quote(quote.text, msgspec.structs.replace(source, words=(), block=block))

    def _check_values(self, look: Look, found_quotes: list[Quote]) -> list[Draft]:
        drafts: dict[int, Draft] = {}
        for place, value in enumerate(look.statement.values):
            if not any(quote.start <= value.start and value.end <= quote.end for quote in found_quotes):
                drafts[place] = self._draft(look, place, *look.verdict(place))
        found = {place for place, draft in drafts.items() if draft.verdict is Verdict.FOUND}
        seen = [self._second_look(look, place, draft, found) for place, draft in drafts.items()]
        return [draft for draft in seen if draft is not None]

    def _second_look(self, look: Look, place: int, draft: Draft, found: set[int]) -> Draft | None:
        """What is not found may be counted, converted or reckoned from what is, or be no claim at all."""
        if draft.verdict is Verdict.FOUND or len(look.statement.values) > MAX_VALUES:
            return draft
        if is_counted(look, place, found):
            return msgspec.structs.replace(draft, verdict=Verdict.COUNTED)
        if look.statement.references[place] is not None and _is_unprovable(look, place):
            return None
        converted = find_converted(look, place)
        if converted is not None:
            return self._draft(look, place, Verdict.COMPUTED, converted)
        if draft.verdict is Verdict.NOT_FOUND and is_reckoned(look.statement, place, found):
            return msgspec.structs.replace(draft, verdict=Verdict.COMPUTED)
        return draft

    def _draft(self, look: Look, place: int, verdict: Verdict, match: Match | None) -> Draft:
        value = look.statement.values[place]
        return Draft(
            start=value.start,
            end=value.end,
            kind=value.kind.value,
            text=value.text,
            verdict=verdict,
            label=look.nearest_label(place),
            unit="·".join(sorted(value.units)) or None,
            citation_number=match.spot.number if match else None,
            boxes=self._boxes_of(match) if match else (),
        )

    def _boxes_of(self, match: Match) -> tuple[Box, ...]:
        number = match.spot.number
        source = self.cited[number]
        stream = self._streams.get(number)
        if stream is None:
            stream = self._streams[number] = Stream([word.text for word in source.words])
        return boxes_of(match.spot, match.text, source, stream)


def _is_unprovable(look: Look, place: int) -> bool:
    """Whether nothing cited has a number of the same kind of place: then «раздел 1» is a pointer, not a claim."""
    word = look.statement.references[place] or ""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}\w*\.?\s*(?:№\s*)?\d", re.IGNORECASE)
    return not any(pattern.search(spot.text) for spot in look.spots)


def _settled(look: Look, calculation: Calculation, drafts: list[Draft]) -> list[Draft]:
    """The drafts with the verdict on a calculation's result. A right result vouches for its operands; factors read as a
    dimension («2 × 350») are no claim of their own."""
    has_operands = all(
        any(operand & held.value.forms for spot in look.spots for held in spot.values)
        for operand in calculation.operands
    )
    if not has_operands:
        return drafts
    verdict = Verdict.COMPUTED if calculation.is_right else Verdict.CONFLICTING
    settled: list[Draft] = []
    for draft in drafts:
        inside = calculation.start <= draft.start < calculation.end
        if inside and draft.start >= calculation.result_start:
            settled.append(msgspec.structs.replace(draft, verdict=verdict))
        elif inside and calculation.is_right and "×" not in draft.text:
            settled.append(msgspec.structs.replace(draft, verdict=Verdict.FOUND))
        elif not (inside and "×" in draft.text):
            settled.append(draft)
    return settled


def _lost_mark(mark: Quote) -> Draft:
    return Draft(start=mark.start, end=mark.end, kind="citation", text=mark.text, verdict=Verdict.NOT_FOUND)


def _quotation(quote: Quote, verdict: Verdict, number: int | None, boxes: tuple[Box, ...]) -> Draft:
    return Draft(
        start=quote.start,
        end=quote.end,
        kind="quotation",
        text=quote.text,
        verdict=verdict,
        citation_number=number,
        boxes=boxes,
    )
