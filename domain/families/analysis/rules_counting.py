"""Counts of things: the listed names of a sentence, or the rows and list items of cited blocks that have its noun."""

import re
from collections import Counter

from domain.families.analysis.rules_look import Look
from domain.families.analysis.rules_spots import stems
from domain.grounding.rules_values import Kind, Value

_NOUN = re.compile(r"\s*(?:шт\w*\.?\s+)?((?:[^\W\d_]+\s+){0,2}[^\W\d_]{3,})")
_ANY_ENTRY = re.compile(
    r"\b(?:строк|позици|пункт|запис|элемент|наименован|row|item|entr|line|position|record)", re.IGNORECASE
)
_TOTAL = re.compile(
    r"\b(?:всего|итого|количеств|число|насчит|перечисл|total|count|number\s+of|there\s+are|listed?|lists|contains)",
    re.IGNORECASE,
)
MAX_COUNT = 500


def is_counted(look: Look, place: int, found: set[int]) -> bool:
    """Whether the number tells how many names the sentence lists, all of them found and as many as the blocks have of
    the series; or how many rows or list items of the cited blocks have the noun that follows it."""
    value = look.statement.values[place]
    count = _count(value)
    if count is None:
        return False
    return count in _listed(look, found) or count in _rows(look, value)


def _count(value: Value) -> int | None:
    form = next(iter(value.forms))
    if value.kind is not Kind.NUMBER or value.units - {"pcs", "set"} or value.sign or not form.isdigit():
        return None
    return int(form) if 0 < int(form) <= MAX_COUNT else None


def _listed(look: Look, found: set[int]) -> set[int]:
    """How many different names of one series the sentence lists, where that is all that the blocks have."""
    told: dict[str, set[str]] = {}
    for place, value in enumerate(look.statement.values):
        if value.kind is Kind.DESIGNATION and (series := _series(value)):
            if place not in found:
                return set()
            told.setdefault(series, set()).update(value.forms)
    return {len(names) for series, names in told.items() if len(names) > 1 and names >= _names(look, series)}


def _names(look: Look, series: str) -> set[str]:
    return {
        min(held.value.forms)
        for spot in look.spots
        for held in spot.values
        if held.value.kind is Kind.DESIGNATION and _series(held.value) == series
    }


def _series(value: Value) -> str | None:
    """The letters of П1, В2, KL-3."""
    found = re.fullmatch(r"([^\W\d_]{1,4}-?)\d{1,3}", min(value.forms))
    return found.group(1) if found else None


def _rows(look: Look, value: Value) -> set[int]:
    """Numbers of rows and list items with the noun behind the value; of all rows where the noun is «строк», "items"."""
    text = look.statement.text
    noun = _NOUN.match(text[_end_of_digits(look, value) :])
    if noun is None:
        return set()
    words = set(stems(noun.group(1)))
    counts = {sum(1 for spot in look.spots if spot.is_item and word in spot.own) for word in words}
    if _ANY_ENTRY.search(noun.group(1)) and _TOTAL.search(text):
        groups = Counter(spot.group for spot in look.spots if spot.is_item)
        counts |= set(groups.values()) | {sum(groups.values())}
    return counts - {0}


def _end_of_digits(look: Look, value: Value) -> int:
    """Where the number ends in the statement's own text."""
    digits = re.match(r"[\d\s.,]*\d", value.text)
    return value.start - look.statement.start + (digits.end() if digits else len(value.text))
