"""Which of the ranked passages are quoted: the best, those as good, what each named thing needs; or none."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workers.offline.blocks import page_of
from workers.offline.cells import lacks_asked
from workers.offline.cues import Wanted
from workers.offline.questions import AskedFor
from workers.offline.ranges import marks_between
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


_NUMBER = re.compile(
    r"\d|\b(?:одн|дв[ауе]|тр[её]?[хи]|четыр|пят|шест|сем|восем|девят|десят|сто\b|полтор|половин|перв|втор|трет|един|нол|нул"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|first|second|third|once|twice|zero|double|single)",
    re.IGNORECASE,
)
"""Numbers in digits, or in words of either language, as they begin."""

LEAST_REST = 0.25
"""Share of the question that must be left for a further passage to be sought. A guess."""

ALIKE = 0.25
"""Share of words in which two readings of one note may differ. A guess."""


def choose(asked: AskedFor, ranked: Sequence[Ranked], materials: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    """Best first; empty when the materials do not hold the answer."""
    if ranked and asks_for(asked, ranked[0].passage):
        return [ranked[0]]
    fitting = [found for found in ranked if found.coverage >= MIN_COVERAGE and found.own >= MIN_OWN]
    fitting = [found for found in fitting if _is_of_subject(asked, found) and _tells_quantity(asked, found)]
    fitting = [found for found in fitting if not found.is_contents] or fitting
    if not fitting or _misses_named(asked, materials) or empty_cell(asked, fitting):
        return []
    if not asked.cues.is_count:
        fitting = [found for found in fitting if not lacks_asked(asked, found.passage)]
    close, most = (LIST_CLOSE, MAX_LISTED) if asked.cues.is_exhaustive else (CLOSE, MAX_PASSAGES)
    chosen: list[Ranked] = []
    for found in fitting:
        if found.score < close * fitting[0].score or len(chosen) == most:
            break
        if asked.cues.is_exhaustive or not _tells_less(found, fitting[0]):
            _add(chosen, found)
    for name in _names_left(asked, chosen):
        _add(chosen, next((found for found in fitting if name in found.terms), None))
    if asked.cues.is_compound:
        _add(chosen, _of_the_rest(asked, chosen, ranked))
    return sorted(chosen, key=_place) if asked.cues.is_exhaustive else chosen


def empty_cell(asked: AskedFor, fitting: Sequence[Ranked]) -> str:
    """The header of the cell that the question asks for, when the best row leaves it empty and no place as good tells
    it; else nothing."""
    if not fitting or asked.cues.is_count or not (header := lacks_asked(asked, fitting[0].passage)):
        return ""
    least = CLOSE * fitting[0].coverage
    return "" if any(not lacks_asked(asked, found.passage) for found in fitting if found.coverage >= least) else header


def says_the_same(one: Ranked, other: Ranked) -> bool:
    """Repeated headings, rows of continued tables, notes on every sheet: the same words, part of them, or nearly all of
    them where the numbers are the same."""
    first, second = terms_of(one.passage.text), terms_of(other.passage.text)
    if first <= second or second <= first:
        return True
    differing = first ^ second
    return len(differing) <= ALIKE * len(first | second) and not any(map(is_designation, differing))


def _is_of_subject(asked: AskedFor, found: Ranked) -> bool:
    """Whether it speaks of what the question asks a property of; of tin, it does not tell of silver."""
    return not asked.subject or not asked.subject.isdisjoint(found.terms)


def _tells_quantity(asked: AskedFor, found: Ranked) -> bool:
    """Whether a place can tell what a question for a quantity wants: it has a number, and names the quantity or has its
    unit; a heading leads to what may have one."""
    if asked.cues.wanted is not Wanted.NUMBER or asked.cues.is_count or found.passage.is_label:
        return True
    is_named = not asked.quantity or asked.quantity in found.terms
    return is_named and _NUMBER.search(found.passage.text) is not None


def _tells_less(found: Ranked, best: Ranked) -> bool:
    """Whether it holds a part of what the best place holds of the question: a row of another thing, beside the right
    one, only misleads."""
    return found.terms < best.terms


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
    texts = [f"{m['content']} {m['document']} {m['place']}" for m in materials]
    shown = frozenset().union(*(terms_of(text) | marks_between(text) for text in texts))
    return any(not term.isdigit() and term not in shown for term in asked.designations)
