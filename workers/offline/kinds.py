"""Kinds of passages that answer little: headings with nothing below, words of a picture, lines of contents."""

import re
from collections.abc import Sequence

from workers.offline.passage import Passage
from workers.offline.questions import AskedFor
from workers.offline.words import terms_of

LEAST_SCRAPS = 5
MAX_SCRAP_WORDS = 3.0
"""Guesses."""

_PLACES = terms_of("лист листа листы страница стр sheet page")
_KEYWORDS = re.compile(r"\W*(?:ключевые слова|key\s?words)\b", re.IGNORECASE)
_LEADER = re.compile(r"(?:\.\s?){5,}\s*\d+\s*$")


def asks_where(asked: AskedFor) -> bool:
    """Whether it asks for a sheet or a page."""
    return not _PLACES.isdisjoint(asked.weights.keys())


def is_bare(passages: Sequence[Passage], number: int) -> bool:
    """A heading with nothing below it in its block. `passages` are those of the block."""
    own = passages[number]
    if not own.is_label or own.cells or own.is_item:
        return False
    if number < len(passages) - 1:
        return passages[number + 1].clause is not None
    return own.clause is not None or number > 0


def is_of_scraps(passage: Passage) -> bool:
    """The words of a picture, one after the other: «Питание: 2 и 7, Свет, Розетка, …». They stand in their own places
    too."""
    scraps = passage.text.split(", ")
    words = len(passage.text.split())
    is_said = passage.text.endswith((".", ";", ":")) or passage.clause is not None or bool(passage.cells)
    return not is_said and len(scraps) >= LEAST_SCRAPS and words <= MAX_SCRAP_WORDS * len(scraps)


def is_of_contents(passage: Passage) -> bool:
    """A line of a table of contents or a row of a list of sheets: it tells where something is, not what."""
    if passage.cells:
        return any(_heads_places(terms_of(header)) for header in passage.headers)
    return _LEADER.search(passage.text) is not None or _KEYWORDS.match(passage.text) is not None


def _heads_places(header: frozenset[str]) -> bool:
    """«Лист», «Номер листа», "Page", not «Обозначение документа, опорного листа»."""
    return bool(header & _PLACES) and len(header - _PLACES) <= 1
