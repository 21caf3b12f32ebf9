"""What a model is shown when it judges: the requirements in question and the blocks that the search found for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.families.matrix.rules_judging import Candidate
from domain.families.matrix.types import Requirement

JUDGE_PROMPT = "matrix/judge"

MAX_SHOWN_CHARS = 40_000
MAX_BLOCK_CHARS = 3_000
MAX_BLOCKS_EACH = 6
"""Of one question, of one block, and the blocks shown for one requirement, best first. Guesses: some 12,000 tokens."""


def role_of(mode: str) -> str:
    """Which model judges: the one that the user's profile answers with."""
    return "pro" if mode == "complex" else "flash"


def shown_blocks(
    wanted: Sequence[tuple[Requirement, Sequence[Candidate]]],
) -> dict[str, tuple[Candidate, ...]]:
    """The statements of the blocks to show, by the id that the model sees: the block id, with @n for a later twin.

    The best block of every requirement comes first, then the second ones, until the room is used.
    """
    ranked = [_by_block(candidates) for _, candidates in wanted]
    shown: dict[str, tuple[Candidate, ...]] = {}
    seen: set[tuple[Any, ...]] = set()
    room = MAX_SHOWN_CHARS
    for place in range(MAX_BLOCKS_EACH):
        for blocks in ranked:
            if place >= len(blocks):
                continue
            first = blocks[place][0]
            key = (first.document.id, first.block.page_no, first.block.id)
            size = min(len(first.block.content), MAX_BLOCK_CHARS)
            if key in seen or size > room:
                continue
            seen.add(key)
            room -= size
            shown[_ref(first.block.id, shown)] = tuple(blocks[place])
    return shown


def asked_of(
    requirements: Sequence[Requirement], shown: Mapping[str, Sequence[Candidate]], seen: Mapping[str, Candidate]
) -> dict[str, Any]:
    """The variables of the prompt."""
    return {
        "requirements": [
            {
                "number": requirement.number,
                "clause": requirement.clause,
                "text": requirement.text,
                "expected": requirement.expected,
                "condition": requirement.condition,
            }
            for requirement in requirements
        ],
        "blocks": [_block(ref, candidates[0]) for ref, candidates in shown.items()],
        "pictures": [
            {"picture": ref, "document": candidate.document.name, "place": candidate.sheet}
            for ref, candidate in seen.items()
        ],
    }


def _by_block(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    groups: dict[tuple[Any, ...], list[Candidate]] = {}
    for candidate in candidates:
        key = (candidate.document.id, candidate.block.page_no, candidate.block.id)
        groups.setdefault(key, []).append(candidate)
    return list(groups.values())


def _ref(block_id: str, shown: Mapping[str, object]) -> str:
    ref, number = block_id, 2
    while ref in shown:
        ref, number = f"{block_id}@{number}", number + 1
    return ref


def _block(ref: str, candidate: Candidate) -> dict[str, Any]:
    block = candidate.block
    shown: dict[str, Any] = {
        "block_id": ref,
        "document": candidate.document.name,
        "place": candidate.sheet,
        "content": block.content[:MAX_BLOCK_CHARS],
    }
    return shown | ({"heading": block.heading} if block.heading else {})
