"""What the words of a question tell of the answer it wants: a number, a list, a count, a summary."""

import re
from enum import StrEnum

import msgspec


class Wanted(StrEnum):
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"


_NUMBER = re.compile(
    r"\b(сколько|как(?:ой|ого|ому|им|ом|ая|ую|ое|ие|их|ими|ова|ов|ово|овы)\s+(?:\w+\s+){0,2}?"
    r"(?:расход|давлени|напор|мощност|масс|вес|высот|ширин|длин|толщин|диаметр"
    r"|площад|объ[её]м|температур|скорост|напряжени|ток|частот|отметк|количеств|числ|предел|диапазон|интервал|расстояни"
    r"|размер|сопротивлени|угол|уклон|срок)\w*|how (?:many|much|long|high|wide|deep|far|thick|heavy|fast)"
    r"|what (?:is|was|are|were) the (?:\w+ ){0,3}?(?:number|amount|value|voltage|current|power|mass|weight|height|width"
    r"|length|thickness|diameter|area|volume|temperature|speed|pressure|rate|frequency|range|maximum|minimum|size"
    r"|percentage|total|population|price|cost|margin|ratio|point|resistance|capacity|gain|distance|spacing|scale|density|load"
    r"|strength|angle|depth|clearance|tolerance|accuracy|ratings?)"
    r"|what (?:is|was|are|were) (?:[\w'’&-]+ ){0,6}?(?:sales|revenues?|income|profit|expenses?|margin|growth|ebitda?r?"
    r"|eps|dividends?|assets|debt|cash|proceeds|gain|loss|ratio)\b)",
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


_LIST = re.compile(
    r"\b(list|enumerate|name all|what are (?:all )?the|which (?:\w+ ){0,2}(?:rules|documents|sheets|standards)"
    r"|перечисл\w*|назов\w* все|список|какие|каких)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"\b(пункт\w*|п\.|п\.\s?п\.|раздел\w*|подраздел\w*|clause|section|rule|paragraph|para)\b|§", re.IGNORECASE
)
_AND = re.compile(r"\b(?:and|as well as|и|а также)\b|,", re.IGNORECASE)
_EVERY = re.compile(r"\b(list|enumerate|all|every|перечисл\w*|все|всех|список)\b", re.IGNORECASE)
_COUNT = re.compile(
    r"\b(?:how many|number of|сколько|количество|число)\s+"
    r"(?!врем|стоит|весит|раз\b|процент|градус|вольт|ватт|ампер|метр|час|минут|секунд|лет\b|дней|байт|бит\b|мм\b|кг\b"
    r"|years|days|hours|minutes|seconds|times|percent|degrees|met(?:er|re)s|volts|amps|bytes|bits|square)"
    r"((?:(?-i:[A-ZА-ЯЁ][\w/.-]*)\s+)?[^\W\d_]{3,}(?:\s+(?!has|have|are|was|were|does|can|will|must|the|указан|есть|имеет|нужн|показан|входит|для)"
    r"[^\W\d_]{3,})?)",
    re.IGNORECASE,
)
"""What is counted; quantities with a unit are read, not counted."""

_DEFINITION = re.compile(
    r"\b(?:что такое|что (?:\w+ )?(?:означа|обознача|значит|понима|называ)\w*|определение|расшифр\w+"
    r"|what (?:do|does) .{1,60}(?:mean|stand for)|what is (?:an?|meant by)\b|defin(?:e|ed|ition)\b|meaning of)",
    re.IGNORECASE,
)

_OF_DRAWING = re.compile(
    r"\bна\s+(?:\w+\s+)?(?:план|черт[её]ж|схем|лист|разрез|фасад|узл)"
    r"|\bon the (?:\w+ )?(?:plan|drawing|sheet|diagram)",
    re.IGNORECASE,
)

_SUMMARY = re.compile(
    r"^\W*(?:(?:о|про) ч[её]м (?:(?:этот|эти|данный) )?(?:документ|файл|чертеж|pdf)\w*"
    r"|(?:^|\W)о ч[её]м (?:он|они|это|тут|здесь)?\W*$"
    r"|что (?:это )?за (?:документ|чертеж|файл)|(?:дай |сделай |напиши )?(?:краткое )?(?:резюме|содержание|описание)"
    r" (?:этого |этих )?(?:документ|файл|чертеж)|(?:кратко )?опиши (?:этот |эти )?(?:документ|файл|чертеж)"
    r"|что (?:есть |находится |написано )?в (?:этом |этих )?(?:документ|файл)\w*\W*$"
    r"|what (?:is|are) (?:this|the|these) (?:document|file|drawing|pdf)s?(?: about)?\W*$"
    r"|summari[sz]e (?:this |the |these )?(?:document|file|drawing|pdf)|what kind of document)",
    re.IGNORECASE,
)


class Cues(msgspec.Struct, frozen=True, kw_only=True):
    """`is_exhaustive`: all of several things are asked for; `is_compound`: the question has several parts, perhaps;
    `counted` are the words for what is to be counted; `is_of_drawing`: it asks of what is drawn; `is_definition`: what
    a word means; `names_clause`: it speaks of a clause, so that a number such as 3.3 is no value."""

    wanted: Wanted
    is_exhaustive: bool = False
    is_count: bool = False
    counted: str = ""
    is_summary: bool = False
    is_compound: bool = False
    names_clause: bool = False
    is_definition: bool = False
    is_of_drawing: bool = False


def read_cues(question: str) -> Cues:
    count = _COUNT.search(question)
    return Cues(
        wanted=_wanted(question),
        is_exhaustive=bool(_LIST.search(question) and _EVERY.search(question)),
        is_count=count is not None,
        counted=count.group(1) if count else "",
        is_summary=bool(_SUMMARY.search(question)),
        is_compound=bool(_AND.search(question)),
        names_clause=bool(_CLAUSE.search(question)),
        is_of_drawing=bool(_OF_DRAWING.search(question)),
        is_definition=bool(_DEFINITION.search(question)),
    )


def _wanted(question: str) -> Wanted:
    if _DATE.search(question):
        return Wanted.DATE
    if _NUMBER.search(question) or _NUMBER_NOUN.search(question):
        return Wanted.NUMBER
    return Wanted.TEXT
