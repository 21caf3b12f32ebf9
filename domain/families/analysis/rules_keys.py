"""Which designations of a statement name what a value is of: «П1» in «расход П1 — 4200 м³/ч, напор 350 Па»."""

from collections.abc import Sequence

from domain.families.analysis.rules_statements import Statement
from domain.grounding.rules_values import Kind


def keys_of(statement: Statement, place: int, near: Sequence[int]) -> frozenset[int]:
    """The places of the designations that the value belongs to, standards left out: those of its clause, else the
    nearest group before it, else the first one behind. Designations without a number between them are one group.
    Names of the value's own shape are no keys to it. `near` are the places to look at, in order."""
    names = _names(statement, place, near)
    clause = statement.clauses[place]
    own = frozenset(n for n in names if statement.clauses[n] == clause)
    if own:
        return own
    before = _group(names, [n for n in reversed(near) if n < place])
    return before or _group(names, [n for n in near if n > place])


def _names(statement: Statement, place: int, near: Sequence[int]) -> frozenset[int]:
    shapes = ("standard", statement.values[place].shape)
    values = statement.values
    return frozenset(n for n in near if values[n].kind is Kind.DESIGNATION and values[n].shape not in shapes)


def _group(names: frozenset[int], places: Sequence[int]) -> frozenset[int]:
    found: set[int] = set()
    for number in places:
        if number in names:
            found.add(number)
        elif found:
            break
    return frozenset(found)
