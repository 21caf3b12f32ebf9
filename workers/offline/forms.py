"""Genitive plurals whose vowel comes and goes: «гаек» is «гайка», «кнопок» is «кнопка», «окон» is «окно».

The stemmer of the search leaves them apart from their other forms, and every «сколько …?» asks with one.
"""

import re
from collections.abc import Iterable

from workers.offline.words import terms_of

_RULES = (
    (re.compile(r"(.+[аеиоуыэюя])ек"), r"\1йка"),
    (re.compile(r"(.{2,}[^аеиоуыэюяй])[оеё]к"), r"\1ка"),
    (re.compile(r"(.{2,})ь?ец"), r"\1ьцо"),
    (re.compile(r"(.+[^аеиоуыэюяй])[оеё]([нлр])"), r"\1\2о"),
    (re.compile(r"(.{2,}[^аеиоуыэюяй])[её]н"), r"\1ня"),
)
_ADJECTIVE_ENDS = ("н", "ов", "ев", "ск", "h", "ob", "eb", "ck")
"""Terms of nothing but letters that both scripts have are kept in the other one."""

LEAST_STEM = 6
"""Letters that a noun and its adjective share: «структура» and «структурный». A guess."""

_WORD = re.compile(r"[а-яё]{4,}")


def other_forms(question: str) -> dict[str, frozenset[str]]:
    """For the terms of such words, the terms of the words they may be forms of. Not all of these exist: they are met
    in no text then."""
    found: dict[str, frozenset[str]] = {}
    for word in _WORD.findall(question.lower()):
        own = terms_of(word)
        others = [terms_of(rule.sub(form, word)) for rule, form in _RULES if rule.fullmatch(word)]
        if others:
            found.update(dict.fromkeys(own, frozenset().union(*others) - own))
    return found


def adjectives_in(vocabulary: Iterable[str], asked: Iterable[str]) -> dict[str, frozenset[str]]:
    """For the asked terms, the adjectives of them that the documents use, or the nouns they are made of."""
    stems = [term for term in asked if len(term) >= LEAST_STEM and term.isalpha()]
    found: dict[str, set[str]] = {}
    for term in vocabulary:
        for stem in stems:
            if term != stem and _is_adjective(*sorted((term, stem), key=len)):
                found.setdefault(stem, set()).add(term)
    return {stem: frozenset(terms) for stem, terms in found.items()}


def _is_adjective(noun: str, other: str) -> bool:
    return len(noun) >= LEAST_STEM and other.startswith(noun) and other[len(noun) :] in _ADJECTIVE_ENDS
