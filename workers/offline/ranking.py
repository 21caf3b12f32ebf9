"""Which passage answers a question: how much of the question stands in and around it, weighted by rarity."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workers.offline.passages import Passage, cut
from workers.offline.questions import AskedFor, Wanted, pairs_of
from workers.offline.words import is_designation, sequence_of, terms_of

DESIGNATION_WEIGHT = 1.5
SMALL_NUMBER_WEIGHT = 0.5
"""Of a term, against a word: a designation is what the question is about, a «1» stands everywhere. Guesses."""

HEADER_SHARE = 0.9
NEAR_SHARE = 0.5
BLOCK_SHARE = 0.35
PAGE_SHARE = 0.2
"""What a term counts for that stands not in the passage but in its column headers; in the heading, the passage before,
the table's title or the document's name; elsewhere in the block; elsewhere on the page. Guesses, checked on the open
question sets."""

LEAST_PASSAGES = 50
"""Rarity among fewer passages says nothing: a word that is missing in three sentences is not rare. A guess."""

PAIR_BONUS = 0.06
CLAUSE_BONUS = 1.0
CUE_BONUS = 0.15
LONG_PASSAGE_TERMS = 30

_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"\b(?:1[89]|20)\d\d\b|\b\d{1,2}\.\d{1,2}\.\d{2,4}\b")


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A passage with its block. `coverage` is the share of the question's weight found in and around it, `own` that
    in the passage and its headers alone, both 0–1."""

    block_id: str
    block_place: int
    passage: Passage
    score: float
    coverage: float
    own: float


class _Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block with its passages and the terms of each; `around` are the heading's and the document's terms, `all` the
    block's, `page` the page's."""

    block_id: str
    place: int
    passages: Sequence[Passage]
    terms: Sequence[frozenset[str]]
    around: frozenset[str]
    all: frozenset[str]
    page: frozenset[str]


def rank(asked: AskedFor, materials: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    """All passages of the materials that share a term with the question, best first."""
    blocks = _read(materials)
    weights = _weigh(asked, blocks)
    ranked = [
        found
        for block in blocks
        for number in range(len(block.passages))
        if (found := _score(asked, weights, block, number)) is not None
    ]
    return sorted(ranked, key=lambda found: (-found.score, found.block_place, found.passage.order))


def asks_for(asked: AskedFor, passage: Passage) -> bool:
    """Whether the question names the clause that the passage begins: 5.3.2 or V.1.1, not a plain 1."""
    clause = (passage.clause or "").lower()
    return not clause.isdigit() and clause in asked.designations


def _read(materials: Sequence[Mapping[str, Any]]) -> list[_Block]:
    passages = [cut(str(material["content"])) for material in materials]
    terms = [[terms_of(passage.text) for passage in own] for own in passages]
    pages: dict[tuple[str, str], set[str]] = {}
    for material, own in zip(materials, terms, strict=True):
        pages.setdefault(_page(material), set()).update(*own)
    return [
        _Block(
            block_id=str(material["block_id"]),
            place=place,
            passages=passages[place],
            terms=terms[place],
            around=terms_of(f"{material.get('heading') or ''} {material.get('document') or ''}"),
            all=frozenset().union(*terms[place]),
            page=frozenset(pages[_page(material)]),
        )
        for place, material in enumerate(materials)
    ]


def _page(material: Mapping[str, Any]) -> tuple[str, str]:
    return str(material.get("document")), str(material.get("place"))


def _weigh(asked: AskedFor, blocks: Sequence[_Block]) -> dict[str, float]:
    """Weights by rarity among the passages (the idf of BM25) and kind."""
    counts: Counter[str] = Counter()
    total = 0
    for block in blocks:
        for own in block.terms:
            counts.update(own & asked.weights.keys())
            total += 1
    total = max(total, LEAST_PASSAGES)
    return {
        term: weight * math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) * _kind_weight(term)
        for term, weight in asked.weights.items()
    }


def _kind_weight(term: str) -> float:
    if term.isdigit():
        return SMALL_NUMBER_WEIGHT if len(term) <= 2 else 1.0
    return DESIGNATION_WEIGHT if is_designation(term) else 1.0


def _score(asked: AskedFor, weights: Mapping[str, float], block: _Block, number: int) -> Ranked | None:
    passage, own = block.passages[number], block.terms[number]
    if not own & weights.keys():
        return None
    headers = terms_of(" ".join(passage.headers))
    near = block.around | terms_of(passage.around)
    near |= block.terms[number - 1] if number else frozenset()
    tiers = (
        (own, 1.0),
        (headers, HEADER_SHARE),
        (near, NEAR_SHARE),
        (block.all, BLOCK_SHARE),
        (block.page, PAGE_SHARE),
    )
    total = sum(weights.values()) or 1.0
    coverage = sum(weight * _share(term, tiers) for term, weight in weights.items()) / total
    score = coverage * _length_factor(len(own)) * _cue_factor(asked, passage)
    score += PAIR_BONUS * len(asked.pairs & pairs_of(sequence_of(passage.text)))
    if asks_for(asked, passage):
        score += CLAUSE_BONUS
    return Ranked(
        block_id=block.block_id,
        block_place=block.place,
        passage=passage,
        score=score,
        coverage=coverage,
        own=sum(weight for term, weight in weights.items() if term in own or term in headers) / total,
    )


def _share(term: str, tiers: Sequence[tuple[frozenset[str], float]]) -> float:
    return next((share for terms, share in tiers if term in terms), 0.0)


def _length_factor(count: int) -> float:
    return 1.0 if count <= LONG_PASSAGE_TERMS else 1.0 / (1 + 0.2 * (count / LONG_PASSAGE_TERMS - 1))


def _cue_factor(asked: AskedFor, passage: Passage) -> float:
    """A question for a number or a date prefers passages that hold one the question does not."""
    if asked.wanted is Wanted.TEXT:
        return 1.0
    pattern = _DATE if asked.wanted is Wanted.DATE else _DIGIT
    rest = [word for word in passage.text.split() if not terms_of(word) & asked.weights.keys()]
    return 1.0 + CUE_BONUS if pattern.search(" ".join(rest)) else 1.0 - CUE_BONUS
