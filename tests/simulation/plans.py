"""What the simulated jobs do, stage by stage."""

from random import Random
from typing import NamedTuple

from domain.jobs import NewJob

QUEUE = "interactive"
USER_CAP = 2
QUOTA = 3
"""Jobs that one user may submit."""


class StagePlan(NamedTuple):
    """`kind`: next, wait (for `documents`), spawn (`children`) or finish. Each but wait asks the model once, then tells
    `deltas` pieces of text. `kills` ends the worker's process every time; `raises` is the chance of a failure."""

    name: str
    kind: str
    deltas: int = 0
    kills: bool = False
    raises: float = 0.0
    documents: tuple[int, ...] = ()
    children: int = 0


class Plan(NamedTuple):
    job: NewJob
    stages: tuple[StagePlan, ...]

    def stage(self, name: str | None) -> int:
        """The place of the stage; the first for null."""
        return 0 if name is None else next(i for i, stage in enumerate(self.stages) if stage.name == name)


def draw_plan(random: Random, documents: tuple[int, ...] = (), *, is_child: bool = False) -> Plan:
    """A job of a chat or of none; some kill their worker, some fail, some wait, some have children. Its id is 0."""
    raises = 0.3 if random.random() < 0.3 else 0.0
    names = ("search", "crop", "answer")[: random.randrange(1, 4)]
    poison = random.choice(names) if random.random() < 0.08 else None
    stages = [
        StagePlan(name, "next", deltas=random.randrange(2), kills=name == poison, raises=raises) for name in names
    ]
    if documents and random.random() < 0.4:
        stages.insert(0, StagePlan("wait", "wait", documents=documents))
    if not is_child and random.random() < 0.15:
        stages.insert(0, StagePlan("split", "spawn", children=random.randrange(3)))
    stages[-1] = stages[-1]._replace(kind="finish")
    chat = random.randrange(2) if not is_child and random.random() < 0.7 else None
    job = NewJob(
        id=0,  # pyright: ignore[reportArgumentType]  numbers are quicker than UUIDs, and sort alike
        user_id=random.randrange(2),  # pyright: ignore[reportArgumentType]
        family="simulated",
        queue=QUEUE,
        payload={},
        priority=50 if random.random() < 0.2 else 100,
        ordering_key=chat,  # pyright: ignore[reportArgumentType]
        run_in_s=3.0 if random.random() < 0.1 else 0.0,
        max_attempts=random.randrange(1, 4),
        deadline_in_s=None if random.random() < 0.3 else random.uniform(60.0, 300.0),
    )
    return Plan(job, tuple(stages))


def reading_plan(random: Random, document_id: int) -> Plan:
    """A job that reads a document."""
    job = NewJob(
        id=0,  # pyright: ignore[reportArgumentType]
        user_id=0,  # pyright: ignore[reportArgumentType]
        family="reading",
        queue=QUEUE,
        payload={},
        document_id=document_id,  # pyright: ignore[reportArgumentType]
        max_attempts=2,
    )
    return Plan(job, (StagePlan("read", "finish", raises=0.3 if random.random() < 0.3 else 0.0),))
