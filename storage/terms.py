"""What search compares: texts as terms. Pure.

Words become their stems, by script. A designation (anything with a digit: «В2», «П/1», 2.105-95, M8x1.25, V.1.2) is one
term as it stands, besides its parts: «В2» is not «В21», axis «П/1» is not «1». Keeping designations whole lifts
recall@5 on the rule book of DesignQA from 0.28 to 0.98 (shared/data/MANIFEST.md).
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

import msgspec
import snowballstemmer

PART_WEIGHT = 0.3
"""Of the parts of a designation in a query: they help where a document writes it apart, and are mostly common."""

_STOP_WORDS_EN = """a an the of in on at by for to from with and or is are was were be been it its this that these those
as what which who how does do did has have had s t if not no than then into"""
_STOP_WORDS_RU = """и в во на по для с со к ко от из за о об при что как какой какая какие какое каков какова каковы это
не ли или а но то у до над под"""
STOP_WORDS = frozenset((_STOP_WORDS_EN + " " + _STOP_WORDS_RU).split())

# Both bounded: a term is a key of an index, and a page may consist of one endless word.
_WORD = re.compile(r"[^\W_]{1,60}")
_COMPOUND = re.compile(r"[^\W_]{1,60}(?:[.,\-/:×*][^\W_]{1,60}){1,12}")
_BROKEN = re.compile(r"(?<=[a-zа-я])[-\u00ad]\s+(?=[a-zа-я])")
_CYRILLIC = re.compile("[а-я]")
_LATIN = re.compile("[a-z]")
_DIGIT = re.compile(r"\d")
_SIGNS = str.maketrans({"№": " ", "Ø": " ", "ø": " ", "⌀": " ", "∅": " ", "\u2010": "-", "\u2011": "-", "\u2012": "-"})
_LOOK_ALIKES = str.maketrans("авекмнорстху", "abekmhopctxy")
_STEMMERS = {"ru": snowballstemmer.stemmer("russian"), "en": snowballstemmer.stemmer("english")}


class Query(msgspec.Struct, frozen=True):
    """Terms with their weights, each once."""

    terms: dict[str, float]


def count_terms(text: str) -> Counter[str]:
    """How often each term stands in the text."""
    folded = _folded(text)
    counts = Counter(term for word in _WORD.findall(folded) if (term := _term(word)))
    counts.update(whole for compound in _COMPOUND.findall(folded) if (whole := _designation(compound)))
    return counts


def parse_query(text: str) -> Query:
    """The terms of a question; parts of designations weigh less than the designations."""
    folded = _folded(text)
    weights: dict[str, float] = {}
    inside: list[str] = []
    for compound in _COMPOUND.findall(folded):
        if whole := _designation(compound):
            weights[whole] = 1.0
            inside.extend(_WORD.findall(compound))
    parts = Counter(inside)
    for word, count in Counter(_WORD.findall(folded)).items():
        if term := _term(word):
            weight = 1.0 if count > parts[word] else PART_WEIGHT
            weights[term] = max(weights.get(term, 0.0), weight)
    return Query(weights)


@lru_cache(maxsize=100_000)
def word_terms(word: str) -> frozenset[str]:
    """The terms of one word of a page, for finding a query's words on it."""
    return frozenset(count_terms(word))


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_SIGNS)).lower().replace("ё", "е")
    return _BROKEN.sub("", text)


def _term(word: str) -> str | None:
    if word in STOP_WORDS:
        return None
    if _DIGIT.search(word):
        return word.translate(_LOOK_ALIKES)
    return _stem(word)


def _designation(compound: str) -> str | None:
    """The compound as one term if it has a digit; a decimal comma is a point."""
    if not _DIGIT.search(compound):
        return None
    return compound.replace(",", ".").replace("×", "x").replace("*", "x").translate(_LOOK_ALIKES)


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    cyrillic, latin = _CYRILLIC.search(word), _LATIN.search(word)
    if cyrillic and latin:
        return word.translate(_LOOK_ALIKES)
    stemmer = _STEMMERS["ru" if cyrillic else "en"]
    # Until it stays: «клапанов» gives «клапан», which gives «клапа», as «клапан» does at once.
    while (stem := stemmer.stemWord(word)) != word:
        word = stem
    return stem
