"""Lexical and dense rankings as one. Pure.

Scores are added, not ranks: reciprocal ranks took recall@1 of the set whose questions name a clause by its number from
.97 to .16, a sum of scores left it (docs/search.md).
"""

from collections.abc import Mapping, Sequence, Set
from uuid import UUID

import msgspec

from storage.ranking import Place, Ranked
from storage.vectors.nearest import Near

Spot = tuple[Place, int | None]
"""A page (null) or a block of it."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What the nearest chunk counts against the best lexical score, which is 1."""

    same: float = 0.2
    """Where question and document are in one language. The most by which no cell of the open sets loses more than one
    question, with a weak model and with a trained one (benchmarks/RESULTS.md, 2026-11-20)."""

    across: float = 1.5
    """Where they are not: words find little then, and more would no longer help a model that knows both languages
    (the same)."""


WEIGHTS = Weights()

ONE_LANGUAGE_ACROSS = 0.1
"""`across` of a model that knows one language: its nearness means little there. The most by which no cell loses more
than one question (the same)."""


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """Where most of the question's designations stand; null when it has none, or nothing that was found has them."""

    spots: Set[Spot] | None = None

    def holds(self, spot: Spot) -> bool:
        return self.spots is None or spot in self.spots


def fuse(
    lexical: Sequence[Ranked],
    near: Sequence[Near],
    weight_of: Mapping[UUID, float],
    *,
    level: str,
    guard: Guard,
) -> list[Ranked]:
    """Best first. `weight_of` are the documents that have vectors; in others a place keeps by vectors the rank that it
    has by words.

    A place without the question's designations gains nothing by vectors: «В2» stays before what is only like it.
    """
    scale = lexical[0].score if lexical else 1.0
    by_words = {_spot(one, level): one for one in lexical}
    by_vectors = _similarities(near, by_words, level)
    highest = max((similarity for similarity, _ in by_vectors.values()), default=0.0)
    lowest = min((similarity for similarity, _ in by_vectors.values()), default=0.0)
    spread = (highest - lowest) or 1.0
    fused = []
    for spot in by_words.keys() | by_vectors.keys():
        words, (similarity, block_no) = by_words.get(spot), by_vectors.get(spot, (lowest, spot[1]))
        gain = weight_of.get(spot[0][0])
        own = words.score if words else 0.0
        if not guard.holds(spot):
            score = own
        elif gain is None:
            score = own * (1 + min(weight_of.values(), default=0.0))
        else:
            score = own + gain * scale * (similarity - lowest) / spread
        fused.append(Ranked(spot[0], words.block_no if words else block_no, score))
    return sorted(fused, key=lambda one: (-one.score, one.place, one.block_no or 0))


def weights_of(
    languages: Mapping[UUID, str], question_language: str | None, weights: Weights = WEIGHTS
) -> dict[UUID, float]:
    """By document. A question without a language is in that of every document."""
    return {
        document_id: weights.same if question_language in (None, language) else weights.across
        for document_id, language in languages.items()
    }


def _similarities(
    near: Sequence[Near], by_words: Mapping[Spot, Ranked], level: str
) -> dict[Spot, tuple[float, int | None]]:
    """Of each place the best similarity of its chunks, and the block to show. On the level of blocks a chunk stands
    for the best of its blocks by words, else for its longest."""
    found: dict[Spot, tuple[float, int | None]] = {}
    for one in near:
        block_no: int | None = one.block_no
        if level == "block":
            own = range(one.first_block, one.last_block + 1)
            known = [by_words[one.place, number] for number in own if (one.place, number) in by_words]
            block_no = max(known, key=lambda ranked: ranked.score).block_no if known else one.block_no
        spot = (one.place, block_no if level == "block" else None)
        if spot not in found:
            found[spot] = (one.similarity, block_no)
    return found


def _spot(ranked: Ranked, level: str) -> Spot:
    return ranked.place, ranked.block_no if level == "block" else None
