"""Re-ranking: the flash model puts the best blocks of a search in a better order, where a model is configured for it.

Part of the stage `search`, after the rankings are fused. Whatever goes wrong, the order found stays.
"""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.documents import Document
from domain.errors import BudgetExceeded, ProviderFailed, ProviderRefused, ReplyInvalid
from domain.families.analysis.gathering import Found
from domain.families.analysis.rules_materials import BlockKey
from domain.stage import StageContext

RERANK_PROMPT = "analysis/rerank"
RERANK_ROLE = "rerank"
"""No role of `flash`: without models of its own nothing is re-ranked."""

CANDIDATES = 30
"""Blocks shown: with their snippets about 4,000 tokens, $0.002 and a second or two with a flash model. A guess."""

EXCERPT_CHARACTERS = 480
"""The longest snippet (`storage.snippets`)."""

PATIENCE_S = 10.0
"""The answer waits for it. A guess."""


class Reranked(msgspec.Struct, frozen=True, kw_only=True):
    """`ids` are those of the excerpts, most helpful first; others are dropped."""

    ids: tuple[str, ...] = ()


async def rerank(
    ctx: StageContext, question: str, found: Found, documents: Sequence[Document], *, patience_s: float = PATIENCE_S
) -> Found:
    """`found` with its best blocks in the order of the model; as it is when no model is to be asked, when there is
    nothing to choose, and when the reply is late, broken or too expensive."""
    best = sorted(found.blocks, key=lambda key: (-found.blocks[key], key))[:CANDIDATES]
    if len(best) < 2 or not ctx.has_models(RERANK_ROLE):
        return found
    shown = {f"E{number}": key for number, key in enumerate(best, start=1)}
    try:
        async with asyncio.timeout(patience_s):
            asked = await ctx.ask(
                RERANK_ROLE,
                RERANK_PROMPT,
                {"question": question, "excerpts": _excerpts(shown, found, documents)},
                Reranked,
            )
    except (ProviderFailed, ProviderRefused, ReplyInvalid, BudgetExceeded, TimeoutError):
        return found
    order = [shown[name] for name in dict.fromkeys(asked.reply.ids) if name in shown]
    return msgspec.structs.replace(found, blocks=reordered(found.blocks, best, order))


def reordered(
    scores: Mapping[BlockKey, float], best: Sequence[BlockKey], order: Sequence[BlockKey]
) -> dict[BlockKey, float]:
    """The scores of `best` handed out anew: first to `order`, then to the rest as they stood. No score is new, so that
    what was not shown keeps its place."""
    chosen = set(order)
    first = [*order, *(key for key in best if key not in chosen)]
    return {**scores, **dict(zip(first, (scores[key] for key in best), strict=True))}


def _excerpts(shown: Mapping[str, BlockKey], found: Found, documents: Sequence[Document]) -> list[dict[str, str | int]]:
    names: dict[UUID, str] = {document.id: document.name for document in documents}
    return [
        {
            "id": name,
            "document": names.get(key[0], ""),
            "page": key[1],
            "text": found.snippets.get(key, "")[:EXCERPT_CHARACTERS],
        }
        for name, key in shown.items()
    ]
