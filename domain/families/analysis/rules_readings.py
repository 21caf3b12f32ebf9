"""Which values of an answer rest on a picture alone and are read a second time, and what the readings add up to. Pure.

Critical are numbers with a unit, dimensions, elevations and designations: a wrong digit of these costs money. The
second reader is shown the sentence with the value left out, never the first reading.
"""

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.answers import VERIFIED, Claim, ClaimReading, Verdict
from domain.documents import BlockKind, Box, Page, PageFacts, PageKey, union
from domain.evidence import Citation
from domain.families.analysis.rules_spots import stems
from domain.families.analysis.rules_statements import Statement, statements_of
from domain.families.analysis.types import Reading
from domain.grounding.rules_citations import Source
from domain.grounding.rules_text import fold
from domain.grounding.rules_values import Kind, Value, find_values

MAX_BLANKS = 8
"""Values of one answer that are read again, those the question is about first. A guess."""

SURE = 0.85
"""From this confidence on a recogniser's page counts as read well. A guess."""

BLANK = "▢"
_ELEVATION = re.compile(r"[+\-−–±]?\s?\d{1,3}[.,]\d{3}$")
"""Marks are in metres with three decimals (GOST 21.101)."""

_PIECES = frozenset({"pcs"})


class Blank(msgspec.Struct, frozen=True, kw_only=True):
    """A value to be read again. `sentence` has ▢ and the number in its place, and ▢ alone where further unproved values
    of its kind stand. `place` is in the unrotated page, null is all of it. `was` is the verdict of the ledger; `by` is
    who read it first."""

    number: int
    claim: Claim
    value: Value
    sentence: str
    document_id: UUID
    page_no: int
    place: Box | None
    was: Verdict
    by: str = "model"
    picture: int | None = None


def blanks_of(
    text: str,
    question: str,
    claims: Sequence[Claim],
    citations: Sequence[Citation],
    cited: Mapping[int, Source],
    pages: Mapping[PageKey, Page],
    *,
    is_count: bool = False,
) -> list[Blank]:
    """The critical values of `text` that no word of a text layer supports but a cited picture may, numbered from 1.
    `is_count`: the question is how many there are; two looks prove no count."""
    by_place = {(claim.start, claim.end): claim for claim in claims}
    by_number = {citation.number: citation for citation in citations}
    asked = set(stems(question))
    known = {fold(value.text) for value in find_values(question)}
    found: list[tuple[int, Blank]] = []
    for statement in statements_of(text, cited.keys()):
        interest = len(asked & {label.stem for label in statement.labels})
        for value in statement.values:
            claim = by_place.get((value.start, value.end))
            if claim is None or not _is_critical(value, known) or (is_count and value.units == _PIECES):
                continue
            number = _pictured_mark(claim, statement, cited, pages)
            if number is not None:
                blank = _blank(statement, value, claim, by_place, by_number.get(number), cited[number], pages)
                found.append((interest, blank))
    found.sort(key=lambda item: -item[0])
    kept = [blank for _, blank in found[:MAX_BLANKS]]
    return [_numbered(blank, number) for number, blank in enumerate(kept, start=1)]


def agrees(value: Value, text: str | None) -> bool:
    """Whether a reading says the value and no other: the same number with the same sign, and the same unit where it
    tells one."""
    if not text:
        return False
    if fold(text) == fold(value.text):
        return True
    told = [other for other in find_values(text) if other.kind is value.kind]
    return bool(told) and all(
        bool(other.forms & value.forms)
        and other.sign == value.sign
        and (not other.units or not value.units or other.units == value.units)
        for other in told
    )


def needs_third(readings: Sequence[ClaimReading]) -> bool:
    """Whether the second reading leaves it open what the value is."""
    return not readings[-1].agrees


def settle(blank: Blank, readings: Sequence[ClaimReading]) -> Reading:
    """Two readings that agree confirm a value, also two of three. Two later ones that agree against it make it
    conflicting; whatever else differs or cannot be read leaves it ambiguous."""
    further = readings[1:]
    told = [fold(reading.text) for reading in further if reading.text]
    if any(reading.agrees for reading in further):
        verdict = Verdict.FOUND
    elif len(told) > 1 and len(set(told)) == 1:
        verdict = Verdict.CONFLICTING
    else:
        verdict = Verdict.AMBIGUOUS
    return Reading(
        start=blank.claim.start,
        end=blank.claim.end,
        verdict=verdict,
        readings=tuple(readings),
        citation_number=blank.claim.citation_number,
        boxes=(blank.place,) if blank.place is not None else (),
    )


def first_reading(blank: Blank) -> ClaimReading:
    return ClaimReading(text=blank.value.text, by=blank.by, picture=blank.picture, agrees=True)


def with_readings(claims: Sequence[Claim], readings: Sequence[Reading]) -> list[Claim]:
    """The claims of the ledger with what was read again."""
    by_place = {(reading.start, reading.end): reading for reading in readings}
    return [
        claim if (reading := by_place.get((claim.start, claim.end))) is None else _with_reading(claim, reading)
        for claim in claims
    ]


def _with_reading(claim: Claim, reading: Reading) -> Claim:
    return msgspec.structs.replace(
        claim,
        verdict=reading.verdict,
        readings=reading.readings,
        citation_number=claim.citation_number or reading.citation_number,
        boxes=claim.boxes or reading.boxes,
    )


def _is_critical(value: Value, known: set[str]) -> bool:
    """A designation that the question names is what the reader looks for, not what is read."""
    if value.kind is Kind.DESIGNATION:
        return value.shape != "standard" and fold(value.text) not in known
    if value.kind is not Kind.NUMBER:
        return False
    is_dimension = any("x" in form for form in value.forms)
    return bool(value.units) or is_dimension or _ELEVATION.search(value.text) is not None


def _pictured_mark(
    claim: Claim, statement: Statement, cited: Mapping[int, Source], pages: Mapping[PageKey, Page]
) -> int | None:
    """The citation whose picture the value rests on; null when words of a text layer decide."""
    marks = [claim.citation_number] if claim.citation_number in cited else list(statement.marks)
    for number in marks:
        facts = _facts(cited[number], pages) if number is not None else None
        if number is None or not (_is_pictured(cited[number]) or _is_recognised(facts)):
            continue
        if claim.verdict is Verdict.FOUND:
            if facts is not None and _is_recognised(facts) and (facts.confidence or 0.0) < SURE:
                return number
        elif claim.verdict not in VERIFIED and (claim.verdict is not Verdict.CONFLICTING or not _has_text(facts)):
            return number
    return None


def _is_pictured(source: Source) -> bool:
    return source.is_picture or source.picture is not None or source.block.kind is BlockKind.IMAGE


def _is_recognised(facts: PageFacts | None) -> bool:
    """Whether the words of the page are a reading of its picture."""
    return facts is not None and (facts.read_by == "tesseract" or facts.read_by.startswith("model:"))


def _has_text(facts: PageFacts | None) -> bool:
    """Whether the page has words that are no reading: what they contradict no picture proves."""
    return facts is not None and facts.read_by != "nothing" and not _is_recognised(facts)


def _facts(source: Source, pages: Mapping[PageKey, Page]) -> PageFacts | None:
    page = pages.get((source.material.document_id, source.block.page_no))
    return page.facts if page is not None else None


def _blank(
    statement: Statement,
    value: Value,
    claim: Claim,
    claims: Mapping[tuple[int, int], Claim],
    citation: Citation | None,
    source: Source,
    pages: Mapping[PageKey, Page],
) -> Blank:
    """Numbered later: the number takes the place of `{}` in the sentence."""
    letters = list(statement.text)
    for other in statement.values:
        told = claims.get((other.start, other.end))
        is_open = told is not None and told.verdict not in VERIFIED and other.kind is value.kind
        if is_open or fold(other.text) == fold(value.text):
            begin, end = other.start - statement.start, other.end - statement.start
            letters[begin:end] = ["\0" if other is value else BLANK, *[""] * (end - begin - 1)]
    facts = _facts(source, pages)
    by_words = claim.verdict is Verdict.FOUND and facts is not None
    return Blank(
        number=0,
        claim=msgspec.structs.replace(claim, citation_number=citation.number if citation else claim.citation_number),
        value=value,
        sentence=" ".join("".join(letters).split()),
        document_id=source.material.document_id,
        page_no=source.block.page_no,
        place=_place_of(citation, source),
        was=claim.verdict,
        by="recogniser" if by_words else "model",
        picture=source.picture.number if source.picture is not None else None,
    )


def _place_of(citation: Citation | None, source: Source) -> Box | None:
    """Where the answer points: its boxes, else all that the picture or block shows."""
    if citation is not None and citation.boxes:
        return union(citation.boxes)
    return source.picture.box if source.picture is not None else source.block.box


def _numbered(blank: Blank, number: int) -> Blank:
    return msgspec.structs.replace(blank, number=number, sentence=blank.sentence.replace("\0", f"{BLANK}{number}"))
