"""Quantities that specifications and schedules tell: rows of tables with a designation or a name and a column of
quantities. Pure."""

import re
from collections.abc import Collection, Sequence

import msgspec

from domain.documents import Block
from domain.families.analysis.rules_spots import stems
from domain.grounding.rules_text import fold_word
from domain.rules_tables import Row, table_rows

_QUANTITY = re.compile(r"^\s*(?:кол(?:ич|-|\.|\s|$|во)|qty|quantity|count\b|no\.?\s*(?:of|req)|req)", re.IGNORECASE)
_TOTAL = re.compile(r"всего|итого|total|общ", re.IGNORECASE)
_UNIT = re.compile(r"^\s*(?:ед\.?|единиц|unit|uom)", re.IGNORECASE)
_PIECES = re.compile(r"^(?:шт|компл|экз|pcs?|ea|each|set|no)\b\.?", re.IGNORECASE)
_NUMBER = re.compile(r"^\d{1,5}(?:[.,]0+)?$")
_MARK = re.compile(r"(?=.*\d)(?=.*[^\W\d_])[^\W_]+(?:[./\-][^\W_]+){0,4}")
_NAME_COLUMN = re.compile(r"наимен|назван|описан|тип\b|name|description|type|item|обозначен", re.IGNORECASE)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row with its quantity: `text` is the whole row, `mark` the designation that leads it, empty without one."""

    block_no: int
    page_no: int
    line: int
    quantity: int
    text: str
    mark: str = ""


def entries_for(pattern: re.Pattern[str], blocks: Sequence[Block]) -> list[Entry]:
    """Rows whose cell is the designation: the first cells, not a mention among others."""
    return [entry for block in blocks for row, entry in _entries(block) if _names(row, pattern)]


def entries_named(noun: str, blocks: Sequence[Block]) -> list[Entry]:
    """Rows whose name holds the words of a thing: «двери» finds «Дверь ДГ 21-9»."""
    wanted = set(stems(noun))
    if not wanted:
        return []
    return [entry for block in blocks for row, entry in _entries(block) if has_all(wanted, stems(_name_of(row)))]


def has_all(wanted: Collection[str], own: Sequence[str]) -> bool:
    """Inflected words are cut at different places: «дверей» to «двере», «дверь» to «двер»."""
    return all(any(stem.startswith(other) or other.startswith(stem) for other in own) for stem in wanted)


def _entries(block: Block) -> list[tuple[Row, Entry]]:
    lines = block.content.split("\n")
    if not any(line.lstrip().startswith("|") for line in lines):
        return []
    found: list[tuple[Row, Entry]] = []
    for row in table_rows([line for line in lines if line.lstrip().startswith("|")]):
        quantity = _quantity(row)
        if quantity is not None:
            mark = next((cell for cell in row.cells[:3] if _MARK.fullmatch(cell)), "")
            entry = Entry(
                block_no=block.block_no,
                page_no=block.page_no,
                line=row.line,
                quantity=quantity,
                text=row.text,
                mark=mark,
            )
            found.append((row, entry))
    return found


def _quantity(row: Row) -> int | None:
    """Of pieces, in the last column of quantities; null when there is none, or when it counts metres or kilograms."""
    columns = [place for place, header in enumerate(row.headers) if _QUANTITY.search(header)]
    columns = [place for place in columns if _TOTAL.search(row.headers[place])] or columns
    units = [row.cells[place] for place, header in enumerate(row.headers) if _UNIT.search(header)]
    if not columns or any(unit and not _PIECES.match(unit) for unit in units):
        return None
    cell = row.cells[columns[-1]].strip()
    return int(float(cell.replace(",", "."))) if _NUMBER.match(cell) else None


def _names(row: Row, pattern: re.Pattern[str]) -> bool:
    for cell in row.cells:
        found = pattern.search(fold_word_spaced(cell))
        if found is not None and found.start() == 0 and len(cell) <= len(found.group()) + MAX_BEHIND:
            return True
    return False


MAX_BEHIND = 12
"""Characters behind a designation in its own cell («Д-1 (левая)»). A guess."""


def fold_word_spaced(text: str) -> str:
    return " ".join(fold_word(word) for word in text.split())


def _name_of(row: Row) -> str:
    named = [cell for cell, header in zip(row.cells, row.headers, strict=False) if _NAME_COLUMN.search(header)]
    return " ".join(named) or row.text
