"""Cutting an answer into statements: a sentence, a list item or a row of a table, with its values and its citations."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence

import msgspec

from domain.families.analysis.rules_arithmetic import Calculation, find_calculations
from domain.families.analysis.rules_spots import stems
from domain.grounding.rules_bounds import bound_of
from domain.grounding.rules_citations import MARK, mark_numbers
from domain.grounding.rules_values import Kind, Value, find_values
from domain.rules_sentences import sentence_spans
from domain.rules_tables import is_row, is_rule

_LIST_MARKER = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*•–]\s+|\d{1,2}[.)]\s+|\(?[a-zа-я]\)\s+)*")
_EMPHASIS = re.compile(r"\*\*|`|~~|(?<!\w)\*(?=\w)|(?<=[\w.!?)»])\*(?!\w)")
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
MAX_SENTENCE_CHARS = 2000
"""Longer lines are looked at in parts: work grows with the square of a part's values. A guess."""

_REFERENCE = re.compile(
    r"(?<!\w)(лист\w{0,3}|стр(?:аниц\w{1,3})?|рис(?:ун\w{1,4})?|табл(?:иц\w{1,3})?|разд(?:ел\w{0,3})?|глав\w{1,3}|подраздел\w{0,3}"
    r"|прил(?:ожени\w{1,2})?|пп?|пункт\w{0,3}|подпункт\w{0,3}|примечани\w{1,2}|шаг\w{0,2}|этап\w{0,2}|sheets?|pages?|pp?|fig(?:ure)?s?"
    r"|tables?|sections?|chapters?|appendix|annex|clauses?|notes?|steps?|rules?)\.?\s*(?:№\s*)?$",
    re.IGNORECASE,
)
_ENTRY_BEHIND = re.compile(r"\s+(?:строк|позици|пункт|запис|элемент|row|item|entr|line|position)", re.IGNORECASE)
_RESPECTIVELY = re.compile(r"\bсоответственно\b|\brespectively\b", re.IGNORECASE)
_FILLER_WORDS = (
    "данные данным данных лист листа листе листу документ документа документу документе документах таблица таблице "
    "таблицы таблицей страница странице страницы согласно значение значения равно равен равна равны составляет "
    "составляют указано указан указана указаны приведено приведены следующие следует принято проекте проекту цитата "
    "ответ итого document documents table page sheet according gives given value values following states says stated "
    "cited based section item shown listed specified"
)
_FILLERS = frozenset(stem for word in _FILLER_WORDS.split() for stem in stems(word))
"""Words with which answers speak of documents; they name nothing in them."""

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
    the column headers. `bounds` say of each value whether it is told as the least or the greatest, `references` whether
    it is the number of a page, a table, a section: the word before it. `text` begins at `start`."""

    marks: tuple[int, ...]
    values: tuple[Value, ...]
    places: tuple[int, ...]
    clauses: tuple[int, ...]
    labels: tuple[Label, ...]
    context: tuple[frozenset[str], ...]
    quotes: tuple[Quote, ...]
    text: str = ""
    start: int = 0
    bounds: tuple[str | None, ...] = ()
    references: tuple[str | None, ...] = ()
    calculations: tuple[Calculation, ...] = ()
    unknown_marks: tuple[Quote, ...] = ()


class _Mark(msgspec.Struct, frozen=True):
    """A citation mark and the numbers in it."""

    start: int
    end: int
    text: str
    numbers: list[int]


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
    marks = [_Mark(found.start(), found.end(), found.group(), mark_numbers(found[1])) for found in MARK.finditer(text)]
    clean = _EMPHASIS.sub(lambda found: " " * len(found.group()), MARK.sub(lambda m: " " * len(m.group()), text))
    pieces = list(_pieces(clean))
    own = _shared_out(marks, pieces)
    borrowed = _Borrowed(pieces, own, known)
    for piece, own_marks in zip(pieces, own, strict=True):
        sentence = clean[piece.start : piece.end]
        unknown = tuple(
            Quote(start=mark.start, end=mark.end, text=mark.text)
            for mark in own_marks
            if not set(mark.numbers) <= set(known)
        )
        if not own_marks and _ABSENCE.search(sentence):
            continue
        usable = [number for mark in own_marks for number in mark.numbers if number in known]
        yield _statement(piece, sentence, usable or borrowed.by(piece), unknown)


def _shared_out(marks: Sequence["_Mark"], pieces: Sequence["_Piece"]) -> list[list["_Mark"]]:
    """The marks of each piece: from its beginning to that of the next one."""
    own: list[list[_Mark]] = [[] for _ in pieces]
    starts = [piece.start for piece in pieces]
    for mark in marks:
        number = bisect_right(starts, mark.start) - 1
        if number >= 0:
            own[number].append(mark)
    return own


class _Borrowed:
    """The citations for pieces that have none: their line's, else their paragraph's, else all of the answer's."""

    def __init__(self, pieces: Sequence["_Piece"], own: Sequence[Sequence["_Mark"]], known: Collection[int]) -> None:
        self._all = list(known)
        self._by_line: dict[int, dict[int, None]] = {}
        self._by_paragraph: dict[int, dict[int, None]] = {}
        for piece, marks in zip(pieces, own, strict=True):
            usable = dict.fromkeys(number for mark in marks for number in mark.numbers if number in known)
            self._by_line.setdefault(piece.line, {}).update(usable)
            self._by_paragraph.setdefault(piece.paragraph, {}).update(usable)

    def by(self, piece: "_Piece") -> list[int]:
        return list(self._by_line[piece.line]) or list(self._by_paragraph[piece.paragraph]) or self._all


def _statement(piece: _Piece, sentence: str, marks: Sequence[int], unknown: tuple[Quote, ...]) -> Statement:
    quotes = _quotes(sentence)
    values = find_values(sentence)
    words = list(_WORD.finditer(sentence))
    starts = [word.start() for word in words]
    taken = {place for value in values for place in range(value.start, value.end)}
    borders = [] if _RESPECTIVELY.search(sentence) else _clause_borders(sentence, values)
    labels = [
        Label(stem=stem, word=word.group(), place=place, clause=_clause_at(borders, word.start()))
        for place, word in enumerate(words)
        for stem in stems(word.group())
        if stem not in _FILLERS and word.start() not in taken
    ]
    cells = [found.start() for found in re.finditer(r"(?<!\\)\|", sentence)]
    lead_in = frozenset(stems(piece.lead_in))
    return Statement(
        marks=tuple(marks),
        values=tuple(_moved(value, piece.start) for value in values),
        places=tuple(bisect_left(starts, value.start) for value in values),
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
        text=sentence,
        start=piece.start,
        bounds=tuple(bound_of(sentence, value.start, value.end) for value in values),
        references=tuple(_reference(sentence, value) for value in values),
    )


def _reference(sentence: str, value: Value) -> str | None:
    """The stem of the word that makes a bare number one of a place: «лист 5», "Section 2"."""
    if value.kind is not Kind.NUMBER or value.units:
        return None
    if _ENTRY_BEHIND.match(sentence, value.end):
        return None
    found = _REFERENCE.search(sentence[max(value.start - 24, 0) : value.start])
    return found.group(1).lower()[:4] if found else None


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
            is_header = number + 1 < len(lines) and is_rule(lines[number + 1])
            if is_header:
                headers = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
            elif not is_rule(line):
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
            for begin, end in _sentences(line[offset:]):
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


def _sentences(line: str) -> Iterator[tuple[int, int]]:
    """The sentences of a line of any length: what has no end for long is cut between words."""
    start = 0
    while start < len(line):
        end = len(line)
        if end - start > MAX_SENTENCE_CHARS:
            end = line.rfind(" ", start + 1, start + MAX_SENTENCE_CHARS)
            end = end if end > 0 else start + MAX_SENTENCE_CHARS
        yield from ((start + begin, start + stop) for begin, stop in _whole_quotes(line[start:end]))
        start = end


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


def _header(headers: Sequence[str], cells: Sequence[int], place: int) -> frozenset[str]:
    column = sum(1 for cell in cells if cell < place) - 1
    return frozenset(stems(headers[column])) if 0 <= column < len(headers) else frozenset()


def _moved(value: Value, offset: int) -> Value:
    return msgspec.structs.replace(value, start=value.start + offset, end=value.end + offset)


def _quotes(sentence: str) -> list[Quote]:
    """Quoted words, outermost marks of quotation."""
    quotes: list[Quote] = []
    for opening, closing in _QUOTES:
        depth, start, last = 0, 0, 0
        for place, letter in enumerate(sentence):
            if letter == opening:
                start = place if depth == 0 else start
                depth += 1
            elif letter == closing and depth:
                depth, last = depth - 1, place
                if depth == 0:
                    quotes.append(Quote(start=start, end=place + 1, text=sentence[start + 1 : place]))
        if depth and last > start:
            # One mark at the end closes the inner and the outer quotation.
            quotes.append(Quote(start=start, end=last + 1, text=sentence[start + 1 : last]))
    quotes += [Quote(start=m.start(), end=m.end(), text=m.group(1)) for m in _STRAIGHT.finditer(sentence)]
    spoken = [quote for quote in quotes if sum(letter.isalnum() for letter in quote.text) >= _MIN_QUOTE_LETTERS]
    outer = [q for q in spoken if not any(o is not q and o.start <= q.start and q.end <= o.end for o in spoken)]
    return sorted(outer, key=lambda quote: quote.start)
