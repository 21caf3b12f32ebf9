"""What the offline reader picks for a question before it is answered: blocks, and facts in their own words."""

from collections.abc import Mapping
from typing import Any

from domain.families.analysis.replies import CollectReply
from domain.families.analysis.types import Fact, Facts
from workers.offline.choosing import choose
from workers.offline.questions import read_question
from workers.offline.ranking import rank

MAX_PICKED = 12
"""Blocks of one document. A guess."""


def read_facts(variables: Mapping[str, Any]) -> Facts:
    """`Facts` from the variables of the prompt `analysis/extract`; of the blocks alone, for it sees no pictures."""
    asked = read_question(str(variables["question"]))
    materials = variables["materials"]
    chosen = choose(asked, rank(asked, materials), materials)
    facts = (Fact(text=found.passage.text, source_block_ids=(found.block_id,)) for found in chosen)
    return Facts(facts=tuple(facts))


def pick_blocks(variables: Mapping[str, Any]) -> CollectReply:
    """`CollectReply` from the variables of the prompt `analysis/collect`: the blocks of the best passages."""
    asked = read_question(str(variables["question"]))
    ranked = rank(asked, variables["materials"])
    return CollectReply(selected_blocks=tuple(dict.fromkeys(found.block_id for found in ranked))[:MAX_PICKED])
