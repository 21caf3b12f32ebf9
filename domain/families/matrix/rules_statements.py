"""What a block says, statement by statement: an amount with the words that belong to it, or a sentence without one.

Requirements and drawings are read by these same rules. A statement of a row has the words of its column and of the
row's names; one of a sentence the words before its amount and those behind it up to the next comma.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from domain.documents import Block
from domain.families.matrix.rules_amounts import Amount, amounts_of, folded_names, overlap
from domain.families.matrix.rules_wording import CONDITION, CONDITION_ENDS, FORBIDDEN, MUST, WANTED, content_words
from domain.grounding.rules_bounds import bound_of
from domain.grounding.rules_units import unit_of
from domain.grounding.rules_values import Kind, find_values
from domain.rules_sentences import sentence_spans
from domain.rules_tables import Row, header_of, is_row, table_rows

MIN_WRAPPED = 40
"""A line at least so long may go on in the next one. A guess."""

_CLAUSE = re.compile(
    r"\s*(?:(?:п\.|пункт|clause|cl\.|§)\s*)?(?P<number>(?:[A-ZА-Я]{1,3}\.)?\d{1,3}(?:\.\d{1,3}){1,5}|\d{1,2}(?=[.)]))"
    r"[.)]?\s+(?P<word>[^\W\d_]+)"
)
_PREPOSITION = re.compile(r"[ВСКУОA]\s+[^\W\d_]{3,}")
"""«6.1 В холодный период» begins a clause, «6.1 В» is a voltage."""

_ITEM = re.compile(r"^(?:[•●▪■–—-]|\(?[a-zа-яё]\)|\(?\d{1,2}[.)])\s")
_JOINT = re.compile(r"[,;]|\s(?:и|а|но|and|but|or|или)\s|\s[–—-]\s", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*(?:№.*|п/?п|поз\w*\.?|no\.?|pos\.?|item|#|лист|sheet|кол\w*\.?|qty)\s*$", re.IGNORECASE)
_HEADER_UNIT = re.compile(r"[,(\[]\s*([^\s,()\[\]]{1,12}(?:\s?[/·*]\s?[^\s,()\[\]]{1,8})?)\s*[)\]]?")
_SOFT_HYPHEN = re.compile("\u00ad\\s*")
_PLAIN_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)?(?![\w-])")


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """`text` stands verbatim in the block (cells of a row are joined by |). `label` are the words around the amount as
    written, `words` those that count; `around` are those of title, section, heading and of the sentence's first
    statement; `over` those of title, section and caption. `names` are designations, `numbers` plain numbers of the
    label; `clause` is the number that begins the sentence. `is_wanted`: the amount is told as a norm or demand, not as
    what is there («требуемая ширина»)."""

    text: str
    label: str = ""
    words: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    numbers: tuple[str, ...] = ()
    condition: str = ""
    amount: Amount | None = None
    is_row: bool = False
    is_continued: bool = False
    is_wanted: bool = False
    clause: str = ""
    header: str = ""


def statements_of(block: Block) -> list[Statement]:
    """The statements of a block in reading order."""
    heading = content_words(block.heading or "")
    found: list[Statement] = []
    headers: tuple[str, ...] = ()
    caption = ""
    for lines, is_table in _groups(_SOFT_HYPHEN.sub("", block.content).split("\n")):
        if is_table:
            headers = header_of(lines) or headers
            around = (*heading, *content_words(caption))
            for row in table_rows(lines):
                found += _of_row(_headed(row, headers), around, caption)
        else:
            for text in _unwrapped(lines):
                found += _of_text(text, heading)
            caption = lines[-1].lstrip("# ")
    return found


def clause_of(text: str) -> tuple[str, int]:
    """The number of the clause that `text` begins with, and where the words after it begin; "" and 0 without one."""
    found = _CLAUSE.match(text)
    if found is None or (unit_of(found["word"]) is not None and not _PREPOSITION.match(text, found.start("word"))):
        return "", 0
    return found["number"], found.start("word")


def _groups(lines: Sequence[str]) -> list[tuple[list[str], bool]]:
    groups: list[tuple[list[str], bool]] = []
    for line in lines:
        if not line.strip():
            groups.append(([], False))
        elif groups and groups[-1][1] == is_row(line) and groups[-1][0]:
            groups[-1][0].append(line)
        else:
            groups.append(([line], is_row(line)))
    return [group for group in groups if group[0]]


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """Running text joined to paragraphs; labels, list items and numbered clauses stay lines of their own."""
    texts: list[str] = []
    for line in lines:
        text = line.strip().lstrip("#").strip()
        goes_on = texts and not _ITEM.match(text) and not clause_of(text)[0]
        last = texts[-1] if texts else ""
        if goes_on and (text[:1].islower() or (len(last) >= MIN_WRAPPED and last[-1:] not in ".;:!?")):
            texts[-1] = f"{last} {text}"
        else:
            texts.append(text)
    return texts


def _headed(row: Row, headers: tuple[str, ...]) -> Row:
    if any(row.headers) or not row.headers or len(row.cells) != len(headers):
        return row
    return msgspec.structs.replace(row, headers=headers)


def _of_row(row: Row, around: tuple[str, ...], caption: str) -> Iterator[Statement]:
    """One statement per cell that is an amount and nothing else; one without an amount when there is none."""
    own = [
        (cell, header) for cell, header in zip(row.cells, row.headers or [""] * len(row.cells), strict=False) if cell
    ]
    cells = [(cell, header) for cell, header in own if not (_NUMBERED.match(header) and _is_number(cell))]
    units = _row_units([cell for cell, _ in cells])
    amounts = {place: amount for place, (cell, header) in enumerate(cells) if (amount := _of_cell(cell, header, units))}
    # A bare number of another column says nothing of the row's subject; words and designations do.
    named = [c for place, (c, _) in enumerate(cells) if place not in amounts and not _is_number(c) and not unit_of(c)]
    names = " ".join(named)
    about = (*around, *content_words(f"{row.title} {row.section}"))
    over = f"{caption} {row.title} {row.section}"
    for place, amount in amounts.items():
        header = cells[place][1]
        label = f"{names} {_HEADER_UNIT.sub(' ', header)}"
        yield Statement(
            text=row.text,
            label=" ".join(f"{names}, {header}".strip(", ").split()),
            words=_words(label),
            around=about,
            over=content_words(over),
            names=folded_names(f"{names} {header}"),
            numbers=tuple(_PLAIN_NUMBER.findall(names)),
            amount=amount,
            is_row=True,
            is_wanted=_is_wanted(label),
            header=f"{over} {' '.join(header for _, header in own)}",
        )
    if not amounts:
        yield Statement(text=row.text, label=names, words=content_words(names), around=about, is_row=True, header=over)


def _row_units(cells: Sequence[str]) -> tuple[str, ...]:
    """The units that a row tells for its values, as written: in a cell of its own, or behind its name («Освещённость,
    лк»)."""
    return tuple(cell for cell in cells if unit_of(cell)) or _units_named(cells[0] if cells else "")


def _units_named(header: str) -> tuple[str, ...]:
    return tuple(found.group(1) for found in _HEADER_UNIT.finditer(header) if unit_of(found.group(1).replace(" ", "")))


def _of_cell(cell: str, header: str, row_units: tuple[str, ...]) -> Amount | None:
    """The amount that fills the cell; its unit and limit may stand in the header, its unit also in the row."""
    written = _units_named(header) or row_units
    units = frozenset(unit for each in written if (unit := unit_of(each.replace(" ", ""))))
    bound = bound_of(f"{header} ", len(header) + 1, len(header) + 1)
    bare = _HEADER_UNIT.sub(" ", header)
    bound = bound or bound_of(f"{bare} ", len(bare) + 1, len(bare) + 1)
    found = amounts_of(cell, units, bound)
    if len(found) != 1:
        return None
    amount = found[0]
    rest = cell[: amount.start] + cell[amount.end :]
    if content_words(rest) or _PLAIN_NUMBER.search(rest):
        return None
    is_bare = not re.search(r"[^\W\d_]|[%°]", amount.text)
    return msgspec.structs.replace(amount, text=f"{amount.text} {written[0]}") if is_bare and written else amount


def _is_number(cell: str) -> bool:
    return not re.search(r"[^\W\d_]", cell) and bool(re.search(r"\d", cell))


def _of_text(text: str, heading: tuple[str, ...]) -> Iterator[Statement]:
    clause = ""
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        number, after = clause_of(sentence)
        clause = number or clause
        yield from _of_sentence(sentence, after, clause, heading)


def _of_sentence(sentence: str, after: int, clause: str, heading: tuple[str, ...]) -> list[Statement]:
    conditions = _conditions(sentence, after)
    told = [a for a in amounts_of(sentence) if a.start >= after and not overlap(conditions, a.start, a.end)]
    condition = " ".join(sentence[start:end].strip() for start, end in conditions)
    if not told:
        label = _without(sentence, after, len(sentence), conditions)
        return [_statement(sentence, label, (), heading, clause, condition, None)]
    colon = sentence.find(":", after, told[0].start)
    lead = sentence[after:colon] if colon >= 0 else ""
    first: tuple[str, ...] = ()
    statements: list[Statement] = []
    for place, amount in enumerate(told):
        begin = max(told[place - 1].end, _split(sentence, told[place - 1].end, amount.start)) if place else after
        end = told[place + 1].start if place + 1 < len(told) else len(sentence)
        behind = _split(sentence, amount.end, end, first=True)
        begin = max(begin, colon + 1)
        label = f"{lead} {_without(sentence, begin, amount.start, conditions)} {sentence[amount.end : behind]}"
        statement = _statement(sentence, label, first, heading, clause, condition, amount)
        if place and not lead:
            statement = msgspec.structs.replace(statement, is_continued=True)
        statements.append(statement)
        first = first or statement.words
    return statements


def _statement(
    sentence: str,
    label: str,
    first: tuple[str, ...],
    heading: tuple[str, ...],
    clause: str,
    condition: str,
    amount: Amount | None,
) -> Statement:
    return Statement(
        text=sentence,
        label=" ".join(label.split()).strip(" ,;:.—–-"),
        words=_words(label),
        around=(*first, *heading),
        names=folded_names(label),
        numbers=_numbers_in(label),
        condition=condition,
        amount=amount,
        clause=clause,
        is_wanted=_is_wanted(label),
    )


def _is_wanted(label: str) -> bool:
    return bool(WANTED.search(label) or MUST.search(label) or FORBIDDEN.search(label))


def _words(label: str) -> tuple[str, ...]:
    """The label's words without its designations: the letters of «ЩР-1» are a name, no word."""
    kept, place = [], 0
    for value in find_values(label):
        if value.kind is Kind.DESIGNATION:
            kept.append(label[place : value.start])
            place = max(place, value.end)
    return content_words(" ".join([*kept, label[place:]]))


def _numbers_in(label: str) -> tuple[str, ...]:
    return tuple(value.text for value in find_values(label) if value.kind is Kind.NUMBER)


def _split(sentence: str, start: int, end: int, *, first: bool = False) -> int:
    """Where the words behind one amount end and those before the next begin: at the first joint, else at the end for
    the last amount and at the start for others."""
    joint = _JOINT.search(sentence, start, end)
    if joint is None:
        return end if first and end == len(sentence) else start
    return joint.start()


def _conditions(sentence: str, after: int) -> list[tuple[int, int]]:
    """The spans of «при …», «если …», "where …": up to the next comma or the word that demands."""
    spans: list[tuple[int, int]] = []
    for found in CONDITION.finditer(sentence, after):
        if spans and found.start() < spans[-1][1]:
            continue
        end = CONDITION_ENDS.search(sentence, found.end())
        while (
            end is not None and sentence[end.start()] == "," and sentence[end.start() + 1 : end.start() + 2].isdigit()
        ):
            end = CONDITION_ENDS.search(sentence, end.end())
        spans.append((found.start(), end.start() if end else len(sentence)))
    return spans


def _without(sentence: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    """`sentence[start:end]` without the spans."""
    return "".join(
        letter
        for place, letter in enumerate(sentence[start:end], start)
        if not any(one <= place < other for one, other in spans)
    )
