"""What documents say: values with their labels, read from rows of tables and from sentences.

Written apart from the ledger's own reading, so that what the ledger overlooks is seen.
"""

import re
from collections.abc import Iterator

import msgspec

from domain.grounding.rules_citations import Source
from domain.rules_tables import Row, is_row, table_rows

_UNITS = (
    "мм|см|м|км|мкм|мм2|мм²|см2|см²|м2|м²|м3|м³|л|мл|м3/ч|м³/ч|м3/с|м³/с|м3/сут|л/с|л/ч|л/мин|кг|г|т|кг/м3|кг/м³|кг/с|кН|Н"
    "|Па|кПа|МПа|°C|°С|℃|К|Вт|кВт|МВт|ВА|кВА|кВт·ч|В|мВ|кВ|А|мА|мкА|А·ч|Ач|Ом|кОм|МОм|пФ|нФ|мкФ|мкГн|Гц|кГц|МГц|дБ|дБА"
    "|лм|лк|с|сек|мс|мкс|мин|ч|сут|лет|бит|байт|кбит/с|бит/с|об/мин|м/с|шт|%|руб|тыс|млн|Вт/м2|Вт/(м·°С)|Вт/(м·К)"
    "|mm|cm|m|km|ft|mm2|cm2|m2|m3|L|mL|ml|kg|g|lb|kN|N|Pa|kPa|MPa|bar|psi|°F|K|W|kW|MW|VA|kVA|V|mV|kV|A|mA|µA|uA"
    "|Ah|Ohm|ohms|kΩ|Ω|pF|nF|µF|uF|Hz|kHz|MHz|GHz|dB|lm|lux|sec|seconds|ms|µs|us|ns|min|minutes|hours|days|weeks|months"
    "|years|kHz|rpm|mph|m/s|million|billion|Million|Billion|percent|bits|bytes|inches|feet"
)
UNIT = "|".join(sorted(map(re.escape, _UNITS.split("|")), key=len, reverse=True)).replace("|A|", "|A(?! [a-z])|")
NUMBER = r"\d{1,3}(?:[ \u00a0]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*"
VALUE = re.compile(
    rf"(?<![\w.,/$€№-])(?<!\d )(?<!минус )(?<!minus )(?!\d+\.\d+\.\d)"
    rf"(?P<before>[$€]\s?)?(?P<sign>[±+−-])?(?P<number>{NUMBER})"
    rf"(?:(?P<gap>\s?)(?P<unit>{UNIT})(?![\w/]|·| вод| рт))?(?![\w/]|[.,]\d|-\w)"
)
DESIGNATION = re.compile(
    r"(?<![\w./-])(?:(?:ГОСТ(?: Р)?|СП|СНиП) \d+(?:[.\-]\d+)*|[A-ZА-Я]{1,4}\d{1,4}(?:[.\-][\dA-ZА-Я]{1,5})*"
    r"|[A-ZА-Я]{1,3}(?:\.\d{1,2}){1,3}|[A-ZА-Я]{2,5}-\d{1,4}[A-ZА-Я]?|M\d+x\d+(?:[.,]\d+)?)(?![\w-]|\.\w)"
)
_MONTHS = (
    "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря|January|February|March|April|May"
    "|June|July|August|September|October|November|December"
)
DATE = re.compile(
    rf"(?<![\d.])(?:\d\d\.\d\d\.(?:19|20)\d\d|\d{{1,2}} (?:{_MONTHS}) \d{{4}}|(?:{_MONTHS}) \d{{1,2}}, \d{{4}}"
    r"|(?:19|20)\d\d-\d\d-\d\d)(?![\d.]\d)"
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_UNIT_OF_HEADER = re.compile(rf"(?:[,(]\s*|\s)({UNIT})\s*\)?$")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-ZА-ЯЁ•–—-])")
_LIMITS = "не более менее less more than least most over up under above below выше ниже"
_EMPTY = (
    "million billion thousand the and for was were with from that this are through about into when если для или при "
    "как что чем минус minus compared primarily approximately roughly nearly should shall will has have been being "
    "equal to of is be by at in on не на по из от до во со"
)
_LIMIT_WORDS = frozenset(_LIMITS.split())
_EMPTY_WORDS = _LIMIT_WORDS | frozenset(_EMPTY.split())
MAX_SENTENCE = 260
"""Characters. Longer ones are seldom repeated in an answer. A guess."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A value as its document writes it. `label` are words beside it, `subject` the name of its row, `spot` the whole
    row or sentence, `row` counts within the block, `column` is -1 in sentences. `unit` may come from a header."""

    source: Source
    kind: str
    value: str
    unit: str = ""
    label: str
    subject: str = ""
    spot: str
    row: int
    column: int = -1


def facts_of(source: Source) -> list[Fact]:
    """The facts of one block, in reading order."""
    facts: list[Fact] = []
    lines = source.block.content.split("\n")
    if any(is_row(line) for line in lines):
        for number, row in enumerate(table_rows([line for line in lines if is_row(line)])):
            facts += _row_facts(source, number, row)
        return facts
    for number, sentence in enumerate(sentences_of(source.block.content)):
        facts += _sentence_facts(source, number, sentence)
    return facts


def sentences_of(content: str) -> list[str]:
    """Sentences with their line breaks joined; lists and labels keep their lines."""
    lines = [line.strip() for line in content.split("\n") if line.strip()]
    texts: list[str] = []
    for line in (line.lstrip("-–—•● ") for line in lines):
        if texts and line[:1].islower() and len(texts[-1]) > 30:
            texts[-1] = f"{texts[-1]} {line}"
        else:
            texts.append(line)
    parts = [part.strip() for text in texts for part in _SENTENCE.split(text)]
    return [part for part in parts if 8 <= len(part) <= MAX_SENTENCE]


def number_of(value: str) -> float | None:
    """The number a value says; null when it says none."""
    found = re.search(NUMBER, value)
    if found is None:
        return None
    plain = re.sub(r"[ \u00a0]", "", found.group())
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain):
        plain = plain.replace(",", "")
    plain = plain.replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        return None
    return -number if re.search(r"[−-]\s?\d", value[: found.start() + 1]) else number


def numbers_of(text: str) -> set[float]:
    """Every number of a text, also the parts of what may be groups of thousands."""
    found = {number_of(match.group()) for match in re.finditer(NUMBER, text)}
    found |= {number_of(match.group()) for match in re.finditer(r"\d+(?:[.,]\d+)*", text)}
    return {abs(number) for number in found if number is not None}


def _row_facts(source: Source, number: int, row: Row) -> Iterator[Fact]:
    named = [place for place, cell in enumerate(row.cells) if _WORD.search(cell) and len(cell) <= 90]
    if not named or not any(_WORD.search(header) for header in row.headers):
        return
    subject = row.cells[named[0]]
    for column, cell in enumerate(row.cells):
        header = row.headers[column] if column < len(row.headers) else ""
        if column == named[0] or not _WORD.search(header) or len(header) > 60:
            continue
        common = {"source": source, "subject": subject, "spot": row.text, "row": number, "column": column}
        if (value := VALUE.fullmatch(cell)) and len(cell) <= 24:
            above = _UNIT_OF_HEADER.search(header)
            unit = value.group("unit") or (above.group(1) if above else "")
            label = header[: above.start()].strip(" ,(") if above else header
            text = cell if value.group("unit") or not unit else f"{cell} {unit}"
            kind = "value" if unit or value.group("before") else "number"
            yield Fact(kind=kind, value=text, unit=unit, label=label or header, **common)
        elif DESIGNATION.fullmatch(cell):
            yield Fact(kind="designation", value=cell, label=header, **common)
        elif DATE.fullmatch(cell):
            yield Fact(kind="date", value=cell, label=header, **common)


def _sentence_facts(source: Source, number: int, sentence: str) -> Iterator[Fact]:
    taken: list[tuple[int, int]] = []
    for kind, pattern in (("date", DATE), ("designation", DESIGNATION), ("value", VALUE)):
        for found in pattern.finditer(sentence):
            if any(start < found.end() and found.start() < end for start, end in taken):
                continue
            taken.append(found.span())
            label = _label_before(sentence, found.start()) or _label_behind(sentence, found.end())
            if not label:
                continue
            unit = found.group("unit") or "" if kind == "value" else ""
            is_bare = kind == "value" and not unit and not found.group("before")
            yield Fact(
                source=source,
                kind="number" if is_bare else kind,
                value=found.group(),
                unit=unit,
                label=label,
                spot=sentence,
                row=number,
            )


def _label_before(sentence: str, place: int) -> str:
    """Up to five words right before the value, not across another number or sign."""
    before = re.search(r"(?<![\w.])((?:[^\W\d_][\w-]*[ ,:(=–—]{1,3}){1,5})$", sentence[:place])
    return _trimmed(before.group(1)) if before else ""


def _label_behind(sentence: str, place: int) -> str:
    behind = re.match(r"[ ,–—-]{1,3}((?:[^\W\d_][\w-]* ?){1,5})(?![.\w])", sentence[place:])
    return _trimmed(behind.group(1)) if behind else ""


def _trimmed(label: str) -> str:
    """A label without the words at its edges that name nothing; "" when no real word is left."""
    words = label.strip(" ,:(=–—").split(" ")
    while words and (len(words[0]) < 3 or words[0].lower() in _EMPTY_WORDS):
        words = words[1:]
    while words and words[-1].lower() in _EMPTY_WORDS - _LIMIT_WORDS:
        words = words[:-1]
    text = " ".join(words)
    named = [word for word in words if re.search(r"[^\W\d_]{4,}", word) and word.lower() not in _LIMIT_WORDS]
    return text if named else ""
