"""Disciplines of design documentation: their names, the marks of sets of drawings, the prefixes of sheet numbers. Pure.

Marks by GOST R 21.101-2020 (annex B) and the codes of drawings and schemes by GOST 2.102 and 2.701; prefixes by the
United States National CAD Standard.
"""

import re

import msgspec


class Discipline(msgspec.Struct, frozen=True, kw_only=True):
    """`ru` and `en` are how people call it, in several words; `marks` end the code of a set («24-118-ОВ», «АР4»);
    `prefixes` begin an English sheet number (A-102); `words` are beginnings of words that tell it in a title."""

    name: str
    ru: str
    en: str
    marks: str = ""
    prefixes: str = ""
    words: str = ""


DISCIPLINES = (
    Discipline(
        name="ventilation",
        ru="отопление, вентиляция и кондиционирование",
        en="heating, ventilation and air conditioning (HVAC)",
        marks="ОВ ОВИК ОВК",
        prefixes="M H",
        words="вентиляц отоплен кондиционир воздуховод воздухообмен дымоудален ventilat hvac duct heating mechanical",
    ),
    Discipline(
        name="water",
        ru="водоснабжение и канализация",
        en="water supply, plumbing and drainage",
        marks="ВК НВК НВ НК ВС",
        prefixes="P",
        words="водоснабж канализ водопровод водоотвед водосток plumbing drainage sanitary sewer",
    ),
    Discipline(
        name="heat",
        ru="теплоснабжение, тепломеханические решения",
        en="heat supply and boiler plant",
        marks="ТМ ТС ТМС",
        words="теплоснабж тепломеханич теплов котельн boiler",
    ),
    Discipline(
        name="electrical",
        ru="электроснабжение, электрооборудование и освещение",
        en="electrical, power and lighting",
        marks="ЭОМ ЭО ЭМ ЭС ЭН ЭГ ЭП",
        prefixes="E",
        words="электроснабж электрообор электроосвещ освещен заземлен молниезащит силов lighting electrical power",
    ),
    Discipline(
        name="electronics",
        ru="электрическая схема, электроника",
        en="circuit schematic, electronics",
        marks="Э1 Э2 Э3 Э4 Э5 Э6 Э7 ПЭ ПЭ3 ПЭ4",
        words="схема-электрическ плата-печатн schematic circuit wiring",
    ),
    Discipline(
        name="low_current",
        ru="слаботочные сети, связь и сигнализация",
        en="low current, communications and alarm",
        marks="СС СКС ПС АПС ОС СОТ СКУД СВН",
        prefixes="T",
        words="слаботоч сигнализац видеонаблюден связ telecom alarm",
    ),
    Discipline(
        name="automation",
        ru="автоматизация",
        en="automation and instrumentation",
        marks="АТХ АК АОВ АВК АСУ АСУТП АТ АТМ",
        prefixes="I",
        words="автоматиз асутп контрол automation instrumentation p&id",
    ),
    Discipline(
        name="fire",
        ru="пожаротушение и пожарная безопасность",
        en="fire protection",
        marks="ПТ АПТ АУПТ ПБ СПЗ ВПВ",
        prefixes="F FP FA",
        words="пожаротуш пожарн спринклер fire sprinkler",
    ),
    Discipline(
        name="gas", ru="газоснабжение", en="gas supply", marks="ГСВ ГСН ГС", words="газоснабж газопровод gas-supply"
    ),
    Discipline(
        name="structure",
        ru="строительные конструкции, железобетон, металл",
        en="structural, concrete and steel",
        marks="КЖ КЖИ КМ КМД КР КД КС",
        prefixes="S",
        words="армирован опалуб фундамент ферм колонн каркас framing foundation structural",
    ),
    Discipline(
        name="architecture",
        ru="архитектурные решения, архитектура",
        en="architectural",
        marks="АР АС АИ АД",
        prefixes="A",
        words="архитектур кладочн фасад кровл экспликац отделк floor-plan finish architectural building-section",
    ),
    Discipline(
        name="site",
        ru="генеральный план, благоустройство, дороги",
        en="site, civil and landscape",
        marks="ГП ГТ ПЗУ ПОС ТР",
        prefixes="C L",
        words="генплан генеральн благоустро вертикальн-планиров site-plan landscape civil grading",
    ),
    Discipline(
        name="process",
        ru="технология производства",
        en="process technology",
        marks="ТХ ТХМ",
        words="технологич-схем технологическ process",
    ),
    Discipline(
        name="mechanical",
        ru="машиностроение, сборочный чертёж, деталь",
        en="mechanical engineering, assembly, part",
        marks="СБ ГЧ МЧ ТЧ",
        words="сборочн-чертеж габаритн-чертеж детал assembly",
    ),
    Discipline(name="general", ru="общие данные", en="general", prefixes="G", words="общи-данн general-notes"),
    Discipline(name="other", ru="", en=""),
)
OTHER = "other"
BY_NAME = {one.name: one for one in DISCIPLINES}

_BY_MARK = {mark: one.name for one in DISCIPLINES for mark in one.marks.split()}
_BY_PREFIX = {prefix: one.name for one in DISCIPLINES for prefix in one.prefixes.split()}
_PIECE = re.compile(r"[^\W\d_]+\d{0,2}")
_SHEET_NUMBER = re.compile(r"([A-Z]{1,2})[-.\s]?\d")
_LATIN_TWINS = str.maketrans("ABEKMHOPCTX", "АВЕКМНОРСТХ")


def discipline_of(*, code: str = "", sheet: str = "", title: str = "") -> str:
    """The name of a discipline by the set's code, else the sheet's number, else words of the title; else `other`.

    Marks are read from the end of the code: «133/23-ГК-АР4» is АР. Typed in Latin letters they are the same.
    """
    for piece in reversed(_PIECE.findall(code.translate(_LATIN_TWINS))):
        for mark in (piece, piece.rstrip("0123456789")):
            if mark in _BY_MARK:
                return _BY_MARK[mark]
    if found := _SHEET_NUMBER.match(sheet):
        letters = found.group(1)
        if name := _BY_PREFIX.get(letters) or _BY_PREFIX.get(letters[0]):
            return name
    return discipline_by_words(title)


def discipline_by_words(title: str) -> str:
    """The discipline whose word comes first in the title; `other` when none does."""
    words = title.lower().replace("ё", "е").split()
    places = {
        one.name: place
        for one in reversed(DISCIPLINES)
        if (place := min((_place(words, wanted) for wanted in one.words.split()), default=len(words))) < len(words)
    }
    return min(reversed(places), key=lambda name: places[name], default=OTHER)


def _place(words: list[str], wanted: str) -> int:
    """Where the beginnings of words (joined by hyphens: one after another) stand; the number of words when nowhere."""
    beginnings = wanted.split("-")
    for place in range(len(words) - len(beginnings) + 1):
        if all(words[place + n].startswith(beginning) for n, beginning in enumerate(beginnings)):
            return place
    return len(words)
