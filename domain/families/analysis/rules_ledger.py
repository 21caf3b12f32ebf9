"""Looking claims up in the spots of the cited blocks."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from domain.answers import Verdict
from domain.documents import Box
from domain.families.analysis.rules_citations import Source, find_quote
from domain.families.analysis.rules_spots import HEADER_SHARE, Spot, SpotValue, boxes_of, spots_of
from domain.families.analysis.rules_statements import Quote, Statement
from domain.families.analysis.rules_text import fold
from domain.families.analysis.rules_units import CURRENCIES, MULTIPLIERS
from domain.families.analysis.rules_values import Kind, Value

CLOSENESS = 0.5
SHARED_CLOSENESS = 0.3
MIN_LEAD = 0.2
"""A rival wins when the labels that fit only the found spot weigh less than this share of those that fit only the
rival, and the difference is more than the lead's share of all labels. The second share is for rivals that hold a
further value of the statement. Chosen on mutated answers."""

TRIED_MATCHES = 4
WHOLE_STATEMENT = 0.8
MUCH_LESS = 0.8
MIN_PARTS = 4
"""A spot that holds so much of a statement is what the statement tells; a value found only where less than this share
of that stands does not belong to it. Chosen on mutated answers."""


_TWO_WORDS = re.compile(r"([^\W\d_]+)\s+(\d\S*)")
_WORDS = re.compile(r"[^\W\d_]+")
_TOKENS = re.compile(r"(?<![\w.,-])\d(?:[\d.,-]*\d)?(?![\w-])")

DECAY_WORDS = 3.0
CONTEXT_WEIGHT = 0.5
OTHER_COLUMN_SHARE = 0.5
OTHER_CLAUSE_SHARE = 0.3
COMPANION_RARITY = 1.0
"""How far labels reach, what those of a lead-in or column header count, and how much a second value of the statement
counts as a label. Guesses, measured on mutated answers (docs/measurements.md)."""


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
    spot: Spot
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
        verdict, spot = look.verdict(place)
        number = spot.number if spot else None
        return Draft(
            start=value.start,
            end=value.end,
            kind=value.kind.value,
            text=value.text,
            verdict=verdict,
            label=look.nearest_label(place),
            unit="·".join(sorted(value.units)) or None,
            citation_number=number,
            boxes=boxes_of(spot, value, self._cited[spot.number]) if spot else (),
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
            [any(_fits(value, held, spot) for held in spot.values) for value in statement.values] for spot in spots
        ]

    def verdict(self, place: int) -> tuple[Verdict, Spot | None]:
        value = self.statement.values[place]
        matches = self._matches(place)
        whole = sorted((match for match in matches if match.is_whole), key=lambda match: -match.score)
        if not whole:
            if matches:
                return Verdict.AMBIGUOUS, max(matches, key=lambda match: match.score).spot
            return (Verdict.CONFLICTING if self._number_stands_alone(value) else Verdict.NOT_FOUND), None
        best = whole[0]
        rivals = self._rivals(place)
        if not any(self._stands(match, rivals, place) for match in whole[:TRIED_MATCHES]):
            return Verdict.CONFLICTING, None
        if self._is_of_another_spot(place, whole):
            return Verdict.CONFLICTING, None
        if (best.score == 0 and _is_weak(value)) or self._is_said_too_often(place, whole):
            return Verdict.AMBIGUOUS, best.spot
        return Verdict.FOUND, best.spot

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
                fit = _fits(value, held, spot)
                if fit is not None:
                    matches.append(self._match(place, number, held, is_whole=fit))
            if value.kind is Kind.DESIGNATION and _holds_apart(value, spot):
                matches.append(self._match(place, number, None, is_whole=True))
            if value.kind is Kind.NUMBER and "x" in next(iter(value.forms)) and _holds_parts(value, spot):
                matches.append(self._match(place, number, None, is_whole=True))
        return matches

    def _match(self, place: int, spot_number: int, held: SpotValue | None, *, is_whole: bool) -> _Match:
        fit = self._label_fit(place, spot_number, held)
        at = held.value.start if held else 0
        spot = self._spots[spot_number]
        return _Match(spot=spot, at=at, fit=fit, score=sum(fit.values()), is_whole=is_whole)

    def _rivals(self, place: int) -> list[tuple[Mapping[str, float], bool]]:
        """The label fit of every spot that holds another value of the kind instead of this one, and whether it holds a
        further value of the statement: then it may be where that one belongs."""
        value = self.statement.values[place]
        others = [n for n, other in enumerate(self.statement.values) if n != place and _is_alike(value, other)]
        rivals: list[tuple[Mapping[str, float], bool]] = []
        for number, spot in enumerate(self._spots):
            if self._holds[number][place]:
                continue
            fits = [
                self._label_fit(place, number, held, without=others) for held in spot.values if _is_rival(value, held)
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

    def _is_of_another_spot(self, place: int, matches: Sequence[_Match]) -> bool:
        """Whether one spot holds nearly all of the statement but this value, which stands where much less of it does:
        the statement tells a row, and one value of it is altered."""
        covers = [self._cover(place, number) for number in range(len(self._spots))]
        best = max(covers, default=0.0)
        own = max(covers[self._spots.index(match.spot)] for match in matches)
        return best >= WHOLE_STATEMENT and own < MUCH_LESS * best

    def _cover(self, place: int, spot_number: int) -> float:
        """The share of the statement's other labels and values that a spot holds; 0 for statements of few."""
        spot = self._spots[spot_number]
        stems = {label.stem for label in self.statement.labels}
        weights = {stem: self._rarity.get(stem, self._unseen) for stem in stems}
        others = [n for n in range(len(self.statement.values)) if n != place]
        total = sum(weights.values()) + self._unseen * len(others)
        if len(stems) + len(others) < MIN_PARTS or not total:
            return 0.0
        held = sum(w for stem, w in weights.items() if stem in spot.own or stem in spot.near or stem in spot.headers)
        return (held + self._unseen * sum(self._holds[spot_number][other] for other in others)) / total

    def _is_said_too_often(self, place: int, matches: Sequence[_Match]) -> bool:
        """A number said twice in a sentence must stand twice in what it cites: one of the two may be altered."""
        value = self.statement.values[place]
        if value.kind is not Kind.NUMBER:
            return False
        said = sum(_is_alike(value, other) and value.forms == other.forms for other in self.statement.values)
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
            share = _share(stem, spot, header)
            if share:
                fit[stem] = weight * self._rarity.get(stem, self._unseen) * share
        at = self.statement.places[place]
        for other, other_at in enumerate(self.statement.places):
            if other == place or other in without or not self._holds[spot_number][other]:
                continue
            value = self.statement.values[other]
            share = max(_column_share(held, found) for found in spot.values if _fits(value, found, spot))
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


def _share(stem: str, spot: Spot, header: frozenset[str]) -> float:
    if stem in spot.own:
        return 1.0
    return max(HEADER_SHARE if stem in header else 0.0, spot.near.get(stem, 0.0))


def _column_share(held: SpotValue | None, found: SpotValue) -> float:
    """What a further value counts beside the held one: one of a header belongs to the cells of its column only."""
    if held is None or held.column == found.column or found.column < 0:
        return 1.0
    if found.is_header:
        return 0.0
    return OTHER_COLUMN_SHARE if held.is_header else 1.0


def _fits(value: Value, held: SpotValue, spot: Spot) -> bool | None:
    """Whether a value is the held one: true, false when its unit is nowhere beside it, null when it is another."""
    other = held.value
    if value.kind is not other.kind or not _same_forms(value, other):
        return None
    if value.kind is not Kind.NUMBER:
        return True
    if value.sign != other.sign:
        return None
    return _units_fit(value.units, other.units, held.header_units, spot.free_units)


def _same_forms(value: Value, other: Value) -> bool:
    if value.forms & other.forms:
        return True
    if value.shape != "standard":
        return False
    # «СП 7.13130» for «СП 7.13130.2013»: the year may be left out.
    return any(long.startswith((f"{short}.", f"{short}-")) for short in value.forms for long in other.forms)


def _units_fit(
    units: frozenset[str], beside: frozenset[str], header: frozenset[str], free: frozenset[str]
) -> bool | None:
    """True when all `units` are beside the number, in its column's header or free in the spot; null when another unit
    stands beside it; false when there is none at all."""
    units, beside = _merged_degrees(units), _merged_degrees(beside)
    if beside & MULTIPLIERS != units & MULTIPLIERS and beside & MULTIPLIERS:
        return None
    missing = units - beside
    if not missing:
        return True
    base = beside - MULTIPLIERS - CURRENCIES
    if base:
        return None
    around = _merged_degrees(header | free)
    if missing <= around:
        return True
    own_base = units - MULTIPLIERS - CURRENCIES
    header_base = _merged_degrees(header) - MULTIPLIERS - CURRENCIES
    return None if own_base and header_base else False


def _merged_degrees(units: frozenset[str]) -> frozenset[str]:
    """A lone ° is of an angle or of a temperature."""
    return units - {"degree"} | {"degC"} if "degree" in units else units


def _holds_parts(value: Value, spot: Spot) -> bool:
    """Whether the parts of a dimension stand in the spot one after another, as in columns of width and height."""
    parts = next(iter(value.forms)).split("x")
    place = 0
    for held in spot.values:
        fits = _units_fit(value.units, held.value.units, held.header_units, spot.free_units)
        if place < len(parts) and parts[place] in held.value.forms and fits:
            place += 1
    return place == len(parts)


def _holds_apart(value: Value, spot: Spot) -> bool:
    """Whether a designation of two words («REI 150», «FIA 8856-2000») stands in the spot with other words between, or
    with its first word in the column's header."""
    parts = _TWO_WORDS.fullmatch(value.text)
    if parts is None:
        return False
    words = [*_WORDS.findall(spot.text), *(word for held in spot.values for word in held.header_words)]
    return parts.group(1) in words and parts.group(2) in _TOKENS.findall(spot.text)


def _is_alike(value: Value, other: Value) -> bool:
    return value.kind is other.kind and (value.kind is not Kind.NUMBER or value.units == other.units)


def _is_rival(value: Value, held: SpotValue) -> bool:
    """Whether the held value could stand for the claimed one: of the same kind, with the same unit or shape."""
    other = held.value
    if value.kind is not other.kind:
        return False
    if value.kind is Kind.DESIGNATION:
        return value.shape == other.shape
    if value.kind is Kind.DATE:
        return True
    units = other.units or held.header_units
    return bool(units & value.units) if value.units else not other.units


def _is_weak(value: Value) -> bool:
    """A small number without a unit stands everywhere: without a label it proves nothing."""
    return value.kind is Kind.NUMBER and not value.units and all(len(form) <= 2 for form in value.forms)


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
