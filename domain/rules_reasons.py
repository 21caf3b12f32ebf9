"""Why a picture was taken, in Russian and English: said with the picture in events and answers. Pure."""

from enum import StrEnum


class Why(StrEnum):
    """Names are contracts: they are stored with the evidence."""

    USER = "user"
    SEARCH = "search"
    OVERVIEW = "overview"
    MODEL = "model"
    GATE = "gate"
    CHANGE = "change"
    SECOND_READING = "second_reading"
    THIRD_READING = "third_reading"
    TILE_SEARCH = "tile_search"


_REASONS: dict[str, tuple[str, str]] = {
    Why.USER: ("Место указано в вопросе.", "The place is pointed at in the question."),
    Why.SEARCH: ("Место найдено поиском.", "The place was found by the search."),
    Why.OVERVIEW: (
        "Обзор листа: показывает, где что находится, но не читается.",
        "Overview of the sheet: it shows where things are and is not read.",
    ),
    Why.MODEL: ("Модель попросила рассмотреть место ближе.", "The model asked for a closer look at the place."),
    Why.GATE: (
        "Значение нельзя принять без читаемого изображения: место показано крупно.",
        "A value cannot be accepted without a readable picture: the place is shown large.",
    ),
    Why.CHANGE: ("Здесь версии различаются.", "The versions differ here."),
    Why.SECOND_READING: (
        "Значение видно только на изображении: его перечитывают независимо по другому снимку.",
        "The value is on a picture only: it is read again, independently, from another crop.",
    ),
    Why.THIRD_READING: (
        "Два чтения значения разошлись: третий снимок решает.",
        "Two readings of the value differ: a third crop decides.",
    ),
    Why.TILE_SEARCH: (
        "Место неизвестно: лист просматривается по частям, начиная с самых вероятных.",
        "The place is unknown: the sheet is searched part by part, the most likely first.",
    ),
}


def why_of(by: str, *, as_overview: bool = False) -> Why:
    """Of a wish: who wishes, and whether to see where things are only."""
    if as_overview:
        return Why.OVERVIEW
    return Why(by) if by in _REASONS else Why.SEARCH


def reasons_of(why: str) -> tuple[str, str]:
    """In Russian and English; empty for pictures stored before reasons were."""
    return _REASONS.get(why, ("", ""))
