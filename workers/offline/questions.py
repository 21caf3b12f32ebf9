"""What a question asks: its terms without the words of asking, and the kind of value it wants."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from workers.offline.words import stem_of, terms

_ASKING = frozenset(
    stem_of(word)
    for word in (
        # The words of asking, in any document: they say nothing about where the answer stands.
        "a an the of in on at by for to from with and or is are was were be been being it its this that these those as "
        "what which who whom whose how why when where do does did done has have had can could should would will shall "
        "may might must if not no than then into out up about any some all there their they them we our you your i me my "
        "please tell give show find list name state describe explain exactly say says mention mentioned according "
        "document documents page pages file text question answer write return format many much often "
        "и в во на по для с со к ко от из за о об обо при что чего чему чем как какой какая какие какое какого каких "
        "какому каким какую каков какова каково каковы это этот эта эти этого не ли или а но то у до над под сколько "
        "где когда кто кому кем куда откуда почему зачем чей чья чьи можно нужно надо должен должна должно должны "
        "быть есть был была было были будет являться ли же бы его ее их он она оно они мы вы я меня мне нам вам "
        "пожалуйста скажи скажите покажи покажите найди найдите назови назовите перечисли перечислите укажи укажите "
        "указан указана указано указаны опиши объясни написано говорится документ документа документе документы "
        "документах страница странице вопрос ответ нужен нужна нужны который которая которое которые"
    ).split()
)


class Wanted(StrEnum):
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"


_NUMBER = re.compile(
    r"\b(сколько|како[йваегм]+\s+(?:\w+\s+){0,2}?(?:расход|давлени|напор|мощност|масс|вес|высот|ширин|длин|толщин|диаметр"
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
_DATE = re.compile(r"\b(когда|в каком году|какого числа|дат[аыуе]|срок|when|what (?:date|year)|which year)\b", re.IGNORECASE)


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """`weights` are the distinct terms of the question: rarer ones weigh more, designations half as much again.
    `pairs` are neighbouring terms."""

    weights: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]
    wanted: Wanted


def wanted_of(question: str) -> Wanted:
    if _DATE.search(question):
        return Wanted.DATE
    if _NUMBER.search(question) or _NUMBER_NOUN.search(question):
        return Wanted.NUMBER
    return Wanted.TEXT


def asked_terms(question: str) -> list[str]:
    """The terms that carry the question, in order; all of its terms when it has no other."""
    found = terms(question)
    carrying = [term for term in found if term not in _ASKING]
    return carrying or found


def pairs_of(found: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset(zip(found, found[1:], strict=False))
