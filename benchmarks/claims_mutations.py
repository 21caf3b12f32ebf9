"""Ways to make a correct answer false in one place.

Plain ones alter a digit, a point, a unit, a sign, a letter or a date. Hard ones are true elsewhere in the cited block:
the value of another row, column or sentence; another name; a negation; the other limit.
"""

import random
import re
from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.claims_answers import Planted, Written
from benchmarks.claims_facts import NUMBER, Fact, number_of, numbers_of

_OTHER_UNITS = (
    ("мм", "см", "м", "км"), ("мм2", "м2"), ("мм²", "м²"), ("м3", "л"), ("м³", "л"), ("м3/ч", "м3/с", "л/с"),
    ("м³/ч", "м³/с", "л/с"), ("кг", "г", "т"), ("Па", "кПа", "МПа"), ("°C", "°F"), ("°С", "°F"), ("Вт", "кВт", "МВт"),
    ("мВ", "В", "кВ"), ("мА", "А", "мкА"), ("Ом", "кОм", "МОм"), ("пФ", "нФ", "мкФ"), ("Гц", "кГц", "МГц"),
    ("с", "мин", "ч"), ("сек", "мин", "ч"), ("мс", "мкс", "с"), ("бит", "байт"), ("%", "‰"), ("А·ч", "мА·ч"),
    ("Ач", "А"),
    ("mm", "cm", "m"), ("kg", "g", "lb"), ("Pa", "kPa", "MPa"), ("psi", "bar"), ("W", "kW", "MW"), ("mV", "V", "kV"),
    ("mA", "A", "µA"), ("Ω", "kΩ"), ("ohms", "kΩ"), ("pF", "nF", "µF"), ("Hz", "kHz", "MHz"), ("ms", "µs", "s"),
    ("ns", "µs"),
    ("seconds", "minutes", "hours"), ("min", "hours"), ("minutes", "seconds"), ("days", "weeks", "months"),
    ("million", "billion"), ("in", "mm", "ft"), ("feet", "metres"), ("inches", "mm"), ("percent", "ppm"),
    ("years", "months"),
    ("kN", "N", "MN"), ("m", "mm", "km"), ("N", "kN"), ("шт", "компл"), ("K", "°F"), ("lm", "lx"),
)  # fmt: skip
_LIMITS = (
    ("не менее", "не более"), ("не более", "не менее"), ("больше", "меньше"), ("меньше", "больше"), ("более", "менее"),
    ("менее", "более"), ("выше", "ниже"), ("ниже", "выше"), ("at least", "at most"), ("at most", "at least"),
    ("minimum", "maximum"), ("maximum", "minimum"), ("more than", "less than"), ("less than", "more than"),
    ("Minimum", "Maximum"), ("Maximum", "Minimum"), ("not exceed", "exceed"),
)  # fmt: skip
_NEGATIONS = (
    ("не допускается", "допускается"), ("допускается", "не допускается"), ("не следует", "следует"),
    ("следует", "не следует"), ("не должен", "должен"), ("не должна", "должна"), ("не должны", "должны"),
    ("должен", "не должен"), ("должна", "не должна"), ("должны", "не должны"), ("must not", "must"),
    ("must", "must not"),
    ("may not", "may"), ("shall not", "shall"), ("shall", "shall not"), ("is not", "is"), ("may", "may not"),
    ("increased", "decreased"), ("decreased", "increased"),
)  # fmt: skip

_ALIKE = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")

PLAIN = ("digit changed", "digit inserted", "digit deleted", "digits exchanged", "point moved", "unit", "sign",
         "designation", "date", "quotation")  # fmt: skip
HARD = ("another row's value", "another column's value", "another value of the text", "another name", "another label",
        "limit turned", "negation")  # fmt: skip


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """A false text. It is caught when a claim that touches `start`–`end` is marked. `kind` is that of the value."""

    text: str
    start: int
    end: int
    change: str
    kind: str


def mutants_of(written: Written, neighbours: Sequence[Fact], chance: random.Random) -> Iterator[Mutant]:
    """Mutants of every planted value. `neighbours` are all facts of the cited blocks, for the hard ones."""
    for planted in written.planted:
        told = written.text[planted.start : planted.end]
        for change, altered in [*_plain(planted, told, chance), *_swapped(planted, told, neighbours, chance)]:
            if number_of(altered) != number_of(told) and _is_said(altered, planted.fact, neighbours):
                continue
            text = written.text[: planted.start] + altered + written.text[planted.end :]
            yield Mutant(
                text=text, start=planted.start, end=planted.start + len(altered), change=change, kind=planted.kind
            )
        yield from _worded(written, planted, neighbours, chance)


def _plain(planted: Planted, told: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    if planted.kind == "quotation":
        yield from _quotation(told, chance)
        return
    if planted.kind in ("designation", "date"):
        for _ in range(2):
            altered = _other_digit(told, chance)
            if altered and not _holds(planted.fact.spot, altered):
                yield planted.kind, altered
        if planted.kind == "designation" and not _holds(planted.fact.spot, altered := _other_letter(told, chance)):
            yield planted.kind, altered
        return
    number = re.search(NUMBER, told)
    if number is None:
        return
    for change, digits in _digits(number.group(), chance):
        altered = told[: number.start()] + digits + told[number.end() :]
        if _is_false(altered, told, planted.fact):
            yield change, altered
    yield from _unit_and_sign(planted, told, number, chance)


def _digits(digits: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    places = [place for place, letter in enumerate(digits) if letter.isdigit()]
    yield "digit changed", _other_digit(digits, chance) or digits
    place = chance.choice(places)
    yield "digit inserted", digits[:place] + chance.choice("123456789") + digits[place:]
    if len(places) > 1:
        yield "digit deleted", digits[:place] + digits[place + 1 :]
        pairs = [p for p in places if p + 1 in places and digits[p] != digits[p + 1]]
        if pairs:
            p = chance.choice(pairs)
            yield "digits exchanged", digits[:p] + digits[p + 1] + digits[p] + digits[p + 2 :]
    if re.fullmatch(r"\d+[.,]\d{1,2}", digits):
        whole, mark, fraction = re.split(r"([.,])", digits)
        yield "point moved", f"{whole}{fraction[0]}{mark}{fraction[1:]}".rstrip(".,")
    elif re.fullmatch(r"\d{2,6}", digits):
        yield "point moved", f"{digits[:-1]},{digits[-1]}" if chance.random() < 0.5 else f"{digits}0"


def _unit_and_sign(
    planted: Planted, told: str, number: re.Match[str], chance: random.Random
) -> Iterator[tuple[str, str]]:
    rest = told[number.end() :]
    others = [other for units in _OTHER_UNITS if rest.strip() in units for other in units if other != rest.strip()]
    if others:
        gap = rest[: len(rest) - len(rest.lstrip())]
        yield "unit", told[: number.end()] + gap + chance.choice(others)
    if planted.kind != "value" or re.search(r"\d\s*[–-]\s*$", planted.fact.spot[: planted.fact.spot.find(told)]):
        return
    before = told[: number.start()]
    if before in ("±", "-", "−", "+") and before != "+":
        yield "sign", told[number.start() :]
    elif not before:
        yield "sign", chance.choice("-−±") + told


def _quotation(told: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    if re.search(r"\d", told):
        yield "quotation", _other_digit(told, chance) or told
    words = list(re.finditer(r"[^\W\d_]{4,}", told))
    if words:
        word = chance.choice(words)
        yield "quotation", told[: word.start()] + word.group()[::-1].lower() + told[word.end() :]
    if len(words) > 3:
        yield "quotation", told[: words[1].start()] + told[words[2].start() :]


def _swapped(
    planted: Planted, told: str, neighbours: Sequence[Fact], chance: random.Random
) -> Iterator[tuple[str, str]]:
    """Another value of the kind, with the same unit, that this row or sentence does not hold."""
    fact = planted.fact
    others = [
        other
        for other in neighbours
        if other.source is fact.source and other.kind == planted.kind and other.unit == fact.unit
        and other.value != told and other.value not in fact.spot and _is_false(other.value, told, fact)
    ]  # fmt: skip
    rows = [o for o in others if o.column >= 0 and o.column == fact.column and o.subject != fact.subject]
    texts = [o for o in others if o.column < 0 and fact.column < 0 and o.label.lower() != fact.label.lower()]
    columns = [
        other
        for other in neighbours
        if other.source is fact.source and other.row == fact.row and other.column not in (-1, fact.column)
        and other.kind == planted.kind and number_of(other.value) != number_of(told) and fact.column >= 0
    ]  # fmt: skip
    for change, found in (("another row's value", rows), ("another column's value", columns)):
        if found:
            yield change, chance.choice(found).value
    if texts and fact.kind == planted.kind:
        yield "another value of the text", chance.choice(texts).value


def _worded(written: Written, planted: Planted, neighbours: Sequence[Fact], chance: random.Random) -> Iterator[Mutant]:
    """Mutants whose words are altered; caught when the value's sentence is marked anywhere."""
    start = max(written.text.rfind("\n", 0, planted.start), written.text.rfind("] ", 0, planted.start), 0)
    end = written.text.find("]", planted.end)
    end = len(written.text) if end < 0 else end
    part = written.text[start:end]
    fact = planted.fact
    changes: list[tuple[str, str, str]] = []
    if fact.column >= 0 and fact.subject and fact.subject in part:
        names = [
            other
            for other in neighbours
            if other.source is fact.source and other.column == fact.column and other.subject != fact.subject
            and number_of(other.value) != number_of(fact.value) and other.value != fact.value
        ]  # fmt: skip
        if names:
            changes.append(("another name", fact.subject, chance.choice(names).subject))
        labels = [
            other
            for other in neighbours
            if other.source is fact.source and other.row == fact.row and other.label != fact.label
            and number_of(other.value) != number_of(fact.value) and other.kind == fact.kind
        ]  # fmt: skip
        if labels and fact.label in part:
            changes.append(("another label", fact.label, chance.choice(labels).label))
    for change, pairs in (("limit turned", _LIMITS), ("negation", _NEGATIONS)):
        for words, other in pairs:
            if found := re.search(rf"(?<!не )(?<!\w){words}(?!\w)(?! not)", part):
                changes.append((change, found.group(), other))
                break
    for change, words, other in changes:
        place = start + part.find(words)
        text = written.text[:place] + other + written.text[place + len(words) :]
        moved = len(other) - len(words)
        yield Mutant(text=text, start=start, end=end + moved, change=change, kind=planted.kind)


def _is_false(altered: str, told: str, fact: Fact) -> bool:
    """Whether a value differs from the true one in number and is not said by the same row or sentence anyway."""
    number, true = number_of(altered), number_of(told)
    if number is None or true is None or number == true:
        return False
    return abs(number) not in numbers_of(fact.spot)


def _is_said(altered: str, fact: Fact, neighbours: Sequence[Fact]) -> bool:
    """Whether the cited blocks say the altered value of the same name and label, or in the same words, elsewhere."""
    number = number_of(altered)
    return any(
        (other.value == altered or (number is not None and number_of(other.value) == number))
        and other.value != fact.value
        and other.kind == fact.kind
        and (other.label, other.subject) == (fact.label, fact.subject)
        for other in neighbours
    )


def _holds(spot: str, altered: str) -> bool:
    """Also when letters of the two alphabets that look alike are exchanged, and as a part: П1 of «П1-П4»."""
    return altered.translate(_ALIKE) in spot.translate(_ALIKE)


def _other_digit(text: str, chance: random.Random) -> str | None:
    places = [place for place, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return None
    place = chance.choice(places)
    digit = chance.choice([digit for digit in "123456789" if digit != text[place]])
    return text[:place] + digit + text[place + 1 :]


def _other_letter(text: str, chance: random.Random) -> str:
    places = [place for place, letter in enumerate(text) if letter.isalpha()]
    place = chance.choice(places)
    letters = "БДЖЛФЦШ" if re.search(r"[А-Яа-я]", text) else "DFGJQRZ"
    return text[:place] + chance.choice([letter for letter in letters if letter != text[place]]) + text[place + 1 :]
