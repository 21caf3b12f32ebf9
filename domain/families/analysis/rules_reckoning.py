"""Results that an answer tells without the calculation: sums, differences, shares of values found beside them."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations

from domain.families.analysis.rules_statements import Statement
from domain.grounding.rules_values import Kind, Value, half_digit

_SUM = re.compile(r"\b(?:сумм|итого|всего|вместе|общ|суммарн|total|sum|together|altogether|combined)", re.IGNORECASE)
_DIFFERENCE = re.compile(
    r"\b(?:разниц|разност|отлича|больше|меньше|выше|ниже|увелич|уменьш|сниз|сниж|вырос|differ|more|less|increas|decreas|drop"
    r"|declin|higher|lower|rose|fell)",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\b(?:дол|процент|составля|share|percent|of\s+the|равн)|%", re.IGNORECASE)
_RATIO = re.compile(r"\bраза?\b|\btimes\b|\bratio\b|соотнош|отношени", re.IGNORECASE)
MAX_OPERANDS = 8
MIN_DIGITS = 2
WORDS_BEFORE = 40
WORDS_BEHIND = 15
"""How many values are combined; how exact a result must be told; how near, in characters, the word that says how it was
reckoned must stand. Guesses."""


def is_reckoned(statement: Statement, place: int, found: set[int]) -> bool:
    """Whether the value is the sum, difference, share, change or ratio, as its words say, of found values of the same
    sentence. It must be right to the last digit told."""
    value = statement.values[place]
    operands = [statement.values[n] for n in sorted(found) if n != place and _is_number(statement.values[n])]
    digits = sum(letter.isdigit() for letter in value.text)
    if not _is_number(value) or value.sign or digits < MIN_DIGITS or not 2 <= len(operands) <= MAX_OPERANDS:
        return False
    told, margin = _number(value), half_digit(value.text)
    start, end = value.start - statement.start, value.end - statement.start
    near = statement.text[max(start - WORDS_BEFORE, 0) : end + WORDS_BEHIND]
    return any(abs(result - told) <= margin for result in _results(near, value, operands))


def _results(text: str, value: Value, operands: list[Value]) -> Iterator[Decimal]:
    alike = [_number(other) for other in operands if other.units == value.units]
    if _SUM.search(text) and len(alike) >= 2:
        yield sum(alike, Decimal(0))
    if _DIFFERENCE.search(text):
        yield from (one - two for one, two in permutations(alike, 2) if one > two)
    pairs = [
        (_number(one), _number(two))
        for one, two in permutations(operands, 2)
        if one.units == two.units and _number(two)
    ]
    if value.units == {"%"}:
        if _DIFFERENCE.search(text):
            yield from (abs(one - two) / two * 100 for one, two in pairs)
        if _SHARE.search(text):
            yield from (one / two * 100 for one, two in pairs if one < two)
    if _RATIO.search(text) and value.units <= {"times"}:
        yield from (one / two for one, two in pairs)


def _is_number(value: Value) -> bool:
    return value.kind is Kind.NUMBER and "x" not in next(iter(value.forms))


def _number(value: Value) -> Decimal:
    return min((Decimal(form) for form in value.forms), key=abs)
