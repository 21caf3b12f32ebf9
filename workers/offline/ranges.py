"""Ranges of marks in lists of parts: «R40-R59» and «GI1..GI3» tell of R45 and GI2 too."""

import re
from functools import lru_cache

from workers.offline.words import terms_of

MAX_MARKS = 500
"""Of one range; a wider one is of years or of pages. A guess."""

_RANGE = re.compile(r"(?<![\w.])([A-ZА-ЯЁ]{1,3})(\d{1,4})\s?(?:-|–|—|\.{2,3}|…|÷)\s?([A-ZА-ЯЁ]{1,3})(\d{1,4})(?![\w])")


@lru_cache(maxsize=20_000)
def marks_between(text: str) -> frozenset[str]:
    """The terms of the marks inside the ranges of `text`, without their ends."""
    found: set[str] = set()
    for match in _RANGE.finditer(text):
        [first], [last] = terms_of(match.group(1) + "1"), terms_of(match.group(3) + "1")
        start, end = int(match.group(2)), int(match.group(4))
        if first == last and start < end <= start + MAX_MARKS:
            found.update(f"{first[:-1]}{number}" for number in range(start + 1, end))
    return frozenset(found)
