"""Counting what a list or a table enumerates, for questions of how many there are."""

import re
from collections.abc import Sequence
from itertools import takewhile

from workers.offline.passage import Passage
from workers.offline.questions import AskedFor
from workers.offline.ranking import Ranked
from workers.offline.words import terms_of

LEAST = 2
"""One item is no list."""


def count_below(asked: AskedFor, found: Ranked, passages: Sequence[Passage]) -> int:
    """How many items the list has that the found label leads in, or rows of its table hold what the question names;
    0 when there is nothing to count. `passages` are those of its block."""
    below = passages[found.passage.order + 1 :]
    if found.passage.is_label:
        count = len(list(takewhile(lambda passage: passage.is_item or (passage.cells and passage.headers), below)))
    else:
        count = _alike(asked, found.passage, passages)
    return count if count >= LEAST else 0


def _alike(asked: AskedFor, row: Passage, passages: Sequence[Passage]) -> int:
    """Rows under the same headers with the same words of the question; 0 when a column tells the number, or the rows do
    not say that they are what is counted: then nobody can check it."""
    if not row.cells or _tells_number(asked, row):
        return 0
    named = terms_of(row.text) & asked.weights.keys()
    if not named & terms_of(asked.cues.counted):
        return 0
    return sum(named <= terms_of(other.text) for other in passages if other.headers == row.headers and other.cells)


def states_number(asked: AskedFor, found: Ranked) -> bool:
    """Whether the place itself tells how many: in a cell under a header for quantities or for what is counted, behind
    the thing («гайка М3 - 4»), or before it («70 functions»)."""
    passage = found.passage
    if passage.is_label or not asked.designations <= found.terms:
        return False
    if any(passage.headers):
        return _tells_number(asked, passage)
    counted = _counted(asked)
    if _BEHIND.search(passage.text):
        return bool(asked.designations or counted & terms_of(passage.text))
    return any(counted & terms_of(match.group(1)) for match in _BEFORE.finditer(passage.text))


def _tells_number(asked: AskedFor, row: Passage) -> bool:
    """Whether a number stands under a header for quantities or for what is counted."""
    telling = _QUANTITY | _counted(asked)
    pairs = zip(row.headers, row.cells, strict=False)
    return any(_NUMBER.fullmatch(cell) and terms_of(header) & telling for header, cell in pairs)


def _counted(asked: AskedFor) -> frozenset[str]:
    own = terms_of(asked.cues.counted)
    return own.union(*(asked.synonyms.get(term, ()) for term in own))


_NUMBER = re.compile(r"\d[\d\s]*(?:[.,]\d+)?(?:\s?(?:шт|pcs)\.?)?")
_BEHIND = re.compile(r"\s[-–—]\s?\d{1,5}(?:\s?(?:шт|компл|pcs|ea)\b\.?)?\s*(?:\([^()]*\)?)?$")
_BEFORE = re.compile(r"(?<![\w.,])\d{1,5}\s+((?:[^\W\d_]+\s+){0,1}[^\W\d_]+)")
_QUANTITY = terms_of("количество кол число quantity qty count number всего итого total")
