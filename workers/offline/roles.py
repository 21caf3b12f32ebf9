"""What a role changes offline: its words say which cells of a row come first and which further places are quoted.

Nothing is taken away for a role: the places that answer the question stay, and stay first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workers.offline.choosing import MIN_COVERAGE, MIN_OWN, says_the_same
from workers.offline.questions import AskedFor
from workers.offline.ranking import Ranked
from workers.offline.words import terms_of

MAX_MORE = 2
"""Further places for a role. A guess."""

MAX_WORDS = 80
"""Of a role that names no words to look for, those of its wishes serve, unless there are so many that they would name
everything. A guess."""


class OfflineRole(msgspec.Struct, frozen=True, kw_only=True):
    """`terms` are those of the words that the role looks for; empty when there is no role."""

    name: str = ""
    terms: frozenset[str] = frozenset()


def role_of(variables: Mapping[str, Any]) -> OfflineRole:
    """The role in the variables of a prompt, as `domain.roles.as_variable` makes it."""
    role = variables.get("role") or {}
    if not isinstance(role, Mapping):
        return OfflineRole()
    words = " ".join(map(str, role.get("looks_for", ())))
    wishes = str(role.get("wishes", ""))
    if not words and len(wishes.split()) <= MAX_WORDS:
        words = wishes
    return OfflineRole(name=str(role.get("name", "")), terms=terms_of(words))


def more_for(role: OfflineRole, asked: AskedFor, ranked: Sequence[Ranked], chosen: Sequence[Ranked]) -> list[Ranked]:
    """Places about the same thing that say what the role looks for, and that the chosen ones do not."""
    found: list[Ranked] = []
    for place in ranked:
        if len(found) == MAX_MORE:
            break
        if _is_about(asked, place) and _is_for(role, place) and not _is_said(place, [*chosen, *found]):
            found.append(place)
    return found


def _is_about(asked: AskedFor, place: Ranked) -> bool:
    """It names one of the things asked about by letter and number; where the question names none, it shares as much of
    the question as an answer does."""
    if place.own < MIN_OWN or place.passage.is_label:
        return False
    named = asked.designations
    return not named.isdisjoint(place.terms) if named else place.coverage >= MIN_COVERAGE


def _is_for(role: OfflineRole, place: Ranked) -> bool:
    text = " ".join([place.passage.text, *place.passage.headers])
    return not role.terms.isdisjoint(terms_of(text))


def _is_said(place: Ranked, others: Sequence[Ranked]) -> bool:
    return any(says_the_same(place, other) for other in others)
