"""How counts are told, in Russian and English: the number, where, how, and what it does not cover. Pure."""

from collections.abc import Sequence

from domain.families.analysis.rules_schedules import Entry
from domain.families.analysis.tallies import TallyPage

MAX_PLACES = 12
"""Pages named one by one. A guess."""

MAX_NAMES = 40


def by_pages(pages: Sequence[TallyPage], language: str) -> str:
    """«лист 3 (стр. 4) — 7, стр. 5 — 5»; empty for one page alone is its name."""
    several = len({page.document_id for page in pages}) > 1
    named = [
        f"{page.document_name}, {page.sheet} — {page.count}" if several else f"{page.sheet} — {page.count}"
        for page in pages[:MAX_PLACES]
    ]
    if len(pages) > MAX_PLACES:
        rest = sum(page.count for page in pages[MAX_PLACES:])
        more = len(pages) - MAX_PLACES
        named.append(f"on {more} more pages — {rest}" if language == "en" else f"ещё на {more} стр. — {rest}")
    return "; ".join(named)


def marks_line(name: str, total: int, pages: Sequence[TallyPage], language: str) -> str:
    """The count of a designation on the drawings."""
    if language == "en":
        if not total:
            return f"{name}: no mark on the drawings."
        return f"{name}: {total} on the drawings ({by_pages(pages, language)})."
    if not total:
        return f"{name}: на чертежах обозначений нет."
    return f"{name}: на чертежах {total} ({by_pages(pages, language)})."


def mentions_line(name: str, total: int, pages: Sequence[TallyPage], language: str) -> str:
    if language == "en":
        return (
            f"“{name}” stands {total} {'time' if total == 1 else 'times'} in the text ({by_pages(pages, language)})."
            if total
            else (f"“{name}” does not stand in the text.")
        )
    return (
        f"«{name}» встречается в тексте {total} {_times(total)} ({by_pages(pages, language)})."
        if total
        else (f"«{name}» в тексте не встречается.")
    )


def _times(count: int) -> str:
    """«раз» as Russian counts: 2 раза, 12 раз, 22 раза."""
    return "раза" if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else "раз"


def series_line(letters: str, counts: Sequence[tuple[str, int]], language: str) -> str:
    """All designations of a series with their numbers."""
    listed = ", ".join(f"{name} — {count}" for name, count in counts[:MAX_NAMES])
    more = len(counts) - MAX_NAMES
    if language == "en":
        tail = f", and {more} more" if more > 0 else ""
        return f"Different designations {letters}: {len(counts)} ({listed}{tail})."
    tail = f" и ещё {more}" if more > 0 else ""
    return f"Разных обозначений {letters}: {len(counts)} ({listed}{tail})."


def elsewhere_line(counts: Sequence[tuple[str, int]], language: str) -> str:
    """What was seen in other zones and is not in the count; `counts` by the zone's name."""
    names = _ZONES_EN if language == "en" else _ZONES_RU
    told = ", ".join(f"{names[zone]} {count}" for zone, count in counts if count)
    if not told:
        return ""
    return f"Not in the count: {told}." if language == "en" else f"В количество не входит: {told}."


_ZONES_RU = {
    "drawing": "на чертежах",
    "table": "в таблицах",
    "text": "в тексте",
    "stamp": "в основной надписи",
    "legend": "в условных обозначениях",
}
_ZONES_EN = {
    "drawing": "on drawings",
    "table": "in tables",
    "text": "in running text",
    "stamp": "in title blocks",
    "legend": "in legends",
}


def schedule_line(name: str, entries: Sequence[Entry], on_drawings: int | None, language: str) -> str:
    """The quantity that tables tell, and whether it is the one on the drawings; null: not to be compared."""
    total = sum(entry.quantity for entry in entries)
    shown = " + ".join(str(entry.quantity) for entry in entries)
    summed = f"{shown} = {total}" if len(entries) > 1 else str(total)
    pages = ", ".join(str(number) for number in sorted({entry.page_no for entry in entries}))
    if language == "en":
        line = f"The schedule gives the quantity {summed} for {name} (p. {pages})"
        return f"{line}{_compared(on_drawings, total, 'as on the drawings', 'the drawings show')}."
    line = f"В спецификации количество {name} — {summed} (стр. {pages})"
    return f"{line}{_compared(on_drawings, total, 'как на чертежах', 'на чертежах')}."


def _compared(on_drawings: int | None, total: int, same: str, other: str) -> str:
    if on_drawings is None or not on_drawings:
        return ""
    return f", {same}" if on_drawings == total else f"; {other} {on_drawings}"


def multiplied_line(total: int, marks: int, language: str) -> str:
    """Marks with a multiplier beside them count as often as it says."""
    if language == "en":
        return f"Marks: {marks}; multipliers beside them (“2 pcs”, “3×”) make {total}."
    return f"Обозначений {marks}; с множителями рядом («2 шт.», «3×») получается {total}."


def text_method_line(pages: int, unread: int, language: str) -> str:
    if language == "en":
        line = f"Counted in the text of all pages ({pages}), exact designations only."
        return f"{line} Pages without readable text: {unread}; the count does not cover them." if unread else line
    line = f"Посчитано по тексту всех страниц ({pages}), только точные обозначения."
    return f"{line} Без читаемого текста {unread} стр.: они в подсчёт не вошли." if unread else line


def others_line(names: Sequence[str], language: str) -> str:
    """Designations that are written alike and not counted."""
    if not names:
        return ""
    shown = ", ".join(names[:6])
    if language == "en":
        return f"Written otherwise and not counted: {shown}."
    return f"Написано иначе и не посчитано: {shown}."


def shapes_line(
    total: int,
    pages: Sequence[TallyPage],
    mirrored: int,
    thing: str,
    language: str,
    *,
    similar: int = 0,
    is_whole: bool = True,
) -> str:
    """The count of a symbol by its shape; what makes it doubtful stands beside the number."""
    if language == "en":
        named = f"{thing} like the one shown" if thing else "Symbols like the one shown"
        least = "" if is_whole else "at least "
        line = f"{named}: {least}{total} ({by_pages(pages, language)})"
        line += f", of them {mirrored} mirrored" if mirrored else ""
        return f"{line}; doubtful places besides: {similar}." if similar else f"{line}."
    named = f"{thing}: знаков, как показанный," if thing else "Знаков, как показанный,"
    least = "" if is_whole else "не менее "
    line = f"{named} — {least}{total} ({by_pages(pages, language)})"
    line += f", из них зеркальных {mirrored}" if mirrored else ""
    return f"{line}; кроме того, спорных мест {similar}." if similar else f"{line}."


def shapes_method_line(pages: int, language: str) -> str:
    if language == "en":
        return (
            f"Counted by the vector strokes of the symbol, pages searched: {pages}; any turn, mirrored ones included, "
            "the same size (±3 %)."
        )
    return (
        f"Посчитано по векторным линиям знака, просмотрено страниц: {pages}; любой поворот, зеркальные входят, "
        "размер тот же (±3 %)."
    )


def similar_line(count: int, language: str) -> str:
    if not count:
        return ""
    if language == "en":
        return f"Not in the count, places with the same strokes and others: {count} — another symbol, or overlapped."
    return f"Не вошло мест с теми же линиями и лишними: {count} — другой знак или наложение."


def lettered_line(letters: str, same: int, other: int, language: str) -> str:
    """The sample has letters in it, which tell kinds apart."""
    if language == "en":
        return f"With the letters “{letters}” inside: {same}; with others or none: {other}."
    return f"С буквами «{letters}» внутри: {same}; с другими или без букв: {other}."


def unfinished_line(unsearched: int, language: str) -> str:
    if not unsearched:
        return ""
    if language == "en":
        return f"Pages not searched to their end: {unsearched}; nothing is said of them."
    return f"Не просмотрено до конца страниц: {unsearched}; о них ничего не сказано."


def other_documents_line(others: int, language: str) -> str:
    """A symbol is searched for in the document that shows it."""
    if others < 1:
        return ""
    if language == "en":
        return f"Not searched for this symbol: the other documents asked ({others})."
    return f"Не просмотрены на этот знак остальные выбранные документы ({others})."


def plain_line(language: str) -> str:
    if language == "en":
        return (
            "The place shown holds no symbol of several vector strokes (a picture, text or a single line): nothing was "
            "counted by shape."
        )
    return (
        "В показанном месте нет знака из нескольких векторных линий (растр, текст или одна линия): по форме ничего не "
        "посчитано."
    )


def tiles_line(thing: str, total: int, pages: Sequence[TallyPage], tiles: int, language: str) -> str:
    if language == "en":
        return (
            f"{thing}: {total} ({by_pages(pages, language)}). Counted by a model over {tiles} pictures that cover the "
            "sheet without gaps; each thing has its box. A model may still miss or mistake some."
        )
    return (
        f"{thing}: {total} ({by_pages(pages, language)}). Посчитано моделью по {tiles} изображениям, которые покрывают "
        "лист без пропусков; каждый предмет обведён. Модель может пропустить или спутать."
    )


def tiles_unfinished_line(thing: str, looked: int, tiles: int, language: str) -> str:
    if language == "en":
        return f"{thing}: no total. {looked} of the {tiles} pictures that cover the sheet were looked at."
    return f"{thing}: итога нет. Просмотрено {looked} из {tiles} изображений, покрывающих лист."


def too_many_line(name: str, pages: int, most: int, language: str) -> str:
    if language == "en":
        return (
            f"{name}: not counted, the documents asked have {pages} pages and at most {most} are counted. Choose fewer."
        )
    return f"{name}: не посчитано, в выбранных документах {pages} стр., считается не больше {most}. Выберите меньше."
