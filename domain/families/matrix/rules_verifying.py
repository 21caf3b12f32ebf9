"""A model's opinion checked by the server: quotations must stand where it says, arithmetic is done here.

A pass or fail is kept only if words that stand in the named blocks speak of the requirement's subject and, where it
limits an amount, the comparison itself gives the same verdict. Everything else becomes unknown, with what was found.
"""

from collections.abc import Mapping, Sequence

import msgspec

from domain.families.matrix.replies import Evidence, JudgedRequirement
from domain.families.matrix.rules_amounts import Verdict, compare
from domain.families.matrix.rules_judging import Candidate, Finding, Judgement, is_same_thing
from domain.families.matrix.rules_statements import Statement
from domain.families.matrix.rules_wording import content_words, is_quantity, is_same_word
from domain.families.matrix.types import Requirement
from domain.grounding.rules_text import fold
from domain.rules_language import language_of

MIN_QUOTE = 4
"""Letters and digits of a quotation that proves anything: «1,2 м» alone stands everywhere. A guess."""

MIN_SHARE = 0.5
"""Of the requirement's words that the quoted place must have. A guess; see `benchmarks.matrix`."""

LEAST_SHARED, WORDLESS_SHARE = 2, 0.3
"""Of the words of a requirement without an amount: «Коридор 101» shows nothing of an alarm in corridors. Guesses."""

MAX_EVIDENCE = 6


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """A quotation that stands in its block: the statement it is of, with the words of the quotation as its text."""

    candidate: Candidate
    quote: str


def verify(
    requirement: Requirement,
    opinion: JudgedRequirement,
    shown: Mapping[str, Sequence[Candidate]],
    everything: Sequence[Candidate],
    seen: Mapping[str, Candidate] = {},
) -> Judgement:
    """What of the opinion holds. `shown` are the statements of the blocks that the model saw, by the ids it saw, `seen`
    the pictures; `everything` are all candidates of the requirement."""
    quoted = [item for evidence in opinion.evidence[:MAX_EVIDENCE] for item in _quoted(evidence, shown, requirement)]
    findings = [_finding(requirement, item) for item in quoted if is_about(requirement, item.candidate.statement)]
    loose = tuple(
        Finding(candidate=item.candidate, verdict=Verdict.UNKNOWN, basis="nearest") for item in quoted[:MAX_EVIDENCE]
    )
    if opinion.verdict is Verdict.UNKNOWN:
        return Judgement(verdict=Verdict.UNKNOWN, reason="undecided", findings=loose)
    if not findings:
        looked_at = tuple(
            Finding(candidate=seen[ref], verdict=Verdict.UNKNOWN, basis="seen")
            for ref in dict.fromkeys(evidence.block_id.strip() for evidence in opinion.evidence)
            if ref in seen
        )
        reason = "seen_only" if looked_at else "unverified"
        return Judgement(verdict=Verdict.UNKNOWN, reason=reason, findings=(*loose, *looked_at))
    if requirement.amount is None:
        return _of_words(opinion, findings)
    return _of_amounts(requirement, opinion, findings, everything)


def is_about(requirement: Requirement, statement: Statement) -> bool:
    """Whether a quoted statement speaks of what the requirement is about. Across languages words cannot tell: there an
    amount of the same quantity is compared on the model's word, and without one only a shared designation counts."""
    if requirement.names and statement.names and not requirement.names & statement.names:
        return False
    if language_of(requirement.text) != language_of(statement.text):
        return requirement.amount is not None or bool(requirement.names & statement.names)
    wanted = requirement.words or content_words(requirement.text)
    held = (*statement.words, *statement.around)
    if requirement.amount is None:
        held = (*held, *content_words(statement.text))
        shared = sum(_has(held, word) for word in dict.fromkeys(wanted))
        return shared >= max(min(LEAST_SHARED, len(set(wanted))), WORDLESS_SHARE * len(set(wanted)))
    if any(is_quantity(word) and not _has(held, word) for word in wanted):
        return False
    return bool(wanted) and sum(_has(held, word) for word in wanted) >= MIN_SHARE * len(wanted)


def _has(words: Sequence[str], word: str) -> bool:
    return any(is_same_word(word, other) for other in words)


def _quoted(evidence: Evidence, shown: Mapping[str, Sequence[Candidate]], requirement: Requirement) -> list[Quoted]:
    """The statements of the named block that hold the quotation; none when it does not stand there."""
    wanted = fold(evidence.quote.replace("|", " "))
    if sum(letter.isalnum() for letter in wanted) < MIN_QUOTE:
        return []
    of_block = shown.get(evidence.block_id.strip(), ())
    texts = [fold(candidate.statement.text.replace("|", " ")) for candidate in of_block]
    is_there = _stands_there(wanted, of_block, texts)
    held = [
        candidate
        for candidate, text in zip(of_block, texts, strict=True)
        if wanted in text or (is_there and text in wanted and len(text) >= MIN_QUOTE)
    ]
    if requirement.amount is not None:
        alike = [c for c in held if c.statement.amount and c.statement.amount.quantity == requirement.amount.quantity]
        told = [c for c in alike if c.statement.amount and fold(c.statement.amount.text) in wanted] or alike
        about = [c for c in told if is_about(requirement, c.statement)]
        held = about or told or held
    return [Quoted(candidate=candidate, quote=evidence.quote) for candidate in held]


def _stands_there(wanted: str, of_block: Sequence[Candidate], texts: Sequence[str]) -> bool:
    """Whether a quotation of several statements stands in the block: one statement in it does not prove the rest."""
    blocks = {fold(candidate.block.content.replace("|", " ")) for candidate in of_block}
    return wanted in "".join(dict.fromkeys(texts)) or any(wanted in block for block in blocks)


def _finding(requirement: Requirement, item: Quoted) -> Finding:
    amount = item.candidate.statement.amount
    if requirement.amount is None:
        return Finding(candidate=item.candidate, verdict=Verdict.UNKNOWN, basis="quoted")
    verdict = compare(requirement.amount, amount) if amount is not None else Verdict.UNKNOWN
    return Finding(candidate=item.candidate, verdict=verdict, basis="computed")


def _of_words(opinion: JudgedRequirement, findings: Sequence[Finding]) -> Judgement:
    told = tuple(msgspec.structs.replace(finding, verdict=opinion.verdict) for finding in findings)
    return Judgement(verdict=opinion.verdict, reason=f"quoted_{opinion.verdict.value}", findings=told)


def _of_amounts(
    requirement: Requirement,
    opinion: JudgedRequirement,
    findings: Sequence[Finding],
    everything: Sequence[Candidate],
) -> Judgement:
    computed = [finding for finding in findings if finding.verdict is not Verdict.UNKNOWN]
    if not computed:
        return Judgement(verdict=Verdict.UNKNOWN, reason="unverified", findings=tuple(findings))
    contrary = [f for f in [*computed, *_certain(requirement, everything)] if f.verdict is not opinion.verdict]
    agreeing = [finding for finding in computed if finding.verdict is opinion.verdict]
    if not agreeing:
        return Judgement(verdict=Verdict.UNKNOWN, reason="disagreeing", findings=tuple(computed))
    if contrary:
        return Judgement(verdict=Verdict.UNKNOWN, reason="contradictory", findings=(*agreeing, *contrary))
    return Judgement(verdict=opinion.verdict, reason=f"computed_{opinion.verdict.value}", findings=tuple(agreeing))


def _certain(requirement: Requirement, everything: Sequence[Candidate]) -> list[Finding]:
    """What the rules are sure of among all candidates, also where they leave the verdict to a model."""
    sure = [candidate for candidate in everything if is_same_thing(requirement, candidate.statement)]
    return [
        Finding(candidate=candidate, verdict=compare(requirement.amount, candidate.statement.amount), basis="computed")
        for candidate in sure
        if requirement.amount is not None and candidate.statement.amount is not None
    ]
