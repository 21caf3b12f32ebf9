"""Cutting blocks into passages that can be quoted: sentences, list items, numbered clauses and rows of tables."""

import re
from collections.abc import Sequence

import msgspec

from domain.rules_sentences import sentence_spans
from domain.rules_tables import is_row, table_rows

MAX_CHARS = 420
"""Longer sentences are cut at a semicolon or a space: what is quoted must be read at a glance. A guess."""

_BULLET = re.compile(r"^\s*(?:[•●▪■□◦·‣*–—-]|\(?[a-zа-яё]\)|[a-z]\.|\(?\d{1,2}\))\s+\S")
_CLAUSE = re.compile(
    r"^\s*#*\s*((?:[A-ZА-Я]{1,3}\.)?\d{1,3}(?:\.\d{1,3})+\.?|[A-ZА-Я]{1,3}\.\d{1,3}\.?|\d{1,3}\."
    r"|\d{1,2}(?=\s+[^\W\d_]{3}))\s+[^\W\d_]"
)
"""A bare number counts only when it is short and a word follows: «400 Па» goes on with the line before."""
_MARKS = re.compile(r"^[#>\s]+|\*\*|__|`")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a block in its own words. `order` counts within the block. A row has `cells` under `headers`, with
    the table's title and section as `around`; `clause` is the number a clause begins with, such as 5.3.2 or V.1.1."""

    text: str
    order: int
    cells: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    around: str = ""
    clause: str | None = None


def cut(content: str) -> list[Passage]:
    """The passages of a block's content, in order."""
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
        is_heading = line.lstrip().startswith("#")
        starts = not is_row(line) and bool(is_heading or _BULLET.match(line) or _CLAUSE.match(line))
        if is_open and not starts and groups[-1][1] == is_row(line):
            groups[-1][0].append(line)
        else:
            groups.append(([line], is_row(line)))
        is_open = not is_heading
    return groups


def _rows(lines: Sequence[str], first: int) -> list[Passage]:
    return [
        Passage(
            text=row.text,
            order=first + number,
            cells=row.cells,
            headers=row.headers,
            around=f"{row.title} {row.section}".strip(),
        )
        for number, row in enumerate(table_rows(lines))
    ]


def _sentences(lines: Sequence[str], first: int) -> list[Passage]:
    clause = _CLAUSE.match(lines[0])
    text = _joined(lines)
    pieces = [piece for start, end in sentence_spans(text) for piece in _shortened(text[start:end])]
    return [
        Passage(
            text=piece,
            order=first + number,
            clause=clause.group(1).rstrip(".") if clause and number == 0 else None,
        )
        for number, piece in enumerate(pieces)
    ]


def _joined(lines: Sequence[str]) -> str:
    """One text of the lines; a word that was divided at the end of a line is whole again."""
    text = ""
    for line in lines:
        part = _MARKS.sub("", line).strip()
        if re.search(r"\w[-\u00ad]$", text) and part[:1].islower():
            text = text[:-1] + part
        else:
            text = f"{text} {part}" if text else part
    return text


def _shortened(sentence: str) -> list[str]:
    parts: list[str] = []
    rest = sentence.strip()
    while len(rest) > MAX_CHARS:
        place = rest.rfind("; ", 80, MAX_CHARS) + 1 or rest.rfind(" ", 0, MAX_CHARS)
        place = place if place > 0 else MAX_CHARS
        parts.append(rest[:place].strip())
        rest = rest[place:].strip()
    return [*parts, rest] if rest else parts
