"""Designations and words on a page, each with its box and where it stands: on the drawing, in a table, in running text,
in the title block or in a legend. Pure.

Exact: «В2» is not «В21», «Д-1» is neither «Д-1а» nor «ВД-1»; letters that look alike in both alphabets are the same.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from domain.documents import Block, BlockKind, Box, Page, Word, lines_of, union
from domain.grounding.rules_text import fold_word
from domain.rules_seen import has_middle_in, to_seen
from domain.rules_tables import is_row, is_rule


class Zone(StrEnum):
    DRAWING = "drawing"
    TABLE = "table"
    TEXT = "text"
    STAMP = "stamp"
    LEGEND = "legend"


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """`name` as it stands; `times` is a multiplier beside it («2 шт.», «3×»), 1 without one."""

    name: str
    box: Box
    zone: Zone
    times: int = 1
    block_no: int = -1


PROSE_WORDS = 5
"""A line of so many plain words is running text, not a label. A guess."""

STAMP_MM = (195.0, 65.0)
"""Of a title block with the frame's edge: GOST 2.104 form 1 is 185 × 55 mm, 5 mm from the edge. English ones are strips
along the right or lower edge: there only the corner counts."""

_LEGEND = re.compile(
    r"условн\w+\s+(?:графическ\w+\s+)?(?:обозначени|изображени)|\blegend\b|\bsymbols?\b|abbreviations", re.IGNORECASE
)
_PIECES = "|".join(fold_word(word) for word in ("шт", "pcs", "ea", "x", "off"))
_PLACES = "|".join(fold_word(word) for word in ("x", "отв", "мест", "шт", "hole", "place", "pcs", "off"))
_TIMES_BEHIND = re.compile(rf"^\s*\(?\s*(\d{{1,3}})\s*(?:{_PIECES})")
_TIMES_BEFORE = re.compile(rf"(?:^|\s)(\d{{1,3}})\s*(?:{_PLACES})\w*\.?\s*$")
"""Multipliers in folded text."""

_PLAIN = re.compile(r"[\"«(]?[^\W\d_]?[a-zа-яё]{2,}[\"»),.;:]*")


HEADER_ROWS = 3
WORDED_SHARE = 0.5
"""Of the rows of a table without known headers, with a cell of several words. A guess."""

_HEADER = re.compile(
    r"(?:^|\|)[\s*]*(?:поз|марка|обозн|наимен|назван|кол(?:\.|-|ич|\s*\|)|примеч|масса|тип\b|формат|зона|ед\.|№|mark\b|tag\b|name"
    r"|qty|quant|descr|type\b|item|ref|part|model|manuf|remark|note|size|no\.|symbol|room|finish)",
    re.IGNORECASE,
)
_WORDED = re.compile(r"\|[^|]*[^\W\d_]{3,}[^|\d]*\s[^|\d]*[^\W\d_]{3,}[^|]*\|")


def pattern_of(name: str) -> re.Pattern[str]:
    """Of a designation or a phrase in folded text, whole. A hyphen may have spaces around it."""
    pieces = [re.escape(fold_word(piece)) for piece in name.split()]
    spaced = r"\s+".join(piece.replace(r"\-", r"\s?-\s?") for piece in pieces)
    return re.compile(rf"(?<!\w)(?<![^\W_][\-./])(?:{spaced})(?!\w)(?![\-.][^\W_])(?!/\d)")


def series_of(letters: str) -> re.Pattern[str]:
    """Of all designations of a series: КПУ-1, КПУ2, КПУ-1.3."""
    return re.compile(
        rf"(?<!\w)(?<![^\W_][\-./])(?:{re.escape(fold_word(letters))}[-\s]?\d{{1,4}}(?:\.\d{{1,3}})*[а-яa-z]?)(?![\w])(?![\-.]\d)"
    )


def find_marks(pattern: re.Pattern[str], page: Page, words: Sequence[Word], blocks: Sequence[Block]) -> list[Mark]:
    """All places of the page that the pattern fits, in reading order."""
    kinds = {block.block_no: block for block in blocks}
    stamp = stamp_box(page)
    found: list[Mark] = []
    for line in lines_of(words):
        text, origins = _joined(line)
        for place in pattern.finditer(text):
            own = [line[n] for n in dict.fromkeys(origins[place.start() : place.end()]) if n >= 0]
            box = union([word.box for word in own])
            found.append(
                Mark(
                    name=" ".join(word.text for word in own).strip(' ,;:.()[]«»"'),
                    box=box,
                    zone=_zone(to_seen(own[0].box, page.rotation), line, kinds.get(own[0].block_no), stamp),
                    times=_times(text, place.start(), place.end()),
                    block_no=own[0].block_no,
                )
            )
    return found


def stamp_box(page: Page) -> Box | None:
    """Where the title block stands, on the page as seen; null on pages without one."""
    if not page.facts.stamp:
        return None
    width_pt, height_pt = page.width_pt, page.height_pt
    if page.rotation in (90, 270):
        width_pt, height_pt = height_pt, width_pt
    mm = 72 / 25.4
    return (1 - min(STAMP_MM[0] * mm / width_pt, 1.0), 1 - min(STAMP_MM[1] * mm / height_pt, 0.3), 1.0, 1.0)


def _zone(seen: Box, line: Sequence[Word], block: Block | None, stamp: Box | None) -> Zone:
    if block is not None and _LEGEND.search(f"{block.heading or ''} {block.content[:60]}"):
        return Zone.LEGEND
    if block is not None and is_tabular(block):
        return Zone.TABLE
    if stamp is not None and has_middle_in(seen, stamp):
        return Zone.STAMP
    if sum(1 for each in line if _PLAIN.fullmatch(each.text)) >= PROSE_WORDS:
        return Zone.TEXT
    return Zone.DRAWING


def is_tabular(block: Block) -> bool:
    """Whether a block is a table that people made. Labels of a drawing that stand in columns are read as tables too:
    they have neither headers nor cells with words."""
    if block.kind is not BlockKind.TABLE:
        return False
    rows = [line for line in block.content.split("\n") if is_row(line) and not is_rule(line)]
    if any(_HEADER.search(row) for row in rows[:HEADER_ROWS]):
        return True
    worded = sum(1 for row in rows if _WORDED.search(row))
    return bool(rows) and worded >= WORDED_SHARE * len(rows)


def _joined(line: Sequence[Word]) -> tuple[str, list[int]]:
    """The folded words with spaces between, and which word each character is of; -1 for the spaces."""
    letters: list[str] = []
    origins: list[int] = []
    for number, word in enumerate(line):
        if number:
            letters.append(" ")
            origins.append(-1)
        folded = fold_word(word.text)
        letters.append(folded)
        origins += [number] * len(folded)
    return "".join(letters), origins


def _times(text: str, start: int, end: int) -> int:
    found = _TIMES_BEHIND.match(text[end:]) or _TIMES_BEFORE.search(text[:start])
    return int(found.group(1)) if found else 1
