"""The words that make a statement: which demand something, which name what is meant, and which only join others."""

import re

MUST = re.compile(
    r"\b(?:долж(?:ен|на|но|ны)|следует|необходимо|надлежит|требуется|обязательн\w+|обязан\w*|обеспечи(?:ть|вает\w*)"
    r"|предусм(?:отреть|атрива\w+)|принима(?:ть|ют|ется)|shall|must|is to be|are to be|is required|are required"
    r"|has to be|have to be|should)\b",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(
    r"\b(?:не\s+(?:допуска\w+|разреша\w+|долж(?:ен|на|но|ны))|запреща\w+|нельзя"
    r"|(?:shall|must|may)\s+not|(?:is|are)\s+(?:not\s+(?:allowed|permitted)|prohibited|forbidden))\b",
    re.IGNORECASE,
)
WANTED = re.compile(
    r"\b(?:требу\w+|норм[аыуе]?\b|нормат\w+|нормир\w+|допустим\w+|предельн\w+|не\s+допуска\w+|required|allowable"
    r"|permissible|limit|norm)\b",
    re.IGNORECASE,
)
"""An amount with such a word is what should be, not what is."""

PERMITTED = re.compile(
    r"(?<!не )\b(?:допускается|разрешается|рекомендуется|может|могут)\b|\b(?:may(?!\s+not)|can(?!not)|recommended"
    r"|permitted|allowed)\b",
    re.IGNORECASE,
)
STRONG = re.compile(
    r"\b(?:долж(?:ен|на|но|ны)|следует|необходимо|надлежит|требуется|запреща\w+|shall|must|required|не\s+допуска\w+)\b",
    re.IGNORECASE,
)
"""A permission or advice asks for nothing, unless a strong word or a limit stands with it."""

ORDERED = re.compile(r"^(?:[-–—•]\s*)?[А-ЯЁ][а-яё]{3,}(?:ть|ти)(?:ся)?\s")
"""A sentence of an assignment that begins with an infinitive: «Установить клапан …»."""

CONDITION = re.compile(
    r"\b(?:при|если|в\s+случа\w+|когда|кроме|за\s+исключением|if|when|where|unless|except|in\s+case|provided\s+that|during)\b",
    re.IGNORECASE,
)
CONDITION_ENDS = re.compile(rf"[,;:—]|{MUST.pattern}|{FORBIDDEN.pattern}|\s[–-]\s|\bто\b|\bthen\b", re.IGNORECASE)

CUES_OF_LIMITS = re.compile(
    r"требован|норм[аиы]\b|нормат|нормир|допустим|предельн|требуем|не\s+(?:менее|более|ниже|выше)|requirement|required"
    r"|limit|allowable|permissible|\bmin\b|\bmax\b|at\s+least|at\s+most|≥|≤",
    re.IGNORECASE,
)
"""A table whose title or header says so holds limits."""

_FILLERS = re.compile(
    r"(?:долж|следует|необход|надлеж|требу|требо|обязат|обязан|обеспеч|предусм|принима|принят|допуск|разреш|запрещ|превыш|миним|максим"
    r"|составл|указан|проектн|фактич|факт$|факту$|соответств|значени|параметр|показател|характерист|наименован|величин|примечан|выполн"
    r"|устанавл|рекоменд|следующ|ограничен|нормати|нормир|минимал|максимал"
    r"|require|exceed|minim|maxim|provid|permit|allow|prohibit|forbid|adopt|parameter|maintain|recommend|descript)"
    r"|(?:нельзя|менее|более|ниже|выше|больше|меньше|свыше|равна|равен|равно|равны|норма|нормы|норме|быть|есть|имеет|имеют"
    r"|иметь|будет|будут|пределах|также|либо|или|для|при|под|над|это|как|все|всех|его|она|они|оно|чем|так|что|она|ближе|между"
    r"|установить|установлен|установлена|установлено|установлены|пункт|раз|том|чтобы|который|которые|которых|тыс|млн"
    r"|shall|must|should|least|most|less|more|than|not|being|have|has|had|are|the|and|for|with|from|any|all|each|its|was|were"
    r"|this|that|which|design|designed|actual|equal|equals|value|values|limit|limits|note|notes|item|items|between|above|below"
    r"|over|under|greater|having|into|kept|keep|install|installed|measured|will|can|may|but|least|also|per|set|said|such)$"
)
_WORD = re.compile(r"[^\W\d_]{3,}|\b[A-ZА-ЯЁ]{2}\b")
_ADJECTIVES = {
    "wide": "width", "high": "height", "tall": "height", "deep": "depth", "thick": "thickness", "long": "length",
    "wider": "width", "higher": "height", "deeper": "depth", "thicker": "thickness", "longer": "length",
}  # fmt: skip
"""English says a dimension by an adjective behind the value: "1.2 m wide"."""

_QUANTITIES = re.compile(
    r"ширин|высот|длин|толщин|глубин|диаметр|площад|объ[её]м|температ|влажн|давлен|расход|скорост|мощност|напряж|частот|масс"
    r"|вес|уклон|освещ|шум|звук|уров|расстоя|отметк|сечен|класс|степен|шаг|зазор|ток|нагрузк|сопротив|подач|кратн|радиус|число|колич"
    r"|noise|sound|width|height|length|thick|depth|diamet|area|volume|temper|humid|press|flow|speed|veloc|power|voltag|freq|mass|weight"
    r"|slope|spac|pitch|illum|level|dist|clearan|elev|section|class|rating|grade|gap|current|load|resist|radius|rate"
)
_STEM_LETTERS = 3
_GENERIC = re.compile(
    r"экспликац|ведомост|спецификац|таблиц|характерист|показател|параметр|помещен|план|этаж|лист|черт[её]ж|проект|технич|основн"
    r"|общ|данны|указан|сводн|перечен|продолжен|окончан|здани|размер|условн|обозначен"
    r"|schedule|table|list|room|floor|plan|sheet|drawing|general|note|main|data|summary|continued|building|technical|project"
    r"|dimension|size|legend"
)
_OF_NAMES = (
    "а я о е ы и у ю ь й ой ей ый ий ая яя ое ее ые ие ого его ому ему ым им ом ем ых их ую юю ою ею ами ями ах ях"
    " ов ев ам ям ью ию ия иям иях иями ией ии ием"
)
_ENDINGS = tuple(
    frozenset(("", *told.split()))
    for told in (
        _OF_NAMES,
        "ок ек ка ке ку ки ком кой ков кам ками ках",
        "ень ня ню нем не ни ней ням нями нях",
        "s es",
        "y ies",
    )
)
"""Two words are one when behind a common beginning both end in endings of one kind: «пожарный» and «пожарного»,
«участок» and «участка», but not «стена» and «стенка», "room" and "roof". Stems are too coarse for a verdict:
«теплоноситель» and «теплоснабжение» share one."""


def content_words(text: str) -> tuple[str, ...]:
    """The words that say what is meant, in order, folded; those of demands and limits and mere joints left out."""
    found: list[str] = []
    for word in _WORD.findall(text):
        lower = word.lower().replace("ё", "е")
        if lower in _ADJECTIVES:
            found.append(_ADJECTIVES[lower])
        elif not _FILLERS.match(lower):
            found.append(lower)
    return tuple(found)


def is_same_word(one: str, other: str) -> bool:
    """Whether two words, as `content_words` gives them, are forms of one word."""
    if one == other:
        return True
    shared = next(
        (n for n, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other))
    )
    return any(
        one[length:] in endings and other[length:] in endings
        for length in range(shared, max(_STEM_LETTERS, shared - 3) - 1, -1)
        for endings in _ENDINGS
    )


def is_generic(word: str) -> bool:
    """Whether a word of a table's title says nothing of what the rows are: «экспликация помещений», "room schedule"."""
    return is_quantity(word) or _GENERIC.match(word) is not None


def is_quantity(word: str) -> bool:
    """Whether the word names what is measured: «ширина», "pressure"."""
    return _QUANTITIES.match(word) is not None
