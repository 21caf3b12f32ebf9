"""Generated assignments and drawings with known truth: what a requirement asks, what the sheet says, what is right.

Every case is one assignment with a requirement per thing and one drawing with a statement per thing. The traps have
the truth unknown: another thing, another quantity, a wish instead of a value, a rounded value, silence.
"""

import random
from collections.abc import Callable, Sequence

import msgspec

SEED = 20261120


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """What is limited: `quantity` of `subject` (as it stands after the quantity), `name` in a table; `limit` in `unit`,
    the least value or, with `is_most`, the greatest; `other_unit` is `factor` times smaller. `other_subject` and
    `other_quantity` are for traps."""

    quantity: str
    subject: str
    name: str
    unit: str
    limit: float
    other_subject: str
    other_quantity: str
    other_unit: str = ""
    factor: float = 1.0
    is_most: bool = False


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment and a drawing as texts of blocks, with the truth per requirement. `is_hard`: the drawing says it in
    words of its own, so that unknown is no fault."""

    case: str
    language: str
    requirements: tuple[str, ...]
    drawing: tuple[str, ...]
    truth: tuple[str, ...]
    is_hard: bool = False


def _ru(quantity: str, subject: str, name: str, unit: str, limit: float, *rest: str, **more: object) -> Thing:
    return Thing(
        quantity=quantity, subject=subject, name=name, unit=unit, limit=limit,
        other_subject=rest[0], other_quantity=rest[1], **more,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


THINGS_RU = (
    _ru("Ширина", "эвакуационного коридора", "Эвакуационный коридор", "м", 1.2, "грузового лифта", "Высота", other_unit="мм", factor=1000),
    _ru("Высота", "ограждения балкона", "Ограждение балкона", "м", 1.2, "перил пандуса", "Длина", other_unit="мм", factor=1000),
    _ru("Ширина", "лестничного марша", "Лестничный марш", "м", 1.35, "дверного проёма", "Высота", other_unit="см", factor=100),
    _ru("Уклон", "пандуса", "Пандус", "%", 8, "кровли", "Длина", is_most=True),
    _ru("Толщина", "утеплителя кровли", "Утеплитель кровли", "мм", 200, "стяжки пола", "Ширина", other_unit="см", factor=0.1),
    _ru("Расход", "приточной установки", "Приточная установка", "м³/ч", 4200, "вытяжного вентилятора", "Напор"),
    _ru("Температура", "горячей воды", "Горячая вода", "°С", 60, "обратной воды", "Давление"),
    _ru("Давление", "пожарного водопровода", "Пожарный водопровод", "МПа", 0.4, "тепловой сети", "Расход", other_unit="кПа", factor=1000),
    _ru("Освещённость", "рабочей поверхности", "Рабочая поверхность", "лк", 300, "лестничной клетки", "Высота"),
    _ru("Напряжение", "питающего кабеля", "Питающий кабель", "В", 380, "цепи управления", "Сечение", other_unit="кВ", factor=0.001),
    _ru("Площадь", "технического помещения", "Техническое помещение", "м²", 12, "кладовой уборочного инвентаря", "Высота"),
    _ru("Уровень шума", "серверной комнаты", "Серверная комната", "дБА", 45, "венткамеры", "Площадь", is_most=True),
    _ru("Масса", "дверного полотна", "Дверное полотно", "кг", 80, "оконного блока", "Высота", is_most=True),
    _ru("Глубина", "заложения трубопровода", "Заложение трубопровода", "м", 1.8, "приямка насосной", "Длина", other_unit="мм", factor=1000),
    _ru("Мощность", "насосного агрегата", "Насосный агрегат", "кВт", 7.5, "электрического котла", "Масса", other_unit="Вт", factor=1000),
    _ru("Скорость", "движения воздуха", "Движение воздуха", "м/с", 0.3, "потока воды", "Температура", is_most=True),
    _ru("Шаг", "опорных конструкций", "Опорные конструкции", "мм", 1500, "анкерных болтов", "Высота", is_most=True, other_unit="м", factor=0.001),
    _ru("Влажность", "складского помещения", "Складское помещение", "%", 60, "машинного зала", "Температура", is_most=True),
    _ru("Длина", "тупикового коридора", "Тупиковый коридор", "м", 25, "пешеходного перехода", "Ширина", is_most=True, other_unit="мм", factor=1000),
    _ru("Диаметр", "дождевого стояка", "Дождевой стояк", "мм", 100, "питьевого водопровода", "Длина", other_unit="см", factor=0.1),
)  # fmt: skip
THINGS_EN = (
    _ru("width", "the exit corridor", "Exit corridor", "m", 1.2, "the stair flight", "height", other_unit="mm", factor=1000),
    _ru("height", "the balcony railing", "Balcony railing", "m", 1.1, "the ramp handrail", "length", other_unit="mm", factor=1000),
    _ru("thickness", "the roof insulation", "Roof insulation", "mm", 200, "the floor screed", "width", other_unit="cm", factor=0.1),
    _ru("temperature", "the supply air", "Supply air", "°C", 18, "the return water", "pressure"),
    _ru("pressure", "the fire main", "Fire main", "bar", 6, "the heating loop", "flow", other_unit="kPa", factor=100),
    _ru("illuminance", "the work plane", "Work plane", "lx", 500, "the stair landing", "height"),
    _ru("voltage", "the supply cable", "Supply cable", "V", 400, "the control circuit", "section", other_unit="kV", factor=0.001),
    _ru("area", "the plant room", "Plant room", "m2", 15, "the janitor closet", "height"),
    _ru("noise level", "the server room", "Server room", "dBA", 50, "the fan chamber", "area", is_most=True),
    _ru("mass", "the door leaf", "Door leaf", "kg", 90, "the window unit", "height", is_most=True),
    _ru("depth", "the pipe trench", "Pipe trench", "m", 1.5, "the pump pit", "length", other_unit="mm", factor=1000),
    _ru("power", "the circulation pump", "Circulation pump", "kW", 5.5, "the electric boiler", "mass", other_unit="W", factor=1000),
    _ru("spacing", "the pipe supports", "Pipe supports", "mm", 1500, "the anchor bolts", "height", is_most=True, other_unit="m", factor=0.001),
    _ru("humidity", "the archive store", "Archive store", "%", 55, "the engine hall", "temperature", is_most=True),
    _ru("clearance", "the switchgear front", "Switchgear front", "mm", 900, "the boiler rear", "height", other_unit="m", factor=0.001),
    _ru("diameter", "the rain downpipe", "Rain downpipe", "mm", 100, "the drinking main", "length", other_unit="cm", factor=0.1),
)  # fmt: skip

_DEMANDS = {
    ("ru", False): (
        "{Q} {s} должна быть не менее {L}.", "{Q} {s} следует принимать не менее {L}.", "{Q} {s} — не менее {L}.",
        "Не допускается {q} {s} менее {L}.", "Обеспечить {q} {s} не ниже {L}.",
    ),
    ("ru", True): (
        "{Q} {s} должна быть не более {L}.", "{Q} {s} не должна превышать {L}.", "{Q} {s} — не более {L}.",
        "{Q} {s} следует принимать не выше {L}.", "Не допускается {q} {s} более {L}.",
    ),
    ("en", False): (
        "The {q} of {s} shall be at least {L}.", "The {q} of {s} shall not be less than {L}.",
        "The minimum {q} of {s} is {L}.", "The {q} of {s} must be no less than {L}.",
    ),
    ("en", True): (
        "The {q} of {s} shall not exceed {L}.", "The {q} of {s} shall be at most {L}.",
        "The maximum {q} of {s} is {L}.", "The {q} of {s} must be no more than {L}.",
    ),
}  # fmt: skip
_SAID = {
    "ru": ("{Q} {s} {v}", "{Q} {s}: {v}", "{Q} {s} составляет {v}.", "{Q} {s} — {v}", "{Q} {s} принята {v}."),
    "en": ("{Q} of {s}: {v}", "The {q} of {s} is {v}.", "{N} {q} {v}", "{N}: {q} {v}", "{Q} of {s} = {v}"),
}


def pairs() -> list[Pair]:
    """All cases in both languages; the same on every call."""
    random_ = random.Random(SEED)
    made: list[Pair] = []
    for language, things in (("ru", THINGS_RU), ("en", THINGS_EN)):
        made += [_pair(name, case, language, things, random_) for name, case in _CASES.items()]
    return made


Case = Callable[[Thing, str, random.Random], tuple[tuple[str, ...], str]]
"""The blocks of the drawing that speak of a thing (or nearly), and the truth."""


def _pair(name: str, case: Case, language: str, things: Sequence[Thing], random_: random.Random) -> Pair:
    requirements: list[str] = []
    drawing: list[str] = []
    truth: list[str] = []
    for number, thing in enumerate(things, start=1):
        blocks, right = case(thing, language, random_)
        requirements.append(f"5.{number} {_demand(thing, language, random_)}")
        drawing += blocks
        truth.append(right)
    return Pair(
        case=name,
        language=language,
        requirements=tuple(requirements),
        drawing=tuple(drawing),
        truth=tuple(truth),
        is_hard=name.startswith("hard"),
    )


def _demand(thing: Thing, language: str, random_: random.Random) -> str:
    form = random_.choice(_DEMANDS[language, thing.is_most])
    return _filled(form, thing, language, limit=f"{_number(thing.limit, language)} {thing.unit}")


def _filled(form: str, thing: Thing, language: str, *, value: str = "", limit: str = "") -> str:
    quantity = thing.quantity
    lower = quantity[0].lower() + quantity[1:]
    upper = quantity[0].upper() + quantity[1:]
    return form.format(Q=upper, q=lower, s=thing.subject, N=thing.name, L=limit, v=value)


def _number(value: float, language: str) -> str:
    text = f"{value:.6g}" if value < 10_000 else f"{value:.0f}"
    return text.replace(".", ",") if language == "ru" else text


def _value(thing: Thing, *, is_good: bool, random_: random.Random) -> float:
    """On the right or the wrong side of the limit, 3–40 % away from it."""
    step = random_.uniform(0.03, 0.4)
    grows = is_good != thing.is_most
    value = thing.limit * (1 + step if grows else 1 - step)
    digits = 0 if thing.limit >= 50 else 1 if thing.limit >= 5 else 2
    rounded = round(value, digits)
    return rounded if (rounded > thing.limit) == grows and rounded != thing.limit else value


def _said(thing: Thing, language: str, random_: random.Random, value: float) -> str:
    form = random_.choice(_SAID[language])
    return _filled(form, thing, language, value=f"{_number(value, language)} {thing.unit}")


def _sentence(is_good: bool) -> Case:
    def case(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
        value = _value(thing, is_good=is_good, random_=random_)
        return (_said(thing, language, random_, value),), "pass" if is_good else "fail"

    return case


def _table(is_good: bool) -> Case:
    def case(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
        value = _number(_value(thing, is_good=is_good, random_=random_), language)
        head = "Поз. | Наименование" if language == "ru" else "Pos. | Item"
        quantity = thing.quantity[0].upper() + thing.quantity[1:]
        table = f"| {head} | {quantity}, {thing.unit} |\n|---|---|---|\n| 1 | {thing.name} | {value} |"
        return (table,), "pass" if is_good else "fail"

    return case


def _other_unit(is_good: bool) -> Case:
    def case(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
        value = _value(thing, is_good=is_good, random_=random_)
        unit = thing.other_unit or thing.unit
        told = f"{_number(round(value * thing.factor, 4), language)} {unit}"
        return (_filled(random_.choice(_SAID[language]), thing, language, value=told),), "pass" if is_good else "fail"

    return case


def _silent(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    return ("Общие указания к чертежам" if language == "ru" else "General notes to the drawings",), "unknown"


def _other_subject(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    other = msgspec.structs.replace(
        thing, subject=thing.other_subject, name=thing.other_subject.removeprefix("the ").capitalize()
    )
    return (_said(other, language, random_, _value(thing, is_good=False, random_=random_)),), "unknown"


def _part_of_subject(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    """The quantity of something that belongs to the subject: «ширина двери коридора»."""
    if language == "ru":
        other = msgspec.structs.replace(
            thing, subject=f"ограничителя {thing.subject}", name=f"Ограничитель {thing.subject}"
        )
    else:
        bare = thing.subject.removeprefix("the ")
        other = msgspec.structs.replace(
            thing, subject=f"the cover of {thing.subject}", name=f"{bare.capitalize()} cover"
        )
    return (_said(other, language, random_, _value(thing, is_good=False, random_=random_)),), "unknown"


def _other_quantity(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    other = msgspec.structs.replace(thing, quantity=thing.other_quantity)
    return (_said(other, language, random_, _value(thing, is_good=False, random_=random_)),), "unknown"


def _wish(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    """A norm that the drawing repeats as a value is no value."""
    word = "Требуемая" if language == "ru" else "Required"
    lower = thing.quantity[0].lower() + thing.quantity[1:]
    of = " " if language == "ru" else " of "
    value = _number(_value(thing, is_good=True, random_=random_), language)
    return (f"{word} {lower}{of}{thing.subject} {value} {thing.unit}",), "unknown"


def _vague(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    value = _number(_value(thing, is_good=True, random_=random_), language)
    about = "около" if language == "ru" else "about"
    told = _filled("{Q} {s} " if language == "ru" else "{Q} of {s} ", thing, language)
    return (f"{told}{about} {value} {thing.unit}",), "unknown"


def _contradictory(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    good = _said(thing, language, random_, _value(thing, is_good=True, random_=random_))
    bad = _said(thing, language, random_, _value(thing, is_good=False, random_=random_))
    return (good, bad), "unknown"


def _straddling(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    """A range across the limit."""
    low, high = (_number(thing.limit * share, language) for share in (0.8, 1.3))
    told = _filled("{Q} {s} " if language == "ru" else "{Q} of {s} ", thing, language)
    return (f"{told}{low}–{high} {thing.unit}",), "unknown"


def _bare(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
    """A dimension without words, as most of a drawing is."""
    value = _value(thing, is_good=False, random_=random_)
    return (f"{_number(value, language)} {thing.unit}",), "unknown"


def _hard(is_good: bool) -> Case:
    """The value among words that no rule knows: right, but hard to be sure of."""

    def case(thing: Thing, language: str, random_: random.Random) -> tuple[tuple[str, ...], str]:
        value = f"{_number(_value(thing, is_good=is_good, random_=random_), language)} {thing.unit}"
        lower = thing.quantity[0].lower() + thing.quantity[1:]
        if language == "ru":
            told = f"{thing.name} по проекту выполняется с учётом местных условий, {lower} в чистоте {value}."
        else:
            told = f"{thing.name} is built to suit local conditions, clear {lower} {value}."
        return (told,), "pass" if is_good else "fail"

    return case


_CASES: dict[str, Case] = {
    "sentence, meets": _sentence(True),
    "sentence, breaks": _sentence(False),
    "table, meets": _table(True),
    "table, breaks": _table(False),
    "other unit, meets": _other_unit(True),
    "other unit, breaks": _other_unit(False),
    "silence": _silent,
    "another thing": _other_subject,
    "a part of the thing": _part_of_subject,
    "another quantity": _other_quantity,
    "a wish, no value": _wish,
    "a rounded value": _vague,
    "contradiction": _contradictory,
    "a range across": _straddling,
    "a bare dimension": _bare,
    "hard, meets": _hard(True),
    "hard, breaks": _hard(False),
}
