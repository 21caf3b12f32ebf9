"""Which passage answers a question: how much of the question stands in and around it, weighted by rarity."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workers.offline.abbreviations import abbreviations_in, shortened_in, with_abbreviations
from workers.offline.blocks import ReadBlock, read_blocks, running_titles
from workers.offline.definitions import defines
from workers.offline.factors import bonus_of, factor_of
from workers.offline.forms import adjectives_in
from workers.offline.kinds import asks_where, is_bare, is_of_contents
from workers.offline.marks import with_whole_marks
from workers.offline.passage import Passage
from workers.offline.quantities import is_quantity
from workers.offline.questions import AskedFor
from workers.offline.words import is_designation, terms_of

DESIGNATION_WEIGHT = 1.5
SMALL_NUMBER_WEIGHT = 0.5
"""Of a term, against a word: a designation is what the question is about, a «1» stands everywhere. Guesses."""

HEADER_SHARE = 0.9
LABEL_SHARE = 0.7
DOCUMENT_SHARE = 0.7
NEAR_SHARE = 0.5
BLOCK_SHARE = 0.35
PAGE_SHARE = 0.2
"""What a term counts for that stands not in the passage but in its column headers; in the labels above it; in the
document's name; in the passage before; elsewhere in the block; elsewhere on the page. Guesses, checked on the open
question sets."""

SYNONYM_SHARE = 0.85
QUANTITY_SHARE = 0.6
"""What a word counts for that stands for the asked one, and a unit for its quantity. Guesses."""

NAME_SHARE = 0.3
"""Weight of a word that stands in the name of every document asked: it tells them from others, not their passages. A
guess."""

RUNNING_FACTOR = 0.4
"""A running title answers nothing. A guess."""

LEAST_PASSAGES = 50
"""Rarity among fewer passages says nothing: a word that is missing in three sentences is not rare. A guess."""

NAMED_PAGE_FACTOR = 1.5
"""Of what stands on a page that the question names. A guess."""

DEFINITION_COVERAGE = 0.5
"""What says the meaning of a word answers a question for it, however few of its words it has. A guess."""

_CLAUSE_ONLY = re.compile(r"[^\W\d_]\.|\..*\.")
_NONE: frozenset[str] = frozenset()


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A passage with its block. `coverage` is the share of the question's weight found in and around it, `own` that
    in the passage and its headers alone, both 0–1; `terms` are those of the question in it, its headers, its labels
    and its document's name. `is_contents`: it tells where something stands, and the question does not ask where."""

    block_id: str
    block_place: int
    passage: Passage
    score: float
    coverage: float
    own: float
    terms: frozenset[str] = frozenset()
    is_contents: bool = False


def rank(asked: AskedFor, materials: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    """All passages of the materials that share a term with the question, best first."""
    blocks = with_whole_marks(asked.designations, read_blocks(materials))
    contents = [str(material["content"]) for material in materials]
    synonyms = with_abbreviations(asked.synonyms, asked.weights, abbreviations_in(contents))
    vocabulary = frozenset().union(*(block.all for block in blocks))
    for term, others in (
        *shortened_in(contents, asked.text).items(),
        *adjectives_in(vocabulary, asked.weights).items(),
    ):
        synonyms[term] = synonyms.get(term, _NONE) | others
    asked = msgspec.structs.replace(asked, synonyms=synonyms)
    weights = _weigh(asked, blocks)
    running = running_titles(blocks)
    ranked = [
        msgspec.structs.replace(found, score=found.score * RUNNING_FACTOR) if found.passage.text in running else found
        for block in blocks
        for number in range(len(block.passages))
        if (found := _score(asked, weights, block, number)) is not None
    ]
    return sorted(ranked, key=lambda found: (-found.score, found.block_place, found.passage.order))


def asks_for(asked: AskedFor, passage: Passage) -> bool:
    """Whether the question names the clause that the passage begins: 5.3.2 or V.1.1, not a plain 1; 3.3 only when it
    speaks of a clause, for it may be a value."""
    clause = (passage.clause or "").lower()
    return clause in asked.designations and (asked.cues.names_clause or _CLAUSE_ONLY.search(clause) is not None)


def _weigh(asked: AskedFor, blocks: Sequence[ReadBlock]) -> dict[str, float]:
    """Weights by rarity among the passages (the idf of BM25) and kind."""
    counts: Counter[str] = Counter()
    total = 0
    for block in blocks:
        for own in block.terms:
            counts.update(term for term in asked.weights if _stands_in(term, own, asked))
            total += 1
    total = max(total, LEAST_PASSAGES)
    weights = {
        term: weight * math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) * _kind_weight(term)
        for term, weight in asked.weights.items()
    }
    named = frozenset.intersection(*(block.document for block in blocks)) if blocks else _NONE
    if weights.keys() <= named:
        return weights
    return {term: weight * (NAME_SHARE if term in named else 1.0) for term, weight in weights.items()}


def _kind_weight(term: str) -> float:
    if term.isdigit():
        return SMALL_NUMBER_WEIGHT if len(term) <= 2 else 1.0
    return DESIGNATION_WEIGHT if is_designation(term) else 1.0


def _score(asked: AskedFor, weights: Mapping[str, float], block: ReadBlock, number: int) -> Ranked | None:
    passage, own = block.passages[number], block.terms[number]
    if asks_for(asked, passage):
        own |= terms_of(passage.clause or "")
    headers = terms_of(" ".join((*passage.headers, *passage.carried)))
    # A title block has a line for each of its labels: one that is not asked for tells nothing, whatever its words.
    leading = terms_of(passage.means) if passage.is_stamp else own | headers
    if not any(_stands_in(term, leading, asked) for term in weights):
        return None
    tiers = (
        (own, 1.0),
        (headers, HEADER_SHARE),
        (block.heading | terms_of(passage.around), LABEL_SHARE),
        (block.document, DOCUMENT_SHARE),
        (block.terms[number - 1] if number else block.label_before, NEAR_SHARE),
        (block.all, BLOCK_SHARE),
        (block.page, PAGE_SHARE),
    )
    total = sum(weights.values()) or 1.0
    coverage = sum(weight * _share(term, tiers, asked) for term, weight in weights.items()) / total
    is_named = asks_for(asked, passage)
    is_definition = asked.cues.is_definition and defines(asked, passage)
    score = coverage * factor_of(asked, passage, own, is_bare=is_bare(block.passages, number))
    score *= NAMED_PAGE_FACTOR if block.page_no in asked.page_nos else 1.0
    score += bonus_of(asked, passage, is_named=is_named, is_definition=is_definition)
    return Ranked(
        block_id=block.block_id,
        block_place=block.place,
        passage=passage,
        score=score,
        coverage=max(coverage, DEFINITION_COVERAGE) if is_definition else coverage,
        own=sum(weight * _share(term, tiers[:2], asked) for term, weight in weights.items()) / total,
        terms=frozenset(term for term in weights if _share(term, tiers[:4], asked)),
        is_contents=is_of_contents(passage) and (asked.cues.is_exhaustive or not asks_where(asked)),
    )


def _share(term: str, tiers: Sequence[tuple[frozenset[str], float]], asked: AskedFor) -> float:
    return max((share * found for terms, share in tiers if (found := _stands_in(term, terms, asked))), default=0.0)


def _stands_in(term: str, terms: frozenset[str], asked: AskedFor) -> float:
    """1 when the term is there, less when a synonym is, 0 when neither."""
    if term in terms:
        return 1.0
    found = asked.synonyms.get(term, _NONE) & terms
    if not found:
        return 0.0
    return QUANTITY_SHARE if all(map(is_quantity, found)) else SYNONYM_SHARE
