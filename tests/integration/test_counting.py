"""Counting a symbol the user points at, through the whole service: over Gemini's wire and without a model."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pymupdf
import pytest
from redis.asyncio import Redis

from domain.chats import Chat, Scope
from domain.documents import Document, DocumentStatus
from domain.events import EventType
from domain.evidence import Region
from domain.family_list import FAMILIES
from domain.ids import new_id
from domain.jobs import JobState
from domain.submission import submit_question
from storage.answers import answers_of
from storage.events import read_events
from storage.prompts import FilePrompts
from storage.render_drawing import RenderDrawer
from storage.uow import Database
from tests.conftest import TREE, Servers
from tests.fakes.jobs import get
from tests.loopback.gemini_server import GeminiServer, Scripted, Seen, said
from workers.main import Stores, make_engine
from workers.settings import read_worker_settings

LAMPS = [(120, 120), (200, 140), (300, 420), (480, 300), (600, 500)]
HALVES = [(160, 300), (420, 130)]
WIDTH, HEIGHT = 842.0, 595.0
BOX = ((120 - 9) / WIDTH, (120 - 9) / HEIGHT, (120 + 9) / WIDTH, (120 + 9) / HEIGHT)


def plan() -> bytes:
    """Five lamps, one of them turned, two look-alikes, and a wall through a lamp."""
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for number, (x, y) in enumerate(LAMPS):
            page.draw_circle((x, y), 8)
            for turn in (0, 90):
                stroke(page, x, y, turn + 30 * (number == 2))
        for x, y in HALVES:
            page.draw_circle((x, y), 8)
            stroke(page, x, y, 0)
        page.draw_line((20, 140), (820, 140))
        page.insert_text((60, 560), "Lighting plan, ground floor")
        return document.tobytes()


def stroke(page: pymupdf.Page, x: float, y: float, degrees: float) -> None:
    across, down = 8 * math.cos(math.radians(degrees)), 8 * math.sin(math.radians(degrees))
    page.draw_line((x - across, y - down), (x + across, y + down))


def counting(seen: Seen) -> Scripted:
    """A model that takes the server's count as it stands."""
    if "intent_type" in seen.fields:
        return {"intent_type": "element_count", "requires_visual_detail": True, "count_of": ["lamp"]}
    if "facts" in seen.fields:
        return {"facts": []}
    assert '"block_id":"C1"' in seen.prompt, "the count was not among the blocks"
    reply = {
        "citations": [{"block_id": "C1", "quote": "", "kind": "text_block"}],
        "answer_markdown": "There are 5 lamps like the one shown [1].",
    }
    return said(reply, pieces=4)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    answer: dict[str, Any]
    stages: list[str]
    tools: list[dict[str, Any]]


Ask = Callable[..., Any]


@pytest.fixture
async def ask(
    servers: Servers, database_url: str, database: Database, user_id: UUID, redis: Redis, tmp_path: Path
) -> AsyncIterator[Ask]:
    """Asks a question about a lamp of the plan that is pointed at; without a script no model is configured."""
    closing = contextlib.AsyncExitStack()

    async def post(text: str, script: Any = None) -> Told:
        gemini = closing.enter_context(GeminiServer(script or []))
        keys = {"GEMINI_API_KEY": "AIza-of-the-test", "GEMINI_BASE_URL": gemini.url} if script else {}
        env = {
            **servers.env,
            "DATABASE_URL": database_url,
            "AIZOOMDOC_SECRET": "s" * 40,
            "ENCRYPTION_KEYS": "11" * 32,
            "DATA_DIR": str(tmp_path),
        }
        settings = read_worker_settings({**env, **keys}, queue="interactive", root=TREE)
        stores = Stores(settings, FAMILIES)
        closing.push_async_callback(stores.close)
        engine = make_engine(settings, stores, FAMILIES, FilePrompts(settings.prompts), "slot/1")
        sha256 = await stores.blobs.put(plan(), "application/pdf")
        document = Document(id=new_id(), owner_id=user_id, name="EL.pdf", status=DocumentStatus.READING, sha256=sha256)
        chat = Chat(id=new_id(), user_id=user_id, title="chat")
        [content] = await stores.pool.read_pages(sha256, 1, 1)
        async with database.uow() as uow:
            await uow.documents.add(document)
            await uow.documents.save_pages(document.id, [content])
            await uow.documents.set_page_count(document.id, 1)
            await uow.documents.set_ready(document.id, {})
            await uow.chats.add(chat)
            submitted = await submit_question(
                uow,
                user_id=user_id,
                chat_id=chat.id,
                content=text,
                scope=Scope(document_ids=(document.id,)),
                regions=[Region(document_id=document.id, page_no=1, box=BOX)],
            )
            await uow.commit()
        drawing = asyncio.create_task(draw(RenderDrawer(stores.auto, stores.redis, stores.pool, stores.blobs)))
        await engine.look()
        drawing.cancel()
        job = await get(database, submitted.job.id)
        assert job.state is JobState.SUCCEEDED, job.error
        async with database.uow() as uow:
            [answer] = (await answers_of(uow.session, chat.id)).values()
        events = await read_events(stores.auto, job.id, after=0)
        return Told(
            answer=msgspec.to_builtins(answer),
            stages=[event.stage or "" for event in events if event.type is EventType.STAGE_STARTED],
            tools=[event.payload for event in events if event.type is EventType.TOOL_CALLED],
        )

    async with closing:
        yield post


async def draw(drawer: RenderDrawer) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await drawer.draw_wanted()
            await asyncio.sleep(0.05)


async def test_the_model_tells_what_the_server_counted_and_each_thing_has_its_box(ask: Ask) -> None:
    told = await ask("How many lamps like this are there?", counting)

    [citation] = told.answer["citations"]
    [claim] = [claim for claim in told.answer["claims"] if claim["text"].startswith("5")]
    assert (claim["verdict"], len(claim["boxes"]), len(citation["boxes"])) == ("counted", 5, 5)
    assert citation["picture"] in [picture["number"] for picture in told.answer["pictures"]]
    assert "count" in told.stages
    assert [tool["parameters"]["total"] for tool in told.tools if tool["tool"] == "count"] == [5]


async def test_without_a_model_the_count_is_told_with_its_method(ask: Ask) -> None:
    told = await ask("Сколько таких светильников на этом листе?")

    text = told.answer["text"]
    assert "— 5 (стр. 1 — 5)" in text
    assert "Посчитано по векторным линиям знака" in text
    assert "Не вошло: 2 мест" not in text
    assert len(told.answer["citations"][0]["boxes"]) == 5
    assert {claim["verdict"] for claim in told.answer["claims"]} == {"counted"}
