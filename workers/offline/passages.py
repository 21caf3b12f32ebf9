"""Cutting blocks into passages that can be quoted: sentences, list items, numbered clauses and table rows."""

import re
from collections.abc import Sequence

import msgspec

MAX_CHARS = 420
"""Longer sentences are cut at a semicolon or a space: what is quoted must be read at a glance. A guess."""

_BULLET = re.compile(r"^\s*(?:[•●▪■□◦·‣*–—-]|\(?[a-zа-яё]\)|[a-z]\.|\(?\d{1,2}\))\s+\S")
_CLAUSE = re.compile(r"^\s*#*\s*((?:[A-ZА-Я]{1,3}\.)?\d{1,3}(?:\.\d{1,3})*\.?)\s+\S")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_END = re.compile(r"(?<=[.!?…])[»”\")\]]*\s+(?=[«“\"(]?[A-ZА-ЯЁ0-9])")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(«])(?:[A-Za-zА-Яа-яЁё]|т\.\s?[екдпч]|и\s+др|и\s+пр|рис|табл|пп|гл|разд|прил|см|гг|ст|ул|им|тыс|млн"
    r"|млрд|руб|стр|отм|поз|шт|кв|куб|изм|док|черт|No|Nos|Fig|Figs|Eq|Sec|Ref|Inc|Corp|Co|Ltd|Mr|Mrs|Ms|Dr|St|vs|approx"
    r"|max|min|e\.g|i\.e|U\.S)\.$"
)
_MARKS = re.compile(r"^[#>\s]+|\*\*|__|`")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a block in its own words. `order` counts within the block. A row has `cells` under `headers`;
    `clause` is the number a clause begins with, such as 5.3.2 or V.1.1."""

    text: str
    order: int
    cells: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    clause: str | None = None


def cut(content: str) -> list[Passage]:
    """The passages of a block's content, in order. Rules of tables and empty lines are none."""
    passages: list[Passage] = []
    for group, is_table in _groups(content.split("\n")):
        passages += _rows(group, len(passages)) if is_table else _sentences(group, len(passages))
    return passages


def _groups(lines: Sequence[str]) -> list[tuple[list[str], bool]]:
    """Neighbouring lines of a table, or of running text; an empty line or a new list item begins a new group."""
    groups: list[tuple[list[str], bool]] = []
    is_open = False
    for line in lines:
        if not line.strip() or line.strip() == "…":
            is_open = False
            continue
        is_row = line.lstrip().startswith("|")
        starts = not is_row and bool(_BULLET.match(line) or _CLAUSE.match(line) or line.lstrip().startswith("#"))
        if is_open and not starts and groups[-1][1] == is_row:
            groups[-1][0].append(line)
        else:
            groups.append(([line], is_row))
        is_open = not (not is_row and line.lstrip().startswith("#"))
    return groups


def _rows(lines: Sequence[str], first: int) -> list[Passage]:
    headers: tuple[str, ...] = ()
    rows = [_cells(line) for line in lines]
    rules = [place for place, line in enumerate(lines) if _RULE.match(line)]
    body = rows
    if rules and rules[0] >= 1:
        headers = rows[rules[0] - 1]
        body = rows[rules[0] + 1 :]
    passages = []
    for cells in body:
        if any(cells):
            text = " | ".join(cell for cell in cells if cell)
            passages.append(Passage(text=text, order=first + len(passages), cells=cells, headers=headers))
    if not passages and any(headers):
        text = " | ".join(cell for cell in headers if cell)
        passages.append(Passage(text=text, order=first, cells=headers))
    return passages


def _cells(row: str) -> tuple[str, ...]:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return tuple(_MARKS.sub("", cell.replace("<br>", " ").replace("<br/>", " ")).strip() for cell in inner.split("|"))


def _sentences(lines: Sequence[str], first: int) -> list[Passage]:
    clause = _CLAUSE.match(lines[0])
    passages: list[Passage] = []
    for sentence in _split(_joined(lines)):
        number = clause.group(1).rstrip(".") if clause and not passages else None
        passages.append(Passage(text=sentence, order=first + len(passages), clause=number))
    return passages


def _joined(lines: Sequence[str]) -> str:
    """One text of the lines; a word that was divided at the end of a line is whole again."""
    text = ""
    for line in lines:
        part = _MARKS.sub("", line).strip()
        if text.endswith("-") and len(text) > 1 and text[-2].isalpha() and part[:1].islower():
            text = text[:-1] + part
        else:
            text = f"{text} {part}" if text else part
    return text


def _split(text: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if not _ABBREVIATED.search(text[start : end.start()]):
            sentences += _shortened(text[start : end.start()])
            start = end.end()
    sentences += _shortened(text[start:])
    return [sentence for sentence in sentences if sentence]


def _shortened(sentence: str) -> list[str]:
    parts: list[str] = []
    rest = sentence.strip()
    while len(rest) > MAX_CHARS:
        place = max(rest.rfind("; ", 80, MAX_CHARS) + 1, 0) or rest.rfind(" ", 0, MAX_CHARS)
        place = place if place > 0 else MAX_CHARS
        parts.append(rest[:place].strip())
        rest = rest[place:].strip()
    return [*parts, rest]
