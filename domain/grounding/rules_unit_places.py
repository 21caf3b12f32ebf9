"""Which unit belongs to a number: what follows it, also in two words, also behind the end of a range."""

import re
from itertools import pairwise

from domain.grounding.rules_units import CURRENCIES, MULTIPLIERS, unit_of

NUMBER = r"\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)*"
"""Digits with groups of thousands, or with a decimal comma or point."""

_RANGE = re.compile(rf"(?:\s?[-–—−]\s?|\s*(?:\.\.\.?|…|÷|до|to)\s*)[+\-−]?(?:{NUMBER})", re.IGNORECASE)
_JOINS = re.compile(r"^[/·⋅*×(^²³]|^[23]$|^(?:рт|вод)\.?|^[CСF]$")
_FIRST_OF_TWO = frozenset(
    {"кв", "кв.", "куб", "куб.", "sq", "sq.", "square", "cubic", "град.", "°", "US", "мм", "м", "mm"}
    | {"градус", "градуса", "градусов", "degree", "degrees"}
)
_AFTER_WITH = re.compile(r"(?:ом|ем|ём|ой|ей|ами|ями|ым|им|ью|а|я|ы|и)$")
_NO_NOUNS = frozenset({"и", "или", "при", "для", "на", "от", "за", "каждый"})
_YEAR_WORDS = frozenset({"г", "гг", "год", "года", "годы", "лет", "year", "years"})
_EDGE = ".,;:!?»”\"'’]}>|~≈*"
_NO_INCH = re.compile(r"\s*(?!(?:min|max|minimum|maximum|long|wide|high|thick|deep|or|and)\b)[\w$€№«“\"'(]")


def units_after(text: str, end: int) -> tuple[frozenset[str], int]:
    """The units that follow a number, and where they end. In a range the unit stands after the second number."""
    units, unit_end = units_at(text, end)
    if units:
        return units, unit_end
    further = _RANGE.match(text, end)
    if further:
        return units_at(text, further.end())[0], end
    return frozenset(), end


def units_at(text: str, place: int) -> tuple[frozenset[str], int]:
    units: set[str] = set()
    while len(units) < 2:
        found = _unit_at(text, place)
        if found is None:
            break
        name, place = found
        units.add(name)
        if name not in MULTIPLIERS and name not in CURRENCIES:
            break
    return frozenset(units), place


def _unit_at(text: str, place: int) -> tuple[str, int] | None:
    """The unit that begins at `place`, white space and closing marks of bold text aside, and its end."""
    tokens = list(re.finditer(r"\S+", text[place : place + 40]))[:3]
    if not tokens or tokens[0].start() > 3 or "\n" in text[place : place + tokens[0].start()]:
        return None
    for count in (3, 2, 1):
        if len(tokens) < count or not _may_join([token.group() for token in tokens[:count]]):
            continue
        joined = "".join(token.group() for token in tokens[:count])
        trimmed = joined.rstrip(_EDGE)
        if trimmed.endswith(")") and trimmed.count("(") < trimmed.count(")"):
            trimmed = trimmed.rstrip(")").rstrip(_EDGE)
        cut = re.split(r"[,;:\[\]]", trimmed, maxsplit=1)[0]
        name = unit_of(cut) if cut else None
        if name is not None and not _is_preposition(cut, text, place + tokens[0].start()):
            dropped = len(joined) - len(cut)
            return name, place + tokens[count - 1].end() - dropped
    return None


def _may_join(parts: list[str]) -> bool:
    return all(
        bool(_JOINS.match(right)) or (left in _FIRST_OF_TWO and _is_second(left, right))
        for left, right in pairwise(parts)
    )


def _is_second(left: str, right: str) -> bool:
    if left in ("мм", "м", "mm"):
        return right.lower().startswith(("рт", "вод", "hg"))
    if left.startswith(("градус", "degree")):
        return right.startswith(("Цельс", "Celsius"))
    return True


def _is_preposition(cut: str, text: str, place: int) -> bool:
    """«4,200 с расходом»: «с» before a noun of its case is a preposition; «г.», «год» after a year are no unit;
    "in" is one only where no word follows."""
    if cut == "с":
        word = re.match(r"\s+([а-яё]+)", text[place + len(cut) :])
        return bool(word and word.group(1) not in _NO_NOUNS and _AFTER_WITH.search(word.group(1)))
    if cut == "in":
        return bool(_NO_INCH.match(text, place + len(cut)))
    return cut.lower() in _YEAR_WORDS and bool(re.search(r"(?:19|20)\d\d\s*$", text[:place]))
