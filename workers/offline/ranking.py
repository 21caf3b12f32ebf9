"""Which passage answers a question: how much of the question stands in and around it, weighted by rarity."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workers.offline.abbreviations import abbreviations_in, with_abbreviations
from workers.offline.blocks import ReadBlock, read_blocks, running_titles
from workers.offline.cues import Wanted
from workers.offline.passages import Passage
from workers.offline.questions import AskedFor, pairs_of
from workers.offline.words import is_designation, sequence_of, terms_of

DESIGNATION_WEIGHT = 1.5
SMALL_NUMBER_WEIGHT = 0.5
"""Of a term, against a word: a designation is what the question is about, a «1» stands everywhere. Guesses."""

HEADER_SHARE = 0.9
LABEL_SHARE = 0.7
NEAR_SHARE = 0.5
BLOCK_SHARE = 0.35
PAGE_SHARE = 0.2
"""What a term counts for that stands not in the passage but in its column headers; in the labels above it; in the
passage before or the document's name; elsewhere in the block; elsewhere on the page. Guesses, checked on the open
question sets."""

SYNONYM_SHARE = 0.85
"""What a word counts for that stands for the asked one. A guess."""

LABEL_FACTOR = 0.8
NOTHING_NEW_FACTOR = 0.8
RUNNING_FACTOR = 0.4
"""A label answers nothing, nor does a passage that says no more than the question, least of all a running title."""

CONTENTS_FACTOR = 0.6
"""A table of contents repeats the headings. A guess."""

LEAST_PASSAGES = 50
"""Rarity among fewer passages says nothing: a word that is missing in three sentences is not rare. A guess."""

NAMED_PAGE_FACTOR = 1.5
"""Of what stands on a page that the question names. A guess."""

PAIR_BONUS = 0.06
CLAUSE_BONUS = 1.0
CUE_BONUS = 0.2
LONG_PASSAGE_TERMS = 30

_CLAUSE_ONLY = re.compile(r"[^\W\d_]\.|\..*\.")
_NONE: frozenset[str] = frozenset()
_PLACES = terms_of("лист листа листы страница стр sheet page")
_KEYWORDS = re.compile(r"\W*(?:ключевые слова|key\s?words)\b", re.IGNORECASE)
_LEADER = re.compile(r"(?:\.\s?){5,}\s*\d+\s*$")
_DIGIT = re.compile(r"\d")
_VALUE = re.compile(r"(?!(?:19|20)\d\d\b)[(\[$€£₽+−–±≤≥<>~≈-]{0,3}\s?\d")
_DATE = re.compile(r"\b(?:1[89]|20)\d\d\b|\b\d{1,2}\.\d{1,2}\.\d{2,4}\b")


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A passage with its block. `coverage` is the share of the question's weight found in and around it, `own` that
    in the passage and its headers alone, both 0–1; `terms` are those of the question in it, its headers and labels."""

    block_id: str
    block_place: int
    passage: Passage
    score: float
    coverage: float
    own: float
    terms: frozenset[str] = frozenset()


def rank(asked: AskedFor, materials: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    """All passages of the materials that share a term with the question, best first."""
    blocks = read_blocks(materials)
    known = abbreviations_in(str(material["content"]) for material in materials)
    asked = msgspec.structs.replace(asked, synonyms=with_abbreviations(asked.synonyms, asked.weights, known))
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
    return {
        term: weight * math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) * _kind_weight(term)
        for term, weight in asked.weights.items()
    }


def _kind_weight(term: str) -> float:
    if term.isdigit():
        return SMALL_NUMBER_WEIGHT if len(term) <= 2 else 1.0
    return DESIGNATION_WEIGHT if is_designation(term) else 1.0


def _score(asked: AskedFor, weights: Mapping[str, float], block: ReadBlock, number: int) -> Ranked | None:
    passage, own = block.passages[number], block.terms[number]
    if asks_for(asked, passage):
        own |= terms_of(passage.clause or "")
    headers = terms_of(" ".join(passage.headers))
    if not any(_stands_in(term, own | headers, asked) for term in weights):
        return None
    near = block.document | (block.terms[number - 1] if number else frozenset())
    tiers = (
        (own, 1.0),
        (headers, HEADER_SHARE),
        (block.heading | terms_of(passage.around), LABEL_SHARE),
        (near, NEAR_SHARE),
        (block.all, BLOCK_SHARE),
        (block.page, PAGE_SHARE),
    )
    total = sum(weights.values()) or 1.0
    coverage = sum(weight * _share(term, tiers, asked) for term, weight in weights.items()) / total
    score = coverage * _length_factor(len(own)) * _cue_factor(asked, passage) * _news_factor(asked, passage, own)
    score *= NAMED_PAGE_FACTOR if block.page_no in asked.page_nos else 1.0
    score += PAIR_BONUS * len(asked.pairs & pairs_of(sequence_of(passage.text)))
    if asks_for(asked, passage):
        score += CLAUSE_BONUS
    return Ranked(
        block_id=block.block_id,
        block_place=block.place,
        passage=passage,
        score=score,
        coverage=coverage,
        own=sum(weight * _share(term, tiers[:2], asked) for term, weight in weights.items()) / total,
        terms=frozenset(term for term in weights if _share(term, tiers[:3], asked)),
    )


def _share(term: str, tiers: Sequence[tuple[frozenset[str], float]], asked: AskedFor) -> float:
    return max((share * found for terms, share in tiers if (found := _stands_in(term, terms, asked))), default=0.0)


def _stands_in(term: str, terms: frozenset[str], asked: AskedFor) -> float:
    """1 when the term is there, less when a synonym is, 0 when neither."""
    if term in terms:
        return 1.0
    return 0.0 if asked.synonyms.get(term, _NONE).isdisjoint(terms) else SYNONYM_SHARE


def _news_factor(asked: AskedFor, passage: Passage, own: frozenset[str]) -> float:
    factor = LABEL_FACTOR if passage.is_label else 1.0
    if _is_of_contents(passage) and not _PLACES & asked.weights.keys():
        factor *= CONTENTS_FACTOR
    return factor if own - asked.weights.keys() else factor * NOTHING_NEW_FACTOR


def _is_of_contents(passage: Passage) -> bool:
    """A line of a table of contents or a row of a list of sheets: it tells where something is, not what."""
    if passage.cells:
        return any(terms_of(header) & _PLACES for header in passage.headers)
    return _LEADER.search(passage.text) is not None or _KEYWORDS.match(passage.text) is not None


def _length_factor(count: int) -> float:
    return 1.0 if count <= LONG_PASSAGE_TERMS else 1.0 / (1 + 0.2 * (count / LONG_PASSAGE_TERMS - 1))


def _cue_factor(asked: AskedFor, passage: Passage) -> float:
    """A question for a number or a date prefers passages that hold one the question does not."""
    if asked.cues.wanted is Wanted.TEXT:
        return 1.0
    pattern = _DATE if asked.cues.wanted is Wanted.DATE else _DIGIT
    if passage.cells and asked.cues.wanted is Wanted.NUMBER:
        has_value = any(_VALUE.match(cell) and not terms_of(cell) & asked.weights.keys() for cell in passage.cells)
    else:
        rest = [word for word in passage.text.split() if not terms_of(word) & asked.weights.keys()]
        has_value = pattern.search(" ".join(rest)) is not None
    return 1.0 + CUE_BONUS if has_value else 1.0 - CUE_BONUS
