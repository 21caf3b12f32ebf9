"""Finding checkable values in a text: numbers with units, dimensions, designations, standards, dates.

The same reading serves the answer and the documents. Each value knows its canonical forms; two values are the same when
they share one. Numbers are compared by value (4,20 is 4.2; «4 200» is 4200), designations as they stand («В2» is not
«В21»), but for look-alike letters of the two alphabets.
"""

import re
from decimal import Decimal
from enum import StrEnum

import msgspec

from domain.grounding.rules_text import fold_word
from domain.grounding.rules_unit_places import NUMBER, units_after, units_at
from domain.grounding.rules_units import unit_of


class Kind(StrEnum):
    NUMBER = "value"
    DESIGNATION = "designation"
    DATE = "date"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value at `start`–`end` of its text, the unit included. `forms` are canonical; `units` holds a unit and perhaps
    a multiplier or currency; `sign` is "-", "±" or "". `shape` of a designation: letters a, digits 9."""

    start: int
    end: int
    kind: Kind
    text: str
    forms: frozenset[str]
    units: frozenset[str] = frozenset()
    sign: str = ""
    shape: str = ""


_LETTER = "A-Za-zА-Яа-яЁё"
_MONTHS = (
    ("январ", "феврал", "март", "апрел", "ма", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр"),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
)
_MONTH = "|".join(f"{stem}[а-я]{{1,3}}" for stem in _MONTHS[0]) + "|" + "|".join(f"{m}[a-z]{{0,6}}" for m in _MONTHS[1])

_SPAN_UNITS = (
    "мм|см|м|кг|г|л|В|мВ|кВ|А|мА|Вт|кВт|Па|кПа|МПа|Гц|кГц|МГц|Ом|кОм|дБ|с|мс|мин|ч|°C|°С|mm|cm|m|kg|g|V|mV|kV|A|mA|W|kW|Pa|kPa"
    "|MPa|Hz|kHz|MHz|dB|s|ms|min|h"
)
"""Units that follow the second number of a range without a space: «28-30В». Others make a designation: «1-2Б»."""

_PATTERN = re.compile(
    rf"""
    (?P<standard>(?<![{_LETTER}\d])(?:ГОСТ|ОСТ|СТО|СП|СНиП|СанПиН|ТУ|ТР\ ТС|РД|ВСН|НПБ|ППБ|ПУЭ|МГСН|ISO|IEC|EN|DIN|ASTM
        |ANSI|IEEE|UL|NFPA|ASHRAE)(?:[\s/]+(?:Р|R|ИСО|МЭК|ЕН|ISO|IEC|EN))*\s*(?:№\s*)?
        [A-Z]?\d+(?:[.\-–/:]\d+|-\s\d{{4}})*[а-яa-z]?(?![\d{_LETTER}])
        |(?-i:(?<![{_LETTER}\d])[A-ZА-ЯЁ]{{2,6}}(?:\ [РR])?\ )
        (?:\d+(?:\.\d+){{1,4}}-\d{{2,4}}|\d+(?:\.\d{{3,}})+|\d{{3,}}-\d{{2,4}})
        (?![\d{_LETTER}]|\.\d))
  | (?P<date>(?<![\d.,/-])(?:\d{{1,2}}[./]\d{{1,2}}[./](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d|\d{{1,2}}\.\d{{1,2}}\.\d\d)
        (?![\d/-]|\.\d))
  | (?P<wordy>(?<!\w)(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})\.?,?\s+\d{{4}}
        |(?:{_MONTH})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})(?!\d))
  | (?P<code>(?<![{_LETTER}\d/.-])(?-i:[A-ZА-ЯЁ]{{2,5}})[\ \u00a0]\d+(?:[.,]\d+)?(?![\w/-]|[.,]\d|\ ?%))
  | (?P<ratio>(?<![\w.,:])\d{{1,2}}(?:\s:\s|:)\d{{1,4}}(?![\w:]|[.,]\d))
  | (?P<dimension>(?<![\w.,])(?:{NUMBER})(?:\s*[×xXхХ*✕]\s*(?:{NUMBER}))+(?![{_LETTER}\d]))
  | (?P<ordinal>(?<![\w.,/-])\d+-?(?:й|го|му|м|я|ой|ю|е|х|ти|ых|ым|ый|ая|ое|ом|st|nd|rd|th)(?![\w-]))
  | (?P<compound>(?<![\w.,/-])(?:\d+(?:[.,]\d+)?)(?=-[{_LETTER}]{{4,}}))
  | (?P<span>(?<![\w/.,-])(?P<low>\d+(?:[.,]\d+)?)\s?[-–—…÷]\s?(?P<high>\d+(?:[.,]\d+)?)(?P<spanunit>{_SPAN_UNITS})
        (?![\w/·*×-]))
  | (?P<glued>(?<![\w/-])(?P<gluedsign>[+\-−±])?(?P<gluednumber>\d+(?:[.,]\d+)*)
        (?P<gluedunit>(?:°\ ?[CСF]|[{_LETTER}Ωµμ]{{1,6}}(?:/[{_LETTER}]{{1,4}})?[²³]?))(?![\w/-]))
  | (?P<designation>(?<![{_LETTER}\d_])(?=[{_LETTER}\d_./+-]*[{_LETTER}])(?=[{_LETTER}\d_./+-]*[\d_])
        [{_LETTER}\d]+(?:[_./\-‐‑+]*[{_LETTER}\d]+)*(?![{_LETTER}\d_]))
  | (?P<clause>(?<![\w.,])\d+(?:\.\d+){{2,}}(?![\d{_LETTER}]))
  | (?P<number>(?<![\w])(?P<sign>[+\-−–±])?(?P<digits>{NUMBER}))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DIGIT = re.compile(r"[\d_]")
REACH = 40
"""Characters: longer than «СанПиН № », "September " and the letters that a designation begins with. A guess."""

_LIST = re.compile(r"\d+(?:[.,]\d+){2,}")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_CURRENCY_BEFORE = re.compile(r"(?:US)?([$€£₽])\s*\(?$")
_MINUS_BEFORE = re.compile(r"(?:минус|minus)\s+$", re.IGNORECASE)


def find_values(text: str, *, is_evidence: bool = False) -> list[Value]:
    """The values of `text` in order, not overlapping. For evidence every sensible reading of a place is given."""
    values: list[Value] = []
    place = 0
    while (begin := _next_begin(text, place)) is not None and (found := _PATTERN.search(text, begin)):
        values += _read(found, text, is_evidence)
        # A unit such as «м2» is part of its number, not a designation of its own.
        place = max([found.end(), *(value.end for value in values[-1:])])
    return values


def _next_begin(text: str, place: int) -> int | None:
    """Where to look on: a little before the next digit or underscore, for every value has one; null without any."""
    sign = _DIGIT.search(text, place)
    if sign is None:
        return None
    near = max(place, sign.start() - REACH)
    space = text.rfind(" ", max(place, near - REACH), near)
    return space + 1 if space >= 0 else max(place, near - REACH)


def number_forms(digits: str) -> frozenset[str]:
    """The canonical forms of a number's digits: one, or two where a comma or point may be decimal or of thousands."""
    plain = re.sub(r"\s", "", digits)
    marks = [letter for letter in plain if letter in ".,"]
    if not marks:
        return frozenset({_decimal(plain)})
    if len(set(marks)) == 2:
        whole, fraction = plain[: plain.rfind(marks[-1])], plain[plain.rfind(marks[-1]) + 1 :]
        return frozenset({_decimal(re.sub("[.,]", "", whole) + "." + fraction)})
    if len(marks) > 1:
        return frozenset({_decimal(re.sub("[.,]", "", plain))})
    whole, fraction = re.split("[.,]", plain)
    forms = {_decimal(f"{whole}.{fraction}")}
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole.lstrip("0"):
        forms.add(_decimal(whole + fraction))
    return frozenset(forms)


def half_digit(text: str) -> Decimal:
    """Half a unit of the last digit of the first number in `text`: how exactly it is told."""
    fraction = re.search(r"\d[.,](\d+)", text)
    return Decimal("0.5").scaleb(-len(fraction.group(1)) if fraction else 0)


def designation_form(text: str) -> str:
    return fold_word(text)


def shape_of(form: str) -> str:
    """The shape of a designation: runs of letters become a, runs of digits 9, signs stay."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", form))


def _read(found: re.Match[str], text: str, is_evidence: bool) -> list[Value]:
    kind = found.lastgroup or ""
    start, end = found.span()
    whole = found.group()
    if kind == "standard":
        return [_designation(start, end, whole, shape="standard")]
    if kind in ("date", "wordy"):
        return _date(start, end, whole)
    if kind == "dimension":
        return _dimension(start, end, whole, text, is_evidence)
    if kind == "ordinal":
        digits = re.match(r"\d+", whole)
        return (
            [_number(start, start + len(digits.group()), "", digits.group(), text, with_unit=False)] if digits else []
        )
    if kind == "compound":
        return [_number(start, end, "", whole, text, with_unit=False)]
    if kind == "span":
        return _span(found, text, is_evidence)
    if kind == "glued":
        return _glued(found, text, is_evidence)
    if kind == "designation":
        return _designations(start, end, whole, is_evidence)
    if kind == "code":
        return _code(start, end, whole, text, is_evidence)
    if kind in ("clause", "ratio"):
        return [_designation(start, end, whole)]
    return _plain_number(found, text, is_evidence)


def _plain_number(found: re.Match[str], text: str, is_evidence: bool) -> list[Value]:
    start, end = found.span("digits")
    sign, digits = found.group("sign") or "", found.group("digits")
    before = text[max(found.start() - 3, 0) : found.start()]
    is_after_number = bool(re.search(r"[\d)%]\s*$", before))
    is_range = bool(sign) and sign in "–-−" and is_after_number
    may_be_sign = is_range and sign != "–" and before[-1:].isspace()
    if is_range and not (may_be_sign and not is_evidence):
        sign = ""
    if not sign and _MINUS_BEFORE.search(text[max(start - 12, 0) : start]):
        sign = "-"
    if sign and sign in "-−–±":
        start -= 1
    if _LIST.fullmatch(digits) and not _THOUSANDS.fullmatch(digits):
        parts = re.finditer(r"\d+", digits)
        place = found.start("digits")
        return [_number(place + part.start(), place + part.end(), "", part.group(), text) for part in parts]
    values = [_number(start, end, sign, digits, text)]
    if is_evidence and may_be_sign:
        # «7 -8» may be a range or a column with a negative number.
        values.append(_number(start, end, "-", digits, text))
    if is_evidence and re.search(r"\s", digits):
        # Neighbouring columns may look like groups of thousands.
        place = found.start("digits")
        parts = re.finditer(r"\S+", digits)
        values += [_number(place + part.start(), place + part.end(), "", part.group(), text) for part in parts]
    return values


def _number(start: int, end: int, sign: str, digits: str, text: str, *, with_unit: bool = True) -> Value:
    units, unit_end = units_after(text, end) if with_unit else (frozenset(), end)
    before = _CURRENCY_BEFORE.search(text[max(start - 6, 0) : start])
    if before:
        units |= {unit_of(before.group(1)) or "usd"}
    return Value(
        start=start,
        end=unit_end,
        kind=Kind.NUMBER,
        text=text[start:unit_end],
        forms=number_forms(digits),
        units=units,
        sign="-" if sign and sign in "-−–" else "±" if sign == "±" else "",
    )


def _dimension(start: int, end: int, whole: str, text: str, is_evidence: bool) -> list[Value]:
    parts = list(re.finditer(NUMBER, whole))
    units, unit_end = units_at(text, end)
    forms = [sorted(number_forms(part.group()))[0] for part in parts]
    dimension = Value(
        start=start,
        end=unit_end,
        kind=Kind.NUMBER,
        text=text[start:unit_end],
        forms=frozenset({"x".join(forms)}),
        units=units,
    )
    if not is_evidence:
        return [dimension]
    singles = [
        Value(
            start=start + part.start(),
            end=start + part.end(),
            kind=Kind.NUMBER,
            text=part.group(),
            forms=number_forms(part.group()),
            units=units,
        )
        for part in parts
    ]
    return [dimension, *singles, _designation(start, end, whole)]


def _span(found: re.Match[str], text: str, is_evidence: bool) -> list[Value]:
    """Both ends of «28-30В», with the unit; in evidence it may also be a designation."""
    units = frozenset({unit_of(found.group("spanunit")) or ""})
    ends = [
        msgspec.structs.replace(
            _number(found.start(name), found.end(name), "", found.group(name), text, with_unit=False), units=units
        )
        for name in ("low", "high")
    ]
    return [*ends, _designation(found.start(), found.end(), found.group())] if is_evidence else ends


def _glued(found: re.Match[str], text: str, is_evidence: bool) -> list[Value]:
    """«500мм» is a number with its unit; «2А» may also be a designation, «3D» is one."""
    start, end = found.span()
    unit = unit_of(found.group("gluedunit"))
    as_designation = _designations(start, end, found.group(), is_evidence)
    if unit is None:
        return as_designation
    sign = found.group("gluedsign") or ""
    units, unit_end = units_at(text, found.end("gluednumber"))
    begin = start if sign in ("-", "−", "±") else found.start("gluednumber")
    before = _CURRENCY_BEFORE.search(text[max(begin - 6, 0) : begin])
    number = Value(
        start=begin,
        end=max(unit_end, end),
        kind=Kind.NUMBER,
        text=text[begin : max(unit_end, end)],
        forms=number_forms(found.group("gluednumber")),
        units=(units or frozenset({unit})) | ({unit_of(before.group(1)) or "usd"} if before else frozenset()),
        sign="-" if sign in ("-", "−") and sign else "±" if sign == "±" else "",
    )
    return [number, *as_designation] if is_evidence else [number]


def _designations(start: int, end: int, whole: str, is_evidence: bool) -> list[Value]:
    """A designation; in evidence also its parts («П1-П4», «П1/В1») and the number of «DN50», «REI150»."""
    year = re.fullmatch(r"FY\s?(\d{4})", whole, re.IGNORECASE)
    if year:
        forms = frozenset({year.group(1)})
        return [Value(start=start, end=end, kind=Kind.NUMBER, text=whole, forms=forms)]
    if unit_of(whole):
        return []
    values = [_designation(start, end, whole)]
    if not is_evidence:
        return values
    for part in re.finditer(r"[^/+,]+", whole):
        pieces = [part.group(), *part.group().split("-")] if part.group() != whole else part.group().split("-")
        if all(re.search(rf"[{_LETTER}]", piece) and re.search(r"\d", piece) for piece in pieces):
            values += [_designation(start, end, piece) for piece in pieces if piece != whole]
    number = re.fullmatch(rf"[{_LETTER}]{{1,4}}-?(\d{{2,}}(?:[.,]\d+)?)", whole)
    if number:
        forms = number_forms(number.group(1))
        values.append(Value(start=start, end=end, kind=Kind.NUMBER, text=whole, forms=forms))
    return values


def _code(start: int, end: int, whole: str, text: str, is_evidence: bool) -> list[Value]:
    """«REI 150», «IP 54»: capitals and a number are one designation, unless a unit follows («АКБ 12 В»)."""
    letters, digits = whole.split(maxsplit=1)
    place = end - len(digits)
    number = _number(place, end, "", digits, text)
    if number.units or letters in ("FY", "CY", "В", "И") or unit_of(letters):
        return [number]
    return [_designation(start, end, whole), number] if is_evidence else [_designation(start, end, whole)]


def _designation(start: int, end: int, whole: str, *, shape: str | None = None) -> Value:
    form = designation_form(whole)
    return Value(
        start=start,
        end=end,
        kind=Kind.DESIGNATION,
        text=whole,
        forms=frozenset({form}),
        shape=shape or shape_of(form),
    )


def _date(start: int, end: int, whole: str) -> list[Value]:
    form = _date_form(whole)
    if form is None:
        return [_designation(start, end, whole)]
    return [Value(start=start, end=end, kind=Kind.DATE, text=whole, forms=frozenset({form}))]


def _date_form(text: str) -> str | None:
    """Year, month, day. Numbers with slashes keep their order: which of the two is the month is not known."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    words = re.search(rf"[{_LETTER}]{{3,}}", re.sub(r"(?<=\d)(?:st|nd|rd|th)|\bof\b", "", text))
    if words:
        month = _month_of(words.group().lower())
        if month is None or len(numbers) != 2:
            return None
        return f"{numbers[1]}-{month}-{numbers[0]}"
    if len(numbers) != 3:
        return None
    if numbers[0] > 31:
        return f"{numbers[0]}-{numbers[1]}-{numbers[2]}"
    year = numbers[2] + 2000 if numbers[2] < 100 else numbers[2]
    if numbers[1] > 12 and "/" not in text:
        return None
    if "/" in text:
        return f"{year}-{numbers[0]}/{numbers[1]}"
    return f"{year}-{numbers[1]}-{numbers[0]}"


def _month_of(word: str) -> int | None:
    for stems in _MONTHS:
        for number, stem in enumerate(stems, start=1):
            if word.startswith(stem) and not (stem == "ма" and word.startswith("март")):
                return number
    return None


def _decimal(text: str) -> str:
    return format(Decimal(text).normalize(), "f")
