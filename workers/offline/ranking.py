"""Which passage answers a question: how much of the question it covers, weighted by how rare each term is."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workers.offline.passages import Passage, cut
from workers.offline.questions import AskedFor, Wanted, asked_terms, pairs_of, wanted_of
from workers.offline.words import is_designation, terms

DESIGNATION_WEIGHT = 1.5
HEADER_SHARE = 0.9
NEAR_SHARE = 0.5
BLOCK_SHARE = 0.3
"""What a term counts for that stands not in the passage but in its column headers, in the heading or the passage
before, or elsewhere in the block. Guesses, checked on the open question sets (2026-11)."""

PAIR_BONUS = 0.06
CLAUSE_BONUS = 1.0
CUE_BONUS = 0.15
LONG_PASSAGE_TERMS = 30

_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"\b(?:1[89]|20)\d\d\b|\b\d{1,2}\.\d{1,2}\.\d{2,4}\b")


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A passage with its block's id. `coverage` is the share of the question's weight found around it, 0–1."""

    block_id: str
    block_place: int
    passage: Passage
    score: float
    coverage: float


class _Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block with its passages and the terms of each."""

    block_id: str
    place: int
    heading: frozenset[str]
    passages: Sequence[Passage]
    terms: Sequence[Sequence[str]]
    all_terms: frozenset[str]


def rank(question: str, materials: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    """All passages of the materials that share a term with the question, best first."""
    blocks = [_read(place, material) for place, material in enumerate(materials)]
    asked = _weigh(question, blocks)
    ranked = [
        found
        for block in blocks
        for number in range(len(block.passages))
        if (found := _score(asked, block, number)) is not None
    ]
    return sorted(ranked, key=lambda found: (-found.score, found.block_place, found.passage.order))


def _read(place: int, material: Mapping[str, Any]) -> _Block:
    passages = cut(str(material["content"]))
    found = [terms(passage.text) for passage in passages]
    heading = frozenset(terms(str(material.get("heading") or "")))
    everything = frozenset(term for own in found for term in own) | heading
    return _Block(
        block_id=str(material["block_id"]),
        place=place,
        heading=heading,
        passages=passages,
        terms=found,
        all_terms=everything,
    )


def _weigh(question: str, blocks: Sequence[_Block]) -> AskedFor:
    """Weights by rarity among the passages (the idf of BM25)."""
    found = asked_terms(question)
    counts: Counter[str] = Counter()
    total = 0
    for block in blocks:
        for own in block.terms:
            counts.update(set(own))
            total += 1
    weights = {}
    for term in found:
        rarity = math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5))
        weights[term] = rarity * (DESIGNATION_WEIGHT if is_designation(term) else 1.0)
    return AskedFor(weights=weights, pairs=pairs_of(found), wanted=wanted_of(question))


def _score(asked: AskedFor, block: _Block, number: int) -> Ranked | None:
    passage, own = block.passages[number], block.terms[number]
    here = set(own)
    if not here & asked.weights.keys():
        return None
    headers = set(terms(" ".join(passage.headers)))
    near = set(block.terms[number - 1]) | block.heading if number else block.heading
    total = sum(asked.weights.values()) or 1.0
    covered = 0.0
    for term, weight in asked.weights.items():
        covered += weight * _share(term, here, headers, near, block.all_terms)
    coverage = covered / total
    score = coverage * _length_factor(len(own))
    score += PAIR_BONUS * len(asked.pairs & pairs_of(own))
    score *= _cue_factor(asked, passage)
    if passage.clause is not None and passage.clause.lower() in asked.weights:
        score += CLAUSE_BONUS
    return Ranked(
        block_id=block.block_id, block_place=block.place, passage=passage, score=score, coverage=coverage
    )


def _share(
    term: str, here: set[str], headers: set[str], near: set[str] | frozenset[str], block: frozenset[str]
) -> float:
    if term in here:
        return 1.0
    if term in headers:
        return HEADER_SHARE
    if term in near:
        return NEAR_SHARE
    return BLOCK_SHARE if term in block else 0.0


def _length_factor(count: int) -> float:
    return 1.0 if count <= LONG_PASSAGE_TERMS else 1.0 / (1 + 0.2 * (count / LONG_PASSAGE_TERMS - 1))


def _cue_factor(asked: AskedFor, passage: Passage) -> float:
    """A question for a number or a date prefers passages that hold one the question does not."""
    if asked.wanted is Wanted.TEXT:
        return 1.0
    pattern = _DATE if asked.wanted is Wanted.DATE else _DIGIT
    rest = " ".join(word for word in passage.text.split() if not set(terms(word)) & asked.weights.keys())
    if passage.clause is not None:
        rest = rest.replace(passage.clause, "", 1)
    return 1.0 + CUE_BONUS if pattern.search(rest) else 1.0 - CUE_BONUS
