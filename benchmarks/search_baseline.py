"""Plain BM25 over page texts, as shared/data/baseline_bm25.py has it but without bm25s: what search must beat."""

import math
import re
from collections import Counter, defaultdict
from functools import lru_cache

import snowballstemmer

from benchmarks.search_sets import Place

K1, B = 1.5, 0.75
_STOP_WORDS = """a an the of in on at by for to from with and or is are was were be been it its this that these those
as what which who how does do did has have had s t if not no than then into и в во на по для с со к ко от из за о об при
что как какой какая какие какое каков какова каковы это не ли или а но то у до над под"""
_STOP = frozenset(_STOP_WORDS.split())
_ENGLISH, _RUSSIAN = snowballstemmer.stemmer("english"), snowballstemmer.stemmer("russian")
_CYRILLIC = re.compile("[а-яё]")


def tokens(text: str, *, whole_ids: bool) -> list[str]:
    """Stems; with `whole_ids` also identifiers such as V.1.2 or 2.105-95 as they stand."""
    folded = text.lower().replace("ё", "е")
    found = [_stem(word) for word in re.findall(r"\w+", folded) if word not in _STOP]
    if whole_ids:
        found += [word for word in re.findall(r"\w+(?:[.\-/]\w+)+", folded) if re.search(r"\d", word)]
    return found


class PlainBM25:
    """The Lucene variant over pages given as tokens."""

    def __init__(self, pages: dict[Place, list[str]]) -> None:
        self._places = list(pages)
        average = sum(map(len, pages.values())) / max(len(pages), 1) or 1
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, page in enumerate(pages.values()):
            norm = K1 * (1 - B + B * len(page) / average)
            for token, tf in Counter(page).items():
                self._postings[token].append((number, tf / (tf + norm)))

    def rank(self, question: list[str]) -> list[Place]:
        scores: dict[int, float] = defaultdict(float)
        for token in question:
            postings = self._postings.get(token, [])
            idf = math.log(1 + (len(self._places) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, impact in postings:
                scores[number] += idf * impact
        return [self._places[number] for number in sorted(scores, key=lambda number: (-scores[number], number))]


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    return (_RUSSIAN if _CYRILLIC.search(word) else _ENGLISH).stemWord(word)
