"""Sums and products that an answer shows: a result is computed when its operands are found and it is right."""

import re
from decimal import Decimal, DivisionByZero, InvalidOperation

import msgspec

from domain.grounding.rules_unit_places import NUMBER
from domain.grounding.rules_values import number_forms

_UNIT = r"(?:\s?[^\W\d_]{1,5}[²³]?(?:/[^\W\d_]{1,3})?\.?|\s?%)?"
_OPERATOR = r"\s*[+\-−–×xх*·:/÷]\s*"
_CALCULATION = re.compile(
    rf"(?<![\w.,])(?P<operands>(?:{NUMBER}){_UNIT}(?:{_OPERATOR}(?:{NUMBER}){_UNIT})+)\s*(?P<sign>=|≈)\s*"
    rf"(?P<result>{NUMBER})"
)
_STEP = re.compile(rf"(?P<operator>{_OPERATOR})?(?P<number>{NUMBER}){_UNIT}")


class Calculation(msgspec.Struct, frozen=True, kw_only=True):
    """A calculation at `start`–`end` of its text, its result at `result_start`. `operands` are canonical forms."""

    start: int
    end: int
    result_start: int
    operands: tuple[frozenset[str], ...]
    is_right: bool


def find_calculations(text: str) -> list[Calculation]:
    return [calculation for found in _CALCULATION.finditer(text) if (calculation := _read(found)) is not None]


def _read(found: re.Match[str]) -> Calculation | None:
    steps = list(_STEP.finditer(found.group("operands")))
    numbers = [_number(step.group("number")) for step in steps]
    operators = [(step.group("operator") or "").strip() for step in steps[1:]]
    try:
        result = _evaluate(numbers, operators)
    except (DivisionByZero, InvalidOperation):
        return None
    told = found.group("result")
    return Calculation(
        start=found.start(),
        end=found.end(),
        result_start=found.start("result"),
        operands=tuple(number_forms(step.group("number")) for step in steps),
        is_right=abs(result - _number(told)) <= _tolerance(told, found.group("sign")),
    )


def _evaluate(numbers: list[Decimal], operators: list[str]) -> Decimal:
    """Products before sums."""
    terms = [numbers[0]]
    for operator, number in zip(operators, numbers[1:], strict=True):
        if operator in "×xх*·":
            terms[-1] *= number
        elif operator in ":/÷":
            terms[-1] /= number
        else:
            terms.append(number if operator == "+" else -number)
    return sum(terms, Decimal(0))


def _number(digits: str) -> Decimal:
    """The decimal reading of a number: a single comma or point is decimal."""
    return min((Decimal(form) for form in number_forms(digits)), key=abs)


def _tolerance(told: str, sign: str) -> Decimal:
    """Half a unit of the last digit told; ten of them for ≈."""
    fraction = re.search(r"[.,](\d+)$", told)
    half = Decimal("0.5").scaleb(-len(fraction.group(1)) if fraction else 0)
    return half * 20 if sign == "≈" else half
