"""Correct answers about real documents, worded as a model words them, with the place of every planted value.

A planted value is put between two control characters while an answer is being written, then the characters go.
"""

import random
import re
from collections.abc import Sequence

import msgspec

from benchmarks.claims_facts import DATE, DESIGNATION, NUMBER, VALUE, Fact
from domain.grounding.rules_citations import Source

_OPEN, _CLOSE = "\x02", "\x03"
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_MONTHS = (
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()  # noqa: SIM905
)

_SPOKEN = {
    "мм": "миллиметров", "м": "метров", "кг": "килограммов", "В": "вольт", "кВт": "киловатт", "мин": "минут",
    "с": "секунд", "ч": "часов", "%": "процентов", "°C": "°С", "°С": "°C", "м3": "м³",
    "м2": "м²", "м²": "кв. м", "м³": "куб. м",
    "м3/ч": "м³/ч", "м³/ч": "м3/ч", "mm": "millimetres", "min": "minutes", "s": "seconds", "V": "volts", "A": "amps",
    "kg": "kilograms", "m": "metres", "percent": "%", "minutes": "min",
}  # fmt: skip
_ITEMS_RU = (
    "{label} — {value} [{mark}].",
    "{label} составляет {value} [{mark}].",
    "**{label}:** {value} [{mark}]",
    "Согласно документу, {small} равно **{value}** [{mark}].",
    "По данным листа, {value} — это {small} [{mark}].",
    "В проекте принято: {small} {value} [{mark}].",
)
_ITEMS_EN = (
    "{label}: {value} [{mark}].",
    "The document gives {value} for {small} [{mark}].",
    "**{label}** is {value} [{mark}].",
    "According to the document, {small} is **{value}** [{mark}].",
    "{label} — {value} [{mark}]",
)
_ROWS_RU = (
    "{subject}: {label} — {value} [{mark}].",
    "Для позиции «{subject}» {small} составляет {value} [{mark}].",
    "{label} для {subject} — **{value}** [{mark}].",
    "У {subject} {small} равен {value} согласно таблице [{mark}].",
)
_ROWS_EN = (
    "{subject}: {label} — {value} [{mark}].",
    "For {subject}, {small} is {value} [{mark}].",
    "The {small} of {subject} is **{value}** [{mark}].",
)
_QUOTES_RU = ("В документе указано: «{value}» [{mark}].", "Цитата: «{value}» [{mark}].")
_QUOTES_EN = ('The document states: "{value}" [{mark}].', "It says “{value}” [{mark}].")
_OPENINGS_RU = (
    "",
    "По документу «{name}», {sheet}:\n\n",
    "### Ответ\n\nНиже приведены найденные данные (см. {sheet}).\n\n",
    "Вероятно, вопрос относится к листу с этими данными. ",
)
_OPENINGS_EN = (
    "",
    "## Summary\n\nThe following was found:\n\n",
    "Based on the cited pages (Section 1), ",
    "In short:\n\n",
)


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """A true value at `start`–`end` of an answer."""

    start: int
    end: int
    kind: str
    fact: Fact


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A correct answer, what it cites by number, and its planted values in order."""

    text: str
    cited: dict[int, Source]
    planted: tuple[Planted, ...]
    language: str


def write_answer(facts: Sequence[Fact], chance: random.Random) -> Written:
    """An answer of one to three facts of one document, each with its mark."""
    sources = list({id(fact.source): fact.source for fact in facts}.values())
    cited = dict(enumerate(sources, start=1))
    language = language_of(" ".join(f"{fact.label} {fact.spot}" for fact in facts))
    items: list[str] = []
    order: list[Fact] = []
    for fact in facts:
        mark = next(number for number, source in cited.items() if source is fact.source)
        text, told = _item(fact, mark, language, chance)
        items.append(text)
        order += told
    text = _framed(items, facts[0].source, language, chance)
    return _planted(text, order, cited, language)


def language_of(text: str) -> str:
    return "ru" if _CYRILLIC.search(text) else "en"


def _item(fact: Fact, mark: int, language: str, chance: random.Random) -> tuple[str, list[Fact]]:
    """The sentence of one fact, and the facts planted in it in order."""
    is_russian = language == "ru"
    if fact.kind == "quotation":
        text = chance.choice(_QUOTES_RU if is_russian else _QUOTES_EN)
        return text.format(value=f"{_OPEN}{fact.value}{_CLOSE}", mark=mark), [fact]
    if fact.column < 0 and chance.random() < 0.35 and len(fact.spot) < 200:
        return _retold(fact, mark)
    value = f"{_OPEN}{told_value(fact, language, chance)}{_CLOSE}"
    label = _inflected(fact.label, chance) if is_russian else fact.label
    words = {"value": value, "mark": mark, "label": label[:1].upper() + label[1:], "small": _lowered(label)}
    if fact.column >= 0:
        if chance.random() < 0.25:
            head = "| Наименование | Значение |" if is_russian else "| Item | Value |"
            return f"\n{head}\n|---|---|\n| {fact.subject}, {words['small']} | {value} [{mark}] |\n", [fact]
        template = chance.choice(_ROWS_RU if is_russian else _ROWS_EN)
        return template.format(subject=fact.subject, **words), [fact]
    return chance.choice(_ITEMS_RU if is_russian else _ITEMS_EN).format(**words), [fact]


def _retold(fact: Fact, mark: int) -> tuple[str, list[Fact]]:
    """The document's own sentence with all its values planted."""
    told: list[Fact] = []
    pieces: list[str] = []
    end = 0
    for kind, found in _values_of(fact.spot):
        pieces += [fact.spot[end : found.start()], _OPEN, found.group(), _CLOSE]
        end = found.end()
        unit = (found.group("unit") or "") if kind in ("value", "number") else ""
        told.append(msgspec.structs.replace(fact, kind=kind, value=found.group(), unit=unit))
    text = "".join([*pieces, fact.spot[end:]]).rstrip(" .;")
    return f"{text} [{mark}].", told


def _values_of(sentence: str) -> list[tuple[str, re.Match[str]]]:
    """Dates, designations and numbers of a sentence, none within another, in order."""
    taken: list[tuple[str, re.Match[str]]] = []
    for kind, pattern in (("date", DATE), ("designation", DESIGNATION), ("value", VALUE)):
        for found in pattern.finditer(sentence):
            if not any(other.start() < found.end() and found.start() < other.end() for _, other in taken):
                is_bare = kind == "value" and not found.group("unit") and not found.group("before")
                taken.append(("number" if is_bare else kind, found))
    return sorted(taken, key=lambda pair: pair[1].start())


def told_value(fact: Fact, language: str, chance: random.Random) -> str:
    """The value as a model might tell it: comma or point, groups of thousands, unit in words or signs."""
    value = fact.value
    if fact.kind == "date" and (found := re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", value)) and chance.random() < 0.5:
        month = int(found.group(2))
        if 1 <= month <= 12:
            return f"{int(found.group(1))} {_MONTHS[month - 1]} {found.group(3)} г." if language == "ru" else value
    if fact.kind not in ("value", "number"):
        return value
    number = re.search(NUMBER, value)
    if number is None:
        return value
    told = _told_number(number.group(), language, chance)
    rest = value[number.end() :]
    spoken = _SPOKEN.get(rest.strip())
    if spoken is not None and chance.random() < 0.4:
        rest = f" {spoken}"
    elif rest and not rest[0].isspace() and fact.unit and rest == fact.unit and chance.random() < 0.5:
        rest = f" {rest}"
    return value[: number.start()] + told + rest


def _told_number(digits: str, language: str, chance: random.Random) -> str:
    if re.fullmatch(r"\d+,\d{1,2}", digits) and chance.random() < 0.3:
        return digits.replace(",", ".")
    if re.fullmatch(r"\d+\.\d{1,2}", digits) and language == "ru" and chance.random() < 0.4:
        return digits.replace(".", ",")
    if re.fullmatch(r"[1-9]\d{3,5}", digits) and not re.fullmatch(r"(?:19|20)\d\d", digits) and chance.random() < 0.4:
        return f"{digits[:-3]}{chance.choice([' ', chr(0xA0)])}{digits[-3:]}"
    return digits


_ENDINGS = (
    ("ость", "ости"), ("ение", "ения"), ("ание", "ания"), ("ный", "ного"), ("ная", "ной"), ("ное", "ного"),
    ("ной", "ная"), ("ения", "ение"), ("ости", "ость"), ("ока", "оки"), ("ина", "ины"), ("ота", "оты"),
)  # fmt: skip


def _inflected(label: str, chance: random.Random) -> str:
    """Some words in another case. Words that do not bend so stay."""
    words = label.split(" ")
    for place, word in enumerate(words):
        for ending, other in _ENDINGS:
            if len(word) > 6 and word.endswith(ending) and chance.random() < 0.4:
                words[place] = word.removesuffix(ending) + other
                break
    return " ".join(words)


def _lowered(label: str) -> str:
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _framed(items: Sequence[str], source: Source, language: str, chance: random.Random) -> str:
    material = source.material
    opening = chance.choice(_OPENINGS_RU if language == "ru" else _OPENINGS_EN)
    opening = opening.format(name=material.document_name, sheet=material.sheet)
    form = chance.choice(["plain", "list", "numbered", "lines"]) if len(items) > 1 else "plain"
    if any("\n|" in item for item in items):
        return opening + "\n\n".join(items)
    if form == "list":
        return opening.rstrip(" ") + "\n" * bool(opening) + "\n".join(f"- {item}" for item in items)
    if form == "numbered":
        numbered = "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))
        return opening.rstrip(" ") + "\n" * bool(opening) + numbered
    return opening + (" " if form == "plain" else "\n\n").join(items)


def _planted(text: str, facts: Sequence[Fact], cited: dict[int, Source], language: str) -> Written:
    clean: list[str] = []
    spans: list[tuple[int, int]] = []
    length = start = 0
    for part in re.split(f"([{_OPEN}{_CLOSE}])", text):
        if part == _OPEN:
            start = length
        elif part == _CLOSE:
            spans.append((start, length))
        else:
            clean.append(part)
            length += len(part)
    planted = tuple(
        Planted(start=begin, end=end, kind=fact.kind, fact=fact)
        for (begin, end), fact in zip(spans, facts, strict=True)
    )
    return Written(text="".join(clean), cited=cited, planted=planted, language=language)
