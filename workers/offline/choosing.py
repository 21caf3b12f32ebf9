"""Which of the ranked passages are quoted: the best, those as good, what each named thing needs; or none."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.offline.blocks import page_of
from workers.offline.questions import AskedFor
from workers.offline.ranking import Ranked, asks_for
from workers.offline.words import is_designation, terms_of

MIN_COVERAGE = 0.42
"""Share of the question's weight that must stand in and around the best passage. On the open question sets (2026-11) it
keeps 97 % of right passages and refuses 95 % of questions without an answer; both hardly change from 0.35 to 0.45."""

MIN_OWN = 0.15
"""Share that must stand in the passage and its headers themselves: its surroundings alone say nothing. A guess."""

CLOSE = 0.85
MAX_PASSAGES = 3
LIST_CLOSE = 0.6
MAX_LISTED = 20
"""Further passages are quoted when they score at least this share of the best: few for a value, many for "list all".
Guesses."""


LEAST_REST = 0.25
"""Share of the question that must be left for a further passage to be sought. A guess."""

ALIKE = 0.25
"""Share of words in which two readings of one note may differ. A guess."""


def choose(asked: AskedFor, ranked: Sequence[Ranked], materials: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    """Best first; empty when the materials do not hold the answer."""
    if ranked and asks_for(asked, ranked[0].passage):
        return [ranked[0]]
    fitting = [found for found in ranked if found.coverage >= MIN_COVERAGE and found.own >= MIN_OWN]
    if not fitting or _misses_named(asked, materials):
        return []
    close, most = (LIST_CLOSE, MAX_LISTED) if asked.cues.is_exhaustive else (CLOSE, MAX_PASSAGES)
    chosen: list[Ranked] = []
    for found in fitting:
        if found.score < close * fitting[0].score or len(chosen) == most:
            break
        _add(chosen, found)
    for name in _names_left(asked, chosen):
        _add(chosen, next((found for found in fitting if name in found.terms), None))
    if asked.cues.is_compound:
        _add(chosen, _of_the_rest(asked, chosen, ranked))
    return sorted(chosen, key=_place) if asked.cues.is_exhaustive else chosen


def says_the_same(one: Ranked, other: Ranked) -> bool:
    """Repeated headings, rows of continued tables, notes on every sheet: the same words, part of them, or nearly all of
    them where the numbers are the same."""
    first, second = terms_of(one.passage.text), terms_of(other.passage.text)
    if first <= second or second <= first:
        return True
    differing = first ^ second
    return len(differing) <= ALIKE * len(first | second) and not any(map(is_designation, differing))


def _place(found: Ranked) -> tuple[int, int]:
    return found.block_place, found.passage.order


def _add(chosen: list[Ranked], found: Ranked | None) -> None:
    if found and not any(says_the_same(found, other) for other in chosen):
        chosen.append(found)


def _names_left(asked: AskedFor, chosen: Sequence[Ranked]) -> list[str]:
    """Things named by letter and number («П1 и П2») that the chosen passages do not tell of."""
    told = frozenset().union(*(found.terms for found in chosen))
    return sorted(name for name in asked.designations - told if not name.replace(".", "").isdigit())


def _of_the_rest(asked: AskedFor, chosen: Sequence[Ranked], ranked: Sequence[Ranked]) -> Ranked | None:
    """The best passage about the part of a question of several parts that the chosen ones leave out."""
    left = asked.weights.keys() - frozenset().union(*(found.terms for found in chosen))
    rest = sum(asked.weights[term] for term in left)
    if rest < LEAST_REST * sum(asked.weights.values()):
        return None
    fitting = (found for found in ranked if found.own >= MIN_OWN and not found.passage.is_label)
    return next(
        (found for found in fitting if sum(asked.weights[term] for term in left & found.terms) >= rest / 2), None
    )


def _misses_named(asked: AskedFor, materials: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the question names something («КПУ-9», «10-13», page 400) that the materials do not: then no answer is
    about it."""
    if asked.page_nos and not any(page_of(material) in asked.page_nos for material in materials):
        return True
    shown = frozenset().union(*(terms_of(f"{m['content']} {m['document']} {m['place']}") for m in materials))
    return any(not term.isdigit() and term not in shown for term in asked.designations)
