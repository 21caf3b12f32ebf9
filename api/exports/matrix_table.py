"""The matrix as a table in words: the same columns and texts for every format, in Russian or English."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

COLUMNS = {
    "ru": ("№", "Пункт", "Требование", "Источник", "Норма", "Найдено", "Вердикт", "Обоснование", "Доказательства"),
    "en": ("No.", "Clause", "Requirement", "Source", "Expected", "Found", "Verdict", "Explanation", "Evidence"),
}
VERDICTS = {
    "ru": {"pass": "Соответствует", "fail": "Не соответствует", "unknown": "Не определено"},
    "en": {"pass": "Pass", "fail": "Fail", "unknown": "Unknown"},
}
WORDS = {
    "ru": {
        "title": "Матрица соответствия",
        "norm": "Требования",
        "drawings": "Чертежи",
        "made": "Составлено",
        "total": "Всего требований",
        "partial": "Проверка не завершена: показано то, что уже проверено",
        "models": "Модели",
        "none": "без модели (офлайн)",
        "show": "показать на листе",
        "block": "блок",
        "nearest": "ближайшее место",
        "note": "Вердикт «Не определено» означает, что проверку должен выполнить человек.",
        "if": "при условии",
    },
    "en": {
        "title": "Compliance matrix",
        "norm": "Requirements",
        "drawings": "Drawings",
        "made": "Made",
        "total": "Requirements in all",
        "partial": "Not finished: what has been checked so far",
        "models": "Models",
        "none": "no model (offline)",
        "show": "show on the sheet",
        "block": "block",
        "nearest": "nearest place",
        "note": "“Unknown” means that a person has to check.",
        "if": "condition",
    },
}


MARKS = {"pass": "✓", "fail": "✗", "unknown": "?"}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A place in words with the address of its picture, "" when it has none. `found` is the value there, `verdict` the
    place's own."""

    text: str
    quote: str = ""
    found: str = ""
    verdict: str = "unknown"
    url: str = ""
    is_nearest: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `verdict` is the code."""

    number: int
    clause: str
    requirement: str
    source: Link
    expected: str
    found: str
    verdict: str
    explanation: str
    evidence: tuple[Link, ...] = ()


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The matrix ready to be written. `heads` are pairs of words for its head, `notes` sentences below it; `counts` are
    by verdict, pass first."""

    language: str
    title: str
    heads: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    lines: tuple[Line, ...]


def table_of(
    summary: Mapping[str, Any], items: Sequence[Mapping[str, Any]], *, language: str, base: str, made_at: datetime
) -> Table:
    """`summary` and `items` as the api shows them; `base` is the address of the service, for links."""
    words = WORDS[language]
    is_partial = summary["judged"] < summary["total"] or not summary["is_complete"]
    models = ", ".join(summary["models"]) or words["none"]
    heads = (
        (words["norm"], summary["requirements_name"]),
        (words["drawings"], ", ".join(drawing["name"] for drawing in summary["drawings"])),
        (words["made"], f"{made_at:%d.%m.%Y %H:%M} UTC"),
        (words["models"], models),
        (words["total"], str(summary["total"])),
    )
    notes = [words["partial"] + "."] if is_partial else []
    notes += [note[f"message_{language}"] for note in summary["notes"]]
    return Table(
        language=language,
        title=words["title"],
        heads=heads,
        counts=tuple((verdict, summary["by_verdict"].get(verdict, 0)) for verdict in VERDICTS[language]),
        notes=(*notes, words["note"]),
        lines=tuple(_line(item, language, base) for item in items),
    )


def verdict_in(verdict: str, language: str) -> str:
    return VERDICTS[language][verdict]


def _line(item: Mapping[str, Any], language: str, base: str) -> Line:
    words = WORDS[language]
    condition = f" ({words['if']}: {item['condition']})" if item["condition"] else ""
    explanation = item["explanation"] + (f" {item['note']}" if item["note"] else "")
    return Line(
        number=item["number"],
        clause=item["clause"],
        requirement=item["requirement"],
        source=_link(item["place"], language, base, with_quote=False),
        expected=f"{item['expected']}{condition}",
        found=item["found"],
        verdict=item["verdict"],
        explanation=explanation,
        evidence=tuple(_link(proof, language, base) for proof in item["evidence"]),
    )


def _link(place: Mapping[str, Any], language: str, base: str, *, with_quote: bool = True) -> Link:
    words = WORDS[language]
    text = f"{place['document_name']}, {place['sheet']}, {words['block']} {place['block_id']}"
    return Link(
        text=text,
        quote=place["quote"] if with_quote else "",
        found=place.get("found", ""),
        verdict=place.get("verdict", "unknown"),
        url=f"{base}{place['render']}" if place["render"] else "",
        is_nearest=place.get("basis") == "nearest",
    )
