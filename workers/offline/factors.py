"""What else than the share of the question makes a passage the answer: its kind, its length, a value in it."""

import re

from workers.offline.cues import Wanted
from workers.offline.kinds import asks_where, is_of_contents, is_of_scraps
from workers.offline.passage import Passage
from workers.offline.questions import AskedFor, pairs_of
from workers.offline.words import sequence_of, terms_of

LABEL_FACTOR = 0.8
HEADERS_FACTOR = 0.6
BARE_FACTOR = 0.8
NOTHING_NEW_FACTOR = 0.8
"""A label answers nothing, least of all headers or one with nothing below it, nor does what says no more than the
question. Guesses."""

CONTENTS_FACTOR = 0.6
"""A table of contents repeats the headings. A guess."""

SCRAPS_FACTOR = 0.7
LONG_PASSAGE_TERMS = 30
CUE_BONUS = 0.2
PAIR_BONUS = 0.06
CLAUSE_BONUS = 1.0
DEFINITION_BONUS = 0.3
LOOKUP_BONUS = 0.15
"""Guesses."""

_DIGIT = re.compile(r"\d")
_VALUE = re.compile(r"(?!(?:19|20)\d\d\b)[(\[$€£₽+−–±≤≥<>~≈-]{0,3}\s?\d")
_DATE = re.compile(r"\b(?:1[89]|20)\d\d\b|\b\d{1,2}\.\d{1,2}\.\d{2,4}\b")


def factor_of(asked: AskedFor, passage: Passage, own: frozenset[str], *, is_bare: bool) -> float:
    """By how much the share of the question that the passage holds counts. `own` are its terms; `is_bare`: a heading
    with nothing below it."""
    factor = _length_factor(len(own)) * _cue_factor(asked, passage)
    factor *= (HEADERS_FACTOR if passage.cells else LABEL_FACTOR) if passage.is_label else 1.0
    factor *= BARE_FACTOR if is_bare else 1.0
    factor *= SCRAPS_FACTOR if is_of_scraps(passage) else 1.0
    factor *= CONTENTS_FACTOR if is_of_contents(passage) and not asks_where(asked) else 1.0
    return factor if own - asked.weights.keys() else factor * NOTHING_NEW_FACTOR


def bonus_of(asked: AskedFor, passage: Passage, *, is_named: bool, is_definition: bool) -> float:
    """What is added for words of the question side by side, for the clause or the meaning that it asks for, for the row
    and the column."""
    bonus = PAIR_BONUS * len(asked.pairs & pairs_of(sequence_of(passage.text)))
    bonus += DEFINITION_BONUS if is_definition else 0.0
    bonus += LOOKUP_BONUS if _is_looked_up(asked, passage) else 0.0
    return bonus + CLAUSE_BONUS if is_named else bonus


def _is_looked_up(asked: AskedFor, passage: Passage) -> bool:
    """Whether a cell says nothing but what is asked, and a header of another one is asked for: a row and a column."""
    if not any(passage.headers):
        return False
    shown = passage.shown
    keys = [
        place for place, cell in enumerate(shown) if cell and _is_key(terms_of(cell), passage.headers[place], asked)
    ]
    named = [place for place, header in enumerate(passage.headers) if shown[place] and _is_named(header, asked)]
    return any(place != key for key in keys for place in named)


def _is_key(terms: frozenset[str], header: str, asked: AskedFor) -> bool:
    """A plain number is one only under a header that is asked for: «20» of «gage 20» under "Gage number"."""
    if not terms or not terms <= asked.weights.keys():
        return False
    return not all(term.isdigit() for term in terms) or _is_named(header, asked)


def _is_named(header: str, asked: AskedFor) -> bool:
    return not terms_of(header).isdisjoint(asked.weights.keys())


def _length_factor(count: int) -> float:
    return 1.0 if count <= LONG_PASSAGE_TERMS else 1.0 / (1 + 0.2 * (count / LONG_PASSAGE_TERMS - 1))


def _cue_factor(asked: AskedFor, passage: Passage) -> float:
    """A question for a number or a date prefers passages that hold one the question does not."""
    if asked.cues.wanted is Wanted.TEXT:
        return 1.0
    pattern = _DATE if asked.cues.wanted is Wanted.DATE else _DIGIT
    if passage.cells and asked.cues.wanted is Wanted.NUMBER:
        has_value = any(_VALUE.match(cell) and not terms_of(cell) & asked.weights.keys() for cell in passage.cells)
    else:
        rest = [word for word in passage.text.split() if not terms_of(word) & asked.weights.keys()]
        has_value = pattern.search(" ".join(rest)) is not None
    return 1.0 + CUE_BONUS if has_value else 1.0 - CUE_BONUS
