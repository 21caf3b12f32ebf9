"""Issues, recommendations and differences of a reply: their evidence becomes places, their words are checked. Pure.

They are shown to the user as the text is, so nothing false in them may stay unmarked either.
"""

from collections.abc import Mapping, Sequence

import msgspec

from domain.answers import (
    VERIFIED,
    AnswerReply,
    DiffItem,
    Issue,
    Recommendation,
    ReplyCitation,
)
from domain.evidence import Citation
from domain.families.analysis.rules_claims import check_claims
from domain.grounding.rules_citations import Source, resolve
from domain.rules_sentences import sentence_spans

MAX_EXTRAS = 40
"""Of each kind: more are of a model that repeats itself. A guess."""


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    issues: tuple[Issue, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    diff: tuple[DiffItem, ...] = ()


def extras_of(reply: AnswerReply, sources: Mapping[str, Source]) -> Extras:
    """`sources` are those that the reply names anywhere, with their words, by the id that the model knows."""
    return Extras(
        issues=tuple(
            Issue(
                issue_type=issue.issue_type,
                description=issue.description,
                severity=issue.severity,
                evidence=_places(issue.evidence, sources),
                unverified=_unverified([issue.description], issue.evidence, sources, needs_evidence=True),
            )
            for issue in reply.issues[:MAX_EXTRAS]
        ),
        recommendations=tuple(
            Recommendation(
                title=advice.title,
                details=advice.details,
                unverified=_unverified([advice.title, advice.details], reply.citations, sources),
            )
            for advice in reply.recommendations[:MAX_EXTRAS]
        ),
        diff=tuple(
            DiffItem(
                item=item.item,
                before=item.before,
                after=item.after,
                impact=item.impact,
                evidence=_places(item.evidence, sources),
                unverified=_unverified(
                    [item.item, item.before, item.after, item.impact], item.evidence, sources, needs_evidence=True
                ),
            )
            for item in reply.diff[:MAX_EXTRAS]
        ),
    )


def refs_of(reply: AnswerReply) -> list[str]:
    """All ids that a reply names as evidence, each once."""
    named: list[ReplyCitation] = [*reply.citations]
    for extra in (*reply.issues, *reply.diff):
        named += extra.evidence
    return list(dict.fromkeys(citation.block_id.strip() for citation in named))


def _places(evidence: Sequence[ReplyCitation], sources: Mapping[str, Source]) -> tuple[Citation, ...]:
    return resolve(evidence, sources).citations


def _unverified(
    texts: Sequence[str | None],
    evidence: Sequence[ReplyCitation],
    sources: Mapping[str, Source],
    *,
    needs_evidence: bool = False,
) -> tuple[str, ...]:
    """The claims of the texts that are not found in the evidence; the texts themselves when there is none."""
    cited = {n: sources[ref] for n, ref in enumerate((c.block_id.strip() for c in evidence), 1) if ref in sources}
    said = [text for text in texts if text and text.strip()]
    if needs_evidence and not cited:
        return tuple(said)
    marks = "".join(f"[{number}]" for number in cited)
    sentences = [text[start:end] for text in said for start, end in sentence_spans(text)]
    claims = [claim for sentence in sentences for claim in check_claims(_cited(sentence, marks), cited)]
    return tuple(dict.fromkeys(claim.text for claim in claims if claim.verdict not in VERIFIED))


def _cited(sentence: str, marks: str) -> str:
    """The sentence with the marks of its evidence before its full stop."""
    text = sentence.strip()
    bare = text.rstrip(".!?")
    return f"{bare} {marks}{text[len(bare) :]}" if marks else text
