"""How measures are told, in Russian and English: the value, its uncertainty, by which scale, checked by what. Pure."""

import msgspec

from domain.counting.rules_dimensions import Agreement
from domain.counting.rules_scale import Chosen, Refusal
from domain.families.analysis.rules_wanted import Measure


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
}


def measured_line(measured: Measured, language: str) -> str:
    name = _NAMES[measured.wanted][language == "en"]
    if measured.wanted is Measure.AREA:
        square_m = 1_000_000
        unit = "m²" if language == "en" else "м²"
        value = f"{_number(measured.value / square_m, language)} {unit}"
        error = f"{_number(measured.error / square_m, language)} {unit}"
        return f"{name}: {value} ± {error} ({' × '.join(_length(side, language) for side in measured.sides)})."
    return f"{name}: {_length(measured.value, language)} ± {_length(measured.error, language)}."


def basis_lines(
    chosen: Chosen, agreement: Agreement, *, is_format: bool, is_unscaled: bool, language: str
) -> list[str]:
    """`is_unscaled`: the sheet says of something that it is not to scale, perhaps of another view."""
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


def refusal_line(refusal: Refusal, chosen: Chosen, agreement: Agreement, language: str) -> str:
    scales = ", ".join(chosen.others)
    if chosen.scale is not None:
        if language == "en":
            tried = agreement.tried
            return f"Not measured: the stated scale {chosen.scale.text} contradicts all {tried} dimensions compared."
        return f"Не измерено: масштаб {chosen.scale.text} расходится со всеми сверенными размерами ({agreement.tried})."
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
    return f"{_number(mm, language)} {'mm' if language == 'en' else 'мм'}"


def _number(value: float, language: str) -> str:
    """Two decimals below ten, one below a hundred, none above: no more than the pen is exact."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    text = f"{value:.{digits}f}"
    return text if language == "en" else text.replace(".", ",")
