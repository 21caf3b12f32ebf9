"""Cutting blocks into passages that can be quoted: sentences, list items, numbered clauses and rows of tables."""

import re
from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from domain.rules_sentences import sentence_spans
from domain.rules_tables import is_row
from workers.offline.passage import Passage
from workers.offline.rows import row_passages

MAX_CHARS = 420
"""Longer sentences are cut at a semicolon or a space: what is quoted must be read at a glance. A guess."""

_BULLET = re.compile(r"^\s*(?:[•●▪■□◦·‣*–—-]|\(?[a-zа-яё]\)|[a-z]\.|\(?\d{1,2}\))\s+\S")
_CLAUSE = re.compile(
    r"^\s*#*\s*((?:[A-ZА-Я]{1,3}\.)?\d{1,3}(?:\.\d{1,3})+\.?|[A-ZА-Я]{1,3}\.\d{1,3}\.?|\d{1,3}\."
    r"|\d{1,2}(?=\s+[^\W\d_]{3}))\s+[^\W\d_]"
)
"""A bare number counts only when it is short and a word follows: «400 Па» goes on with the line before."""
_PAIR = re.compile(
    r"^\s*(?:[-–—•*]\s*)?[^\W\d_][^:.;|]{1,60}?(?::\s+|\s*(?:\.\s?){3,}\s*|\s*_{3,}\s*|\t+)(?=[^\s:])[^:]*$"
)
_NUMBERED = re.compile(
    r"^.*[^\W\d_][^\s|]*\s[-–—]\s?\d{1,5}(?:\s?(?:шт|компл|pcs|ea)\b\.?)?\s*(?:\([^()]*\)?)?$", re.IGNORECASE
)
"""A thing with its number: «гайка М3 - 4», «DLD-102U-3A - 1 (подойдет любой)»."""

MAX_PAIR_CHARS = 120
"""A pair is a short line of its own; what is longer is a sentence. A guess."""

MAX_LABEL_WORDS = 12
MAX_TITLE_WORDS = 20
"""Of a heading without a mark, and of a table's title. Guesses."""

_DIVIDED = re.compile(r"\w[-\u00ad]$")
_MARKS = re.compile(r"^[#>\s]+|\*\*|__|`")


_ITEM = re.compile(r"^\s*(?:[•●▪■□◦·‣*–—-]|\(?[a-zа-яё]\)|[a-z]\.|\(?\d{1,2}[).])\s+\S")
_SAYS = re.compile(r"[^\W\d_]{2}")
_LABEL_END = re.compile(r"[.;!?…:]\S*$|\d|:\s|\.{3}|\s[–—-]\s")
"""What ends a statement or tells a value: a heading has none of it."""


def cut(content: str) -> list[Passage]:
    """The passages of a block's content, in order."""
    passages: list[Passage] = []
    for group, is_table in _groups(content.split("\n")):
        passages += row_passages(group, len(passages)) if is_table else _sentences(group, len(passages))
    return _under_labels(passages)


def _under_labels(passages: Sequence[Passage]) -> list[Passage]:
    """Each with the label it stands under: the last one above, up to the next clause."""
    found: list[Passage] = []
    label, clause = "", None
    for passage, following in zip_longest(passages, passages[1:]):
        is_title = following is not None and bool(following.cells) and _may_be_title(passage)
        if passage.clause:
            label, clause = "", passage.clause
        is_label = passage.is_label or is_title
        around = f"{label} {passage.around}".strip()
        found.append(msgspec.structs.replace(passage, around=around, under=clause, is_label=is_label))
        if is_label and not passage.cells:
            label = passage.text
    return found


def _may_be_title(passage: Passage) -> bool:
    """A short line right above a table, with numbers or without: «Ведомость проёмов на отм. +3,300»."""
    return not passage.cells and len(passage.text.split()) <= MAX_TITLE_WORDS and not passage.text.endswith((".", ";"))


def _groups(lines: Sequence[str]) -> list[tuple[list[str], bool]]:
    """Neighbouring lines of a table, or of running text; an empty line or a new list item begins a new group."""
    groups: list[tuple[list[str], bool]] = []
    is_open = after_pair = False
    for line in lines:
        if not line.strip() or line.strip() == "…":
            is_open = False
            continue
        is_heading = line.lstrip().startswith("#")
        starts = not is_row(line) and bool(
            is_heading
            or _BULLET.match(line)
            or _CLAUSE.match(line)
            or _is_pair(line)
            or (after_pair and not line.lstrip()[:1].islower())
        )
        if is_open and not starts and groups[-1][1] == is_row(line):
            groups[-1][0].append(line)
        else:
            groups.append(([line], is_row(line)))
        is_open = not is_heading
        after_pair = _is_pair(line)
    return groups


def _is_pair(line: str) -> bool:
    """A label with its value on a line of its own: «Масса, кг: 12», "Weight ..... 12 kg"."""
    return len(line) <= MAX_PAIR_CHARS and (_PAIR.match(line) or _NUMBERED.match(line)) is not None


def _sentences(lines: Sequence[str], first: int) -> list[Passage]:
    clause = _CLAUSE.match(lines[0])
    text = _joined(lines)
    is_whole = len(lines) == 1 and _is_pair(lines[0])
    spans = [(0, len(text))] if is_whole else sentence_spans(text)
    pieces = [piece for sentence in _with_numbers(text, spans) for piece in _shortened(sentence)]
    is_heading = lines[0].lstrip().startswith("#")
    return [
        Passage(
            text=piece,
            order=first + number,
            clause=clause.group(1).rstrip(".") if clause and number == 0 else None,
            is_label=is_heading or _is_label(piece[clause.end(1) :] if clause and number == 0 else piece),
            is_pair=is_whole,
            is_item=number == 0 and _ITEM.match(lines[0]) is not None,
        )
        for number, piece in enumerate(pieces)
    ]


def _with_numbers(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The sentences; a mere number or sign («1.») belongs to the sentence behind it."""
    sentences: list[str] = []
    start = None
    for first, end in spans:
        start = first if start is None else start
        if _SAYS.search(text[start:end]) or end == spans[-1][1]:
            sentences.append(text[start:end])
            start = None
    return sentences


def _is_label(piece: str) -> bool:
    return piece.endswith(":") or (len(piece.split()) <= MAX_LABEL_WORDS and _LABEL_END.search(piece) is None)


def _joined(lines: Sequence[str]) -> str:
    """One text of the lines; a word that was divided at the end of a line is whole again."""
    parts: list[str] = []
    for line in lines:
        part = _MARKS.sub("", line).strip()
        if parts and _DIVIDED.search(parts[-1]) and part[:1].islower():
            parts[-1] = parts[-1][:-1] + part
        elif part:
            parts.append(part)
    return " ".join(parts)


def _shortened(sentence: str) -> list[str]:
    parts: list[str] = []
    rest = sentence.strip()
    while len(rest) > MAX_CHARS:
        place = rest.rfind("; ", 80, MAX_CHARS) + 1 or rest.rfind(" ", 0, MAX_CHARS)
        place = place if place > 0 else MAX_CHARS
        parts.append(rest[:place].strip())
        rest = rest[place:].strip()
    return [*parts, rest] if rest else parts
