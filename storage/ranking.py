"""The second step of a search: the best pages by terms, weighed again by where on them the terms stand. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

Place = tuple[UUID, int]
"""A page: document and page number."""

K1, B = 1.5, 0.75
"""The values of the BM25 baseline that is compared with (shared/data/MANIFEST.md). Others gave nothing that holds for
all sets (docs/search.md)."""


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """What a page's score is made of besides its own BM25. Measured in docs/search.md."""

    window: float = 0.25
    """Of the best run of neighbouring blocks: said in one place counts more than having the words."""

    window_terms: int = 100
    named: float = 1.0
    """Of the best score, for a page or sheet that the question names by its number."""

    page: float = 0.5
    """Of its page's score, for a block: words of a question are often spread over a page."""

    drawing: float = 0.5
    """Of an occurrence, for a term that the block index tells of a drawing of the page."""


SHARES = Shares()


class Candidate(msgspec.Struct, kw_only=True):
    """A page of the first step. `blocks`: by block number, how often each term stands there, 0 for a term of its
    heading only."""

    place: Place
    score: float
    is_named: bool = False
    block_lengths: Sequence[int] = ()
    blocks: dict[int, dict[str, float]] = {}


class Ranked(msgspec.Struct, frozen=True):
    """`block_no` is the best block of the page, null where only names were found."""

    place: Place
    block_no: int | None
    score: float


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate's own score as a page, what it lends to its blocks, and the scores of those by themselves."""

    place: Place
    score: float
    lent: float
    blocks: Mapping[int, float]


def weigh(
    candidates: Sequence[Candidate], idf: Mapping[str, float], block_length: float, shares: Shares = SHARES
) -> list[Weighed]:
    """In the order of `candidates`. `block_length` is the average of the searched documents, in terms."""
    best_score = max((candidate.score for candidate in candidates), default=0.0)
    weighed = []
    for candidate in candidates:
        score = _page_score(candidate, idf, best_score, shares)
        blocks = _block_scores(candidate, idf, block_length)
        weighed.append(Weighed(place=candidate.place, score=score, lent=shares.page * score, blocks=blocks))
    return weighed


def best_pages(weighed: Sequence[Weighed]) -> list[Ranked]:
    """Best first, each with its best block."""
    ranked = []
    for page in weighed:
        best = max(page.blocks, key=lambda number: (page.blocks[number], -number), default=None)
        ranked.append(Ranked(page.place, best, page.score))
    return sorted(ranked, key=lambda one: (-one.score, one.place))


def best_blocks(weighed: Sequence[Weighed]) -> list[Ranked]:
    """Best first."""
    ranked = [
        Ranked(page.place, number, score + page.lent) for page in weighed for number, score in page.blocks.items()
    ]
    return sorted(ranked, key=lambda one: (-one.score, one.place, one.block_no or 0))


def _page_score(candidate: Candidate, idf: Mapping[str, float], best_score: float, shares: Shares) -> float:
    window = _best_window(candidate, idf, shares.window_terms) if shares.window else 0.0
    named = shares.named * best_score if candidate.is_named else 0.0
    return candidate.score + shares.window * window + named


def _block_scores(candidate: Candidate, idf: Mapping[str, float], block_length: float) -> dict[int, float]:
    scores = {}
    for number, counts in candidate.blocks.items():
        norm = K1 * (1 - B + B * candidate.block_lengths[number] / block_length)
        scores[number] = sum(idf[term] * max(tf, 1) * (K1 + 1) / (max(tf, 1) + norm) for term, tf in counts.items())
    return scores


def _best_window(candidate: Candidate, idf: Mapping[str, float], window_terms: int) -> float:
    """The BM25 of the best run of blocks that has at most so many terms, or of a longer single block."""
    numbers = sorted(candidate.blocks)
    best = 0.0
    for start, first in enumerate(numbers):
        counts: dict[str, float] = {}
        length, reached = 0, first
        for number in numbers[start:]:
            added = sum(candidate.block_lengths[reached : number + 1])
            if counts and length + added > window_terms:
                break
            length, reached = length + added, number + 1
            for term, tf in candidate.blocks[number].items():
                counts[term] = counts.get(term, 0) + tf
        norm = K1 * (1 - B + B * length / window_terms)
        score = sum(idf[term] * max(tf, 1) * (K1 + 1) / (max(tf, 1) + norm) for term, tf in counts.items())
        best = max(best, score)
    return best
