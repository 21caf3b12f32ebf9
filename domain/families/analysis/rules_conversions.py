"""A value told in another unit than its document: 4,2 кВт for 4200 Вт."""

from decimal import Decimal

import msgspec

from domain.families.analysis.rules_look import Look, Match
from domain.families.analysis.rules_spots import SpotValue
from domain.grounding.rules_scales import scale_of
from domain.grounding.rules_values import Kind, Value, half_digit

MIN_DIGITS = 2
"""A number of one digit turns up by chance too easily. A guess."""


def find_converted(look: Look, place: int) -> Match | None:
    """The place that holds the value in another unit of the same quantity, equal within the digits told."""
    value = look.statement.values[place]
    scale = scale_of(value.units)
    if value.kind is not Kind.NUMBER or scale is None or "x" in next(iter(value.forms)):
        return None
    told = _number(value) * scale[1]
    if sum(letter.isdigit() for letter in value.text) < MIN_DIGITS or not told:
        return None
    margin = half_digit(value.text) * scale[1]
    for spot in look.spots:
        for held in spot.values:
            if _is_same(held, value, scale[0], told, margin):
                match = look.standing(_whole(look, held, place), place)
                if match is not None and match.score > 0:
                    return match
    return None


def _whole(look: Look, held: SpotValue, place: int) -> list[Match]:
    units = held.value.units or held.header_units
    shown = msgspec.structs.replace(held.value, units=units)
    return sorted((m for m in look.matches(shown, place) if m.is_whole), key=lambda match: -match.score)


def _is_same(held: SpotValue, value: Value, quantity: str, told: Decimal, margin: Decimal) -> bool:
    units = held.value.units or held.header_units
    scale = scale_of(units)
    if scale is None or scale[0] != quantity or units == value.units or held.value.sign != value.sign:
        return False
    if held.value.kind is not Kind.NUMBER or "x" in next(iter(held.value.forms)):
        return False
    digits = sum(letter.isdigit() for letter in held.value.text)
    return digits >= MIN_DIGITS and abs(_number(held.value) * scale[1] - told) <= margin


def _number(value: Value) -> Decimal:
    """A comma or point that may be of thousands is decimal here."""
    return min((Decimal(form) for form in value.forms), key=abs)
