"""Counting what a list or a table enumerates, for questions of how many there are."""

from collections.abc import Sequence
from itertools import takewhile

from workers.offline.passages import Passage
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
    """Rows under the same headers with the same words of the question; 0 when a column tells the number."""
    if not row.cells or any(terms_of(header) & _QUANTITY for header in row.headers):
        return 0
    named = terms_of(row.text) & asked.weights.keys()
    if not named:
        return 0
    return sum(named <= terms_of(other.text) for other in passages if other.headers == row.headers and other.cells)


_QUANTITY = terms_of("количество кол число quantity qty count number всего итого total")
