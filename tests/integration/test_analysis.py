"""The analysis family on the real engine and database, with a model that misbehaves."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.answers import AnswerReply, Intent, RegionRequest, ReplyCitation, ReplyIssue
from domain.budgets import Budget
from domain.chats import Scope
from domain.documents import Block, BlockKind, Document, DocumentStatus, PageContent
from domain.events import EventType, fold
from domain.families.analysis.family import FAMILY
from domain.ids import new_id
from domain.jobs import Job, JobState
from domain.llm import Capabilities
from domain.submission import submit_question
from launch.stack import REPOSITORY
from storage.answers import answers_of
from storage.database import open_sessions
from storage.events import has_streamed_answer, read_events
from storage.prompts import FilePrompts
from storage.publisher import Publisher
from storage.search import PostgresSearch
from storage.uow import Database
from tests.fakes.jobs import get
from tests.fakes.pages import page_of
from tests.fakes.prompt_store import FakeLLMLog
from tests.fakes.provider import Script, ScriptedProvider, said, said_json
from tests.fakes.renderer import FakeRenderer
from workers.asking import Asker
from workers.context import Tools
from workers.engine import Engine
from workers.models import ModelConfig
from workers.telling import Stop, Teller

FLOW = "Расход воздуха установки П1 составляет 4200 м³/ч."
DRAWING = Block(id="DRAW-DRAW-DRA", page_no=1, block_no=1, kind=BlockKind.IMAGE, content="", box=(0.1, 0.5, 0.6, 0.8))
PAGE = page_of(1, FLOW)
TEXT_BLOCK = PAGE.blocks[0].id
WITH_DRAWING = PageContent(page=PAGE.page, blocks=(*PAGE.blocks, DRAWING), words=PAGE.words)

Answering = Callable[..., Engine]


@pytest.fixture
def answering(engine: AsyncEngine, auto: Any, redis: Redis) -> Answering:
    """A worker whose model says these scripts, one a call."""

    def make(*scripts: Script, provider: type[ScriptedProvider] = ScriptedProvider) -> Engine:
        publisher = Publisher(redis, lambda queue: None)
        nothing: Any = None
        asker = Asker(
            providers={"fake": provider(*scripts, capabilities=Capabilities(images=True))},
            config=ModelConfig(chains={"flash": ("fake:model",)}),
            prompts=FilePrompts(REPOSITORY / "prompts"),
            log=FakeLLMLog(),
            budget=Budget(),
        )
        tools = Tools(
            database=Database(open_sessions(engine), publisher, on_end={}),
            search=PostgresSearch(open_sessions(engine)),
            blobs=nothing,
            reader=nothing,
            renderer=FakeRenderer(),
            comparer=nothing,
            recogniser=nothing,
            vault=nothing,
            asker=asker,
        )

        def make_teller(job: Job, stop: Callable[[Stop], None]) -> Teller:
            return Teller(auto, publisher, job, stop)

        return Engine(
            queue="interactive",
            owner="slot/1",
            slots=1,
            user_cap=2,
            families={FAMILY.name: FAMILY},
            tools=tools,
            make_teller=make_teller,
            has_streamed=lambda job_id: has_streamed_answer(auto, job_id),
        )

    return make


async def asked(
    database: Database, user_id: UUID, chat_id: UUID, pages: Sequence[PageContent] = (WITH_DRAWING,)
) -> UUID:
    """A question about a document of these pages, by default one with a text and a drawing; the id of its job."""
    document = Document(id=new_id(), owner_id=user_id, name="ОВ.pdf", status=DocumentStatus.READING, sha256="ab" * 32)
    scope = Scope(document_ids=(document.id,))
    async with database.uow() as uow:
        await uow.documents.add(document)
        await uow.documents.save_pages(document.id, pages)
        await uow.documents.set_page_count(document.id, len(pages))
        await uow.documents.set_ready(document.id, {})
        submitted = await submit_question(
            uow,
            user_id=user_id,
            chat_id=chat_id,
            content="Какой расход у П1?",
            scope=scope,
        )
        await uow.commit()
    return submitted.job.id


async def test_a_misbehaving_model_ends_in_a_smaller_honest_answer(
    answering: Answering, database: Database, auto: Any, user_id: UUID, chat_id: UUID
) -> None:
    job_id = await asked(database, user_id, chat_id)
    wishes = (
        RegionRequest(block_id="DRAW-DRAW-DRA", bbox_norm=(-5, 0.2, 9, 0.9)),
        RegionRequest(block_id="ZZZZ-ZZZZ-ZZZ", sector="A1"),
    )
    draft = AnswerReply(
        citations=(ReplyCitation(block_id=TEXT_BLOCK, quote="4200 м³/ч"), ReplyCitation(block_id="ZZZZ-ZZZZ-ZZZ")),
        followup_rois=wishes,
        answer_markdown="Расход П1 — 4300 м³/ч [1], напор 900 Па [2].",
        issues=(ReplyIssue(issue_type="x", description="Мощность 77 кВт", evidence=(ReplyCitation(block_id="Q"),)),),
    )
    cut = said('{"citations": [], "answer_markdown": "Расход 9', finish_reason="length")

    await answering(said_json(Intent()), said_json(draft, pieces=4), cut, cut).look()

    job = await get(database, job_id)
    events = await read_events(auto, job_id, after=0)
    async with database.uow() as uow:
        question, message = await uow.chats.messages(chat_id)
        answer = (await answers_of(uow.session, chat_id))[message.id]
    assert job.state is JobState.SUCCEEDED
    assert [event.is_terminal for event in events].count(True) == 1
    assert events[-1].payload["text_sha256"] == sha256(message.content.encode()).hexdigest()
    assert fold(events).answer == message.content == answer.text
    assert message.reply_to_id == question.id
    assert answer.text.startswith("Расход П1 — 4300 м³/ч [1]")
    assert "Дальше модель не ответила" in answer.text
    verdicts = {claim.text: claim.verdict.value for claim in answer.claims}
    assert {verdicts[text] for text in ("4300 м³/ч", "900 Па", "[2]")} == {"not_found"}
    assert answer.issues[0].unverified == ("Мощность 77 кВт",)
    assert [(picture.number, picture.block_id) for picture in answer.pictures] == [(1, "DRAW-DRAW-DRA")]
    assert answer.usage.calls == 4
    assert "ZZZZ-ZZZZ-ZZZ" not in str([event.payload for event in events])
    assert [event.stage for event in events if event.type is EventType.STAGE_STARTED] == [
        "classify",
        "search",
        "crop",
        "extract",
        "answer",
        "follow_up",
        "answer",
        "reread",
        "verify",
    ]
