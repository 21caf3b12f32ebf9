"""The claims ledger: every checkable statement of an answer, looked up in the places it cites (DESIGN §7).

A claim is a value with its unit, a designation, a date or a quotation. `found` needs value, unit and nearest labels
together in one spot (a row, a line) of the cited blocks, and no other spot with another value that the labels fit
better: the value alone anywhere in the block lets a quarter of altered digits through (measured, DESIGN §7).
"""

from collections.abc import Mapping

from domain.answers import Claim
from domain.families.analysis.rules_ledger import Ledger
from domain.families.analysis.rules_statements import statements_of
from domain.grounding.rules_citations import Source


def check_claims(text: str, cited: Mapping[int, Source]) -> list[Claim]:
    """The claims of `text` in order, with verdicts. `cited` are the cited blocks by the number of their citation;
    a mark of a number that is missing there is itself a claim, never found."""
    return check_text(text, Ledger(cited))


def check_text(text: str, ledger: Ledger) -> list[Claim]:
    """As `check_claims`, over blocks that are read already."""
    claims = [claim for statement in statements_of(text, ledger.cited.keys()) for claim in ledger.check(statement)]
    claims.sort(key=lambda claim: (claim.start, claim.end))
    return [
        Claim(
            claim_id=number,
            start=claim.start,
            end=claim.end,
            kind=claim.kind,
            text=claim.text,
            verdict=claim.verdict,
            label=claim.label,
            unit=claim.unit,
            citation_number=claim.citation_number,
            boxes=claim.boxes,
        )
        for number, claim in enumerate(claims, start=1)
    ]
