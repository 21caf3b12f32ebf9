"""Each guard of the job protocol is needed: without it the simulation finds a broken promise within 1,000 schedules."""

import pytest

from tests.simulation.ledger import Violation
from tests.simulation.mutants import MUTANTS

SEEDS = 1_000


def finds_a_violation(mutant: str) -> bool:
    for seed in range(SEEDS):
        try:
            MUTANTS[mutant](seed).run()
        except Violation:
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_missing_guard_is_noticed(mutant: str) -> None:
    assert finds_a_violation(mutant)
