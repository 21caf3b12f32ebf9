"""The rows of a table as passages: under their headers, with what merged cells above say for them too."""

import re
from collections.abc import Sequence

from domain.rules_tables import Row, table_rows
from storage.terms import count_terms
from workers.offline.passage import Passage
from workers.offline.stamps import stamp_facts

_DIVIDED = re.compile(r"(?<=[^\W\d_])(?<!завод)-\s(?=[a-zа-яё])", re.IGNORECASE)
"""Of a header, whose words are divided where its column ends: «обозна- чение»; «завод-изготовитель» of the form of GOST
21.110 is two words."""

_MARK = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])\S+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_UNIT_HEADERS = frozenset(count_terms("unit units единица единицы ед изм"))


def row_passages(lines: Sequence[str], first: int) -> list[Passage]:
    """`lines` are those of one table; the passages count from `first`. A title block gives its labels with their values
    instead."""
    if facts := stamp_facts(lines):
        return [
            Passage(
                text=fact.quote,
                order=first + number,
                cells=(fact.label, fact.value),
                headers=("", ""),
                means=f"{fact.label} {fact.means}",
                is_stamp=True,
            )
            for number, fact in enumerate(facts)
        ]
    rows = table_rows(lines)
    return [
        Passage(
            text=row.text,
            order=first + number,
            cells=row.cells,
            headers=tuple(_DIVIDED.sub("", header) for header in row.headers),
            carried=carried,
            around=f"{row.title} {row.section}".strip(),
            is_label=not row.headers,
        )
        for number, (row, carried) in enumerate(zip(rows, _carried(rows), strict=True))
    ]


def _carried(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """What each row takes over from the row above: the name of a group in the first column and what follows it, and the
    unit; empty for most. A mark such as DA27 is of its row alone."""
    found: list[tuple[str, ...]] = []
    above: tuple[str, ...] = ()
    for row in rows:
        taken = _taken(row, above)
        found.append(taken)
        whole = tuple(cell or over for cell, over in zip(row.cells, taken, strict=True)) if taken else row.cells
        above = whole if any(row.headers) else ()
    return found


def _taken(row: Row, above: tuple[str, ...]) -> tuple[str, ...]:
    cells = row.cells
    if len(above) != len(cells) or cells[0] or not _names_group(above[0]):
        return ()
    first = next((place for place, cell in enumerate(cells) if cell), len(cells))
    # A sum under a column of numbers has an empty name, too: only a second column of names shows a merged cell.
    if sum(map(bool, cells)) < 2 or not (_WORD.search(cells[first]) and _WORD.search(above[first])):
        return ()
    return tuple(
        over if not cell and (place < first or not _UNIT_HEADERS.isdisjoint(count_terms(header))) else ""
        for place, (cell, over, header) in enumerate(zip(cells, above, row.headers, strict=True))
    )


def _names_group(cell: str) -> bool:
    return _WORD.search(cell) is not None and not any(_MARK.fullmatch(word) for word in cell.split())
