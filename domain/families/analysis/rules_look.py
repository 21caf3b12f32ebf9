"""One statement of an answer against the spots it cites: which holds each value, and whether another fits better."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from domain.answers import Verdict
from domain.families.analysis.rules_fitting import (
    column_share,
    fits_value,
    holds_apart,
    holds_parts,
    is_alike,
    is_broken,
    is_rival,
    is_weak,
    label_share,
)
from domain.families.analysis.rules_keys import keys_of
from domain.families.analysis.rules_spots import Spot, SpotValue, stems
from domain.families.analysis.rules_statements import Statement
from domain.grounding.rules_bounds import bound_of, contradicts
from domain.grounding.rules_values import Kind, Value

CLOSENESS = 0.5
SHARED_CLOSENESS = 0.3
MIN_LEAD = 0.2
"""A rival wins when the labels that fit only the found spot weigh less than this share of those that fit only the
rival, and the difference is more than the lead's share of all labels. The second share is for rivals that hold a
further value of the statement. Chosen on mutated answers."""

ROW_LEAD = 0.08
"""The same for rows of the table that the found row is of, when nothing speaks for the found one: there one word of the
row's name decides. Chosen on mutated answers."""

TRIED_MATCHES = 8
CONTRARY_SHARE = 0.75
"""How many places are tried, best first; and how well the labels must fit a place compared with a better one that says
the contrary. Guesses, checked on mutated answers."""

REACH = 12
"""How many values before and behind one are looked at with it. A guess; keeps the work on long sentences linear."""

DECAY_WORDS = 3.0
CONTEXT_WEIGHT = 0.5
OTHER_CLAUSE_SHARE = 0.3
COMPANION_RARITY = 1.0
KEY_RARITY = 1.0
"""How far labels reach, what those of a lead-in or column header count, and how much a second value of the statement
counts as a label; one that names what the value is of (П1, WKP4) counts in full at any distance. Guesses, checked on
mutated answers."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A place that holds the value, `held` unless it is put together of parts, and how well the labels fit there.
    `number` counts the spots."""

    number: int
    spot: Spot
    held: SpotValue | None
    text: str
    fit: Mapping[str, float]
    score: float
    is_whole: bool


class _Rival(msgspec.Struct, frozen=True, kw_only=True):
    """A spot with another value of the kind. `shared` are the places of the statement's alike values that it holds."""

    spot: Spot
    fit: Mapping[str, float]
    shared: frozenset[int]


class Look:
    """One statement against the spots it cites."""

    def __init__(self, statement: Statement, spots: Sequence[Spot]) -> None:
        self.statement = statement
        self.spots = spots
        counts: Counter[str] = Counter()
        for spot in spots:
            counts.update(spot.own)
        self._rarity = {stem: math.log(1 + len(spots) / count) for stem, count in counts.items()}
        self._unseen = math.log(1 + len(spots))
        self._index = _index_of(spots)
        self._contrary: dict[int, bool] = {}
        self._holds = self._held_values()
        self._weights = [self._weights_at(place) for place in range(len(statement.values))]
        self._keys = [keys_of(statement, place, self._near(place)) for place in range(len(statement.values))]

    def verdict(self, place: int) -> tuple[Verdict, Match | None]:
        """Of the statement's value number `place`, and the place that decided it."""
        value = self.statement.values[place]
        if is_broken(value, self.statement.text, self.statement.start):
            return Verdict.NOT_FOUND, None
        matches = self.matches(value, place)
        whole = sorted((match for match in matches if match.is_whole), key=lambda match: -match.score)
        if not whole:
            if matches:
                return Verdict.AMBIGUOUS, max(matches, key=lambda match: match.score)
            return (Verdict.CONFLICTING if self._number_stands_alone(value) else Verdict.NOT_FOUND), None
        best = self.standing(whole, place)
        if best is None:
            return Verdict.CONFLICTING, None
        if (whole[0].score == 0 and is_weak(value)) or self._is_said_too_often(place, whole):
            return Verdict.AMBIGUOUS, whole[0]
        return Verdict.FOUND, best

    def standing(self, whole: Sequence[Match], place: int) -> Match | None:
        """The first match that no rival beats and that says nothing to the contrary."""
        rivals = self._rivals(place)
        contrary = 0.0
        for match in whole[:TRIED_MATCHES]:
            if not self._stands(match, rivals, place) or match.score < CONTRARY_SHARE * contrary:
                continue
            if not self._is_contrary(match, place):
                return match
            contrary = max(contrary, match.score)
        return None

    def matches(self, value: Value, place: int) -> list[Match]:
        """Every place that holds `value`, with the labels of the statement's value number `place`."""
        matches: list[Match] = []
        for number, held in self._candidates(value):
            fit = fits_value(value, held, self.spots[number])
            if fit is not None:
                matches.append(self._match(place, number, held, is_whole=fit))
        for number, spot in enumerate(self.spots):
            if value.kind is Kind.DESIGNATION and holds_apart(value, spot):
                matches.append(self._match(place, number, None, is_whole=True))
            if value.kind is Kind.NUMBER and "x" in next(iter(value.forms)) and holds_parts(value, spot):
                matches.append(self._match(place, number, None, is_whole=True))
        return matches

    def _candidates(self, value: Value) -> list[tuple[int, SpotValue]]:
        """The spots' values that share a form with `value`; those of standards also when the year is left out."""
        if value.shape == "standard":
            return [(number, held) for number, spot in enumerate(self.spots) for held in spot.values]
        found = [pair for form in value.forms for pair in self._index.get((value.kind, form), ())]
        return list({(number, id(held)): (number, held) for number, held in found}.values())

    def _held_values(self) -> list[set[int]]:
        """For each spot the places of the statement's values that it holds."""
        holds: list[set[int]] = [set() for _ in self.spots]
        for place, value in enumerate(self.statement.values):
            for number, held in self._candidates(value):
                if fits_value(value, held, self.spots[number]):
                    holds[number].add(place)
        return holds

    def nearest_label(self, place: int) -> str | None:
        at = self.statement.places[place]
        before = [label for label in self.statement.labels if label.place < at]
        labels = before or list(self.statement.labels)
        return min(labels, key=lambda label: abs(label.place - at)).word if labels else None

    def _match(self, place: int, spot_number: int, held: SpotValue | None, *, is_whole: bool) -> Match:
        fit = self._label_fit(place, spot_number, held)
        return Match(
            number=spot_number,
            spot=self.spots[spot_number],
            held=held,
            text=held.value.text if held else self.statement.values[place].text,
            fit=fit,
            score=sum(fit.values()),
            is_whole=is_whole,
        )

    def _is_contrary(self, match: Match, place: int) -> bool:
        """Whether the place tells the other limit, the opposite of the sentence, or names the value otherwise."""
        held, told = match.held, self.statement.bounds[place]
        if held is not None and told is not None and held.within:
            shown = bound_of(held.within, held.value.start, held.value.end)
            if shown is not None and shown != told:
                return True
        if held is not None and self._is_other_column(match.spot, held, place):
            return True
        if match.number not in self._contrary:
            self._contrary[match.number] = contradicts(self.statement.text, match.spot.text)
        return self._contrary[match.number]

    def _near(self, place: int) -> list[int]:
        """The places of the values around one: further ones say nothing of it."""
        last = len(self.statement.values) - 1
        return [n for n in range(max(place - REACH, 0), min(place + REACH, last) + 1) if n != place]

    def _is_other_column(self, spot: Spot, held: SpotValue, place: int) -> bool:
        """Whether the value's own words name another column of the row, and none of them the column it stands in. Only
        a number that fills its cell belongs to its column; a name belongs to the row."""
        if held.column < 0 or held.is_header or not held.header or spot.is_crooked:
            return False
        if held.value.kind is Kind.DESIGNATION or stems(held.within.replace(held.value.text, " ")):
            return False
        clause = self.statement.clauses[place]
        words = {label.stem for label in self.statement.labels if label.clause == clause}
        words |= self.statement.context[place]
        if words & held.header:
            return False
        taken = self._taken_columns(spot, place)
        return any(
            words & (other.header - held.header - spot.own)
            for other in spot.values
            if other.column not in taken and other.column != held.column and not other.is_header
        )

    def _taken_columns(self, spot: Spot, place: int) -> set[int]:
        """Columns that hold the statement's further values: their headers name those."""
        others = [self.statement.values[number] for number in self._near(place)]
        return {held.column for held in spot.values for value in others if fits_value(value, held, spot)} | {-1}

    def _rivals(self, place: int) -> list[_Rival]:
        """Every spot that holds another value of the kind instead of this one, with its label fit."""
        value = self.statement.values[place]
        others = {n for n in self._near(place) if is_alike(value, self.statement.values[n])}
        rivals: list[_Rival] = []
        for number, spot in enumerate(self.spots):
            if place in self._holds[number]:
                continue
            seen: set[tuple[int, frozenset[str]]] = set()
            fits: list[dict[str, float]] = []
            for held in spot.values:
                if (held.column, held.header) not in seen and is_rival(value, held):
                    seen.add((held.column, held.header))
                    fits.append(self._label_fit(place, number, held, without=others))
            if fits:
                best = max(fits, key=lambda fit: sum(fit.values()))
                rivals.append(_Rival(spot=spot, fit=best, shared=frozenset(others & self._holds[number])))
        return rivals

    def _stands(self, match: Match, rivals: Sequence[_Rival], place: int) -> bool:
        """Whether no rival fits the labels clearly better. Labels that fit both say nothing."""
        weights = self._weights[place]
        scale = sum(weight * self._rarity.get(stem, self._unseen) for stem, weight in weights.items())
        return not any(self._is_beaten(match, rival, scale) for rival in rivals)

    def _is_beaten(self, match: Match, rival: _Rival, scale: float) -> bool:
        """A rival that holds a further value of the statement may be where that one belongs; one that holds two or
        more, none of which stands with the match, is where the whole statement was read."""
        for_match = sum(max(weight - rival.fit.get(key, 0.0), 0.0) for key, weight in match.fit.items())
        for_rival = sum(max(weight - match.fit.get(key, 0.0), 0.0) for key, weight in rival.fit.items())
        if len(rival.shared) > 1 and not rival.shared & self._holds[match.number]:
            return for_rival >= for_match
        closeness = SHARED_CLOSENESS if rival.shared else CLOSENESS
        lead = ROW_LEAD if for_match == 0 and _is_same_table(match.spot, rival.spot) else MIN_LEAD
        return for_match < closeness * for_rival and for_rival - for_match > lead * scale

    def _is_said_too_often(self, place: int, matches: Sequence[Match]) -> bool:
        """A number said twice in a sentence must stand twice in what it cites: one of the two may be altered."""
        value = self.statement.values[place]
        if value.kind is not Kind.NUMBER:
            return False
        near = [self.statement.values[n] for n in self._near(place)]
        said = 1 + sum(is_alike(value, other) and value.forms == other.forms for other in near)
        if said < 2:
            return False
        starts = {(id(match.spot), match.text, match.held.value.start if match.held else 0) for match in matches}
        return said > len(starts)

    def _label_fit(
        self, place: int, spot_number: int, held: SpotValue | None, *, without: Collection[int] = ()
    ) -> dict[str, float]:
        """How well each label of a value fits a spot: near and rare ones count most. Further values are labels too,
        but for those `without`."""
        spot = self.spots[spot_number]
        header = held.header if held else frozenset()
        fit: dict[str, float] = {}
        for stem, weight in self._weights[place].items():
            share = label_share(stem, spot, header)
            if share:
                fit[stem] = weight * self._rarity.get(stem, self._unseen) * share
        for other in self._near(place):
            if other not in self._holds[spot_number]:
                continue
            is_key = other in self._keys[place]
            if is_key or other not in without:
                key, weight = self._companion(place, other, spot, held, is_key=is_key)
                fit[key] = max(fit.get(key, 0.0), weight)
        return fit

    def _companion(
        self, place: int, other: int, spot: Spot, held: SpotValue | None, *, is_key: bool
    ) -> tuple[str, float]:
        value = self.statement.values[other]
        share = max(column_share(held, found) for found in spot.values if fits_value(value, found, spot))
        key = f"={min(value.forms)}"
        if is_key:
            return key, KEY_RARITY * self._unseen * share
        if self.statement.clauses[other] != self.statement.clauses[place]:
            share *= OTHER_CLAUSE_SHARE
        distance = self.statement.places[other] - self.statement.places[place]
        return key, COMPANION_RARITY * self._unseen * _decay(distance) * share

    def _weights_at(self, place: int) -> dict[str, float]:
        at = self.statement.places[place]
        weights = dict.fromkeys(self.statement.context[place], CONTEXT_WEIGHT)
        clause = self.statement.clauses[place]
        for label in self.statement.labels:
            weight = _decay(label.place - at) * (1.0 if label.clause == clause else OTHER_CLAUSE_SHARE)
            weights[label.stem] = max(weights.get(label.stem, 0.0), weight)
        return weights

    def _number_stands_alone(self, value: Value) -> bool:
        """Whether the digits are there with another unit or sign."""
        return any((kind, form) in self._index for kind in Kind for form in value.forms)


def _is_same_table(one: Spot, other: Spot) -> bool:
    return one.is_item and other.is_item and (one.number, one.group) == (other.number, other.group)


def _index_of(spots: Sequence[Spot]) -> dict[tuple[Kind, str], list[tuple[int, SpotValue]]]:
    index: dict[tuple[Kind, str], list[tuple[int, SpotValue]]] = {}
    for number, spot in enumerate(spots):
        for held in spot.values:
            for form in held.value.forms:
                index.setdefault((held.value.kind, form), []).append((number, held))
    return index


def _decay(distance: int) -> float:
    return 1.0 / (1.0 + abs(distance) / DECAY_WORDS)
