"""What search compares: texts as terms. Pure.

Words become their stems, by script. A designation (anything with a digit: «В2», «П/1», 2.105-95, M8x1.25, V.1.2) is one
term as it stands, besides its parts: «В2» is not «В21», axis «П/1» is not «1». Keeping designations whole lifts
recall@5 on the rule book of DesignQA from 0.28 to 0.98 (shared/data/MANIFEST.md).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
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

# All bounded: a term is a key of an index, and a page may consist of one endless word.
_WORD = re.compile(r"[^\W_]{1,60}")
_COMPOUND = re.compile(r"[^\W_]{1,60}(?:[.,\-/:×*][^\W_]{1,60}){1,12}")
_AMPERSAND = re.compile(r"(?<![^\W_])[^\W\d_]{1,4}(?:&[^\W\d_]{1,4}){1,3}(?![^\W_])")
_BROKEN = re.compile(r"(?<=[a-zа-я])(?:-[ \t]*\n\s*|\u00ad\s*)(?=[a-zа-я])")
_HALVES = re.compile(r"([a-zа-я]{1,60})-[ \t]*\n\s*([a-zа-я]{1,60})")
_AT_LINE_START = re.compile(
    r"(?:^|\|)[\s|*#(\[]*([^\W_]{1,20}(?:[.\-/][^\W_]{1,20}){0,12})(?=[.):]?(?:\s|$|\*|\|))", re.MULTILINE
)
_CYRILLIC = re.compile("[а-я]")
_LATIN = re.compile("[a-z]")
_DIGIT = re.compile(r"\d")
_YEAR = re.compile(r"[a-zа-я]{1,3}\d?((?:19|20)\d\d)")
_EDITION = re.compile(r"-(?:\d\d|(?:19|20)\d\d)$")
_SIGNS = str.maketrans({"№": " ", "Ø": " ", "ø": " ", "⌀": " ", "∅": " ", "\u2010": "-", "\u2011": "-", "\u2012": "-"})
_LOOK_ALIKES = str.maketrans("авекмнорстху", "abekmhopctxy")
_ONLY_LOOK_ALIKES = re.compile("[авекмнорстху]+")
_STEMMERS = {"ru": snowballstemmer.stemmer("russian"), "en": snowballstemmer.stemmer("english")}


class Query(msgspec.Struct, frozen=True):
    """Terms with their weights, each once."""

    terms: dict[str, float]


def count_terms(text: str) -> Counter[str]:
    """How often each term stands in the text."""
    folded = _folded(text)
    joined = _BROKEN.sub("", folded)
    counts: Counter[str] = Counter()
    for word in _WORD.findall(joined):
        if term := _term(word):
            counts[term] += 1
            if year := _year(word):
                counts[year] += 1
    for compound in _COMPOUND.findall(joined):
        counts.update(_designations(compound))
    counts.update(_AMPERSAND.findall(joined))
    # A hyphen at the end of a line may be the word's own: «конференц-зал» is found broken, too.
    counts.update(term for halves in _HALVES.findall(folded) for half in halves if (term := _term(half)))
    return counts


def line_starts(text: str) -> set[str]:
    """The designations that begin a line or a cell: there a clause or a device is told of, elsewhere mentioned."""
    starts = _AT_LINE_START.findall(_BROKEN.sub("", _folded(text)))
    return {term for start in starts if _DIGIT.search(start) for term in _whole(start)}


def parse_query(text: str) -> Query:
    """The terms of a question; parts of designations weigh less than the designations."""
    folded = _BROKEN.sub("", _folded(text))
    weights: dict[str, float] = dict.fromkeys(_AMPERSAND.findall(folded), 1.0)
    inside: list[str] = []
    for compound in _COMPOUND.findall(folded):
        for number, whole in enumerate(_designations(compound)):
            weights.setdefault(whole, PART_WEIGHT if number else 1.0)
            inside.extend(() if number else _WORD.findall(compound))
    parts = Counter(inside)
    for word, count in Counter(_WORD.findall(folded)).items():
        if term := _term(word):
            weight = 1.0 if count > parts[word] else PART_WEIGHT
            weights[term] = max(weights.get(term, 0.0), weight)
            if year := _year(word):
                weights.setdefault(year, weight)
    return Query(weights)


@lru_cache(maxsize=100_000)
def word_terms(word: str) -> frozenset[str]:
    """The terms of one word of a page, for finding a query's words on it."""
    return frozenset(count_terms(word))


@lru_cache(maxsize=1)
def _folded(text: str) -> str:
    """Kept for the next call: a block is looked through for its terms, then for what begins its lines."""
    return unicodedata.normalize("NFKC", text.translate(_SIGNS)).lower().replace("ё", "е")


def _term(word: str) -> str | None:
    if word in STOP_WORDS:
        return None
    if _DIGIT.search(word):
        return word.translate(_LOOK_ALIKES)
    return _stem(word)


def _year(word: str) -> str | None:
    """2022 of FY2022: documents write it apart."""
    found = _YEAR.fullmatch(word)
    return found.group(1) if found else None


def _whole(start: str) -> Iterator[str]:
    """The terms of what begins a line: a word with letter and digit («В2»), or a compound with a digit («7.2»)."""
    if _WORD.fullmatch(start):
        if not start.isdigit():
            yield start.translate(_LOOK_ALIKES)
        return
    yield from _designations(start)


def _designations(compound: str) -> Iterator[str]:
    """The compound as one term if it has a digit; a decimal comma is a point. Then without the year of its edition:
    2.105 of 2.105-95."""
    if not _DIGIT.search(compound):
        return
    whole = compound.replace(",", ".").replace("×", "x").replace("*", "x").translate(_LOOK_ALIKES)
    yield whole
    head = _EDITION.sub("", whole)
    if head != whole and _DIGIT.search(head) and not head.isdigit():
        yield head


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    cyrillic, latin = _CYRILLIC.search(word), _LATIN.search(word)
    if cyrillic and latin:
        return word.translate(_LOOK_ALIKES)
    stemmer = _STEMMERS["ru" if cyrillic else "en"]
    # Until it stays: «клапанов» gives «клапан», which gives «клапа», as «клапан» does at once.
    while (stem := stemmer.stemWord(word)) != word:
        word = stem
    # Marks like «ОВ» and «АР» are typed in either script.
    return stem.translate(_LOOK_ALIKES) if _ONLY_LOOK_ALIKES.fullmatch(stem) else stem
