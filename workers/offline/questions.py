"""What a question asks: its terms without the words of asking, and the kind of value it wants."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from workers.offline.words import is_designation, sequence_of, terms_of, weights_of

_ASKING_WORDS = """
    what which who whom whose how why when where can could should would will shall may might must any some all there
    their they them we our you your my me please tell give show find list name state describe explain exactly say says
    mention mentioned according document documents page pages file text question answer write return format many much
    often following provided include included does
    чего чему чем какого каких какому каким какую этот эта эти этого сколько где когда кто кому кем куда откуда почему
    зачем чей чья чьи можно нужно надо должен должна должно должны быть есть был была было были будет являться ли же бы
    его ее их он она оно они мы вы мне нам вам пожалуйста скажи скажите покажи покажите найди найдите назови назовите
    перечисли перечислите укажи укажите указан указана указано указаны опиши объясни написано говорится документ
    документа документе документы документах страница странице вопрос ответ нужен нужна нужны который которая которое
    которые сказано пункт пункте раздел разделе clause section требуется принято входит каком какой какая какие какое
"""
"""The words of asking, beyond the stop words of the search: they say nothing about where the answer stands."""

_ASKING = terms_of(_ASKING_WORDS)


class Wanted(StrEnum):
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"


_NUMBER = re.compile(
    r"\b(сколько|как(?:ой|ого|ому|им|ом|ая|ую|ое|ие|их|ими|ова|ов|ово|овы)\s+(?:\w+\s+){0,2}?(?:расход|давлени|напор|мощност|масс|вес|высот|ширин|длин|толщин|диаметр"
    r"|площад|объ[её]м|температур|скорост|напряжени|ток|частот|отметк|количеств|числ|предел|диапазон|интервал|расстояни"
    r"|размер|сопротивлени|угол|уклон|срок)\w*|how (?:many|much|long|high|wide|deep|far|thick|heavy|fast)"
    r"|what (?:is|was|are|were) the (?:\w+ ){0,3}?(?:number|amount|value|voltage|current|power|mass|weight|height|width"
    r"|length|thickness|diameter|area|volume|temperature|speed|pressure|rate|frequency|range|maximum|minimum|size"
    r"|percentage|total|population|price|cost|margin|ratio))",
    re.IGNORECASE,
)
_NUMBER_NOUN = re.compile(
    r"^\s*(?:номинальн\w+|максимальн\w+|минимальн\w+|допустим\w+|рабоч\w+)?\s*(?:расход|давлени|напор|мощност|масс|высот"
    r"|ширин|длин|толщин|диаметр|площад|объ[её]м|температур|скорост|напряжени|ток\b|частот|отметк|количеств|числ|предел"
    r"|диапазон|интервал|расстояни|размер|сопротивлени|угол|уклон|срок|кратност)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(когда|в каком году|какого числа|дат[аыуе]|срок|when|what (?:date|year)|which year)\b", re.IGNORECASE
)


_ORDINAL = re.compile(r"\b(\d+)-?(?:й|го|му|м|я|ой|ю|е|х|ти|ых|ым|ый|ая|ое|ом|st|nd|rd|th)\b")
_FISCAL_YEAR = re.compile(r"\bFY\s?(\d{4})\b")
"""«на 1-м этаже» is «1 этаж»; FY2022 stands as 2022 in most reports."""


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """`weights` are the terms of the question that carry it; `pairs` are neighbouring ones; `designations` those with a
    digit, as they stand."""

    weights: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]
    designations: frozenset[str]
    wanted: Wanted


def read_question(question: str) -> AskedFor:
    """What a question asks. A question of nothing but words of asking keeps them all."""
    question = _FISCAL_YEAR.sub(r"\1", _ORDINAL.sub(r"\1", question))
    weights = weights_of(question)
    carrying = {term: weight for term, weight in weights.items() if term not in _ASKING} or weights
    order = [term for term in sequence_of(question) if term in carrying]
    return AskedFor(
        weights=carrying,
        pairs=pairs_of(order),
        designations=frozenset(term for term in order if is_designation(term)),
        wanted=_wanted(question),
    )


def pairs_of(found: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(found))


def _wanted(question: str) -> Wanted:
    if _DATE.search(question):
        return Wanted.DATE
    if _NUMBER.search(question) or _NUMBER_NOUN.search(question):
        return Wanted.NUMBER
    return Wanted.TEXT
