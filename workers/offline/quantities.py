"""What a unit tells: «питание +12В» speaks of a voltage without the word, «32-42 lbs» of a weight."""

import re
from functools import lru_cache

from storage.terms import word_terms

_QUANTITIES = (
    ("voltage", "напряжение вольтаж voltage", r"[кмkm]?[ВV]|вольт\w*|volts?|VAC|VDC"),
    ("current", "ток current", r"[мкmkµμ]{0,2}[АA]|ампер\w*|amps?|amperes?"),
    ("power", "мощность power wattage", r"[кмМkmM]?(?:Вт|W|ВА|VA)|watts?|hp|л\.с"),
    ("frequency", "частота frequency", r"[кКМГkMG]?(?:Гц|Hz)"),
    ("resistance", "сопротивление номинал resistance", r"[кМГkMG]?(?:Ом|ом|Ohms?|ohms?|Ω)"),
    ("capacity", "емкость capacitance", r"[мнпкmnpuµμ]{1,2}[ФFf]"),
    ("mass", "масса вес mass weight weigh weighs", r"кг|г|т|kgs?|lbs?|pounds?|oz"),
    ("temperature", "температура temperature", r"°\s?[CСFF]|º\s?[CСF]|℃|градус\w* цельсия"),
    ("pressure", "давление pressure", r"[кМMk]?(?:Па|Pa)|бар|bar|psi|атм"),
    ("area", "площадь area footprint", r"м2|м²|кв\.\s?м|m2|m²|SF|sq\.?\s?ft"),
    ("volume", "объем volume capacity", r"м3|м³|л|m3|m³|gal|gallons?|lit(?:er|re)s?"),
    ("flow", "расход flow", r"(?:м3|м³|л|m3|m³)/(?:ч|с|h|s)|CFM|GPM"),
    ("length", "длина ширина высота толщина диаметр length width height thickness diameter", r"мм|см|mm|cm|mils?"),
    ("speed", "скорость speed", r"м/с|m/s|км/ч|km/h|mph|об/мин|rpm|RPM"),
)
"""Key, words for the quantity, its units as they stand behind a number."""

_PATTERNS = tuple((key, re.compile(rf"\d\s?(?:{units})(?![^\W\d_])(?!/[^\W\d_])")) for key, _, units in _QUANTITIES)
_SCALE = re.compile(r"(?<![\d:.,])\d{1,3}:\d{1,5}(?![\d:])|\d\"\s*=\s*\d+'")
"""A scale: 1:50, 1/4" = 1'-0"."""

_DATE = re.compile(
    r"(?<![\d.])\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d\d)(?![\d.])|(?<![\d.])(?:19|20)\d\d-\d\d-\d\d(?![\d.])"
)

_PRICE = re.compile(r"[$€£₽]\s?\d|\d\s?(?:руб|₽|€|USD|EUR)")

_WRITTEN = (
    ("scale", "масштаб scale", _SCALE),
    ("date", "дата date", _DATE),
    ("price", "цена стоимость price cost", _PRICE),
    ("email", "email mail почта адрес address", re.compile(r"[\w.+-]@[\w-]+\.\w")),
    ("site", "сайт website site url", re.compile(r"\bwww\.|https?://")),
    (
        "phone",
        "телефон phone telephone tel",
        re.compile(r"(?:\+\d|\(\d{3,5}\))[\s\d()-]{7,}|\b\d{3}[-.]\d{3}[-.]\d{4}\b"),
    ),
)
"""What is told by how it is written."""


@lru_cache(maxsize=20_000)
def quantities_in(text: str) -> frozenset[str]:
    """The keys of the quantities whose units stand behind numbers in `text`. No key is a term of any text."""
    found = {_key(key) for key, pattern in _PATTERNS if pattern.search(text)}
    found.update(_key(key) for key, _, pattern in _WRITTEN if pattern.search(text))
    return frozenset(found)


@lru_cache(maxsize=1)
def _by_word() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for key, words, _ in (*_QUANTITIES, *_WRITTEN):
        for word in words.split():
            for term in word_terms(word):
                found.setdefault(term, set()).add(_key(key))
    return {term: frozenset(keys) for term, keys in found.items()}


def quantities_of(term: str) -> frozenset[str]:
    """The keys that may stand for `term`; empty for what is no quantity."""
    return _by_word().get(term, frozenset())


def is_quantity(term: str) -> bool:
    return term.startswith("=")


def _key(name: str) -> str:
    return f"={name}"
