"""Cutting an answer into statements: a sentence, a list item or a row of a table, with its values and its citations."""

import re
from collections.abc import Collection, Iterator, Sequence

import msgspec

from domain.families.analysis.rules_arithmetic import Calculation, find_calculations
from domain.families.analysis.rules_citations import MARK, mark_numbers
from domain.families.analysis.rules_spots import stems
from domain.families.analysis.rules_values import Value, find_values
from domain.rules_sentences import sentence_spans
from domain.rules_tables import is_row

_LIST_MARKER = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*•–]\s+|\d{1,2}[.)]\s+|\(?[a-zа-я]\)\s+)*")
_EMPHASIS = re.compile(r"\*\*|`|~~|(?<!\w)\*(?=\w)|(?<=[\w.!?)»])\*(?!\w)")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_WORD = re.compile(r"[^\W_]+")
_ABSENCE = re.compile(
    r"\bне\s+(?:найден|указан|привед|обнаруж|упомян|содерж|встреча|определ|задан|описан)|\bнет\s+(?:данных|сведений|информации"
    r"|упоминани)|отсутству|\bnot\s+(?:found|mentioned|stated|given|specified|contain|in\s+(?:the|these)\s+documents)"
    r"|\bno\s+(?:mention|information|data)|does\s+not\s+(?:contain|mention|state|specify|say)",
    re.IGNORECASE,
)
_QUOTES = (("«", "»"), ("“", "”"), ("„", "“"))
_STRAIGHT = re.compile(r'(?<![\w"])"([^"\n]{2,400})"(?![\w"])')
_MIN_QUOTE_LETTERS = 2
_SEPARATOR = re.compile(r";|,(?!\d)|\s[—–]\s(?=[^\d]*,)|\b(?:и|а|но|and|while|but|whereas)\b", re.IGNORECASE)


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A word beside a value: its stem, the word itself, its place in words from the statement's beginning, and the
    clause it stands in."""

    stem: str
    word: str
    place: int
    clause: int


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    start: int
    end: int
    text: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Offsets are of the answer. `places` holds each value's place in words, `clauses` its clause. `marks` are the
    citations to look in; `unknown_marks` name none of the answer's citations. `context` are stems of the lead-in and
    the column headers."""

    marks: tuple[int, ...]
    values: tuple[Value, ...]
    places: tuple[int, ...]
    clauses: tuple[int, ...]
    labels: tuple[Label, ...]
    context: tuple[frozenset[str], ...]
    quotes: tuple[Quote, ...]
    calculations: tuple[Calculation, ...] = ()
    unknown_marks: tuple[Quote, ...] = ()


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence or row at `start`–`end`; `paragraph` counts groups of lines without an empty one between them."""

    start: int
    end: int
    line: int
    paragraph: int
    lead_in: str = ""
    headers: tuple[str, ...] = ()


def statements_of(text: str, known: Collection[int]) -> Iterator[Statement]:
    """The statements of an answer that can be checked. A sentence that says that something was not found is none,
    unless it cites."""
    marks = [(found.start(), mark_numbers(found.group(1)), found) for found in MARK.finditer(text)]
    clean = _EMPHASIS.sub(lambda found: " " * len(found.group()), MARK.sub(lambda m: " " * len(m.group()), text))
    pieces = list(_pieces(clean))
    own = [
        _marks_between(marks, piece.start, _next_start(pieces, number, len(text)))
        for number, piece in enumerate(pieces)
    ]
    for number, piece in enumerate(pieces):
        sentence = clean[piece.start : piece.end]
        unknown = tuple(
            Quote(start=found.start(), end=found.end(), text=found.group())
            for start, numbers, found in marks
            if piece.start <= start < _next_start(pieces, number, len(text)) and not set(numbers) <= set(known)
        )
        if not own[number] and not unknown and _ABSENCE.search(sentence):
            continue
        usable = [mark for mark in own[number] if mark in known]
        yield _statement(piece, sentence, usable or _borrowed(pieces, own, number, known), unknown)


def _statement(piece: _Piece, sentence: str, marks: Sequence[int], unknown: tuple[Quote, ...]) -> Statement:
    quotes = _quotes(sentence)
    values = find_values(sentence)
    words = list(_WORD.finditer(sentence))
    borders = _clause_borders(sentence, values)
    labels = [
        Label(stem=stem, word=word.group(), place=place, clause=_clause_at(borders, word.start()))
        for place, word in enumerate(words)
        for stem in stems(word.group())
        if not any(value.start <= word.start() < value.end for value in values)
    ]
    cells = [found.start() for found in re.finditer(r"(?<!\\)\|", sentence)]
    lead_in = frozenset(stems(piece.lead_in))
    return Statement(
        marks=tuple(marks),
        values=tuple(_moved(value, piece.start) for value in values),
        places=tuple(sum(1 for word in words if word.start() < value.start) for value in values),
        clauses=tuple(_clause_at(borders, value.start) for value in values),
        labels=tuple(labels),
        context=tuple(lead_in | _header(piece.headers, cells, value.start) for value in values),
        quotes=tuple(
            Quote(start=quote.start + piece.start, end=quote.end + piece.start, text=quote.text) for quote in quotes
        ),
        calculations=tuple(
            msgspec.structs.replace(
                found,
                start=found.start + piece.start,
                end=found.end + piece.start,
                result_start=found.result_start + piece.start,
            )
            for found in find_calculations(sentence)
        ),
        unknown_marks=unknown,
    )


def _clause_borders(sentence: str, values: Sequence[Value]) -> list[int]:
    """Where clauses begin: at a separator when there is a value both before it, in its clause, and behind it."""
    borders: list[int] = []
    start = 0
    for found in _SEPARATOR.finditer(sentence):
        if any(value.start <= found.start() < value.end for value in values):
            continue
        if any(start <= value.start < found.start() for value in values) and any(
            value.start >= found.end() for value in values
        ):
            borders.append(found.start())
            start = found.end()
    return borders


def _clause_at(borders: Sequence[int], place: int) -> int:
    return sum(1 for border in borders if border <= place)


def _pieces(text: str) -> Iterator[_Piece]:
    start = paragraph = 0
    lead_in, headers = "", ()
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not line.strip():
            paragraph += 1
        elif is_row(line):
            is_header = number + 1 < len(lines) and bool(_RULE.match(lines[number + 1]))
            if is_header:
                headers = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
            elif not _RULE.match(line):
                yield _Piece(
                    start=start,
                    end=start + len(line),
                    line=number,
                    paragraph=paragraph,
                    lead_in=lead_in,
                    headers=headers,
                )
        else:
            headers = ()
            marker = _LIST_MARKER.match(line)
            offset = marker.end() if marker else 0
            is_heading = line.lstrip().startswith("#")
            for begin, end in _whole_quotes(line[offset:]):
                yield _Piece(
                    start=start + offset + begin,
                    end=start + offset + end,
                    line=number,
                    paragraph=paragraph,
                    lead_in="" if is_heading else lead_in,
                )
            if line.rstrip().endswith(":") or is_heading:
                lead_in = line
            elif offset == 0:
                lead_in = ""
        start += len(line) + 1


def _whole_quotes(text: str) -> list[tuple[int, int]]:
    """The sentences of a line; those that a quotation spans are one."""
    quotes = _quotes(text)
    spans: list[tuple[int, int]] = []
    for start, end in sentence_spans(text):
        if spans and any(quote.start < spans[-1][1] and start < quote.end for quote in quotes):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _next_start(pieces: Sequence[_Piece], number: int, length: int) -> int:
    return pieces[number + 1].start if number + 1 < len(pieces) else length


def _marks_between(marks: Sequence[tuple[int, list[int], re.Match[str]]], start: int, end: int) -> list[int]:
    return [number for place, numbers, _ in marks if start <= place < end for number in numbers]


def _borrowed(pieces: Sequence[_Piece], own: Sequence[Sequence[int]], number: int, known: Collection[int]) -> list[int]:
    """The citations for a piece that has none: its line's, else its paragraph's, else all of the answer's."""
    piece = pieces[number]
    same_line = [mark for other, marks in zip(pieces, own, strict=True) if other.line == piece.line for mark in marks]
    same_paragraph = [
        mark for other, marks in zip(pieces, own, strict=True) if other.paragraph == piece.paragraph for mark in marks
    ]
    for marks in (same_line, same_paragraph, list(known)):
        usable = [mark for mark in dict.fromkeys(marks) if mark in known]
        if usable:
            return usable
    return []


def _header(headers: Sequence[str], cells: Sequence[int], place: int) -> frozenset[str]:
    column = sum(1 for cell in cells if cell < place) - 1
    return frozenset(stems(headers[column])) if 0 <= column < len(headers) else frozenset()


def _moved(value: Value, offset: int) -> Value:
    return msgspec.structs.replace(value, start=value.start + offset, end=value.end + offset)


def _quotes(sentence: str) -> list[Quote]:
    """Quoted words, outermost marks of quotation."""
    quotes: list[Quote] = []
    for opening, closing in _QUOTES:
        depth, start = 0, 0
        for place, letter in enumerate(sentence):
            if letter == opening:
                start = place if depth == 0 else start
                depth += 1
            elif letter == closing and depth:
                depth -= 1
                if depth == 0:
                    quotes.append(Quote(start=start, end=place + 1, text=sentence[start + 1 : place]))
    quotes += [Quote(start=m.start(), end=m.end(), text=m.group(1)) for m in _STRAIGHT.finditer(sentence)]
    spoken = [quote for quote in quotes if sum(letter.isalnum() for letter in quote.text) >= _MIN_QUOTE_LETTERS]
    outer = [q for q in spoken if not any(o is not q and o.start <= q.start and q.end <= o.end for o in spoken)]
    return sorted(outer, key=lambda quote: quote.start)
