"""A count is never taken from one look at a picture: models miscount drawings two times in three (peers.md §5a). Pure.

What stands in text, is listed by name or fills the rows of a table is verified by the claims ledger; a number that only
a picture can have given is not.
"""

import re
from collections.abc import Mapping

from domain.answers import VERIFIED, Claim, Intent
from domain.documents import BlockKind
from domain.families.analysis.rules_claims import check_claims
from domain.grounding.rules_citations import Source

COUNTING = frozenset({"element_count", "mixed"})
"""Intents that ask how many there are (spec/aizoomdoc.md §1.4)."""

_COUNT = re.compile(r"\d{1,4}(?:\s*(?:шт\.?|pcs\.?))?$")


def is_counted_by_look(intent: Intent, text: str, cited: Mapping[int, Source]) -> bool:
    """Whether a question of how many is answered by a bare number that was not verified, from drawings or pictures.
    `cited` are the cited places by number, with their words."""
    if intent.intent_type not in COUNTING or not any(_is_drawn(source) for source in cited.values()):
        return False
    return any(_is_count(claim) and claim.verdict not in VERIFIED for claim in check_claims(text, cited))


def _is_count(claim: Claim) -> bool:
    return claim.kind == "value" and _COUNT.match(claim.text.strip()) is not None


def _is_drawn(source: Source) -> bool:
    return source.is_picture or source.block.kind is BlockKind.IMAGE
