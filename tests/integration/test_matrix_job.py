"""A whole matrix job, composed as in production, with Gemini on loopback: also with a model that lies."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis

from domain import rules_jobs
from domain.documents import Document, DocumentStatus
from domain.events import fold
from domain.families.matrix.accepting import submit_matrix
from domain.families.matrix.judge import BATCH
from domain.families.matrix.types import MatrixState, Row
from domain.family_list import FAMILIES
from domain.ids import new_id
from domain.jobs import Job, JobState
from storage.events import read_events
from storage.job_states import last_state
from storage.prompts import FilePrompts
from storage.uow import Database
from tests.conftest import TREE, Servers
from tests.fakes.jobs import get
from tests.fakes.pages import page_of
from tests.loopback.gemini_server import GeminiServer, Seen
from workers.main import Stores, make_engine
from workers.settings import read_worker_settings
from workers.telling import Stop

NORM = (
    "5.7 Двери эвакуационных выходов при числе людей более 15 должны быть шириной не менее 3,5 м.",
    "5.8 Двери главного входа при числе людей более 15 должны быть шириной не менее 2,5 м.",
)
PLAN = (
    "Двери эвакуационных выходов, число людей 40: ширина 3 м",
    "Двери главного входа, число людей 40: ширина 3 м",
)


def _id_of(content: str) -> str:
    return page_of(1, content).blocks[0].id


def _said(evidence: Sequence[tuple[str, str]], verdict: str = "pass") -> Callable[[Seen], dict[str, Any]]:
    """A model that finds no requirement of its own and says the same of every one, citing each plan's words."""

    def script(seen: Seen) -> dict[str, Any]:
        if "requirements" in seen.fields:
            return {"requirements": [{"block_id": "AAAA-AAAA-AAA", "quote": "Выдумано.", "clause": ""}]}
        numbers = [int(number) for number in re.findall(r'"number":(\d+)', seen.prompt)]
        judged = [
            {
                "number": number,
                "requirement_quote": NORM[number - 1],
                "evidence": [{"block_id": block_id, "quote": quote} for block_id, quote in evidence],
                "value_found": "3 м",
                "reason": "Видно на чертеже.",
                "verdict": verdict,
            }
            for number in numbers
        ]
        return {"judged": judged}

    return script


class World:
    """One worker's engine over a Gemini on loopback; a norm and a drawing of one user."""

    def __init__(self, stores: Stores, engine: Any, database: Database, user_id: UUID) -> None:
        self.stores = stores
        self.engine = engine
        self.database = database
        self.user_id = user_id

    async def check(self, norm: Sequence[str] = NORM, plan: Sequence[str] = PLAN) -> Job:
        job_id = await self.submit(norm, plan)
        await self.engine.look()
        return await get(self.database, job_id)

    async def submit(self, norm: Sequence[str], plan: Sequence[str]) -> UUID:
        requirements, drawing = await self._document("ТЗ.pdf", norm), await self._document("АР.pdf", plan)
        async with self.database.uow() as uow:
            job = await submit_matrix(
                uow, user_id=self.user_id, requirements=requirements, drawings=[drawing], pages=None, language="ru"
            )
            await uow.commit()
        return job.id

    async def rows(self, job: Job) -> list[Row]:
        assert job.result is not None
        return msgspec.json.decode(await self.stores.blobs.get(job.result["rows"]), type=list[Row])

    async def _document(self, name: str, contents: Sequence[str]) -> UUID:
        document = Document(id=new_id(), owner_id=self.user_id, name=name, status=DocumentStatus.READING)
        async with self.database.uow() as uow:
            await uow.documents.add(document)
            await uow.documents.save_pages(document.id, [page_of(1, *contents, sheet="5")])
            await uow.documents.set_page_count(document.id, 1)
            await uow.documents.set_ready(document.id, {})
            await uow.commit()
        return document.id


MakeWorld = Callable[..., World]


@pytest.fixture
async def make_world(
    servers: Servers, database_url: str, database: Database, user_id: UUID, redis: Redis, tmp_path: Path
) -> AsyncIterator[MakeWorld]:
    opened: list[tuple[Stores, GeminiServer]] = []

    def make(script: Any, **environ: str) -> World:
        gemini = GeminiServer(script).__enter__()
        settings = read_worker_settings(
            {
                **servers.env,
                "DATABASE_URL": database_url,
                "AIZOOMDOC_SECRET": "s" * 40,
                "GEMINI_API_KEY": "AIzaSyServerServerServerServerServer1234",
                "GEMINI_BASE_URL": gemini.url,
                "DATA_DIR": str(tmp_path),
                **environ,
            },
            queue="background",
            root=TREE,
        )
        stores = Stores(settings, FAMILIES)
        opened.append((stores, gemini))
        engine = make_engine(settings, stores, FAMILIES, FilePrompts(settings.prompts), "slot/1")
        return World(stores, engine, database, user_id)

    yield make
    for stores, gemini in opened:
        await stores.close()
        gemini.__exit__()


LIES = [
    pytest.param([(_id_of(PLAN[0]), "Двери эвакуационных выходов: ширина 3,6 м")], id="invented words"),
    pytest.param([("AAAA-AAAA-AAA", PLAN[0])], id="an invented block"),
    pytest.param([(_id_of(PLAN[0]), PLAN[0])], id="a value that breaks the limit"),
    pytest.param([(_id_of(PLAN[1]), PLAN[1])], id="the words of another door"),
    pytest.param([], id="nothing at all"),
]


@pytest.mark.parametrize("evidence", LIES)
async def test_a_lying_model_never_makes_a_pass(make_world: MakeWorld, evidence: list[tuple[str, str]]) -> None:
    world = make_world(_said(evidence))

    job = await world.check(NORM[:1])

    assert job.state is JobState.SUCCEEDED, job.error
    (row,) = await world.rows(job)
    assert row.verdict == "unknown"
    assert row.reason in ("unverified", "disagreeing")


async def test_an_honest_model_settles_what_rules_cannot_and_the_dropped_words_are_told(make_world: MakeWorld) -> None:
    world = make_world(_said([(_id_of(PLAN[1]), PLAN[1])]))

    job = await world.check(NORM[1:])

    (row,) = await world.rows(job)
    assert (row.verdict, row.reason, row.judged_by) == ("pass", "computed_pass", "gemini:gemini-3-flash-preview")
    assert row.proofs[0].place.quote == PLAN[1]
    assert row.proofs[0].place.boxes
    warnings = fold(await read_events(world.stores.auto, job.id, after=0)).warnings
    assert [warning["code"] for warning in warnings] == ["quotes_dropped"]


async def test_a_budget_that_ends_leaves_the_rest_unknown_and_says_so(make_world: MakeWorld) -> None:
    world = make_world(_said([(_id_of(PLAN[1]), PLAN[1])]), JOB_MAX_CALLS="1")

    job = await world.check()

    assert {row.reason for row in await world.rows(job)} == {"not_reached"}
    assert job.result is not None
    assert "budget" in [note["code"] for note in job.result["notes"]]


class Stuck:
    """Judges the first batch; the second question waits until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let_go = threading.Event()
        self._judged = 0

    def __call__(self, seen: Seen) -> dict[str, Any]:
        if "requirements" in seen.fields:
            return {"requirements": []}
        self._judged += 1
        if self._judged > 1:
            self.asked.set()
            self.let_go.wait(20)
        return {"judged": []}


async def test_a_cancelled_matrix_keeps_what_was_judged(make_world: MakeWorld) -> None:
    model = Stuck()
    world = make_world(model)
    norm = [f"5.{n} Двери участка {n} при числе людей более 15 должны быть шириной не менее 3 м." for n in range(1, 30)]
    job_id = await world.submit(norm, PLAN)
    looking = asyncio.create_task(world.engine.look())
    assert await asyncio.to_thread(model.asked.wait, 20)

    async with world.database.uow() as uow:
        await uow.jobs.transition(job_id, rules_jobs.Cancel())
        await uow.commit()
    next(iter(world.engine.runs.values())).stop(Stop.CANCEL)
    await looking
    model.let_go.set()

    assert (await get(world.database, job_id)).state is JobState.CANCELLED
    stored = await last_state(world.stores.auto, job_id)
    assert stored is not None
    assert msgspec.json.decode(stored, type=MatrixState).judged == BATCH
    told = fold(await read_events(world.stores.auto, job_id, after=0)).matrix
    assert [row["number"] for row in told] == list(range(1, BATCH + 1))
