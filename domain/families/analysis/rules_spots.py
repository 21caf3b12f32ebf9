"""Cutting a cited block into spots: rows of tables and pieces of text, where a value and its label stand together."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

from domain.documents import Box
from domain.families.analysis.rules_mending import Marks, marks_of, mend
from domain.grounding.rules_citations import Source, Stream, line_boxes
from domain.grounding.rules_text import fold_word
from domain.grounding.rules_units import unit_of
from domain.grounding.rules_values import Value, find_values
from domain.rules_sentences import sentence_spans
from domain.rules_tables import Row, header_of, is_row, table_rows

HEADER_SHARE = 0.9
NEIGHBOUR_SHARE = 0.5
HEADING_SHARE = 0.4
"""What a label counts for that stands not in the spot but in the value's column header, in the sentence before or
after, in the table's title, section or the block's heading. Guesses, measured on mutated answers."""

WRAPPED_SHARE = 0.8
MIN_TEXT_WIDTH = 40
MAX_CAPTION_CHARS = 160
"""Lines are wrapped text where they fill this share of a column of at least so many characters; what stands over a
table is its caption up to this length. Guesses."""

_WORD = re.compile(r"[^\W\d_]{3,}|[A-ZА-ЯЁ]{2,}")
_ITEM = re.compile(r"^(?:[•●▪■□◦·‣–—-]|\(?[a-zа-яё]\)|[a-z]\.|\(?\d{1,2}[.)])\s")
_CLAUSE = re.compile(r"\s*((?:[A-ZА-Я]{1,3}\.)?\d{1,3}(?:\.\d{1,3})+\.?)\s+[^\W\d_]")
_FREE_UNIT = re.compile(r"[,(\[]\s*([^\s,()\[\];:]{1,12}(?:\s?[/·*]\s?[^\s,()\[\];:]{1,8})?)\s*(?:[)\];:|]|$)")
_COUNT = re.compile(r"\bкол(?:ич|-|\.|\s|$)|\b(?:qty|quantity|count)\b", re.IGNORECASE)
_COMMON_WORDS = (
    "the and for with from that this are was were has have not must shall should may can per its than into which "
    "для при или что как это его она они все так под над без был была было были есть не на по из от до за во об со "
    "составляет составляют равен равна равно равны указан указана указано согласно также является являются "
    "принят принята принято приведен приведена"
)
_COMMON = frozenset(_COMMON_WORDS.split())


class SpotValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a spot with what its column says of it. Values of a header belong to every row, in their column.
    `within` is the text that the value's offsets are of."""

    value: Value
    within: str = ""
    header: frozenset[str] = frozenset()
    header_units: frozenset[str] = frozenset()
    header_words: tuple[str, ...] = ()
    column: int = -1
    is_header: bool = False


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """`own` are the stems in the spot, `near` those around it with their shares. An item is a row of a table's body or
    of a list; items of one table or list have the same `group`. Crooked is a row that reaches beyond the headers."""

    number: int
    text: str
    own: frozenset[str]
    near: Mapping[str, float]
    values: tuple[SpotValue, ...]
    free_units: frozenset[str] = frozenset()
    is_item: bool = False
    is_crooked: bool = False
    group: int = 0


def stems(text: str) -> list[str]:
    """The words of `text` that can be labels, cut to the letters that inflection leaves alone: at most five."""
    return [_stem(word) for word in _WORD.findall(text) if word.lower() not in _COMMON]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return fold_word(word[: max(3, min(5, len(word) - 1))] if len(word) > 3 else word)


def spots_of(number: int, source: Source) -> list[Spot]:
    """The spots of the block cited as `number`; the last one is its place: document, sheet and page.

    A table without a header that is as wide as the one before it in the block goes on with that one's. A line of text
    over a table, or a heading, belongs to all rows below it.
    """
    heading = frozenset(stems(source.block.heading or ""))
    content = mend(source.block.content)
    spots: list[Spot] = []
    headers: tuple[str, ...] = ()
    caption = ""
    for group, (lines, is_table) in enumerate(_groups(content.split("\n"))):
        if is_table:
            headers = header_of(lines) or headers
            rows = [_headed(row, headers) for row in table_rows(lines)]
            spots += [msgspec.structs.replace(spot, group=group) for spot in _row_spots(number, rows, heading, caption)]
        else:
            spots += [msgspec.structs.replace(spot, group=group) for spot in _text_spots(number, lines, heading)]
            caption = lines[-1].lstrip("# ") if len(lines[-1]) <= MAX_CAPTION_CHARS else caption
    spots.append(_spot(number, _place_of(source), {}, HEADING_SHARE))
    marks = marks_of(content)
    return [
        msgspec.structs.replace(spot, values=tuple(_narrowed(held, marks) for held in spot.values)) for spot in spots
    ]


def _place_of(source: Source) -> str:
    material = source.material
    page_no = source.block.page_no
    heading = source.block.heading or ""
    return f"{material.document_name} {material.sheet} страница {page_no} page {page_no} {heading}"


def _narrowed(held: SpotValue, marks: Marks) -> SpotValue:
    value = marks.narrow(held.value)
    return held if value is held.value else msgspec.structs.replace(held, value=value)


def _headed(row: Row, headers: tuple[str, ...]) -> Row:
    if any(row.headers) or not row.headers or len(row.cells) != len(headers):
        return row
    return msgspec.structs.replace(row, headers=headers)


def boxes_of(spot: Spot, text: str, source: Source, stream: Stream) -> tuple[Box, ...]:
    """The boxes of `text` within the spot; of the spot when the words divide it otherwise; empty without words.
    `stream` is of the source's words."""
    if not source.words:
        return ()
    whole = stream.find(spot.text)
    if whole is None:
        return ()
    words = source.words[whole[0] : whole[1] + 1]
    part = Stream([word.text for word in words]).find(text)
    return line_boxes(words if part is None else words[part[0] : part[1] + 1])


def _groups(lines: Sequence[str]) -> list[tuple[list[str], bool]]:
    groups: list[tuple[list[str], bool]] = []
    for line in lines:
        if not line.strip():
            groups.append(([], False))
        elif groups and groups[-1][1] == is_row(line):
            groups[-1][0].append(line)
        else:
            groups.append(([line], is_row(line)))
    return [group for group in groups if group[0]]


class _Column(msgspec.Struct, frozen=True, kw_only=True):
    """What a header says of the cells below it."""

    label: frozenset[str]
    units: frozenset[str]
    words: tuple[str, ...]
    values: tuple[Value, ...]


def _row_spots(number: int, rows: Sequence[Row], heading: frozenset[str], caption: str) -> list[Spot]:
    columns = {header: _column(header) for header in dict.fromkeys(h for row in rows for h in ("", *row.headers))}
    over = ""
    near: dict[str, float] = {}
    above: tuple[SpotValue, ...] = ()
    spots: list[Spot] = []
    for row in rows:
        if not spots or over != f"{caption} {row.title} {row.section}":
            over = f"{caption} {row.title} {row.section}"
            near = dict.fromkeys([*heading, *stems(over)], HEADING_SHARE)
            above = tuple(SpotValue(value=value, is_header=True) for value in find_values(over, is_evidence=True))
        text = row.text
        cell_units = frozenset(unit for cell in row.cells if (unit := unit_of(cell)))
        values = [
            value
            for place, cell in enumerate(row.cells)
            for value in _cell_values(cell, place, columns[row.headers[place] if place < len(row.headers) else ""])
        ]
        spots.append(
            Spot(
                number=number,
                text=text,
                own=frozenset(stems(text)),
                near=near,
                values=(*values, *above),
                free_units=_free_units(text) | _loose_units(over) | cell_units,
                is_item=any(row.headers),
                is_crooked=_reaches_beyond(row),
            )
        )
    return spots


def _reaches_beyond(row: Row) -> bool:
    last = max((place for place, header in enumerate(row.headers) if header), default=-1)
    return any(row.cells[last + 1 :])


def _column(header: str) -> _Column:
    return _Column(
        label=frozenset(stems(f"{header} количество quantity" if _COUNT.search(header) else header)),
        units=_loose_units(header),
        words=tuple(header.split()),
        values=tuple(find_values(header, is_evidence=True)),
    )


def _cell_values(cell: str, place: int, column: _Column) -> list[SpotValue]:
    """The values of a cell, and those of its header («2022», «LED1») when the cell is not empty."""
    if not cell:
        return []
    own = [
        SpotValue(
            value=value,
            within=cell,
            header=column.label,
            header_units=column.units,
            header_words=column.words,
            column=place,
        )
        for value in find_values(cell, is_evidence=True)
    ]
    return [*own, *(SpotValue(value=v, header=column.label, column=place, is_header=True) for v in column.values)]


def _text_spots(number: int, lines: Sequence[str], heading: frozenset[str]) -> list[Spot]:
    """Wrapped lines are joined, then cut where sentences end. Around a spot: what stands before and after it."""
    pieces = [text[start:end] for text in _unwrapped(lines) for start, end in sentence_spans(text)]
    words = [stems(piece) for piece in pieces]
    spots: list[Spot] = []
    lead_in: list[str] = []
    clause: list[SpotValue] = []
    for place, piece in enumerate(pieces):
        near = dict.fromkeys(heading, HEADING_SHARE)
        for other in [lead_in, *words[max(place - 1, 0) : place], *words[place + 1 : place + 2]]:
            near.update(dict.fromkeys(other, NEIGHBOUR_SHARE))
        begins = _CLAUSE.match(piece)
        clause = [_clause_value(begins.group(1))] if begins else clause
        spot = _spot(number, piece, near, 1.0)
        spot = msgspec.structs.replace(spot, is_item=bool(_ITEM.match(piece)))
        spots.append(spot if begins else msgspec.structs.replace(spot, values=(*spot.values, *clause)))
        if piece.endswith(":"):
            lead_in = words[place]
        elif not _ITEM.match(piece):
            lead_in = []
    return spots


def _clause_value(number: str) -> SpotValue:
    """The number of a clause belongs to all of its sentences, as a header does to its column."""
    values = find_values(number.rstrip("."), is_evidence=True)
    return SpotValue(value=values[0], is_header=True)


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """Lines of running text joined to paragraphs; labels and list items stay lines of their own.

    A line goes on when it is nearly as long as the longest one, or when the next begins with a small letter.
    """
    width = max(len(line) for line in lines)
    texts: list[str] = []
    goes_on = False
    for line in lines:
        text = line.strip()
        if goes_on or (texts and text[:1].islower() and not _ITEM.match(text)):
            texts[-1] = f"{texts[-1]} {text}"
        else:
            texts.append(text)
        goes_on = len(line) >= WRAPPED_SHARE * width and width >= MIN_TEXT_WIDTH and text[-1:] not in ":;"
    return texts


def _spot(number: int, text: str, near: Mapping[str, float], share: float) -> Spot:
    own = frozenset(stems(text))
    return Spot(
        number=number,
        text=text,
        own=own if share == 1.0 else frozenset(),
        near=near if share == 1.0 else {**near, **dict.fromkeys(own, share)},
        values=tuple(SpotValue(value=value, within=text) for value in find_values(text, is_evidence=True)),
        free_units=_free_units(text),
    )


def _free_units(text: str) -> frozenset[str]:
    """Units that stand alone after a comma or in brackets: they hold for numbers elsewhere in the spot."""
    return frozenset(unit for found in _FREE_UNIT.finditer(text) if (unit := unit_of(found.group(1).replace(" ", ""))))


def _loose_units(header: str) -> frozenset[str]:
    """Any unit among the words of a column header: «Расход, м³/ч», «P (кВт)», «In millions»."""
    parts = re.split(r"[\s,()\[\];:]+", header)
    pairs = ["".join(pair) for pair in pairwise(parts)]
    units = {unit for part in [*parts, *pairs] if part and (unit := unit_of(part))}
    return frozenset(units | {"pcs"} if _COUNT.search(header) else units)
