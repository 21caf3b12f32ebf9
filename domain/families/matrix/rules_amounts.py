"""Amounts that can be compared: a value, a limit or a range, turned into one interval in the quantity's base unit.

An amount is read from words («не менее 1,2 м», "between 18 and 24 °C", «EI 60») the same way on both sides. What cannot
be compared with certainty (a rounded «около 3 м», a bare number) is no amount.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from domain.grounding.rules_bounds import HIGHEST, LOWEST, bound_of
from domain.grounding.rules_scales import scale_of
from domain.grounding.rules_text import fold_word
from domain.grounding.rules_units import CURRENCIES, MULTIPLIERS
from domain.grounding.rules_values import Kind, Value, find_values
from domain.rules_language import language_of

_RANGE = re.compile(r"\s*(?:[-–—−…÷]|\.{2,3}|до|to|по)\s*")
_RANGE_AND = re.compile(r"\s*(?:и|and)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:между|between)\s+$", re.IGNORECASE)
_FROM = re.compile(r"\b(?:от|from|с)\s+$", re.IGNORECASE)
_VAGUE = re.compile(
    r"(?:\b(?:до|от|около|примерно|порядка|приблизительно|about|approx(?:imately|\.)?|ca\.?|from)\s*|[~≈])$", re.I
)
_FORBIDDEN_SIDE = re.compile(
    r"(?:\bне\s+(?:допуска\w+|разреша\w+)|\bзапреща\w+|\bнельзя|\bprohibited|\bforbidden|\bnot\s+(?:allowed|permitted))"
    r"(?:,\s*чтобы)?[^,;]*?(?<!не )(?<!not )(?<!no )"
    r"(?:(?P<less>\b(?:менее|меньше|ниже|ближе|less|below|under|closer)\b)|\b(?:более|больше|выше|свыше|more|above|over)\b)"
    r"(?:\s+(?:чем|than))?\s*$",
    re.IGNORECASE,
)
_STRICT = re.compile(
    r"(?<!не )(?<!not )(?<!no )(?:\b(?:более|больше|выше|свыше|менее|меньше|ниже|more|greater|higher|above|over|less"
    r"|below|under|ближе)\b(?:\s+(?:чем|than))?|[<>])\s*$",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:не|not|no|нельзя|запрещ\w+|cannot)\b", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?:\b(?:п{1,2}|пункт\w*|табл\w*|рис\w*|прил\w*|раздел\w*|лист\w*|clause|section|table|figure|fig|appendix|para"
    r"|note|stage)\.?\s*|№\s*)$",
    re.IGNORECASE,
)
_CLASS = re.compile(r"(?<![^\W_])((?:RE|R)?EI[WS]?|RE|IP)[\s-]?(\d{2,3})(?![^\W_])")
_GRADE = re.compile(r"(?<![^\W_])([BFW])[\s-]?(\d{1,3}(?:[.,]5)?)(?![^\W_])")
_GRADED = re.compile(r"бетон|concrete|морозост|водонепр|frost|waterproof", re.IGNORECASE)
"""What must be near for B25, F150 or W6 to be a grade: «В2» elsewhere is an exhaust system."""

WINDOW = 45
"""Characters before a value that say what limit it is: those of `rules_bounds`."""


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` says what may be compared with what: a scale's name, a unit that has none, or `class:EI`. The ends
    are in the base unit, null where there is none, inclusive unless said open. `start`–`end` is where it stands in its
    text; `is_bound`: a limit is told, not a value."""

    quantity: str
    lower: Decimal | None = None
    upper: Decimal | None = None
    is_open: bool = False
    is_bound: bool = False
    text: str = ""
    start: int = 0
    end: int = 0


def amounts_of(text: str, units: frozenset[str] = frozenset(), bound: str | None = None) -> list[Amount]:
    """The amounts of `text` in order. `units` and `bound` are those of a column, for values that tell none."""
    classes = _classes(text)
    taken = [(amount.start, amount.end) for amount in classes]
    values = [
        value
        for value in find_values(text)
        if value.kind is Kind.NUMBER and not any(start < value.end and value.start < end for start, end in taken)
    ]
    found = [*classes, *_merged(text, _ranged(text, values, units, bound))]
    return sorted(found, key=lambda amount: amount.start)


def compare(required: Amount, found: Amount) -> Verdict:
    """Whether what was found lies wholly within what is required, wholly outside, or neither can be said."""
    if required.quantity != found.quantity:
        return Verdict.UNKNOWN
    if required.quantity == "class:IP":
        return _compare_digits(required, found)
    if _is_within(required, found):
        return Verdict.PASS
    return Verdict.FAIL if _is_apart(required, found) else Verdict.UNKNOWN


def _ranged(text: str, values: Sequence[Value], units: frozenset[str], bound: str | None) -> list[Amount]:
    amounts: list[Amount] = []
    place = 0
    while place < len(values):
        value = values[place]
        following = values[place + 1] if place + 1 < len(values) else None
        if following is not None and (amount := _pair(text, value, following, units)) is not None:
            amounts.append(amount)
            place += 2
            continue
        if (amount := _single(text, value, units, bound)) is not None:
            amounts.append(amount)
        place += 1
    return amounts


def _pair(text: str, low: Value, high: Value, units: frozenset[str]) -> Amount | None:
    """A range («18–24 °С», «от 18 до 24 °С», "between 18 and 24 °C") or a value with its tolerance («1500 ± 10 мм»)."""
    between = text[low.end : high.start]
    one, other = _number(low, text), _number(high, text)
    scale = _scale(high.units or low.units or units)
    if one is None or other is None or scale is None or (low.units and _scale(low.units) != scale):
        return None
    if (high.sign == "±" and not between.strip()) or between.strip() == "±":
        return _interval(text, low.start, high.end, scale, one - abs(other), one + abs(other))
    is_range = _RANGE.fullmatch(between) or (_RANGE_AND.fullmatch(between) and _BETWEEN.search(text[: low.start]))
    if not is_range or one > other:
        return None
    opening = _FROM.search(text[: low.start]) or _BETWEEN.search(text[: low.start])
    return _interval(text, opening.start() if opening else low.start, high.end, scale, one, other)


def _interval(text: str, start: int, end: int, scale: tuple[str, Decimal], lower: Decimal, upper: Decimal) -> Amount:
    return Amount(
        quantity=scale[0],
        lower=lower * scale[1],
        upper=upper * scale[1],
        is_bound=True,
        text=text[start:end],
        start=start,
        end=end,
    )


def _single(text: str, value: Value, units: frozenset[str], column_bound: str | None) -> Amount | None:
    number, scale = _number(value, text), _scale(value.units or units)
    before = text[max(value.start - WINDOW, 0) : value.start]
    if number is None or scale is None or value.sign == "±" or _REFERENCE.search(before):
        return None
    bound = bound_of(text, value.start, value.end) or column_bound
    if bound is None and _VAGUE.search(before):
        return None
    size = number * scale[1]
    bound = _forbidden_side(text[: value.start]) or bound
    is_open = bound is not None and bool(_STRICT.search(before)) and not _NEGATED.search(before)
    return Amount(
        quantity=scale[0],
        lower=None if bound == HIGHEST else size,
        upper=None if bound == LOWEST else size,
        is_open=is_open,
        is_bound=bound is not None,
        text=value.text.strip(),
        start=value.start,
        end=value.end,
    )


def _forbidden_side(before: str) -> str | None:
    """The limit in «не допускается ширина … менее»: what is forbidden is the other side."""
    told = _FORBIDDEN_SIDE.search(before)
    if told is None:
        return None
    return LOWEST if told["less"] else HIGHEST


def _merged(text: str, amounts: Sequence[Amount]) -> list[Amount]:
    """«не ниже 60 °С и не выше 75 °С» is one interval."""
    merged: list[Amount] = []
    for amount in amounts:
        last = merged[-1] if merged else None
        if last is not None and _completes(text, last, amount):
            merged[-1] = _interval(text, last.start, amount.end, (last.quantity, Decimal(1)), *_ends(last, amount))
        else:
            merged.append(amount)
    return merged


def _completes(text: str, one: Amount, other: Amount) -> bool:
    if one.quantity != other.quantity or not (one.is_bound and other.is_bound):
        return False
    between = re.sub(r"[^\w≤≥<>]+", " ", text[one.end : other.start]).strip().lower()
    if not re.fullmatch(
        r"(?:(?:и|но|а|and|but|or)\s)?(?:(?:не|not|no)\s)?"
        r"(?:более|больше|выше|менее|меньше|ниже|more(?: than)?|greater than|less(?: than)?|exceed\w*|at most|at least"
        r"|≤|≥|<|>)",
        between,
    ):
        return False
    ends = _ends(one, other)
    return (one.lower is None) != (other.lower is None) and None not in ends and ends[0] <= ends[1]


def _ends(one: Amount, other: Amount) -> tuple[Decimal, Decimal]:
    lower = one.lower if one.lower is not None else other.lower
    upper = one.upper if one.upper is not None else other.upper
    return lower if lower is not None else Decimal(0), upper if upper is not None else Decimal(0)


def _classes(text: str) -> list[Amount]:
    """Classes where a higher number is a higher demand: fire resistance, protection by enclosure, grades of concrete.
    A class that is demanded without a limit is the least one."""
    folded = text.translate(_LATIN)
    found = list(_CLASS.finditer(folded))
    found += [] if not _GRADED.search(text) else list(_GRADE.finditer(folded))
    return [
        Amount(
            quantity=f"class:{match[1]}",
            lower=Decimal(match[2].replace(",", ".")),
            upper=Decimal(match[2].replace(",", ".")),
            is_bound=bound_of(text, *match.span()) is not None,
            text=text[match.start() : match.end()],
            start=match.start(),
            end=match.end(),
        )
        for match in found
    ]


_LATIN = str.maketrans("АВЕКМНОРСТХ", "ABEKMHOPCTX")


def _compare_digits(required: Amount, found: Amount) -> Verdict:
    if required.lower is None or found.lower is None:
        return Verdict.UNKNOWN
    pairs = zip(f"{required.lower:02f}"[:2], f"{found.lower:02f}"[:2], strict=True)
    return Verdict.PASS if all(have >= need for need, have in pairs) else Verdict.FAIL


def _is_within(required: Amount, found: Amount) -> bool:
    if required.lower is not None and (found.lower is None or found.lower < required.lower):
        return False
    if required.upper is not None and not _is_class(required) and (found.upper is None or found.upper > required.upper):
        return False
    touches = required.is_open and (found.lower == required.lower or found.upper == required.upper)
    return not (touches and not found.is_open)


def _is_apart(required: Amount, found: Amount) -> bool:
    touches = required.is_open or found.is_open
    is_below = (
        required.lower is not None
        and found.upper is not None
        and (found.upper < required.lower or (touches and found.upper == required.lower))
    )
    if is_below or _is_class(required) or required.upper is None or found.lower is None:
        return is_below
    return found.lower > required.upper or (touches and found.lower == required.upper)


def _is_class(amount: Amount) -> bool:
    return amount.quantity.startswith("class:")


def _scale(units: frozenset[str]) -> tuple[str, Decimal] | None:
    """What the unit measures and its size; a unit that converts to no other measures itself."""
    if len(units) != 1 or units & (CURRENCIES | MULTIPLIERS):
        return None
    unit = next(iter(units))
    return scale_of(units) or ("degC" if unit == "degree" else unit, Decimal(1))


def _number(value: Value, text: str) -> Decimal | None:
    """A number as its language writes it: a comma before three digits is decimal in Russian only. Null for
    dimensions."""
    forms = [Decimal(form) for form in value.forms if "x" not in form]
    if not forms:
        return None
    is_thousands = len(forms) > 1 and "," in value.text and language_of(text) == "en"
    number = max(forms) if is_thousands else min(forms)
    return -number if value.sign == "-" else number


def overlap(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether `start`–`end` shares a character with any of the spans."""
    return any(one < end and start < other for one, other in spans)


def folded_names(text: str) -> frozenset[str]:
    """The designations of `text` («П1», «К-2»), folded; standards and codes left out."""
    values = find_values(text)
    return frozenset(fold_word(v.text) for v in values if v.kind is Kind.DESIGNATION and v.shape != "standard")
