"""Abbreviations that the documents explain themselves: «источник бесперебойного питания (ИБП)»; and words cut short."""

import re
from collections.abc import Iterable, Mapping

from workers.offline.words import sequence_of

_SHORT = re.compile(r"\((?:далее\s*(?:по тексту)?\s*[–—-]?\s*|hereinafter\s+)?[«“\"]?([A-ZА-ЯЁ]{2,7})s?[»”\"]?\)")
_WORD = re.compile(r"[^\W\d_]+")
_SHORTENED = re.compile(r"(?<![^\W\d_])([^\W\d_]{4,})\.(?=\s*[^\W\dA-ZА-ЯЁ_]|\s*\||\s*$)", re.MULTILINE)
LEAST_LETTERS = 4
"""Of a word cut short; «мин.» is a minute as well. A guess."""

MAX_CHARS = 160
"""Before the parenthesis, within which its words stand. A guess."""


def abbreviations_in(contents: Iterable[str]) -> dict[str, frozenset[str]]:
    """The stem of each abbreviation with the stems of the words whose first letters it is made of."""
    found: dict[str, frozenset[str]] = {}
    for content in contents:
        for match in _SHORT.finditer(content):
            short = match.group(1)
            words = _WORD.findall(content[max(match.start() - MAX_CHARS, 0) : match.start()])[-len(short) :]
            if "".join(word[0] for word in words).upper() == short:
                found.update(dict.fromkeys(sequence_of(short), frozenset(sequence_of(" ".join(words)))))
    return found


def with_abbreviations(
    synonyms: Mapping[str, frozenset[str]], asked: Iterable[str], known: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """`synonyms` of the asked terms, and the abbreviation for all words of a phrase that is asked in full."""
    asked = frozenset(asked)
    joined = dict(synonyms)
    for short, words in known.items():
        if words and words <= asked:
            for word in words:
                joined[word] = joined.get(word, frozenset()) | {short}
    return joined


def shortened_in(contents: Iterable[str], question: str) -> dict[str, frozenset[str]]:
    """For the terms of the question's words, those of their beginnings that the documents write with a point:
    «Сопротивл. изоляции», «Температ. погрешность»."""
    written = frozenset(match.lower() for content in contents for match in _SHORTENED.findall(content))
    found: dict[str, frozenset[str]] = {}
    for word in _WORD.findall(question.lower()):
        for short in (word[:length] for length in range(LEAST_LETTERS, len(word) - 1)):
            if short in written:
                for term in sequence_of(word):
                    found[term] = found.get(term, frozenset()) | frozenset(sequence_of(short))
    return found
