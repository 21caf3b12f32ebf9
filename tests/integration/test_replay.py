"""A job recorded over the Gemini wire, with pictures, thoughts, a fallback and a repair, and run again with the network
down: the same events. And what a replay says where something has changed."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pymupdf
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.replaying import accept_replay
from domain.chats import Chat, Scope
from domain.documents import Document, DocumentStatus, PageContent
from domain.errors import DialogueExpired
from domain.events import Event, EventType
from domain.family_list import FAMILIES
from domain.ids import new_id
from domain.jobs import Job, JobState
from domain.rules_same_events import differences, normal_form
from domain.submission import submit_question
from storage.dialogues import check_kept, read_calls, spending_of
from storage.events import read_events
from storage.llm_retention import expire_dialogues
from storage.prompts import DatabasePrompts, FilePrompts
from storage.render_drawing import RenderDrawer
from storage.uow import Database
from storage.vectors.asking import Questions
from storage.vectors.filling import Filler
from storage.vectors.search import FusedSearch
from tests.conftest import TREE, Servers
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.jobs import get
from tests.fakes.pages import page_of
from tests.loopback.embedding_server import EmbeddingServer
from tests.loopback.gemini_server import GeminiServer, Scripted, Seen, refused, said
from workers.main import Stores, make_engine
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages
from workers.settings import read_worker_settings

KEY = "AIzaSyServerServerServerServerServer1234"
FACT = "Расход воздуха установки П1 составляет 4200 м³/ч."
QUESTION = "Какой расход воздуха у установки П1?"
T = TypeVar("T")
HELD_BACK = """
select pg_advisory_lock(42);
create function hold_back() returns trigger language plpgsql as
$$ begin perform pg_advisory_xact_lock(42); return new; end $$;
create trigger hold_back before insert on llm_calls for each row when (new.stage = 'answer')
execute function hold_back();
"""
"""Calls of the stage `answer` are not written while the test holds the lock."""

_INTERACTIVE = text("update jobs set queue = 'interactive' where id = :id")
_WITHOUT_VECTORS = text("delete from question_vectors")
_WITHOUT_OWNER = text("delete from users where id = :id")
_AGED = text("update llm_calls set created_at = now() - interval '90 days'")
PLAN = next((TREE / "samples").glob("*План_вентиляции.pdf"))


class Model:
    """Classifies, reads nothing in advance, and answers. Of its answers the first model fails once, and the second one
    says something unusable before it says what it should, after a closer look."""

    def __init__(self, *, looks: bool = False, fails: bool = False) -> None:
        self._looks = looks
        self._fails = fails

    def __call__(self, seen: Seen) -> Scripted:
        if "intent_type" in seen.fields:
            return {"intent_type": "general_analysis", "requires_visual_detail": self._looks}
        if "facts" in seen.fields:
            return {"facts": []}
        if self._fails and seen.model == "one":
            return refused(503, "UNAVAILABLE", f"overloaded, key {KEY}")
        if self._fails:
            self._fails = False
            return said('{"answer_markdown": "Черновик ответа.", "issues": 7}', pieces=3, thoughts=["Спешу."])
        return said(
            {"answer_markdown": "Расход установки П1 — 4200 м³/ч.", "citations": []}, pieces=9, thoughts=["Да."]
        )


class Recorder:
    """One worker with its renderer, a user, and a Gemini that can be taken away."""

    def __init__(self, env: Mapping[str, str], database: Database, user_id: UUID, model: Model) -> None:
        self.gemini = GeminiServer(model).__enter__()
        prices = '{"gemini:one": {"input": 1, "output": 2}, "gemini:two": {"input": 1, "output": 2}}'
        models = {"MODEL_FLASH": "gemini:one,gemini:two", "MODEL_CLASSIFY": "gemini:one", "MODEL_PRICES": prices}
        keys = {"GEMINI_API_KEY": KEY, "GEMINI_BASE_URL": self.gemini.url}
        self.env = {**env, **models, **keys}
        settings = read_worker_settings(self.env, queue="interactive", root=TREE)
        self.stores = Stores(settings, FAMILIES)
        self.prompts = DatabasePrompts(FilePrompts(settings.prompts), self.stores.auto)
        self._engine = make_engine(settings, self.stores, FAMILIES, self.prompts, "slot/1")
        self._drawer = RenderDrawer(self.stores.auto, self.stores.redis, self.stores.pool, self.stores.blobs)
        self.database = database
        self.user_id = user_id

    async def record(self, document: Document, question: str = QUESTION) -> Job:
        await self.prompts.keep_files()
        chat = Chat(id=new_id(), user_id=self.user_id, title="chat")
        async with self.database.uow() as uow:
            await uow.chats.add(chat)
            scope = Scope(document_ids=(document.id,))
            asked = await submit_question(uow, user_id=self.user_id, chat_id=chat.id, content=question, scope=scope)
            await uow.commit()
        return await self.run(asked.job.id)

    async def accept(self, source: Job, by: UUID | None = None, **trial: Any) -> UUID:
        async with self.database.uow() as uow:
            job = await accept_replay(uow, source, by=by or self.user_id, **trial)
            await uow.commit()
        return job.id

    async def replay(self, source: Job) -> Job:
        return await self.run(await self.accept(source))

    async def run(self, job_id: UUID) -> Job:
        drawing = asyncio.create_task(self._draw())
        await self._engine.look()
        drawing.cancel()
        return await get(self.database, job_id)

    @property
    def questions(self) -> Questions:
        assert isinstance(self.stores.search, FusedSearch)
        return self.stores.search.questions

    async def told(self, job: Job) -> list[Event]:
        return await read_events(self.stores.auto, job.id, after=0)

    async def diff(self, recorded: Job, replayed: Job) -> list[str]:
        return differences(normal_form(await self.told(recorded)), normal_form(await self.told(replayed)))

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A worker process of its own."""
        command = [sys.executable, "-m", "workers.main", "--queue", "interactive"]
        env = {**os.environ, **self.env, "WORKER_SLOT": "of-the-test", "RENDER_CHILDREN": "1"}
        with subprocess.Popen(
            command, cwd=TREE, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            try:
                yield child
            finally:
                child.kill()

    def unplug(self) -> int:
        """Take the model's server away; how many requests it has seen."""
        self.gemini.__exit__()
        return len(self.gemini.seen)

    async def text_document(self) -> Document:
        return await self.document(page_of(1, "Общие данные"), page_of(2, FACT, sheet="5"))

    async def document(self, *pages: PageContent) -> Document:
        return await self._add(pages, None)

    async def plan(self) -> Document:
        data = PLAN.read_bytes()
        with pymupdf.open(stream=data, filetype="pdf") as document:
            read = list(read_pages(document, ReadPages(1, 1)))
        pages = [reply.content for reply in read if isinstance(reply, PageRead)]
        return await self._add(pages, await self.stores.blobs.put(data, "application/pdf"))

    async def _add(self, pages: Sequence[PageContent], digest: str | None) -> Document:
        document = Document(
            id=new_id(), owner_id=self.user_id, name="ОВ.pdf", status=DocumentStatus.READING, sha256=digest
        )
        async with self.database.uow() as uow:
            await uow.documents.add(document)
            await uow.documents.save_pages(document.id, pages)
            await uow.documents.set_page_count(document.id, len(pages))
            await uow.documents.set_ready(document.id, {})
            await uow.commit()
        return document

    async def _draw(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await self._drawer.draw_wanted()
                await asyncio.sleep(0.05)


Open = Callable[..., Recorder]


@pytest.fixture
async def recorder(
    servers: Servers, database_url: str, database: Database, user_id: UUID, redis: Redis, tmp_path: Path
) -> AsyncIterator[Open]:
    opened: list[Recorder] = []
    env = {
        **servers.env,
        "DATABASE_URL": database_url,
        "AIZOOMDOC_SECRET": "s" * 40,
        "ENCRYPTION_KEYS": "11" * 32,
        "DATA_DIR": str(tmp_path),
    }

    def make(*, further: Mapping[str, str] | None = None, **script: bool) -> Recorder:
        opened.append(Recorder({**env, **(further or {})}, database, user_id, Model(**script)))
        return opened[-1]

    yield make
    for one in opened:
        await one.stores.close()
        with contextlib.suppress(RuntimeError):
            one.gemini.__exit__()


async def test_a_replay_without_a_network_tells_the_same_events(recorder: Open) -> None:
    world = recorder(looks=True, fails=True)
    recorded = await world.record(await world.plan())
    assert recorded.state is JobState.SUCCEEDED, recorded.error
    calls = (await read_calls(world.stores.auto, recorded.id)).calls
    assert {call.error for call in calls} >= {"provider_failed", "reply_invalid", None}
    assert {call.model for call in calls} == {"gemini:one", "gemini:two"}
    assert any(part["type"] == "image" for call in calls for part in call.request["parts"])
    requests = world.unplug()

    replayed = await world.replay(recorded)

    assert replayed.state is JobState.SUCCEEDED, replayed.error
    assert await world.diff(recorded, replayed) == []
    told = normal_form(await world.told(replayed))
    kinds = {event.type for event in told}
    assert {EventType.EVIDENCE_PICTURE, EventType.THINKING_DELTA, EventType.ANSWER_RESET} <= kinds
    assert len(world.gemini.seen) == requests
    served = (await read_calls(world.stores.auto, replayed.id)).calls
    assert [call.served_by for call in served] == [call.id for call in calls]
    assert (replayed.mode, replayed.usage.cost_micro_usd, replayed.usage.calls) == ("replay", 0, 0)
    async with world.database.uow() as uow:
        [_, answer] = await uow.chats.messages(UUID(str(recorded.payload["chat_id"])))
    assert answer.job_id == recorded.id
    assert KEY not in str([(call.request, call.response, call.thinking, call.fault) for call in [*calls, *served]])


async def test_a_replay_finds_by_the_recorded_vectors_and_asks_no_embedding_provider(recorder: Open) -> None:
    embedder = FakeEmbedder()
    with EmbeddingServer(lambda texts: [embedder.vector_of(text) for text in texts]) as server:
        further = {"EMBEDDINGS": "ollama:fake", "EMBEDDING_DIMENSIONS": "4", "OLLAMA_BASE_URL": server.url}
        world = recorder(further=further)
        others = [page_of(number, f"Общие данные {number}") for number in range(1, 100)]
        document = await world.document(*others, page_of(100, "A pump"))
        while await Filler(world.stores.sessions, world.questions.embedder).fill_one():
            pass
        recorded = await world.record(document, "Какой насос?")
    world.unplug()
    asked = len(server.seen)

    replayed = await world.replay(recorded)

    assert replayed.state is JobState.SUCCEEDED, replayed.error
    assert await world.diff(recorded, replayed) == []
    assert len(server.seen) == asked
    async with world.database.uow() as uow:
        await uow.session.execute(_WITHOUT_VECTORS)
        await uow.commit()
    by_words = await world.replay(recorded)
    assert by_words.error is not None
    assert by_words.error.code == "replay_diverged"


async def test_settings_and_prompts_of_then_count_in_a_replay(recorder: Open) -> None:
    world = recorder()
    recorded = await world.record(await world.text_document())
    world.unplug()
    async with world.database.uow() as uow:
        await uow.users.change_settings(world.user_id, {"temperature": 0.1, "thinking_budget": 512})
        file = await world.prompts.get("analysis/answer")
        await uow.prompts.save("analysis/answer", file.text + "\nКороче.", author_id=world.user_id)
        await uow.commit()

    replayed = await world.replay(recorded)

    assert replayed.state is JobState.SUCCEEDED, replayed.error
    assert await world.diff(recorded, replayed) == []


async def test_a_document_that_has_changed_ends_the_replay_with_the_first_difference(recorder: Open) -> None:
    world = recorder()
    document = await world.text_document()
    recorded = await world.record(document)
    async with world.database.uow() as uow:
        await uow.documents.save_pages(document.id, [page_of(2, FACT.replace("4200", "4300"), sheet="5")])
        await uow.commit()

    replayed = await world.replay(recorded)

    assert replayed.error is not None
    assert (replayed.state, replayed.error.code) == (JobState.FAILED, "replay_diverged")
    assert "stage answer, call 2 (analysis/answer): the request's text 1 from character" in replayed.error.message_en
    assert await world.diff(recorded, replayed) != []


async def test_a_replay_of_another_users_job_sees_what_that_user_sees(recorder: Open, other_user_id: UUID) -> None:
    world = recorder()
    recorded = await world.record(await world.text_document())
    world.unplug()

    replayed = await world.run(await world.accept(recorded, by=other_user_id))

    assert (replayed.state, replayed.user_id) == (JobState.SUCCEEDED, other_user_id)
    assert await world.diff(recorded, replayed) == []


async def test_a_trial_asks_the_model_only_what_the_prompt_has_changed(recorder: Open) -> None:
    world = recorder()
    recorded = await world.record(await world.text_document())
    requests = len(world.gemini.seen)
    async with world.database.uow() as uow:
        file = await world.prompts.get("analysis/answer")
        draft = await uow.prompts.save("analysis/answer", file.text + "\nКороче.", author_id=world.user_id, live=False)
        await uow.commit()

    job_id = await world.accept(recorded, trial_id=new_id(), prompts={"analysis/answer": draft.version})
    async with world.database.uow() as uow:
        await uow.session.execute(_INTERACTIVE, {"id": job_id})
        await uow.commit()
    trial = await world.run(job_id)

    assert trial.state is JobState.SUCCEEDED, trial.error
    [live] = world.gemini.seen[requests:]
    assert "Короче." in live.prompt
    spending = (await spending_of(world.stores.auto, [trial.id]))[trial.id]
    assert (spending.served, spending.live) == (1, 1)
    assert 0 < spending.paid_micro_usd == trial.usage.cost_micro_usd < spending.cost_micro_usd


@pytest.mark.slow
async def test_a_replay_whose_worker_is_killed_goes_on_after_its_last_checkpoint(
    recorder: Open, auto: AsyncEngine
) -> None:
    world = recorder()
    recorded = await world.record(await world.text_document())
    world.unplug()
    job_id = await world.accept(recorded)
    async with auto.connect() as holder:
        await _script(holder, HELD_BACK)
        with world.worker() as killed:
            await _until(lambda: _is_held(auto))
            killed.kill()
        # What it was writing goes with it: a statement alone would be carried out once it is let through.
        await holder.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted"
        )
        await holder.exec_driver_sql("select pg_advisory_unlock(42)")

    with world.worker():
        replayed = await _until(lambda: _ended(world, job_id))

    assert (replayed.state, replayed.epoch, replayed.crashes) == (JobState.SUCCEEDED, 2, 1)
    assert await world.diff(recorded, replayed) == []
    served = (await read_calls(world.stores.auto, job_id)).calls
    assert [(call.stage, call.epoch) for call in served] == [("classify", 1), ("answer", 2)]


async def _script(connection: AsyncConnection, statements: str) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(statements)


async def _is_held(auto: AsyncEngine) -> bool | None:
    async with auto.connect() as connection:
        rows = await connection.exec_driver_sql("select 1 from pg_locks where locktype = 'advisory' and not granted")
        return True if rows.all() else None


async def _ended(world: Recorder, job_id: UUID) -> Job | None:
    job = await get(world.database, job_id)
    return job if job.finished_at else None


async def _until(look: Callable[[], Awaitable[T | None]]) -> T:
    """What `look` gives once it gives something."""
    for _ in range(600):
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come true in time")


async def test_texts_expire_and_figures_stay(recorder: Open) -> None:
    world = recorder()
    recorded = await world.record(await world.text_document())
    async with world.database.uow() as uow:
        await uow.session.execute(_AGED)
        await uow.commit()

    assert await expire_dialogues(world.stores.auto, days=91) == 0
    assert await expire_dialogues(world.stores.auto, days=89) == 2

    with pytest.raises(DialogueExpired):
        await check_kept(world.stores.auto, recorded.id)
    calls = (await read_calls(world.stores.auto, recorded.id)).calls
    assert {(call.response, call.thinking, str(call.request)) for call in calls} == {("", "", "{}")}
    assert all(call.usage.input_tokens for call in calls)
    failed = await world.replay(recorded)
    assert failed.error is not None
    assert failed.error.code == "dialogue_expired"


async def test_with_its_owner_a_replay_by_somebody_else_is_gone(recorder: Open, other_user_id: UUID) -> None:
    world = recorder()
    recorded = await world.record(await world.text_document())
    replayed = await world.run(await world.accept(recorded, by=other_user_id))
    async with world.database.uow() as uow:
        await uow.session.execute(_WITHOUT_OWNER, {"id": world.user_id})
        await uow.commit()

    await expire_dialogues(world.stores.auto, days=None)

    async with world.database.uow() as uow:
        assert await uow.jobs.list_of() == []
    assert {call.response for call in (await read_calls(world.stores.auto, replayed.id)).calls} == {""}


async def test_with_its_chat_the_dialogue_and_its_replays_are_gone(recorder: Open) -> None:
    world = recorder()
    recorded = await world.record(await world.text_document())
    replayed = await world.replay(recorded)

    async with world.database.uow() as uow:
        await uow.chats.delete(UUID(str(recorded.payload["chat_id"])), world.user_id)
        await uow.commit()

    for job in (recorded, replayed):
        calls = (await read_calls(world.stores.auto, job.id)).calls
        assert {(call.response, str(call.request)) for call in calls} == {("", "{}")}
        with pytest.raises(DialogueExpired):
            await check_kept(world.stores.auto, job.id)
    async with world.database.uow() as uow:
        assert [job.id for job in await uow.jobs.list_of(user_id=world.user_id)] == [recorded.id]
