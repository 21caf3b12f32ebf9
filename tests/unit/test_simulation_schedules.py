"""The job protocol keeps its promises under random schedules of faults.

To replay one: `python -m tests.simulation SEED`.
"""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.events import Event, fold
from tests.simulation.ledger import Violation
from tests.simulation.world import World

CHUNK = 5_000
ORDINARY = 50_000
ALL = 1_000_000


def run_schedules(first: int, count: int) -> None:
    for seed in range(first, first + count):
        try:
            World(seed).run()
        except Violation as violation:
            pytest.fail(f"seed {seed}: {violation}; replay: python -m tests.simulation {seed}", pytrace=False)


@pytest.mark.parametrize("first", range(0, ORDINARY, CHUNK))
def test_no_schedule_of_faults_breaks_a_promise(first: int) -> None:
    run_schedules(first, CHUNK)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("first", range(ORDINARY, ALL, 25_000))
def test_no_schedule_of_a_million_breaks_a_promise(first: int) -> None:
    run_schedules(first, 25_000)


def test_a_seed_gives_the_same_schedule_again() -> None:
    steps: list[list[str]] = [[], []]

    for said in steps:
        World(7, say=said.append).run()

    assert steps[0] == steps[1]
    assert len(steps[0]) > 50


@pytest.mark.parametrize("seed", range(200))
def test_the_log_of_every_job_adds_up_to_its_row(seed: int) -> None:
    world = World(seed)

    world.run()

    for row in world.model.jobs.values():
        events = [
            Event(
                job_id=UUID(int=row.id),
                seq=entry.seq,
                epoch=entry.epoch,
                type=entry.type,
                ts=datetime.now(UTC),
                payload={"text": "", **entry.payload},
            )
            for entry in row.log
        ]
        assert fold(events).status is row.state
