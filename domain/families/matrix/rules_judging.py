"""A requirement against statements of the drawings: which of them speak of the same thing, and what they add up to.

Rules decide only what they are sure of: every word of the requirement stands with the amount, no word of another thing
stands beside it, the quantity is the same, and the arithmetic says it. Everything else is unknown, with the nearest
places shown.
"""

from collections.abc import Sequence

import msgspec

from domain.documents import Block
from domain.families.matrix.rules_amounts import Verdict, compare
from domain.families.matrix.rules_statements import Statement, statements_of
from domain.families.matrix.rules_wording import FORBIDDEN, is_generic, is_quantity, is_same_word
from domain.families.matrix.types import ReadDocument, Requirement
from domain.rules_language import language_of

MAX_NEAREST = 3
MIN_NEARNESS = 0.5
"""Places shown beside an unknown one, and the share of the requirement's words that they hold at least. Guesses."""

OTHER_NAME_SHARE = 0.6
"""What a place counts that lacks a designation of the requirement. A guess."""

MAX_PROOFS = 12
"""Places kept of one requirement: a room schedule has a row for every room. A guess."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of a drawing with its block and document. `sheet` is the page as engineers say it."""

    document: ReadDocument
    block: Block
    sheet: str
    statement: Statement


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    candidate: Candidate
    verdict: Verdict
    basis: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is a code of `rules_reasons`."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...] = ()


def candidates_of(document: ReadDocument, block: Block, sheet: str) -> list[Candidate]:
    return [
        Candidate(document=document, block=block, sheet=sheet, statement=statement)
        for statement in statements_of(block)
    ]


def judge(requirement: Requirement, candidates: Sequence[Candidate]) -> Judgement:
    """What the rules can say with certainty; unknown with the nearest places else."""
    nearest = _nearest(requirement, candidates)
    if requirement.amount is None:
        return Judgement(verdict=Verdict.UNKNOWN, reason="not_computable", findings=nearest)
    if not requirement.is_plain:
        reason = "conditional" if requirement.condition else "complex"
        return Judgement(verdict=Verdict.UNKNOWN, reason=reason, findings=nearest)
    sure = [candidate for candidate in candidates if is_same_thing(requirement, candidate.statement)]
    findings = [_finding(requirement, candidate) for candidate in _actual(sure)]
    if not findings:
        return Judgement(verdict=Verdict.UNKNOWN, reason="not_found" if not nearest else "uncertain", findings=nearest)
    return _summed(findings)


def is_same_thing(requirement: Requirement, statement: Statement) -> bool:
    """Whether a statement tells, for certain, the amount that the requirement limits."""
    if statement.amount is None or requirement.amount is None or statement.condition:
        return False
    if statement.is_wanted and not statement.amount.is_bound:
        return False
    if not statement.is_wanted and not statement.is_row and FORBIDDEN.search(statement.text):
        return False
    if statement.amount.quantity != requirement.amount.quantity or not requirement.words:
        return False
    if not requirement.names <= statement.names:
        return False
    own, around = statement.words, statement.around
    if not all(_has(own, word) or (not is_quantity(word) and _has(around, word)) for word in requirement.words):
        return False
    if any(not _has(requirement.words, word) and not _has(requirement.around, word) for word in own):
        return False
    if statement.is_row:
        return all(is_generic(word) or _has(requirement.words, word) for word in statement.over)
    things = [word for word in requirement.words if not is_quantity(word)]
    return language_of(requirement.text) == "en" or _is_in_order(things, own)


def nearness(requirement: Requirement, statement: Statement) -> float:
    """The share of the requirement's words that the statement has, 0–1; more with an amount of its quantity."""
    if not requirement.words:
        return 0.0
    held = sum(_has(statement.words, word) or 0.5 * _has(statement.around, word) for word in requirement.words)
    share = held / len(requirement.words)
    if not requirement.names <= statement.names:
        share *= OTHER_NAME_SHARE
    is_alike = (
        requirement.amount is not None
        and statement.amount is not None
        and statement.amount.quantity == requirement.amount.quantity
    )
    return share + (0.3 if is_alike and share > 0 else 0.0)


def _has(words: Sequence[str], word: str) -> bool:
    return any(is_same_word(word, other) for other in words)


def _is_in_order(wanted: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the wanted words that stand among `words` do so in the same order: «ширина двери коридора» is not
    «ширина коридора двери». English says "corridor width" and "width of the corridor"."""
    places = [next((place for place, other in enumerate(words) if is_same_word(word, other)), None) for word in wanted]
    told = [place for place in places if place is not None]
    return told == sorted(told)


def _actual(sure: Sequence[Candidate]) -> list[Candidate]:
    """Values that are told, rather than limits that a note repeats; limits where nothing else is told. The same words
    on the same page count once."""
    values = [c for c in sure if _is_told(c.statement)]
    seen: set[tuple[object, ...]] = set()
    kept: list[Candidate] = []
    for candidate in values or sure:
        statement = candidate.statement
        key = (candidate.document.id, candidate.block.page_no, candidate.block.id, statement.text, statement.label)
        if key not in seen:
            seen.add(key)
            kept.append(candidate)
    return kept


def _is_told(statement: Statement) -> bool:
    """Whether what is there is told, a range included, rather than what should be."""
    amount = statement.amount
    if amount is None or statement.is_wanted:
        return False
    return not amount.is_bound or (amount.lower is not None and amount.upper is not None)


def _finding(requirement: Requirement, candidate: Candidate) -> Finding:
    amount = candidate.statement.amount
    if amount is None or requirement.amount is None:
        raise ValueError("only amounts are compared")
    return Finding(candidate=candidate, verdict=compare(requirement.amount, amount), basis="computed")


def _summed(findings: Sequence[Finding]) -> Judgement:
    failed = [finding for finding in findings if finding.verdict is Verdict.FAIL]
    passed = [finding for finding in findings if finding.verdict is Verdict.PASS]
    open_ones = [finding for finding in findings if finding.verdict is Verdict.UNKNOWN]
    shown = tuple([*failed, *open_ones, *passed][:MAX_PROOFS])
    if failed and any(_is_one_thing(one, other) for one in failed for other in passed):
        both = (*failed[: MAX_PROOFS // 2], *passed[: MAX_PROOFS // 2])
        return Judgement(verdict=Verdict.UNKNOWN, reason="contradictory", findings=both)
    if failed:
        return Judgement(verdict=Verdict.FAIL, reason="computed_fail", findings=shown)
    if open_ones:
        return Judgement(verdict=Verdict.UNKNOWN, reason="overlapping", findings=shown)
    return Judgement(verdict=Verdict.PASS, reason="computed_pass", findings=shown)


def _is_one_thing(one: Finding, other: Finding) -> bool:
    """Whether two places speak of the same instance: the same designations, or none on either side."""
    left, right = one.candidate.statement, other.candidate.statement
    return (left.names, left.numbers) == (right.names, right.numbers)


def _nearest(requirement: Requirement, candidates: Sequence[Candidate]) -> tuple[Finding, ...]:
    ranked = sorted(
        ((nearness(requirement, candidate.statement), place) for place, candidate in enumerate(candidates)),
        key=lambda pair: (-pair[0], pair[1]),
    )
    best: list[Finding] = []
    seen: set[str] = set()
    for share, place in ranked:
        candidate = candidates[place]
        if share < MIN_NEARNESS or len(best) == MAX_NEAREST:
            break
        if candidate.statement.text not in seen:
            seen.add(candidate.statement.text)
            best.append(Finding(candidate=candidate, verdict=Verdict.UNKNOWN, basis="nearest"))
    return tuple(best)
