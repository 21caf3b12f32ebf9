"""A whole analysis job, composed as in production, with Gemini on loopback: what is asked, told, stored and paid."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from domain.chats import Chat, Scope
from domain.documents import Document, DocumentStatus
from domain.events import Event, EventType, fold
from domain.family_list import FAMILIES
from domain.ids import new_id
from domain.jobs import Job, JobState
from domain.roles import RolePrompt
from domain.submission import submit_question
from storage.events import read_events
from storage.prompts import DatabasePrompts, FilePrompts
from storage.provider_keys import ProviderKeyRepository
from storage.tables.llm import LLMCallRow
from storage.uow import Database
from tests.conftest import TREE, Servers
from tests.fakes.jobs import get
from tests.fakes.pages import page_of
from tests.loopback.gemini_server import GeminiServer, Scripted, Seen, refused, retry_info, said
from workers.main import Stores, make_engine
from workers.settings import WorkerSettings, read_worker_settings

SERVER_KEY = "AIzaSyServerServerServerServerServer1234"
USERS_KEY = "AIzaSyUserUserUserUserUserUserUser5678"
FACT = "Расход воздуха установки П1 составляет 4200 м³/ч."
QUESTION = "Какой расход воздуха у установки П1?"
INTENT = {"intent_type": "general_analysis", "requires_visual_detail": False, "search_queries": ["расход воздуха П1"]}
ONE_MODEL = {
    "MODEL_CLASSIFY": "gemini:only",
    "MODEL_FLASH": "gemini:only",
    "MODEL_PRICES": '{"gemini:only": {"input": 0.5, "output": 3}}',
}
COST_OF_CLASSIFICATION = 810
"""1,000 new, 200 cached and 100 written and thought tokens at the default price of gemini-3-flash-preview."""


def answering(seen: Seen) -> Scripted:
    """A model that classifies, then finds the fact among the blocks it is shown and cites it."""
    if "answer_markdown" not in seen.fields:
        return INTENT
    block_id = re.search(r'"block_id":"([^"]+)"[^{}]*4200', seen.prompt)
    assert block_id is not None, "the fact was not among the blocks"
    reply = {
        "needs_more_evidence": False,
        "citations": [{"block_id": block_id.group(1), "quote": FACT, "kind": "text_block"}],
        "answer_markdown": "Расход воздуха установки П1 — 4200 м³/ч [1].",
    }
    return said(reply, pieces=12, thoughts=["Ищу строку про П1."])


class Limited:
    """Refuses the first request with a limit, then answers."""

    def __init__(self) -> None:
        self._refused = False

    def __call__(self, seen: Seen) -> Scripted:
        if self._refused:
            return answering(seen)
        self._refused = True
        return refused(429, "RESOURCE_EXHAUSTED", details=[retry_info(9)])


class Busy:
    """Refuses the first request for an answer as overloaded on every model, then answers."""

    def __init__(self) -> None:
        self._refused = 0

    def __call__(self, seen: Seen) -> Scripted:
        if "answer_markdown" not in seen.fields or self._refused == 2:
            return answering(seen)
        self._refused += 1
        return refused(503, "UNAVAILABLE")


class World:
    """One worker's engine and one user with a document and a chat, over a Gemini on loopback."""

    def __init__(self, settings: WorkerSettings, database: Database, user_id: UUID, gemini: GeminiServer) -> None:
        self.settings = settings
        self.stores = Stores(settings, FAMILIES)
        prompts = DatabasePrompts(FilePrompts(settings.prompts), self.stores.auto, live_s=0.0)
        self.engine = make_engine(settings, self.stores, FAMILIES, prompts, "slot/1")
        self.database = database
        self.user_id = user_id
        self.gemini = gemini

    async def ask(self, **pins: str) -> Job:
        """The job after the worker has looked once. `pins` are versions of prompts, with `__` for the slash."""
        document_id, chat_id = await self._document(), await self._chat()
        async with self.database.uow() as uow:
            submitted = await submit_question(
                uow,
                user_id=self.user_id,
                chat_id=chat_id,
                content=QUESTION,
                scope=Scope(document_ids=(document_id,)),
            )
            await uow.prompts.pin(submitted.job.id, {name.replace("__", "/"): pins[name] for name in pins})
            await uow.commit()
        await self.engine.look()
        return await get(self.database, submitted.job.id)

    async def log_of(self, job: Job) -> list[Event]:
        return await read_events(self.stores.auto, job.id, after=0)

    async def calls(self) -> list[LLMCallRow]:
        async with self.stores.sessions() as session:
            return list(await session.scalars(select(LLMCallRow).order_by(LLMCallRow.id)))

    async def keep_key(self, key: str) -> None:
        async with self.database.uow() as uow:
            await ProviderKeyRepository(uow.session, self.settings.storage.key_ring).put(self.user_id, "gemini", key)
            await uow.commit()

    async def choose_role(self, key: str) -> RolePrompt:
        """One of the roles that come with the product, now the user's."""
        async with self.database.uow() as uow:
            [row] = [role for role in await uow.roles.of_service() if role.key == key]
            await uow.users.change_settings(self.user_id, {"selected_role_prompt_id": row.id})
            role = await uow.roles.use(row.id, self.user_id)
            await uow.commit()
        assert role is not None
        return role

    async def save_prompt(self, name: str, line: str, *, live: bool) -> str:
        """The version of a text that begins with the line and goes on as the file does."""
        file = await FilePrompts(self.settings.prompts).get(name)
        async with self.database.uow() as uow:
            saved = await uow.prompts.save(name, f"{line}\n{file.text}", author_id=self.user_id, live=live)
            await uow.commit()
        return saved.version

    async def _document(self) -> UUID:
        document = Document(id=new_id(), owner_id=self.user_id, name="ОВ.pdf", status=DocumentStatus.READING)
        async with self.database.uow() as uow:
            await uow.documents.add(document)
            await uow.documents.save_pages(document.id, [page_of(1, "Общие данные"), page_of(2, FACT, sheet="5")])
            await uow.documents.set_page_count(document.id, 2)
            await uow.documents.set_ready(document.id, {})
            await uow.commit()
        return document.id

    async def _chat(self) -> UUID:
        async with self.database.uow() as uow:
            chat = Chat(id=new_id(), user_id=self.user_id, title="chat")
            await uow.chats.add(chat)
            await uow.commit()
        return chat.id


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
                "ENCRYPTION_KEYS": "11" * 32,
                "GEMINI_API_KEY": SERVER_KEY,
                "GEMINI_BASE_URL": gemini.url,
                "DATA_DIR": str(tmp_path),
                **environ,
            },
            queue="interactive",
            root=TREE,
        )
        opened.append(World(settings, database, user_id, gemini))
        return opened[-1]

    yield make
    for world in opened:
        await world.stores.close()
        world.gemini.__exit__()


async def test_a_question_is_answered_with_proof_streamed_and_paid(make_world: MakeWorld) -> None:
    world = make_world(answering)

    job = await world.ask()

    assert job.state is JobState.SUCCEEDED, job.error
    log = await world.log_of(job)
    snapshot = fold(log)
    assert snapshot.answer.startswith("Расход воздуха установки П1 — 4200 м³/ч [1].")
    assert snapshot.thinking == "Ищу строку про П1."
    assert not [event for event in log if event.type is EventType.ANSWER_RESET]
    calls = await world.calls()
    assert [(call.stage, call.model, call.error) for call in calls] == [
        ("classify", "gemini:gemini-3-flash-preview", None),
        ("answer", "gemini:gemini-3-flash-preview", None),
    ]
    assert [call.cost_micro_usd for call in calls] == [COST_OF_CLASSIFICATION, COST_OF_CLASSIFICATION]
    assert (job.usage.calls, job.usage.thinking_tokens, job.usage.cached_tokens) == (2, 40, 400)
    assert job.usage.cost_micro_usd == 2 * COST_OF_CLASSIFICATION
    assert {call.request_id for call in calls} == {"loopback-1"}


async def test_the_claims_of_the_answer_are_found_in_the_cited_place(make_world: MakeWorld) -> None:
    world = make_world(answering)

    job = await world.ask()

    [citation] = fold(await world.log_of(job)).evidence
    assert (citation["page_no"], citation["block_id"]) == (2, page_of(2, FACT).blocks[0].id)
    marked = [event.payload for event in await world.log_of(job) if event.type is EventType.ANSWER_MARKED]
    assert {mark["verdict"] for mark in marked} <= {"found"}


async def test_a_limit_delays_the_job_without_a_lost_attempt(make_world: MakeWorld) -> None:
    world = make_world(Limited(), **ONE_MODEL)

    job = await world.ask()

    assert (job.state, job.attempt) == (JobState.QUEUED, 0)
    waits = [event.payload for event in await world.log_of(job) if "run_in_s" in event.payload]
    assert waits[-1]["run_in_s"] == pytest.approx(9, abs=1)


async def test_a_users_key_pays_for_the_users_job(make_world: MakeWorld) -> None:
    world = make_world(answering)
    await world.keep_key(USERS_KEY)

    await world.ask()

    assert {seen.key for seen in world.gemini.seen} == {USERS_KEY}
    assert [call.own_key for call in await world.calls()] == [True, True]


async def test_a_key_is_in_no_row_and_no_event(make_world: MakeWorld) -> None:
    wrong = refused(400, "INVALID_ARGUMENT", f"API key not valid: {SERVER_KEY}, 'api_key:{SERVER_KEY}'")
    world = make_world(lambda seen: wrong)

    job = await world.ask()

    told = str([event.payload for event in await world.log_of(job)])
    kept = str([(call.request, call.response, call.error) for call in await world.calls()])
    assert SERVER_KEY not in told + kept + str(job)


async def test_without_any_key_the_offline_reader_answers(make_world: MakeWorld) -> None:
    world = make_world([], GEMINI_API_KEY="")

    job = await world.ask()

    assert job.state is JobState.SUCCEEDED
    assert {call.model for call in await world.calls()} == {"dryrun:reader"}
    assert world.gemini.seen == []


async def test_each_role_changes_what_the_model_is_sent_and_is_noted_in_the_job(make_world: MakeWorld) -> None:
    world = make_world(answering)
    sent = {"": (await asked_for(world)).system}

    for key in ("engineer", "economist", "warranty_engineer"):
        role = await world.choose_role(key)
        seen = await asked_for(world)
        sent[key] = seen.system

        shown = msgspec.json.decode(seen.system.rpartition("<role>\n")[2].partition("\n</role>")[0])
        assert shown == {"name": role.name, "wishes": role.content, "looks_for": list(role.focus)}

    assert "<role>\n\n</role>" in sent[""]
    assert len(set(sent.values())) == 4
    job = await world.ask()
    assert job.prompt_pins[f"roles/{role.id}"] == "v1"


async def test_a_live_text_is_sent_and_a_draft_only_for_the_job_it_is_given_to(make_world: MakeWorld) -> None:
    world = make_world(answering)
    await world.save_prompt("analysis/answer", "The live one.", live=True)
    draft = await world.save_prompt("analysis/answer", "The draft.", live=False)

    live_job = await world.ask()
    live_sent = world.gemini.seen[-1].system
    trial = await world.ask(analysis__answer=draft)

    assert live_sent.startswith("The live one.")
    assert world.gemini.seen[-1].system.startswith("The draft.")
    assert (live_job.prompt_pins["analysis/answer"], trial.prompt_pins["analysis/answer"]) == ("v1", "v2")
    assert live_job.prompt_pins["analysis/classify"] == trial.prompt_pins["analysis/classify"]
    assert [call.prompt_version for call in await world.calls() if call.prompt == "analysis/answer"] == ["v1", "v2"]


async def test_a_job_that_was_interrupted_goes_on_with_the_prompts_it_began_with(make_world: MakeWorld) -> None:
    world = make_world(Busy())
    job = await world.ask()
    assert job.state is JobState.QUEUED
    await world.save_prompt("analysis/answer", "Published meanwhile.", live=True)

    await due_now(world, job)
    job = await get(world.database, job.id)

    assert job.state is JobState.SUCCEEDED, job.error
    assert not world.gemini.seen[-1].system.startswith("Published meanwhile.")


async def asked_for(world: World) -> Seen:
    """What the model was sent for the answer to a new question."""
    job = await world.ask()
    assert job.state is JobState.SUCCEEDED, job.error
    return world.gemini.seen[-1]


async def due_now(world: World, job: Job) -> None:
    async with world.database.uow() as uow:
        await (await uow.session.connection()).exec_driver_sql(
            "update jobs set run_at = clock_timestamp() where id = $1", (job.id,)
        )
        await uow.commit()
    await world.engine.look()
