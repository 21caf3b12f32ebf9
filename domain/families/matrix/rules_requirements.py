"""Which statements of a norm or assignment are requirements, and what each of them asks."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from domain.documents import Block
from domain.families.matrix.rules_amounts import Amount
from domain.families.matrix.rules_statements import Statement, clause_of, statements_of
from domain.families.matrix.rules_wording import (
    CUES_OF_LIMITS,
    FORBIDDEN,
    MUST,
    ORDERED,
    PERMITTED,
    STRONG,
    content_words,
    is_quantity,
)
from domain.families.matrix.types import Place, Relation, Requirement

MAX_TEXT = 1_200
"""Characters of a requirement that are kept: longer ones are whole paragraphs that were not cut. A guess."""

MIN_WORDS = 2
"""A heading such as «Требования» is no requirement."""

_CONTENTS = re.compile(r"\.{4,}|…{2,}|(?:\s\.){4,}")
_OR_MORE = re.compile(
    r"\s*(?:и|или|and|or)\s+(?:более|выше|менее|ниже|больше|меньше|more|less|above|over|greater|higher)\b"
)
REACH = 20
"""Characters behind an amount in which «и более» stands. A guess."""

_BOUND_WORDS = re.compile(
    r"((?:не\s+(?:быть\s+)?(?:менее|более|ниже|выше|меньше|больше|превышать)|(?:not|no)\s+(?:be\s+)?(?:less|more|greater|lower"
    r"|higher)\s+than|not\s+exceed|at\s+(?:least|most)|up\s+to|[≥≤<>]|минимум|максимум|более|менее|свыше))\s*$",
    re.IGNORECASE,
)
_VALUE_UNIT = re.compile(r"^(?P<value>[^\d]*[\d\s.,–—…÷-]*\d)\s*(?P<unit>[^\d]*)$")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement before it has a number and a place."""

    clause: str
    statement: Statement
    relation: Relation
    subject: str
    parameter: str
    words: tuple[str, ...]
    is_plain: bool


def drafts_of(block: Block, clause: str) -> tuple[list[Draft], str]:
    """The requirements of a block in order, and the clause that goes on behind it. `clause` is the one before it."""
    heading_clause = clause_of(block.heading or "")[0]
    clause = heading_clause or clause
    drafts: list[Draft] = []
    for statement in statements_of(block):
        clause = statement.clause or clause
        if _CONTENTS.search(statement.text):
            continue
        if (draft := draft_of(statement, clause)) is not None:
            drafts.append(draft)
    return drafts, clause


def draft_of(statement: Statement, clause: str) -> Draft | None:
    """The requirement that a statement is; null when it asks for nothing."""
    if not _asks(statement):
        return None
    words = _words_of(statement)
    parameter = next((word for word in words if is_quantity(word)), "")
    return Draft(
        clause=clause,
        statement=statement,
        relation=relation_of(statement.text, statement.amount),
        subject=_subject(statement),
        parameter=parameter,
        words=words,
        is_plain=_is_plain(statement, words),
    )


def relation_of(text: str, amount: Amount | None) -> Relation:
    if amount is None:
        return Relation.FORBIDDEN if FORBIDDEN.search(text) else Relation.MUST
    if amount.quantity.startswith("class:"):
        return Relation.MIN
    if amount.upper is None:
        return Relation.MIN
    if amount.lower is None:
        return Relation.MAX
    return Relation.EQUAL if amount.lower == amount.upper else Relation.BETWEEN


def expected_of(draft_text: str, relation: Relation, amount: Amount | None, language: str) -> str:
    """The limit in words, as the text says it where it does: «не ниже 60 °С»."""
    if amount is None:
        return _WORDLESS[language][relation]
    said = _BOUND_WORDS.search(draft_text[: amount.start])
    if said is not None:
        return f"{said.group(1)} {amount.text}"
    is_said = re.match(r"(?:не|от|from|between|not|at|up|≤|≥|<|>)\b|[≤≥<>]", amount.text, re.IGNORECASE)
    return amount.text if is_said else f"{_LIMITS[language].get(relation, '')} {amount.text}".strip()


_LIMITS = {
    "ru": {Relation.MIN: "не менее", Relation.MAX: "не более"},
    "en": {Relation.MIN: "at least", Relation.MAX: "at most"},
}
_WORDLESS = {
    "ru": {Relation.MUST: "должно быть выполнено", Relation.FORBIDDEN: "не допускается"},
    "en": {Relation.MUST: "must be fulfilled", Relation.FORBIDDEN: "not allowed"},
}


def requirement_of(draft: Draft, number: int, place: Place, language: str, found_by: str = "rules") -> Requirement:
    statement, amount = draft.statement, draft.statement.amount
    told = _VALUE_UNIT.match(amount.text) if amount is not None else None
    return Requirement(
        number=number,
        clause=draft.clause,
        text=statement.text[:MAX_TEXT],
        subject=draft.subject[:300],
        parameter=draft.parameter,
        relation=draft.relation,
        expected=expected_of("" if statement.is_row else statement.text, draft.relation, amount, language),
        place=place,
        value=told["value"].strip() if told else amount.text if amount else "",
        unit=told["unit"].strip() if told else "",
        condition=statement.condition[:300],
        amount=amount,
        words=draft.words,
        around=statement.around,
        names=statement.names,
        is_plain=draft.is_plain,
        found_by=found_by,
    )


def _asks(statement: Statement) -> bool:
    text, amount = statement.text, statement.amount
    if statement.is_row:
        if amount is None:
            return bool(MUST.search(text) or FORBIDDEN.search(text))
        return amount.is_bound or bool(CUES_OF_LIMITS.search(f"{statement.header} {text}"))
    body = text[clause_of(text)[1] :]
    if len(content_words(body)) + (amount is not None) < MIN_WORDS:
        return False
    is_limited = amount is not None and amount.is_bound
    if not is_limited and PERMITTED.search(text) and not STRONG.search(text):
        return False
    if MUST.search(text) or FORBIDDEN.search(text) or ORDERED.match(body):
        return True
    return amount is not None and amount.is_bound and _is_limit(amount)


def _is_limit(amount: Amount) -> bool:
    """Whether a limit stands without a word that demands: «Освещённость — не менее 300 лк». A mere range tells
    values."""
    return amount.quantity.startswith("class:") or amount.lower is None or amount.upper is None


def _words_of(statement: Statement) -> tuple[str, ...]:
    """A later limit of a sentence that names its quantity alone («…, высота не менее 2 м») is of the first one's
    subject."""
    if statement.is_continued and len(statement.words) == 1 and statement.around:
        first = [word for word in statement.around if not is_quantity(word)]
        return (*statement.words, *first)
    return statement.words or content_words(statement.condition)


def _is_plain(statement: Statement, words: Sequence[str]) -> bool:
    """Whether the rules may decide it: an amount of something named, no condition, no further numbers."""
    return (
        statement.amount is not None
        and not statement.condition
        and not statement.numbers
        and any(not is_quantity(word) for word in words)
        and not (statement.is_continued and not statement.words)
        and not _is_of_whom(statement)
    )


def _is_of_whom(statement: Statement) -> bool:
    """Whether the amount says for whom a demand holds rather than what it demands: «гардеробных площадью 200 м² и
    более», "rooms over 50 m2". A bare «более» demands only next to a word that demands."""
    amount = statement.amount
    if amount is None or not amount.is_bound or (amount.lower is not None and amount.upper is not None):
        return False
    if MUST.search(statement.label) or FORBIDDEN.search(statement.label):
        return False
    if statement.is_row:
        return amount.is_open and not CUES_OF_LIMITS.search(statement.header)
    behind = statement.text[amount.end : amount.end + REACH]
    return amount.is_open or bool(_OR_MORE.match(behind))


def _subject(statement: Statement) -> str:
    if statement.amount is None:
        return ""
    label = re.sub(r"\s+", " ", MUST.sub(" ", statement.label))
    label = re.sub(
        r"\s*[,—–-]?\s*(?:быть\s+|be\s+)?(?:не\s+(?:менее|более|ниже|выше|меньше|больше)|not\s+(?:be\s+)?(?:less|more)\s+than|at\s+(?:least|most))\s*",
        " ",
        label,
        flags=re.I,
    )
    return label.strip(" ,;:.—–-")


def sole(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """The drafts without those that say the same again: same text, words and limit."""
    seen: set[tuple[str, tuple[str, ...], str]] = set()
    for draft in drafts:
        amount = draft.statement.amount
        key = (draft.statement.text, draft.words, amount.text if amount else "")
        if key not in seen:
            seen.add(key)
            yield draft
