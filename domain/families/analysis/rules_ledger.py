"""Looking claims up in the spots of the cited blocks."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from domain.answers import Verdict
from domain.documents import Box
from domain.families.analysis.rules_arithmetic import Calculation
from domain.families.analysis.rules_citations import Source, find_quote
from domain.families.analysis.rules_fitting import (
    column_share,
    fits_value,
    holds_apart,
    holds_parts,
    is_alike,
    is_rival,
    is_weak,
    label_share,
)
from domain.families.analysis.rules_spots import Spot, SpotValue, boxes_of, spots_of
from domain.families.analysis.rules_statements import Quote, Statement
from domain.families.analysis.rules_text import fold
from domain.families.analysis.rules_values import Kind, Value

CLOSENESS = 0.5
SHARED_CLOSENESS = 0.3
MIN_LEAD = 0.2
"""A rival wins when the labels that fit only the found spot weigh less than this share of those that fit only the
rival, and the difference is more than the lead's share of all labels. The second share is for rivals that hold a
further value of the statement. Chosen on mutated answers."""

TRIED_MATCHES = 4

DECAY_WORDS = 3.0
CONTEXT_WEIGHT = 0.5
OTHER_CLAUSE_SHARE = 0.3
COMPANION_RARITY = 1.0
"""How far labels reach, what those of a lead-in or column header count, and how much a second value of the statement
counts as a label. Guesses, checked on mutated answers."""


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


class _Match(msgspec.Struct, frozen=True, kw_only=True):
    """A place that holds the value as `text`, at `at` in it, and how well the labels fit there."""

    spot: Spot
    text: str
    at: int
    fit: Mapping[str, float]
    score: float
    is_whole: bool


class Ledger:
    """The spots of all cited blocks, and the verdicts on statements about them."""

    def __init__(self, cited: Mapping[int, Source]) -> None:
        self._cited = cited
        self._spots = {number: spots_of(number, source) for number, source in cited.items()}

    def check(self, statement: Statement) -> list[Draft]:
        """Drafts of the claims: marks that lead nowhere, quotations, then the values outside of found quotations."""
        drafts = [_lost_mark(mark) for mark in statement.unknown_marks]
        found_quotes: list[Quote] = []
        for quote in statement.quotes:
            draft = self._check_quote(quote, statement)
            if draft.verdict is Verdict.FOUND:
                found_quotes.append(quote)
            drafts.append(draft)
        look = _Look(statement, [spot for number in statement.marks for spot in self._spots.get(number, ())])
        for place, value in enumerate(statement.values):
            if not any(quote.start <= value.start and value.end <= quote.end for quote in found_quotes):
                drafts.append(self._check_value(look, place))
        for calculation in statement.calculations:
            drafts = look.settle(calculation, drafts)
        return drafts

    def _check_quote(self, quote: Quote, statement: Statement) -> Draft:
        for number in statement.marks:
            boxes = self._boxes_of_quote(quote, self._cited[number])
            if boxes is not None:
                return _quotation(quote, Verdict.FOUND, number, boxes)
        return _quotation(quote, Verdict.NOT_FOUND, None, ())

    def _boxes_of_quote(self, quote: Quote, source: Source) -> tuple[Box, ...] | None:
        boxes = find_quote(quote.text, source)
        if boxes is not None:
            return boxes
        material = source.material
        place = fold(f"{material.document_name} {material.sheet} {source.block.heading or ''}")
        return () if fold(quote.text) in place else None

    def _check_value(self, look: "_Look", place: int) -> Draft:
        value = look.statement.values[place]
        verdict, match = look.verdict(place)
        return Draft(
            start=value.start,
            end=value.end,
            kind=value.kind.value,
            text=value.text,
            verdict=verdict,
            label=look.nearest_label(place),
            unit="·".join(sorted(value.units)) or None,
            citation_number=match.spot.number if match else None,
            boxes=boxes_of(match.spot, match.text, self._cited[match.spot.number]) if match else (),
        )


class _Look:
    """One statement against the spots it cites."""

    def __init__(self, statement: Statement, spots: Sequence[Spot]) -> None:
        self.statement = statement
        self._spots = spots
        counts: Counter[str] = Counter()
        for spot in spots:
            counts.update(spot.own)
        self._rarity = {stem: math.log(1 + len(spots) / count) for stem, count in counts.items()}
        self._unseen = math.log(1 + len(spots))
        self._holds = [
            [any(fits_value(value, held, spot) for held in spot.values) for value in statement.values] for spot in spots
        ]

    def verdict(self, place: int) -> tuple[Verdict, _Match | None]:
        value = self.statement.values[place]
        matches = self._matches(place)
        whole = sorted((match for match in matches if match.is_whole), key=lambda match: -match.score)
        if not whole:
            if matches:
                return Verdict.AMBIGUOUS, max(matches, key=lambda match: match.score)
            return (Verdict.CONFLICTING if self._number_stands_alone(value) else Verdict.NOT_FOUND), None
        best = whole[0]
        rivals = self._rivals(place)
        if not any(self._stands(match, rivals, place) for match in whole[:TRIED_MATCHES]):
            return Verdict.CONFLICTING, None
        if (best.score == 0 and is_weak(value)) or self._is_said_too_often(place, whole):
            return Verdict.AMBIGUOUS, best
        return Verdict.FOUND, best

    def settle(self, calculation: Calculation, drafts: list[Draft]) -> list[Draft]:
        """The drafts with the verdict on a calculation's result. A right result vouches for its operands; factors read
        as a dimension («2 × 350») are no claim of their own."""
        has_operands = all(
            any(operand & held.value.forms for spot in self._spots for held in spot.values)
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

    def nearest_label(self, place: int) -> str | None:
        at = self.statement.places[place]
        before = [label for label in self.statement.labels if label.place < at]
        labels = before or list(self.statement.labels)
        return min(labels, key=lambda label: abs(label.place - at)).word if labels else None

    def _matches(self, place: int) -> list[_Match]:
        value = self.statement.values[place]
        matches: list[_Match] = []
        for number, spot in enumerate(self._spots):
            for held in spot.values:
                fit = fits_value(value, held, spot)
                if fit is not None:
                    matches.append(self._match(place, number, held, is_whole=fit))
            if value.kind is Kind.DESIGNATION and holds_apart(value, spot):
                matches.append(self._match(place, number, None, is_whole=True))
            if value.kind is Kind.NUMBER and "x" in next(iter(value.forms)) and holds_parts(value, spot):
                matches.append(self._match(place, number, None, is_whole=True))
        return matches

    def _match(self, place: int, spot_number: int, held: SpotValue | None, *, is_whole: bool) -> _Match:
        fit = self._label_fit(place, spot_number, held)
        return _Match(
            spot=self._spots[spot_number],
            text=held.value.text if held else self.statement.values[place].text,
            at=held.value.start if held else 0,
            fit=fit,
            score=sum(fit.values()),
            is_whole=is_whole,
        )

    def _rivals(self, place: int) -> list[tuple[Mapping[str, float], bool]]:
        """The label fit of every spot that holds another value of the kind instead of this one, and whether it holds a
        further value of the statement: then it may be where that one belongs."""
        value = self.statement.values[place]
        others = [n for n, other in enumerate(self.statement.values) if n != place and is_alike(value, other)]
        rivals: list[tuple[Mapping[str, float], bool]] = []
        for number, spot in enumerate(self._spots):
            if self._holds[number][place]:
                continue
            fits = [
                self._label_fit(place, number, held, without=others) for held in spot.values if is_rival(value, held)
            ]
            if fits:
                best = max(fits, key=lambda fit: sum(fit.values()))
                rivals.append((best, any(self._holds[number][other] for other in others)))
        return rivals

    def _stands(self, match: _Match, rivals: Sequence[tuple[Mapping[str, float], bool]], place: int) -> bool:
        """Whether no rival fits the labels clearly better. Labels that fit both say nothing."""
        scale = MIN_LEAD * self._whole_weight(place)
        for fit, is_shared in rivals:
            for_match = sum(max(weight - fit.get(key, 0.0), 0.0) for key, weight in match.fit.items())
            for_rival = sum(max(weight - match.fit.get(key, 0.0), 0.0) for key, weight in fit.items())
            closeness = SHARED_CLOSENESS if is_shared else CLOSENESS
            if for_match < closeness * for_rival and for_rival - for_match > scale:
                return False
        return True

    def _is_said_too_often(self, place: int, matches: Sequence[_Match]) -> bool:
        """A number said twice in a sentence must stand twice in what it cites: one of the two may be altered."""
        value = self.statement.values[place]
        if value.kind is not Kind.NUMBER:
            return False
        said = sum(is_alike(value, other) and value.forms == other.forms for other in self.statement.values)
        return said > 1 and said > len({(match.spot.number, match.spot.text, match.at) for match in matches})

    def _label_fit(
        self, place: int, spot_number: int, held: SpotValue | None, *, without: Sequence[int] = ()
    ) -> dict[str, float]:
        """How well each label of a value fits a spot: near and rare ones count most. Further values are labels too,
        but for those `without`."""
        spot = self._spots[spot_number]
        header = held.header if held else frozenset()
        fit: dict[str, float] = {}
        for stem, weight in self._weights(place).items():
            share = label_share(stem, spot, header)
            if share:
                fit[stem] = weight * self._rarity.get(stem, self._unseen) * share
        at = self.statement.places[place]
        for other, other_at in enumerate(self.statement.places):
            if other == place or other in without or not self._holds[spot_number][other]:
                continue
            value = self.statement.values[other]
            share = max(column_share(held, found) for found in spot.values if fits_value(value, found, spot))
            key = f"={min(value.forms)}"
            if self.statement.clauses[other] != self.statement.clauses[place]:
                share *= OTHER_CLAUSE_SHARE
            fit[key] = max(fit.get(key, 0.0), COMPANION_RARITY * self._unseen * _decay(other_at - at) * share)
        return fit

    def _weights(self, place: int) -> dict[str, float]:
        at = self.statement.places[place]
        weights = dict.fromkeys(self.statement.context[place], CONTEXT_WEIGHT)
        clause = self.statement.clauses[place]
        for label in self.statement.labels:
            weight = _decay(label.place - at) * (1.0 if label.clause == clause else OTHER_CLAUSE_SHARE)
            weights[label.stem] = max(weights.get(label.stem, 0.0), weight)
        return weights

    def _whole_weight(self, place: int) -> float:
        weights = self._weights(place)
        return sum(weight * self._rarity.get(stem, self._unseen) for stem, weight in weights.items())

    def _number_stands_alone(self, value: Value) -> bool:
        """Whether the digits are there with another unit or sign."""
        return any(value.forms & held.value.forms for spot in self._spots for held in spot.values)


def _decay(distance: int) -> float:
    return 1.0 / (1.0 + abs(distance) / DECAY_WORDS)


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
