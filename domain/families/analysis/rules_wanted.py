"""What a question wants counted, listed or measured, by its own words in Russian or English. Pure.

Only what stands close behind the words of counting is counted: in «Сколько воздуха подаёт П1?» nothing is, for the verb
ends what is asked for; a question of a value is answered by search as ever.
"""

import re

import msgspec

from domain.answers import Intent
from domain.families.analysis.rules_measure_wanted import Measure, labelled_in, measure_of
from domain.families.analysis.rules_modes import Mode, mode_of
from domain.families.analysis.types import AnalysisState


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """`names` are designations as written (Д-1), `series` the letters of many (КПУ), `phrases` words in quotes, `noun`
    the plain words for the thing. `is_list`: all of them by name, not only how many. `is_mentions`: how often it is
    said, anywhere. `is_pointed`: such as the one the user points at. `is_this_sheet`: of the sheet pointed at alone."""

    names: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    noun: str = ""
    is_count: bool = False
    is_list: bool = False
    is_mentions: bool = False
    is_pointed: bool = False
    is_this_sheet: bool = False
    measure: Measure | None = None


MAX_TARGETS = 12
"""Of one question. A guess."""

MAX_WORDS = 8
"""Between the words of counting and what is counted. A guess."""

MAX_BEFORE = 32
"""Characters between the words of counting and a quoted name. A guess."""

_COUNT = re.compile(
    r"\b(?:сколько|(?:по|под|пере|со)?счита(?:й|ть)\w*|подсчет\w*|подсчёт\w*|(?:каково\s+)?(?:общее\s+)?(?:количество|число)"
    r"|how\s+many|how\s+often|count(?:\s+(?:of|up))?|number\s+of|quantity\s+of)\b",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:(?:перечисл|назов|выпиш|покаж|найд)\w*\s+(?:все|всех|каждый|каждую)|(?:list|name|show|find|mark)\s+(?:all|every|each))\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\s*(?:раз\b|times?\b)", re.IGNORECASE)
_QUOTED = re.compile(r"[«“\"]([^«»“”\"\n]{1,60})[»”\"]")
_TOKEN = re.compile(r"[^\W_]+(?:[./\-][^\W_]+)*")
_NAME = re.compile(r"(?=.*\d)(?=.*[^\W\d_])[^\W_]+(?:[./\-][^\W_]+)*")
_ORDINAL = re.compile(r"\d+-?(?:й|го|му|м|я|ой|ю|е|х|ти|ых|ым|ый|ая|ое|ом|st|nd|rd|th)", re.IGNORECASE)
_SERIES = re.compile(r"[A-ZА-ЯЁ]{1,6}")
_UNITS_WORDS = """квт вт ква мм см м метров метра кг килограмм тонн т литров л вольт в ампер а па кпа мпа бар
градусов часов минут секунд лет дней рублей руб процентов м2 м3 kw w kva mm cm m meters metres
kg tons tonnes liters litres volts v amps pa kpa mpa bar degrees hours minutes seconds years
days dollars percent feet ft inches sf amperes watts"""
_UNITS = frozenset(_UNITS_WORDS.split())
_STOPS_WORDS = """можно нужно надо в во на у из для по при от до с со за под над к между где если и или то is are
was were do does did has have had can could will would should must in on at for from with of by
there the this that these those per between into out to"""
_STOPS = frozenset(_STOPS_WORDS.split())
_SKIPPED_WORDS = """всего штук шт разных различных таких такой такие этих эти все всех обозначений обозначения
символов символа знаков марок марки позиций раз meter total all such different symbols symbol
marks mark tags tag labels label units items times the of типа"""
_SKIPPED = frozenset(_SKIPPED_WORDS.split())
_AMOUNTS_WORDS = """воздуха тепла теплоты холода воды пара газа топлива энергии электроэнергии тока мощности нагрузки
нагрузку скорости оборотов фаз полюсов жил кубов времени денег стоит стоят revolutions turns phases time money"""
_AMOUNTS = frozenset(_AMOUNTS_WORDS.split())
"""What is never counted on a sheet: «число оборотов вентилятора В1» asks for a value of В1, not for the marks В1.
English words that begin names of things ("water heaters") are not among them."""

_OWNERS_WORDS = """категории класса группы системы установки щита шкафа помещения квартиры здания узла category class"""
_OWNERS = frozenset(_OWNERS_WORDS.split())
"""Behind the thing, what it is of: «все помещения категории В1» are rooms, not marks В1."""

_STANDARDS = frozenset(["ГОСТ", "СП", "СТО", "ТУ", "ОСТ", "РД", "ПУЭ", "ISO", "DIN", "EN", "ASTM", "ANSI", "IEC"])

_SEEN_VERBS = re.compile(
    r"(?:встреча|упомина|показа|указа|обознач|установ|располож|насчит|имее|есть|стоит|нанес|изображ|присутств|appear"
    r"|occur|shown|mention|drawn|marked|exist|listed|placed|installed|called)\w*",
    re.IGNORECASE,
)
_VERB = re.compile(r"[а-яё]{3,}(?:ет|ёт|ит|ут|ют|ат|ят|ется|ится|ются|атся|ятся|ал|ил|ло|ла|ли)$", re.IGNORECASE)
_THIS_SHEET = re.compile(
    r"\b(?:эт(?:ом|ого|ой)\s+(?:лист|план|чертеж|страниц|схем)\w*|this\s+(?:sheet|page|plan|drawing))", re.IGNORECASE
)


def wanted_in(state: AnalysisState) -> Wanted | None:
    """What is to be counted or measured; null for a question that wants neither, and for comparisons."""
    if mode_of(state.question, state.settings) is Mode.COMPARE or not state.documents:
        return None
    is_pointing = any(region.box is not None for region in state.question.regions)
    wanted = wanted_of(state.text, state.intent, is_pointing=is_pointing)
    has_target = wanted.names or wanted.series or wanted.phrases or wanted.noun or wanted.is_pointed
    is_asked = bool(has_target) and (wanted.is_count or wanted.is_list)
    return wanted if is_asked or wanted.measure else None


def wanted_of(text: str, intent: Intent, *, is_pointing: bool) -> Wanted:
    """What the question wants. `is_pointing`: the message came with a region; else only a thing that has a name is
    measured."""
    labelled = labelled_in(text)
    measure = measure_of(text) if is_pointing else labelled.measure if labelled is not None else None
    starts = [found.end() for found in _COUNT.finditer(text)]
    lists = [found.end() for found in _LIST.finditer(text)]
    if not starts and not lists:
        names = tuple(name for name in intent.count_of if _NAME.fullmatch(name))
        nouns = [name for name in intent.count_of if name not in names]
        return Wanted(
            names=names[:MAX_TARGETS],
            noun=nouns[0] if nouns else "",
            is_count=bool(intent.count_of),
            is_pointed=is_pointing and bool(intent.count_of),
            is_this_sheet=bool(_THIS_SHEET.search(text)),
            measure=measure,
        )
    named = _Named()
    for start in (*starts, *lists):
        named.read(text[start:])
    is_count = bool(starts) and (not named.is_unit or bool(named.names or named.series or named.phrases))
    if named.is_times and named.nouns and not (named.names or named.series or named.phrases):
        named.phrases.append(" ".join(named.nouns))
    return Wanted(
        names=tuple(dict.fromkeys(named.names))[:MAX_TARGETS],
        series=tuple(dict.fromkeys(named.series))[:MAX_TARGETS],
        phrases=tuple(dict.fromkeys(named.phrases))[:MAX_TARGETS],
        noun=" ".join(named.nouns) if not named.names else "",
        is_count=is_count,
        is_list=bool(lists),
        is_mentions=named.is_times,
        is_pointed=is_pointing and (is_count or bool(lists)) and not (named.names or named.series or named.phrases),
        is_this_sheet=bool(_THIS_SHEET.search(text)),
        measure=measure if not is_count else None,
    )


class _Named:
    """What stands behind the words of counting."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.series: list[str] = []
        self.phrases: list[str] = []
        self.nouns: list[str] = []
        self.is_unit = False
        self.is_times = False

    def read(self, rest: str) -> None:
        rest = re.split(r"[?!;\n]", rest)[0]
        is_times = _TIMES.match(rest) is not None
        self.is_times |= is_times
        first = _QUOTED.search(rest)
        if first is not None and first.start() <= MAX_BEFORE:
            quoted = _QUOTED.findall(rest)
            self.phrases += [phrase.strip() for phrase in quoted if not _NAME.fullmatch(phrase.strip())]
            self.names += [phrase.strip() for phrase in quoted if _NAME.fullmatch(phrase.strip())]
            return
        for number, found in enumerate(_TOKEN.finditer(rest)):
            is_aside = bool(self.nouns) and not self.names and rest[: found.start()].rstrip().endswith(",")
            if is_aside or number >= MAX_WORDS or not self._take(found.group(), number, is_times=is_times):
                return

    def _take(self, token: str, number: int, *, is_times: bool) -> bool:
        """Whether to go on behind this word."""
        lower = token.lower()
        if (number == 0 and lower in _UNITS) or (lower in _AMOUNTS and not (self.nouns or self.names)):
            self.is_unit = True
            return False
        if lower in ("и", "and") and self.names:
            return True
        if _NAME.fullmatch(token) and not _ORDINAL.fullmatch(token):
            self.names.append(token)
            return True
        if _SEEN_VERBS.fullmatch(lower) or lower in _SKIPPED or (is_times and lower in _STOPS):
            return True
        if lower in _STOPS or _VERB.fullmatch(lower) or self.names:
            return False
        if token in _STANDARDS or (lower in _OWNERS and self.nouns):
            return False
        if _SERIES.fullmatch(token):
            self.series.append(token)
        elif token.isalpha():
            self.nouns.append(lower)
        return True
