"""Whether a claimed value is the one a spot holds, and which other value of a spot could stand in its place."""

import re

from domain.families.analysis.rules_spots import HEADER_SHARE, Spot, SpotValue
from domain.grounding.rules_units import CURRENCIES, MULTIPLIERS, unit_of
from domain.grounding.rules_values import Kind, Value

OTHER_COLUMN_SHARE = 0.5
"""What a cell counts beside a value of another column's header. A guess."""

_OPEN_POINT = re.compile(r"[.,]\s?(\S{2,12}|%)")
"""One letter is rather a preposition than a unit."""
_BARE_POINT = re.compile(r"(?:^|[\s|(])[.,]$")
_TWO_WORDS = re.compile(r"([^\W\d_]+)\s+(\d\S*)")
_WORDS = re.compile(r"[^\W\d_]+")
_TOKENS = re.compile(r"(?<![\w.,-])\d(?:[\d.,-]*\d)?(?![\w-])")


def label_share(stem: str, spot: Spot, header: frozenset[str]) -> float:
    if stem in spot.own:
        return 1.0
    return max(HEADER_SHARE if stem in header else 0.0, spot.near.get(stem, 0.0))


def column_share(held: SpotValue | None, found: SpotValue) -> float:
    """What a further value counts beside the held one: one of a header belongs to the cells of its column only."""
    if held is None or held.column == found.column or found.column < 0:
        return 1.0
    if found.is_header:
        return 0.0
    return OTHER_COLUMN_SHARE if held.is_header else 1.0


def fits_value(value: Value, held: SpotValue, spot: Spot) -> bool | None:
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


def holds_parts(value: Value, spot: Spot) -> bool:
    """Whether the parts of a dimension stand in the spot one after another, as in columns of width and height. The unit
    may belong to one of them alone: a header over both columns stands in the first."""
    parts = next(iter(value.forms)).split("x")
    place = 0
    has_unit = not value.units
    for held in spot.values:
        if place < len(parts) and parts[place] in held.value.forms and not held.is_header:
            fits = _units_fit(value.units, held.value.units, held.header_units, spot.free_units)
            if fits is None and held.value.units:
                continue
            has_unit = has_unit or bool(fits)
            place += 1
    return place == len(parts) and has_unit


def holds_apart(value: Value, spot: Spot) -> bool:
    """Whether a designation of two words («REI 150», «FIA 8856-2000») stands in the spot with other words between, or
    with its first word in the column's header."""
    parts = _TWO_WORDS.fullmatch(value.text)
    if parts is None:
        return False
    words = [*_WORDS.findall(spot.text), *(word for held in spot.values for word in held.header_words)]
    return parts.group(1) in words and parts.group(2) in _TOKENS.findall(spot.text)


def is_alike(value: Value, other: Value) -> bool:
    """Whether two values of a statement could be told of different things in one way: same unit, same shape of name."""
    if value.kind is not other.kind:
        return False
    return value.shape == other.shape if value.kind is Kind.DESIGNATION else value.units == other.units


def is_rival(value: Value, held: SpotValue) -> bool:
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


def is_broken(value: Value, text: str, start: int) -> bool:
    """Whether digits are missing at the number's point: «2, °C», «,4 м²». `text` begins at `start` of the answer."""
    if value.kind is not Kind.NUMBER:
        return False
    if _BARE_POINT.search(text[max(value.start - start - 2, 0) : value.start - start]):
        return True
    behind = None if value.units else _OPEN_POINT.match(text, value.end - start)
    return behind is not None and unit_of(behind[1].rstrip(".,;:)")) is not None


def is_weak(value: Value) -> bool:
    """A small number without a unit stands everywhere: without a label it proves nothing."""
    return value.kind is Kind.NUMBER and not value.units and all(len(form) <= 2 for form in value.forms)
