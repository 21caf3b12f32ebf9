"""Offline `indexing/describe`: what drawings are, by their title blocks, captions and words (docs/offline-reader.md).

`domain.drawings.OFFLINE_VERSION` changes with these rules: entries of before are then told anew.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.families.indexing.types import IndexReply, ReplyDrawing
from domain.rules_disciplines import OTHER, discipline_of
from storage.terms import STOP_WORDS, word_terms

KEYWORDS = 12
CODES = 40
TITLE_CHARS = 200
DRAWN_CHARS = 300

_SCALE = re.compile(r"(?<![\d:.,])1\s*:\s*(\d{1,5}(?:[.,]\d)?)(?![\d:])")
_IMPERIAL_SCALE = re.compile(r"\d{1,2}(?:/\d{1,2})?\s*(?:\"|”|'')\s*=\s*\d{1,3}\s*['’](?:\s*-?\s*\d{1,2}\s*(?:\"|”))?")
_ORDINAL = r"(?:first|second|third|fourth|fifth|ground|basement|lower|upper|main|\d{1,2}(?:st|nd|rd|th))"
_FLOORS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:\d{1,2}(?:\s*[-–,и]\s*\d{1,2})*\s*[-–]?\s*(?:го|й|ый|ой|ого)?\s*этаж[а-я]{0,2})\b",
        r"\bэтаж[а-я]{0,2}\s+\d{1,2}\b",
        r"\b(?:перв|втор|трет|четв[её]рт|пят|шест|технич|цокольн|типов|подвальн|мансардн)[а-я]{2,6}\s+этаж[а-я]{0,2}\b",
        r"\b(?:подвал|техподполь|кровл|чердак|паркинг)[а-я]{0,3}\b",
        r"\bна\s+отм(?:етке|\.)?\s*[+\-−–±]?\s*\d{1,3}[.,]\d{2,3}\b",
        r"\b(?:секци|корпус|блок-секци)[а-я]{1,2}\s+№?\s*\d{1,2}[а-я]?\b",
        r"\b(?:разрез|сечени|вид|узел)[а-я]{0,2}\s+[А-ЯA-Z\d]{1,2}\s*[-–]\s*[А-ЯA-Z\d]{1,2}\b",
        r"\bв\s+осях\s+(?-i:[\dА-ЯA-Z][\dА-ЯA-Z/\-–.]{0,20})",
        r"\bОси:\s*[\dА-Я/\-–]{1,20}",
        rf"\b{_ORDINAL}(?:\s*(?:&|and|,)\s*{_ORDINAL})?\s+(?:floor|level)\b",
        r"\b(?:floor|level)\s+\d{1,2}\b",
        r"\b(?:basement|attic|roof|penthouse|mezzanine)\b",
        r"\bsection\s+[A-Z\d]{1,2}\s*[-–]\s*[A-Z\d]{1,2}\b",
    )
)
_CODE = re.compile(r"(?<![\w.\-/:])([A-ZА-ЯЁ]{1,4}(?:-?\d{1,3}(?:\.\d{1,2}){0,2}))(?![\w]|[.\-/:]\w)")
_NO_CODE = re.compile(r"[АA][0-5]|ГОСТ.*|СП\d.*|[МM]1|R\d+|ISO.*|DN\d+|Ду\d+|IP\d+|[DВB]\d{3,}|[СC]\d{3}|RAL.*|ГК.*")
_KIND = re.compile(
    r"(план|разрез|фасад|схема|узел|сечение|вид|деталь|спецификаци|экспликаци|ведомост|общие данные|легенда|"
    r"развертк|чертеж|plan|section|elevation|schematic|diagram|detail|schedule|legend|layout|drawing)[а-яa-z]*",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"(?:рис|рисунок|fig|figure|drawing|table)\.?\s*\d", re.IGNORECASE)
_PREPARED = re.compile(r"\*\*(Краткое описание|Описание|Сущности|Текст на чертеже):\*\*\s*([^\n]*)")
_TYPE = re.compile(r"Тип:\s*([^|\n]{2,60})")
_WORD = re.compile(r"[^\W\d_]{4,30}")
_STAMPED = """дата лист листов подп подпись контр масса масштаб докум взам дубл справ примен перв копировал формат
стадия разраб пров утвердил инвентарный date scale drawn checked approved sheet project drawing title number revision
description"""
_STAMP_WORDS = frozenset(_STAMPED.split())
"""What every title block says."""


def read_drawings(variables: Mapping[str, Any]) -> IndexReply:
    drawings = variables["drawings"]
    rarity = _rarity(drawing["text"] for drawing in drawings)
    return IndexReply(drawings=tuple(_read(drawing, rarity, len(drawings)) for drawing in drawings))


def _read(drawing: Mapping[str, Any], rarity: Mapping[str, int], count: int) -> ReplyDrawing:
    text, stamp = drawing["text"], drawing["stamp"]
    prepared = dict(_PREPARED.findall(text))
    title = _title(drawing, prepared)
    named = "\n".join(part for part in (title, stamp.get("title", ""), drawing["heading"]) if part)
    discipline = discipline_of(code=stamp.get("code", ""), sheet=stamp.get("sheet", ""), title=named)
    if discipline == OTHER:
        told = f"{_file(drawing)} {prepared.get('Краткое описание', '')}"
        discipline = discipline_of(code=_file(drawing), title=told)
    return ReplyDrawing(
        id=drawing["id"],
        title=title,
        discipline=discipline,
        what_is_drawn=_drawn(title, text, prepared),
        floor_or_section=_floor(named, text[:1_000]),
        scale=_scale(stamp.get("scale", ""), named, text),
        keywords=_keywords(text, rarity, count),
        system_codes=_codes(text),
    )


def _title(drawing: Mapping[str, Any], prepared: Mapping[str, str]) -> str:
    """A sheet is called as its stamp says, a drawing as its caption does; else by the first caption on it, its sheet,
    the heading it stands under, and last the file."""
    kind = _TYPE.search(drawing["text"])
    if kind and prepared.get("Краткое описание"):
        return f"{kind.group(1).strip()}: {prepared['Краткое описание']}"[:TITLE_CHARS]
    lines = [line.strip() for line in drawing["text"].split("\n") if line.strip()]
    captions = [line for line in lines if _is_caption(line)]
    own = drawing["stamp"].get("title", "")
    if drawing["is_sheet"]:
        return (_with_place(own, captions) if own else next(iter(captions), "") or _file(drawing))[:TITLE_CHARS]
    caption = lines[0] if lines and lines[0] in captions else ""
    return (caption or own or drawing["heading"] or next(iter(captions), "") or _file(drawing))[:TITLE_CHARS]


def _file(drawing: Mapping[str, Any]) -> str:
    return str(drawing["document"]).rpartition(".")[0] or str(drawing["document"])


def _with_place(title: str, captions: Sequence[str]) -> str:
    """A title block's title with the caption on the sheet that says where: «… на отм.» goes on there."""
    caption = next((line for line in captions if _floor(line, "")), "")
    return f"{title.rstrip('.')}. {caption}" if caption and caption not in title else title


def _is_caption(line: str) -> bool:
    if len(line) > TITLE_CHARS or line.startswith("|"):
        return False
    return _KIND.search(line) is not None or _FIGURE.match(line) is not None


def _drawn(title: str, text: str, prepared: Mapping[str, str]) -> str:
    if told := prepared.get("Краткое описание") or prepared.get("Описание"):
        return told[:DRAWN_CHARS]
    kinds = dict.fromkeys(found.group(0).lower() for found in _KIND.finditer(f"{title}\n{text[:2_000]}"))
    return ", ".join(list(kinds)[:5])


def _floor(named: str, text: str) -> str:
    """Where in the building: by the title; by the text only if the title says nothing."""
    for where in (named, text):
        found = dict.fromkeys(
            " ".join(match.group(0).split()) for pattern in _FLOORS for match in pattern.finditer(where)
        )
        if found:
            return "; ".join(list(found)[:4])
    return ""


def _scale(stamped: str, named: str, text: str) -> str:
    for where in (stamped, named, text):
        if found := _SCALE.search(where):
            return f"1:{found.group(1)}"
    found = _IMPERIAL_SCALE.search(text)
    return " ".join(found.group(0).split()) if found else ""


def _codes(text: str) -> tuple[str, ...]:
    """Designations with a letter and a number, the most frequent first; no formats, steels, standards."""
    counts = Counter(code for code in _CODE.findall(text) if not _NO_CODE.fullmatch(code))
    return tuple(code for code, _ in counts.most_common(CODES))


def _rarity(texts: Iterable[str]) -> Counter[str]:
    """In how many of the drawings each term stands."""
    return Counter(
        term for text in texts for term in {t for word in set(_WORD.findall(text)) for t in word_terms(word)}
    )


def _keywords(text: str, rarity: Mapping[str, int], count: int) -> tuple[str, ...]:
    """Words that stand often in this drawing and not in every other, as they are written first."""
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text):
        if word.lower() in STOP_WORDS or word.lower() in _STAMP_WORDS:
            continue
        for term in word_terms(word):
            written.setdefault(term, word)
            counts[term] += 1
    worth = {
        term: times / (times + 1.5) * (1 + count - rarity[term] + 0.5) / (rarity[term] + 0.5)
        for term, times in counts.items()
    }
    best = sorted(worth, key=lambda term: (-worth[term], term))[:KEYWORDS]
    return tuple(written[term].lower() for term in best)
