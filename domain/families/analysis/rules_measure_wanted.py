"""What a question wants measured where it points at nothing: the area of a room, the length of a pipe, by its label.

Pure. A label is a designation, a number behind «помещения», a quoted name, or the plain words for the thing.
"""

import re
from enum import StrEnum

import msgspec


class Measure(StrEnum):
    """`side` is a width or height: the side of what is pointed at."""

    LENGTH = "length"
    AREA = "area"
    PERIMETER = "perimeter"
    DISTANCE = "distance"
    SIDE = "side"


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """`is_plain`: words in any inflection, not a designation as it stands."""

    measure: Measure
    label: str
    is_plain: bool


_PERIMETER = re.compile(r"\b(?:периметр\w*|perimeter)\b", re.IGNORECASE)
_AREA = re.compile(r"\b(?:площад\w+|area)\b", re.IGNORECASE)
_DISTANCE = re.compile(r"\b(?:расстояни\w+|distance|how\s+far)\b", re.IGNORECASE)
_SIDE = re.compile(r"\b(?:ширин\w+|высот\w+|wide|width|height)\b", re.IGNORECASE)
_LENGTH = re.compile(
    r"\b(?:длин\w+|протяж[её]нност\w+|измер\w+|замер\w+|обмер\w+|length|long|measure\w*)\b", re.IGNORECASE
)
_THING = re.compile(
    r"\b(?:площад\w+|периметр\w*|длин(?:а|у|ы|е|ой)|протяж[её]нност\w+|area\s+(?:of|for)|perimeter\s+(?:of|for)"
    r"|length\s+(?:of|for)|how\s+(?:long|large|big)\s+is|измерь\w*|замерь\w*|обмерь\w*|measure)\s+(?P<rest>[^?!;\n]{1,90})",
    re.IGNORECASE,
)
_END = re.compile(
    r"[,:]|\.(?:\s|$)|\s(?:на|в|во|по|от|до|между|из|при|если|согласно|со?|у|и|on|in|at|from|to|between|by|according|if|per|with"
    r"|and|shown|is|are)\s",
    re.IGNORECASE,
)
_KINDS_WORDS = """помещения помещение помещении комнаты комната кабинета зала участка участок зоны зона контура контур
трассы трасса трубы труба трубопровода трубопровод воздуховода линии линия стены стена кабеля маршрута ветки ветви
коридора
room space zone plot area contour route pipe duct wall line cable run branch pipeline outline the a an this that of
этого этой данного данной всего всей общая общей полная полной total whole overall номер number пл площади площадь
длину длина периметр"""
_KINDS = frozenset(_KINDS_WORDS.split())
"""Words for what is measured that tell it from nothing else. They may stand in the label too: «Коридор»."""

_LABELS_TOO = frozenset(["коридора", "зала", "кабинета"])
_NOT_DRAWN = re.compile(
    r"сечени|поверхност|теплообмен|волн|утечк|застройк|здани|этаж|\bдома?\b|объект|building|floor|house|store?y"
    r"|project|cross.?section|surface|wave",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[«“\"]([^«»“”\"\n]{1,60})[»”\"]")
_NUMBERED = re.compile(
    r"(?:№\s*|\b(?:no|n)\.\s*)?(?<![\w.,])(\d{1,4}[а-яa-z]?(?:[.\-/]\d{1,3})?)(?![\w.,]\d|\w)", re.IGNORECASE
)
_NAME = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[^\W\d_])[^\W_]+(?:[./\-][^\W_]+)*")
_WORD = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]{2,})?")
MAX_PLAIN = 3
"""Words of a plain label. A guess."""


def measure_of(text: str) -> Measure | None:
    """The kind of measure that a question speaks of."""
    for pattern, measure in (
        (_PERIMETER, Measure.PERIMETER),
        (_AREA, Measure.AREA),
        (_DISTANCE, Measure.DISTANCE),
        (_LENGTH, Measure.LENGTH),
        (_SIDE, Measure.SIDE),
    ):
        if pattern.search(text):
            return measure
    return None


def labelled_in(text: str) -> Labelled | None:
    """The thing whose area, perimeter or length is asked for by its name; null where nothing is named."""
    measure = measure_of(text)
    found = _THING.search(text)
    if found is None or measure in (None, Measure.DISTANCE, Measure.SIDE) or _NOT_DRAWN.search(found["rest"]):
        return None
    rest = found["rest"]
    quoted = _QUOTED.search(rest)
    if quoted is not None:
        return Labelled(measure=measure, label=quoted.group(1).strip(), is_plain=False)
    rest = " " + _END.split(f" {rest} ", maxsplit=1)[0].strip() + " "
    named = _NAME.search(rest) or _NUMBERED.search(rest)
    if named is not None:
        return Labelled(measure=measure, label=named.group(named.lastindex or 0), is_plain=False)
    words = _WORD.findall(rest)
    plain = [word for word in words if word.lower() not in _KINDS] or [
        word for word in words if word.lower() in _LABELS_TOO
    ]
    if not plain or len(plain) > MAX_PLAIN:
        return None
    return Labelled(measure=measure, label=" ".join(plain), is_plain=True)
