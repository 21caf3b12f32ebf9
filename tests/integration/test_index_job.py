"""A whole indexing job, composed as in production, with Gemini on loopback: what is sent, kept, resumed and paid."""

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, update

from domain import rules_jobs
from domain.documents import Document, DocumentStatus, PageContent
from domain.drawings import BY_MODEL, OFFLINE, OFFLINE_VERSION, Drawing
from domain.families.indexing.describe import TOGETHER
from domain.family_list import FAMILIES
from domain.ids import new_id
from domain.jobs import Job, JobState
from domain.submission_index import submit_indexing
from storage.prompts import FilePrompts
from storage.render_drawing import RenderDrawer
from storage.tables.block_index import BlockIndexRow
from storage.tables.jobs import JobRow
from storage.tables.llm import LLMCallRow
from storage.uow import Database
from tests.conftest import TREE, Servers
from tests.fakes.drawing_pages import drawn_page
from tests.fakes.jobs import command, get
from tests.loopback.gemini_server import GeminiServer, Scripted, Seen, refused, said
from workers.main import Stores, make_engine
from workers.settings import WorkerSettings, read_worker_settings
from workers.telling import Stop

PLAN = next((TREE / "samples").glob("*План_вентиляции.pdf"))
WHOLE = (0.1, 0.1, 0.9, 0.9)
PNG = b"\x89PNG"
ONE_MODEL = {
    "MODEL_INDEX": "gemini:only",
    "MODEL_FLASH": "gemini:only",
    "MODEL_PRICES": '{"gemini:only": {"input": 0.5, "output": 3}}',
}


def describing(seen: Seen) -> Scripted:
    """A model that names two codes of each drawing it is shown: one that stands there and one that does not."""
    return {
        "drawings": [
            {
                "id": told["id"],
                "title": f"План: {told['text'][:20]}",
                "discipline": "ventilation",
                "what_is_drawn": "План этажа",
                "system_codes": ["П1", "Ж77"],
            }
            for told in shown_in(seen)
        ]
    }


def shown_in(seen: Seen) -> list[dict[str, Any]]:
    """The drawings of a request."""
    found = re.search(r"<drawings>\n(.*)\n</drawings>", seen.prompt, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


class Held:
    """Describes, but holds the second request until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go = threading.Event()
        self.requests = 0

    def __call__(self, seen: Seen) -> Scripted:
        self.requests += 1
        if self.requests == 2:
            self.asked.set()
            self.go.wait(10)
        return describing(seen)


class World:
    """One worker's engine and one user over a Gemini on loopback."""

    def __init__(self, settings: WorkerSettings, database: Database, user_id: UUID, gemini: GeminiServer) -> None:
        self.stores = Stores(settings, FAMILIES)
        self.settings = settings
        self.prompts = FilePrompts(settings.prompts)
        self.engine = self.new_engine("slot/1")
        self.database = database
        self.user_id = user_id
        self.gemini = gemini

    def new_engine(self, owner: str) -> Any:
        return make_engine(self.settings, self.stores, FAMILIES, self.prompts, owner)

    async def store(self, *pages: PageContent, sha256: str | None = None, stamp: dict[str, str] | None = None) -> UUID:
        document = Document(
            id=new_id(), owner_id=self.user_id, name="ОВ.pdf", status=DocumentStatus.READING, sha256=sha256
        )
        async with self.database.uow() as uow:
            await uow.documents.add(document)
            await uow.documents.save_pages(document.id, pages)
            await uow.documents.set_ready(document.id, stamp or {})
            await uow.commit()
        return document.id

    async def submit(self, document_id: UUID, wanted: str = BY_MODEL) -> UUID:
        async with self.database.uow() as uow:
            document = await uow.documents.get(document_id)
            job_id, _ = await submit_indexing(uow, document, user_id=self.user_id, wanted=wanted)
            await uow.commit()
        return job_id

    async def index(self, document_id: UUID, wanted: str = BY_MODEL) -> Job:
        job_id = await self.submit(document_id, wanted)
        await self.engine.look()
        return await get(self.database, job_id)

    async def entries(self, document_id: UUID) -> list[Drawing]:
        async with self.database.uow() as uow:
            return await uow.drawings.entries(document_id)

    async def calls(self) -> list[LLMCallRow]:
        async with self.stores.sessions() as session:
            return list(await session.scalars(select(LLMCallRow).order_by(LLMCallRow.id)))

    async def draw(self) -> None:
        """What the render worker does, until cancelled."""
        drawer = RenderDrawer(self.stores.auto, self.stores.redis, self.stores.pool, self.stores.blobs)
        while True:
            await drawer.draw_wanted()
            await asyncio.sleep(0.02)


MakeWorld = Callable[..., World]


@pytest.fixture
async def make_world(
    servers: Servers, database_url: str, database: Database, user_id: UUID, redis: Redis, tmp_path: Path
) -> AsyncIterator[MakeWorld]:
    opened: list[World] = []

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
        opened.append(World(settings, database, user_id, gemini))
        return opened[-1]

    yield make
    for world in opened:
        await world.stores.close()
        world.gemini.__exit__()


def many_pages(count: int) -> list[PageContent]:
    return [drawn_page(no, (WHOLE, f"Чертёж {no} системы П1 план вентиляции")) for no in range(1, count + 1)]


async def test_a_real_sheet_is_shown_with_pictures_and_told_by_what_stands_on_it(make_world: MakeWorld) -> None:
    world = make_world(describing)
    await world.stores.pool.warm_up()
    digest = await world.stores.blobs.put(PLAN.read_bytes(), "application/pdf")
    document_id = await world.store(*await world.stores.pool.read_pages(digest, 1, 1), sha256=digest)
    drawing = asyncio.create_task(world.draw())

    job = await world.index(document_id)

    drawing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await drawing
    assert job.state is JobState.SUCCEEDED, job.error
    [seen] = world.gemini.seen
    sheet = shown_in(seen)[0]
    assert (sheet["is_sheet"], sheet["stamp"]["code"], sheet["document"]) == (True, "24-118-ОВ", "ОВ.pdf")
    assert [picture.label for picture in seen.pictures] == [
        told["picture"] for drawing in shown_in(seen) for told in drawing["pictures"]
    ]
    assert all(picture.data.startswith(PNG) for picture in seen.pictures)
    assert seen.config["temperature"] == 0
    entries = await world.entries(document_id)
    assert entries[0].is_sheet
    assert {code.code for entry in entries for code in entry.system_codes} == {"П1"}
    assert {(entry.sha256, entry.model) for entry in entries} == {(digest, "gemini:gemini-3-flash-preview")}
    version = (await world.prompts.get("indexing/describe")).version
    assert {entry.version for entry in entries} == {version}
    assert job.usage.cost_micro_usd > 0


async def test_a_killed_worker_loses_one_batch_and_pays_for_no_other_twice(make_world: MakeWorld) -> None:
    script = Held()
    world = make_world(script)
    document_id = await world.store(*many_pages(TOGETHER + 2))
    job_id = await world.submit(document_id)
    looking = asyncio.create_task(world.engine.look())
    await asyncio.to_thread(script.asked.wait, 10)

    for run in list(world.engine.runs.values()):
        run.stop(Stop.LOST)
    await looking
    kept = await world.entries(document_id)
    async with world.stores.sessions() as session, session.begin():
        await session.execute(_expire(job_id))
    await command(world.database, job_id, rules_jobs.Reap())
    script.go.set()
    async with world.stores.sessions() as session, session.begin():
        await session.execute(_due(job_id))
    await world.new_engine("slot/2").look()

    assert len(kept) == TOGETHER
    job = await get(world.database, job_id)
    assert (job.state, len(await world.entries(document_id))) == (JobState.SUCCEEDED, TOGETHER + 2)
    asked = [len(shown_in(seen)) for seen in world.gemini.seen]
    assert asked == [TOGETHER, 2, 2]


async def test_one_drawing_that_cannot_be_told_fails_no_other(make_world: MakeWorld) -> None:
    def refusing(seen: Seen) -> Scripted:
        return said("no JSON at all") if "Чертёж 2 " in seen.prompt else describing(seen)

    world = make_world(refusing, **ONE_MODEL)
    document_id = await world.store(*many_pages(3))

    job = await world.index(document_id)

    assert job.state is JobState.SUCCEEDED
    assert [entry.error for entry in await world.entries(document_id)] == [None, "reply_invalid", None]
    assert (job.result or {})["failed"] == 1


async def test_a_provider_that_is_down_fails_the_job_only_when_it_was_tried_often_enough(make_world: MakeWorld) -> None:
    world = make_world(lambda seen: refused(503, "UNAVAILABLE"), **ONE_MODEL)
    document_id = await world.store(*many_pages(1))

    job = await world.index(document_id)

    assert (job.state, job.attempt) == (JobState.QUEUED, 1)
    assert await world.entries(document_id) == []


async def test_the_budget_of_a_job_is_kept_and_the_rest_is_left(make_world: MakeWorld) -> None:
    world = make_world(describing, JOB_MAX_CALLS="1")
    document_id = await world.store(*many_pages(TOGETHER + 2))

    job = await world.index(document_id)

    assert job.state is JobState.SUCCEEDED
    assert ((job.result or {})["told"], (job.result or {})["left"]) == (TOGETHER, 2)
    assert len(world.gemini.seen) == 1


async def test_offline_costs_nothing_although_there_is_a_key(make_world: MakeWorld) -> None:
    world = make_world(describing)
    document_id = await world.store(*many_pages(2))

    job = await world.index(document_id, OFFLINE)

    assert job.state is JobState.SUCCEEDED
    assert world.gemini.seen == []
    assert {entry.version for entry in await world.entries(document_id)} == {OFFLINE_VERSION}
    assert {call.model for call in await world.calls()} == {"dryrun:reader"}


async def test_a_changed_prompt_has_stale_entries_told_again(make_world: MakeWorld) -> None:
    world = make_world(describing)
    document_id = await world.store(*many_pages(1))
    await world.index(document_id)
    async with world.stores.sessions() as session, session.begin():
        await session.execute(_outdate())

    again = await world.index(document_id)
    once_more = await world.index(document_id)

    assert ((again.result or {})["told"], (once_more.result or {})["fresh"]) == (1, 1)
    assert len(world.gemini.seen) == 2


def _expire(job_id: UUID) -> Any:
    return update(JobRow).where(JobRow.id == job_id).values(lease_until=func.now() - timedelta(seconds=60))


def _due(job_id: UUID) -> Any:
    return update(JobRow).where(JobRow.id == job_id).values(run_at=func.now() - timedelta(seconds=1))


def _outdate() -> Any:
    return update(BlockIndexRow).values(version="of before")
