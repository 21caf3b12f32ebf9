"""Words that engineers use for one another, Russian and English: a question in one is answered by a text in the other.

Small on purpose: wrong company does more harm than none.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from storage.terms import STOP_WORDS, word_terms
from workers.offline.glossary_groups import GROUPS

LEAST_KNOWN = 2
"""Words of a question to be known before it is asked in the other language: one alone leads anywhere. A guess."""

_CYRILLIC = re.compile("[а-я]")


@lru_cache(maxsize=1)
def _companions() -> Mapping[str, frozenset[str]]:
    companions: dict[str, frozenset[str]] = {}
    for group in GROUPS.splitlines():
        terms = _terms(group)
        for term in terms:
            companions[term] = companions.get(term, frozenset()) | terms - {term}
    return companions


def _terms(words: str) -> frozenset[str]:
    return frozenset(term for word in words.split() if word not in STOP_WORDS for term in word_terms(word))


def companions_of(term: str) -> frozenset[str]:
    """The terms that stand for `term` in the same or the other language; empty for most."""
    return _companions().get(term, frozenset())


def translated(question: str) -> str:
    """What a text in the other language would say for the question's words, as a query of stems; designations stay.
    Empty when it knows fewer than two of the words."""
    terms = list(dict.fromkeys(term for word in question.split() for term in sorted(word_terms(word))))
    words = [term for term in terms if term.isalpha()]
    own_is_cyrillic = 2 * sum(map(_is_cyrillic, words)) >= len(words)
    found = [sorted(other for other in companions_of(term) if _is_cyrillic(other) != own_is_cyrillic) for term in terms]
    known = [forms for forms in found if forms]
    if len(known) < LEAST_KNOWN:
        return ""
    return " ".join([*(form for forms in known for form in forms), *(term for term in terms if not term.isalpha())])


def _is_cyrillic(term: str) -> bool:
    return _CYRILLIC.search(term) is not None
