"""Mending what page layout did to a text: words and names cut at line ends, and which mark is of thousands."""

import re

import msgspec

from domain.grounding.rules_values import Kind, Value

_CUT_WORD = re.compile(r"(?<=[^\W\d_]{2})(?:\u00ad\s*|-\s+)(?=[а-яёa-z]{2})(?!(?:и|или|and|or|to)\b)")
_CUT_NAME = re.compile(r"(?<=\w_)\s+(?=[A-ZА-Я\d])")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])\d+,\d{1,2}(?![\d,])")
_POINT_OF_THOUSANDS = re.compile(r"\d\.\d{3}(?:\.\d{3}(?!\d)|,\d)")


def mend(text: str) -> str:
    """`text` with «контрол- лер» and «BATTERY_ CAPACITY» in one piece. The folded text stays the same."""
    return _CUT_NAME.sub("", _CUT_WORD.sub("", text))


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What a comma and a point before exactly three digits can be in a document."""

    comma_is_decimal: bool = True
    point_is_thousands: bool = True

    def narrow(self, value: Value) -> Value:
        """`value` without the readings that its document does not use."""
        if value.kind is not Kind.NUMBER or len(value.forms) < 2:
            return value
        is_comma = "," in value.text
        if is_comma and not self.comma_is_decimal:
            return msgspec.structs.replace(value, forms=frozenset({max(value.forms, key=float)}))
        if not is_comma and not self.point_is_thousands:
            return msgspec.structs.replace(value, forms=frozenset({min(value.forms, key=float)}))
        return value


def marks_of(text: str) -> Marks:
    """English text groups thousands by commas, unless it shows decimal commas; points group them where it is seen."""
    is_english = len(_LATIN.findall(text)) > len(_CYRILLIC.findall(text))
    return Marks(
        comma_is_decimal=not is_english or bool(_DECIMAL_COMMA.search(text)),
        point_is_thousands=bool(_POINT_OF_THOUSANDS.search(text)),
    )
