"""How measures are told, in Russian and English: the value, its uncertainty, by which scale, checked by what. Pure."""

from collections.abc import Sequence

import msgspec

from domain.counting.rules_dimensions import MM_PER_PT, Agreement
from domain.counting.rules_scale import Chosen, Refusal
from domain.counting.traces import Trace
from domain.families.analysis.rules_measure_wanted import Measure
from domain.families.analysis.rules_stated import FT2, M2, Stated
from domain.families.analysis.rules_traces import CONFIRMED, ChosenTrace, TraceRefusal


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """In millimetres or square millimetres. `sides` are along and across the page as seen."""

    wanted: Measure
    value: float
    error: float
    sides: tuple[float, float]


_NAMES = {
    Measure.LENGTH: ("Длина показанного места по большей стороне", "Length of the place shown, its longer side"),
    Measure.AREA: ("Площадь показанного прямоугольника", "Area of the rectangle shown"),
    Measure.DISTANCE: (
        "Расстояние между серединами показанных мест",
        "Distance between the middles of the places shown",
    ),
    Measure.PERIMETER: ("Периметр показанного прямоугольника", "Perimeter of the rectangle shown"),
    Measure.SIDE: ("Размер показанного места по большей стороне", "Longer side of the place shown"),
}
_THINGS = {
    Measure.AREA: ("Площадь", "Area"),
    Measure.PERIMETER: ("Периметр", "Perimeter"),
    Measure.LENGTH: ("Длина", "Length"),
    Measure.SIDE: ("Размер", "Size"),
    Measure.DISTANCE: ("Расстояние", "Distance"),
}
_STATED = {
    Measure.AREA: "указана",
    Measure.PERIMETER: "указан",
    Measure.LENGTH: "указана",
    Measure.SIDE: "указан",
    Measure.DISTANCE: "указано",
}
MAX_TOLD = 4
MAX_NAMES = 5
LEAST_M2 = 100_000.0
"""Square millimetres from which an area is told in square metres: two decimals tell less of a smaller one. A guess."""

LAST_MM2 = 10_000.0
"""The second decimal of a square metre."""


def measured_line(measured: Measured, language: str) -> str:
    name = _NAMES[measured.wanted][language == "en"]
    if measured.wanted is Measure.AREA:
        sides = " × ".join(_length(side, language) for side in measured.sides)
        return f"{name}: {_value(measured, language)} ({sides})."
    return f"{name}: {_value(measured, language)}."


def trace_lines(measured: Measured, trace: Trace, label: str, names: Sequence[str], language: str) -> list[str]:
    """What was measured along the lines of the drawing: the value first, then how it was got. `names` are further
    labels inside of a contour."""
    is_english = language == "en"
    thing = _THINGS[measured.wanted][is_english]
    if measured.wanted is Measure.LENGTH:
        what = f"of the line at “{label}”" if label else "of the line shown"
        whose = f"линии у обозначения «{label}»" if label else "показанной линии"
    else:
        what = f"of the contour around “{label}”" if label else "of the contour shown"
        whose = f"контура вокруг подписи «{label}»" if label else "показанного контура"
    lines = [f"{thing} {what if is_english else whose}: {_value(measured, language)}."]
    if measured.wanted is Measure.AREA:
        around = _length(measured.sides[0], language)
        lines.append(f"Its perimeter: {around}." if is_english else f"Его периметр: {around}.")
    lines.append(_way_line(measured.wanted, trace, language))
    if names:
        shown = ", ".join(names[:MAX_NAMES])
        lines.append(
            f"Other labels stand in the contour too: {shown}; check that it is the one meant."
            if is_english
            else f"Внутри контура есть и другие подписи: {shown}; проверьте, тот ли это контур."
        )
    return lines


def _way_line(wanted: Measure, trace: Trace, language: str) -> str:
    is_english = language == "en"
    line = "Measured along the vector lines of the sheet" if is_english else "Измерено по векторным линиям листа"
    doors = (trace.doors + 1) // 2
    if doors:
        line += (
            f"; door openings closed along the wall: {doors}"
            if is_english
            else f"; дверных проёмов закрыто по линии стены: {doors}"
        )
    if wanted is Measure.LENGTH and trace.branches:
        line += "; branches are included" if is_english else "; ответвления входят"
    if wanted is Measure.LENGTH and trace.is_closed:
        line += "; the line is closed, all the way around" if is_english else "; линия замкнута, длина по всему обходу"
    return f"{line}."


def stated_lines(
    stated: Stated | None,
    measured: Measured | None,
    label: str,
    wanted: Measure,
    language: str,
    *,
    is_disputed: bool = False,
) -> list[str]:
    """What the sheet states of the thing, which goes first, and whether the measured value agrees with it."""
    is_english = language == "en"
    if stated is None:
        if not is_disputed:
            return []
        return ["The tables contradict one another about it." if is_english else "Таблицы указывают её по-разному."]
    thing = _THINGS[wanted][is_english]
    whose = f" “{label}”" if label and is_english else f" «{label}»" if label else ""
    where = (f", p. {stated.page_no}" if is_english else f", стр. {stated.page_no}") if stated.page_no else ""
    value = _area(stated.value, language) if wanted is Measure.AREA else _length(stated.value, language)
    head = (
        f"{thing}{whose} stated on the sheet: {value} (“{stated.text}”{where})."
        if is_english
        else f"{thing}{whose} {_STATED[wanted]} на листе: {value} («{stated.text}»{where})."
    )
    if measured is None:
        return [head]
    off = abs(measured.value - stated.value) / max(stated.value, 1e-9)
    if off <= max(CONFIRMED, measured.error / max(stated.value, 1e-9)):
        return [head, "The measured value agrees." if is_english else "Измеренное с этим сходится."]
    share = _number(off * 100, language)
    return [
        head,
        f"The measured value differs by {share} %: the stated one goes first, check the sheet."
        if is_english
        else f"Измеренное расходится с указанным на {share} %: верить следует указанному, проверьте лист.",
    ]


def trace_refusal_line(chosen: ChosenTrace, wanted: Measure, ratio: float, label: str, language: str) -> str:
    """Why nothing was measured along the lines."""
    is_english = language == "en"
    is_line = wanted is Measure.LENGTH
    near = ("at" if is_line else "around") if is_english else ("у обозначения" if is_line else "вокруг подписи")
    place = (
        (f"{near} “{label}”" if label else "at the place shown")
        if is_english
        else (f"{near} «{label}»" if label else "у показанного места")
    )
    values = ", ".join(_trace_value(trace, wanted, ratio, language) for trace in chosen.traces[:MAX_TOLD])
    names = f" ({', '.join(chosen.names)})" if chosen.names else ""
    line = {
        TraceRefusal.NO_STROKES: (
            "на странице нет векторных линий (скан или картинка), мерить не по чему",
            "the page has no vector lines (a scan or a picture)",
        ),
        TraceRefusal.OPEN: (
            f"замкнутого контура {place} нет"
            + (f": линии охватывают и другие подписи{names}, контур где-то открыт" if names else ""),
            f"there is no closed contour {place}"
            + (f": the lines hold other labels too{names}, so it is open somewhere" if names else ""),
        ),
        TraceRefusal.SEVERAL: (
            f"{place} несколько линий, и не ясно, какая нужна: {values}; укажите одну",
            f"there are several lines {place}, and it is not clear which is meant: {values}; point at one",
        ),
        TraceRefusal.UNFINISHED: (
            "чертёж страницы слишком тяжёлый, линии не прослежены до конца",
            "the page's drawing is too heavy, its lines were not followed to the end",
        ),
        TraceRefusal.THIN: (
            f"контур {place} частью проходит по тонким линиям и может не быть границей помещения; вышло бы {values}",
            f"the contour {place} partly runs along thin lines and may not be the room's; it would be {values}",
        ),
        TraceRefusal.NO_LINE: (f"линии {place} нет", f"there is no line {place}"),
    }[chosen.refusal or TraceRefusal.OPEN][is_english]
    return f"Not measured: {line}." if is_english else f"Не измерено: {line}."


def _trace_value(trace: Trace, wanted: Measure, ratio: float, language: str) -> str:
    per_pt = MM_PER_PT * ratio
    if wanted is Measure.AREA:
        return _area(trace.area_pt2 * per_pt**2, language)
    return _length(trace.length_pt * per_pt, language)


def _value(measured: Measured, language: str) -> str:
    if measured.wanted is not Measure.AREA:
        return f"{_length(measured.value, language)} ± {_length(measured.error, language)}"
    # No more exact than the last decimal that is told.
    least = LAST_MM2 if measured.value >= LEAST_M2 else 1.0
    error = _area(max(measured.error, least), language, is_small=measured.value < LEAST_M2)
    return f"{_area(measured.value, language)} ± {error}"


def _area(mm2: float, language: str, *, is_small: bool | None = None) -> str:
    """In square metres, in English in square feet too; what is small, or goes with it, in square millimetres."""
    is_english = language == "en"
    if mm2 < LEAST_M2 if is_small is None else is_small:
        return f"{mm2:.0f} {'mm²' if is_english else 'мм²'}"
    value = f"{_number(mm2 / M2, language)} {'m²' if is_english else 'м²'}"
    return f"{value} ({_number(mm2 / FT2, language)} sq ft)" if is_english and mm2 > M2 else value


def basis_lines(
    chosen: Chosen, agreement: Agreement, *, is_format: bool, is_unscaled: bool, language: str
) -> list[str]:
    """`is_unscaled`: the sheet says of something that it is not to scale, perhaps of another view."""
    if chosen.scale is not None and chosen.scale.is_calibrated:
        return [_calibrated_line(chosen.scale.ratio, agreement, language)]
    scale = chosen.scale.text if chosen.scale else ""
    where = (chosen.scale is not None and chosen.scale.box is not None, language == "en")
    place = {
        (True, False): "подпись на листе",
        (False, False): "основная надпись",
        (True, True): "stated on the sheet",
        (False, True): "title block",
    }[where]
    lines = [f"By the scale {scale} ({place})." if language == "en" else f"По масштабу {scale} ({place})."]
    if agreement.tried:
        lines.append(
            f"Dimensions over lines that agree with it: {agreement.agreeing} of {agreement.tried}."
            if language == "en"
            else f"Размеров над линиями, которые с ним сходятся: {agreement.agreeing} из {agreement.tried}."
        )
    if is_unscaled:
        lines.append(
            "The sheet also says “not to scale”: check that this is not about the place shown."
            if language == "en"
            else "На листе есть и надпись «без масштаба»: проверьте, не относится ли она к показанному месту."
        )
    if not is_format:
        lines.append(
            "The page is of no standard paper size: it may have been scaled when it was made. Check a known dimension."
            if language == "en"
            else "Формат страницы нестандартный: файл могли получить с масштабированием, сверьте известный размер."
        )
    return lines


def _calibrated_line(ratio: float, agreement: Agreement, language: str) -> str:
    told = _number(ratio, language)
    if language == "en":
        return (
            f"The sheet states no scale; by its dimensions (taken as millimetres or feet) it is about 1:{told}, "
            f"{agreement.agreeing} of {agreement.tried} agree."
        )
    return (
        f"Масштаб на листе не указан; по размерам чертежа (приняты в миллиметрах) он около 1:{told}, "
        f"сходятся {agreement.agreeing} из {agreement.tried}."
    )


def refusal_line(refusal: Refusal, chosen: Chosen, agreement: Agreement, language: str) -> str:
    scales = ", ".join(chosen.others)
    if chosen.scale is not None:
        if language == "en":
            tried = agreement.tried
            return (
                f"Not measured: the stated scale {chosen.scale.text} contradicts the dimensions of the sheet: "
                f"{agreement.agreeing} of {tried} agree."
            )
        return (
            f"Не измерено: масштаб {chosen.scale.text} расходится с размерами листа: "
            f"сходятся {agreement.agreeing} из {agreement.tried}."
        )
    told = {
        Refusal.NO_SCALE: ("Не измерено: на листе не указан масштаб.", "Not measured: the sheet states no scale."),
        Refusal.NOT_TO_SCALE: (
            "Не измерено: на листе указано «без масштаба».",
            "Not measured: the sheet says that it is not to scale.",
        ),
        Refusal.CONFLICT: (
            f"Не измерено: на листе разные масштабы ({scales}), и для показанного места не ясно, какой его.",
            f"Not measured: the sheet states several scales ({scales}), and it is not clear which is the place's own.",
        ),
    }
    return told[refusal][language == "en"]


def _length(mm: float, language: str) -> str:
    mm = abs(mm)
    if mm >= 1000:
        return f"{_number(mm / 1000, language)} {'m' if language == 'en' else 'м'}"
    text = f"{mm:.{0 if mm >= WHOLE_MM else 1}f}"
    return f"{text} mm" if language == "en" else f"{text.replace('.', ',')} мм"


WHOLE_MM = 20.0


def _number(value: float, language: str) -> str:
    """Two decimals below a hundred, one below a thousand, none above: about as exact as the pen."""
    digits = 2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0
    text = f"{value:.{digits}f}"
    return text if language == "en" else text.replace(".", ",")
