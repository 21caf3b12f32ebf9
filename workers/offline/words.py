"""Texts as the terms of the search index, as the offline reader compares them."""

import re
from functools import lru_cache

from storage.terms import count_terms, word_terms

_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=20_000)
def terms_of(text: str) -> frozenset[str]:
    """The distinct terms of `text`: stems, designations whole and in parts."""
    return frozenset(count_terms(text))


def sequence_of(text: str) -> list[str]:
    """One term per word of `text`, in order: the whole designation or the stem; words without a term are left out."""
    return [max(found, key=len) for word in text.split() if (found := word_terms(word))]


def is_designation(term: str) -> bool:
    return _DIGIT.search(term) is not None
