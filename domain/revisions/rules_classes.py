"""What a changed piece of text is, and how much an engineer has to mind it."""

import re

from domain.revisions.types import ChangeClass, ChangeKind, Severity

_NUMBER = r"[+\-−±]?\d[\d\s]*(?:[.,]\d+)?"
_UNIT = r"(?:мм|см|м|м2|м²|м3|м³|кв\.?\s?м|mm|cm|m|in|ft|°|%|\"|'|г|кг|kg|шт\.?|pcs)?"
_DIMENSION = re.compile(
    rf"^(?:[ØøØ⌀∅Rr]|ф|i=|l=|h=|b=|d=|dn|ду)?\s*{_NUMBER}\s*{_UNIT}(?:\s*[x×хX*/:]\s*{_NUMBER}\s*{_UNIT})*"
    rf"(?:\s*[±+\-−]\s*\d[\d.,]*)?$",
    re.IGNORECASE,
)
_DESIGNATION = re.compile(r"^(?=.*\d)(?=.*[^\W\d_])[\w.\-–/№#()]+$|^[A-ZА-ЯЁ]{1,4}$")
_LITTLE_WORD = re.compile(
    r"AN|AND|AS|AT|BE|BY|FOR|FROM|IF|IN|IS|IT|NOT|OF|ON|OR|PER|SEE|THE|TO|WITH|"
    r"ДЛЯ|ДО|ЗА|ИЗ|ИЛИ|НА|НЕ|НЕТ|ОТ|ПО|ПОД|ПРИ"
)
"""Short words that texts in capitals are full of: no designations."""

_DIGIT = re.compile(r"\d")
_NEGATION = re.compile(r"\b(?:не|без|нет|запрещ\w*|кроме|not|no|without|except|shall|must|never)\b", re.IGNORECASE)

DESIGNATION_WORDS = 3
"""«ГОСТ 2.105-95» and «тип К-1 исп. 2» are designations; longer texts are notes. A guess."""


def class_of(before: str | None, after: str | None, *, in_table: bool) -> ChangeClass:
    """By the later text where there is one."""
    if in_table:
        return ChangeClass.TABLE_CELL
    texts = [text for text in (after, before) if text]
    if any(_DIMENSION.match(text) for text in texts):
        return ChangeClass.DIMENSION
    if any(_is_designation(text) for text in texts):
        return ChangeClass.DESIGNATION
    return ChangeClass.NOTE


def severity_of(kind: ChangeKind, change_class: ChangeClass, before: str | None, after: str | None) -> Severity:
    """Values and names of things are high: something is built or ordered by them."""
    if change_class is ChangeClass.COSMETIC:
        return Severity.LOW
    if kind is ChangeKind.MOVED:
        return Severity.LOW if change_class in (ChangeClass.NOTE, ChangeClass.TABLE_CELL) else Severity.MEDIUM
    if change_class in (ChangeClass.DIMENSION, ChangeClass.DESIGNATION):
        return Severity.HIGH
    said = f"{before or ''} {after or ''}"
    return Severity.HIGH if _DIGIT.search(said) or _NEGATION.search(said) else Severity.MEDIUM


def _is_designation(text: str) -> bool:
    words = text.split()
    return len(words) <= DESIGNATION_WORDS and any(_is_name(word.strip(",;:()")) for word in words)


def _is_name(word: str) -> bool:
    return _DESIGNATION.match(word) is not None and _LITTLE_WORD.fullmatch(word) is None
