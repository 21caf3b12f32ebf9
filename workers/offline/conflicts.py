"""Whether quoted rows of several documents give one thing different values."""

from collections.abc import Sequence

from workers.offline.passage import Passage
from workers.offline.questions import AskedFor
from workers.offline.words import terms_of


def are_conflicting(told: Sequence[tuple[Passage, str]], asked: AskedFor) -> bool:
    """Whether two rows with the same asked-for words, of two documents, differ in a cell under the same header.

    `told` are passages with the names of their documents.
    """
    rows = [(passage, document) for passage, document in told if any(passage.headers)]
    return any(
        document != other_document and _differ(passage, other, asked)
        for place, (passage, document) in enumerate(rows)
        for other, other_document in rows[place + 1 :]
    )


def _differ(one: Passage, other: Passage, asked: AskedFor) -> bool:
    if terms_of(one.text) & asked.weights.keys() != terms_of(other.text) & asked.weights.keys():
        return False
    values = {
        header: cell
        for header, cell in zip(one.headers, one.cells, strict=False)
        if terms_of(header) & asked.weights.keys()
    }
    return any(
        header in values and values[header] != cell
        for header, cell in zip(other.headers, other.cells, strict=False)
        if not terms_of(cell) & asked.weights.keys()
    )
