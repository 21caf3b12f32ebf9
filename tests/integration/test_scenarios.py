"""The five regression scenarios over the sample drawing set, through the real Gemini wire and once without a model.

Everything is real but the model: reading, search, rendering in child processes, evidence, verification. The scripted
model sees what Gemini would see, and misbehaves where the scenario is about that.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pymupdf
import pytest
from redis.asyncio import Redis

from domain.chats import Chat, Scope
from domain.documents import Block, BlockKind, Document, DocumentStatus, PageContent
from domain.events import Event, EventType, fold
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
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages
from workers.settings import read_worker_settings

PLAN, SPECIFICATION, NOTES = "План_вентиляции", "Спецификация", "Общие_данные"
REVISED = "Спецификация, изм. 1"
Answer = Callable[[Seen, int], Mapping[str, Any]]
"""The model's reply to its n-th question for an answer, from 0."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a question: the stored answer as JSON, the events, and what the model saw when asked to answer."""

    answer: dict[str, Any]
    events: list[Event]
    asked: list[Seen]

    def payloads(self, event: EventType) -> list[dict[str, Any]]:
        return [told.payload for told in self.events if told.type is event]

    def cited(self, number: int) -> dict[str, Any]:
        return next(citation for citation in self.answer["citations"] if citation["number"] == number)


class Service:
    """One worker and its renderer over the sample documents. Without a script no model is configured."""

    def __init__(self, env: Mapping[str, str], database: Database, user_id: UUID, script: Any) -> None:
        self.gemini = GeminiServer(script or []).__enter__()
        keys = {"GEMINI_API_KEY": "AIza-of-the-test", "GEMINI_BASE_URL": self.gemini.url} if script else {}
        self._settings = read_worker_settings({**env, **keys}, queue="interactive", root=TREE)
        self.stores = Stores(self._settings, FAMILIES)
        self._engine = make_engine(self._settings, self.stores, FAMILIES, FilePrompts(self._settings.prompts), "slot/1")
        self._drawer = RenderDrawer(self.stores.auto, self.stores.redis, self.stores.pool, self.stores.blobs)
        self._database = database
        self._user_id = user_id

    async def ask(
        self, text: str, *names: str, against: str | None = None, is_scan: bool = False, profile: str = "simple"
    ) -> Told:
        """Asks of the named documents; `against`: compares the first one with that one. `is_scan`: as if their pages
        had no text."""
        ids = [await self._document(name, is_scan=is_scan) for name in names]
        scope = Scope(document_ids=tuple(ids))
        if against is not None:
            other = await self._document(against)
            scope = Scope(compare_document_ids_a=tuple(ids), compare_document_ids_b=(other,))
        chat = Chat(id=new_id(), user_id=self._user_id, title="chat")
        async with self._database.uow() as uow:
            await uow.users.change_settings(self._user_id, {"model_profile": profile})
            await uow.chats.add(chat)
            submitted = await submit_question(uow, user_id=self._user_id, chat_id=chat.id, content=text, scope=scope)
            await uow.commit()
        drawing = asyncio.create_task(self._draw())
        await self._engine.look()
        drawing.cancel()
        job = await get(self._database, submitted.job.id)
        assert job.state is JobState.SUCCEEDED, job.error
        async with self._database.uow() as uow:
            [answer] = (await answers_of(uow.session, chat.id)).values()
        events = await read_events(self.stores.auto, job.id, after=0)
        assert fold(events).answer == answer.text
        asked = [seen for seen in self.gemini.seen if "answer_markdown" in seen.fields]
        return Told(answer=msgspec.to_builtins(answer), events=events, asked=asked)

    async def close(self) -> None:
        await self.stores.close()
        self.gemini.__exit__()

    async def _draw(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await self._drawer.draw_wanted()
                await asyncio.sleep(0.05)

    async def _document(self, name: str, *, is_scan: bool = False) -> UUID:
        """A sample, or `REVISED`."""
        data = _revised() if name == REVISED else _file(name).read_bytes()
        digest = await self.stores.blobs.put(data, "application/pdf")
        document = Document(
            id=new_id(), owner_id=self._user_id, name=f"{name}.pdf", status=DocumentStatus.READING, sha256=digest
        )
        pages = [_without_text(page) if is_scan else page for page in _pages(data)]
        async with self._database.uow() as uow:
            await uow.documents.add(document)
            await uow.documents.save_pages(document.id, pages)
            await uow.documents.set_page_count(document.id, len(pages))
            await uow.documents.set_ready(document.id, {})
            await uow.commit()
        return document.id


Open = Callable[..., Service]


@pytest.fixture
async def service(
    servers: Servers, database_url: str, database: Database, user_id: UUID, redis: Redis, tmp_path: Path
) -> AsyncIterator[Open]:
    opened: list[Service] = []
    env = {
        **servers.env,
        "DATABASE_URL": database_url,
        "AIZOOMDOC_SECRET": "s" * 40,
        "ENCRYPTION_KEYS": "11" * 32,
        "DATA_DIR": str(tmp_path),
    }

    def make(script: Any = None) -> Service:
        opened.append(Service(env, database, user_id, script))
        return opened[-1]

    yield make
    for one in opened:
        await one.close()


class Model:
    """Classifies as told, reads nothing in advance, collects by `collected`, and answers by script."""

    def __init__(self, answer: Answer, *, collected: str = "", **intent: Any) -> None:
        self._answer = answer
        self._collected = collected
        self._intent = {"intent_type": "general_analysis", "requires_visual_detail": False, **intent}
        self._turn = -1

    def __call__(self, seen: Seen) -> Scripted:
        if "intent_type" in seen.fields:
            return self._intent
        if "selected_blocks" in seen.fields:
            return {"selected_blocks": _ids(seen, self._collected)}
        if "facts" in seen.fields:
            return {"facts": []}
        self._turn += 1
        return said(dict(self._answer(seen, self._turn)), pieces=6, thoughts=["Думаю."])


@cache
def _pages(data: bytes) -> tuple[PageContent, ...]:
    with pymupdf.open(stream=data, filetype="pdf") as document:
        read = read_pages(document, ReadPages(1, document.page_count))
        return tuple(reply.content for reply in read if isinstance(reply, PageRead))


def _file(name: str) -> Path:
    return next((TREE / "samples").glob(f"*{name}*.pdf"))


@cache
def _revised() -> bytes:
    """The specification with the size of one item changed, as its next revision would have it."""
    with pymupdf.open(_file(SPECIFICATION)) as document:
        page = document[1]
        place = page.search_for("400×250")[0]
        page.add_redact_annot(place)
        page.apply_redactions()
        page.insert_text((place.x0, place.y1 - 2), "400×300", fontsize=place.height * 0.7)
        return document.tobytes()


def _without_text(content: PageContent) -> PageContent:
    """The page as a scan: one picture that nobody has read."""
    page_no = content.page.page_no
    whole = Block(
        id=f"SCAN-SCAN-SC{page_no}", page_no=page_no, block_no=0, kind=BlockKind.IMAGE, content="", box=(0, 0, 1, 1)
    )
    return PageContent(page=content.page, blocks=(whole,))


def _ids(seen: Seen, words: str) -> list[str]:
    """The ids of the shown blocks that hold the words."""
    shown = re.findall(r'"block_id":"([^"]+)"(.*?)(?="block_id":|</blocks>)', seen.prompt, re.DOTALL)
    return [block_id for block_id, rest in shown if words in rest]


def _picture(seen: Seen, kind: str) -> str:
    """The name of the last shown picture of that kind."""
    return re.findall(rf'"picture":"(P\d+)"[^{{}}]*"kind":"{kind}"', seen.prompt)[-1]


async def test_a_general_question_is_answered_without_a_zoom(service: Open) -> None:
    quote = "EI 45"

    def answer(seen: Seen, turn: int) -> Mapping[str, Any]:
        [block_id, *_] = _ids(seen, "ВШ-3")
        return {
            "citations": [{"block_id": block_id, "quote": quote}],
            "answer_markdown": f"Предел огнестойкости воздуховодов в шахтах ВШ-2 и ВШ-3 — {quote} [1].",
        }

    told = await service(Model(answer)).ask("Какой предел огнестойкости у воздуховодов в шахтах ВШ-2 и ВШ-3?", NOTES)

    assert told.payloads(EventType.TOOL_CALLED) == []
    assert told.payloads(EventType.EVIDENCE_PICTURE) == []
    assert [len(seen.pictures) for seen in told.asked] == [0]
    assert told.cited(1)["boxes"]
    assert {claim["verdict"] for claim in told.answer["claims"]} == {"found"}
    assert fold(told.events).thinking == "Думаю."


async def test_exact_values_off_a_plan_rest_on_a_region(service: Open) -> None:
    def answer(seen: Seen, turn: int) -> Mapping[str, Any]:
        if turn == 0:
            return {
                "citations": [{"block_id": _picture(seen, "overview"), "quote": "Ø315", "sector": "A1"}],
                "answer_markdown": "Диаметр воздуховода — Ø315 [1].",
            }
        return {
            "citations": [{"block_id": _picture(seen, "(?:roi|quadrant)"), "quote": "+4,200", "kind": "roi"}],
            "answer_markdown": "План дан на отметке +4,200 [1].",
        }

    model = Model(answer, requires_visual_detail=True)

    told = await service(model).ask("Укажи диаметры и отметки на плане", PLAN)

    [tool] = told.payloads(EventType.TOOL_CALLED)
    assert tool["reason"] == "quality_gate"
    assert "Ø315" not in "".join(delta["text"] for delta in told.payloads(EventType.ANSWER_DELTA))
    assert {citation["kind"] for citation in told.answer["citations"]} == {"roi"}
    numbers = [picture["number"] for picture in told.payloads(EventType.EVIDENCE_PICTURE)]
    assert numbers == list(range(1, len(numbers) + 1))
    places = [(p["page_no"], p["box"], p["kind"] == "overview") for p in told.answer["pictures"]]
    assert len(places) == len({str(place) for place in places})


async def test_a_count_by_one_look_is_no_count_beside_a_value_that_is_found(service: Open) -> None:
    def answer(seen: Seen, turn: int) -> Mapping[str, Any]:
        [room, *_] = _ids(seen, "Конференц-зал | 60,9")
        return {
            "citations": [
                {"block_id": room, "quote": "Конференц-зал | 60,9"},
                {"block_id": _picture(seen, "(?:roi|quadrant)"), "kind": "roi"},
            ],
            "answer_markdown": "Площадь конференц-зала 207 — 60,9 м² [1]. На плане показано 37 дверей [2].",
        }

    model = Model(answer, collected="Конференц-зал | 60,9", intent_type="mixed", requires_visual_detail=True)
    question = "Какова площадь конференц-зала 207 и сколько дверей на плане?"

    told = await service(model).ask(question, PLAN, profile="complex")

    verdicts = {claim["text"]: claim["verdict"] for claim in told.answer["claims"]}
    assert verdicts["60,9 м²"] == "found"
    assert "взято с изображения одним взглядом" in told.answer["text"]
    assert told.answer["needs_more_evidence"]
    assert [event.stage for event in told.events if event.type is EventType.STAGE_STARTED][:4] == [
        "classify",
        "search",
        "collect",
        "cover",
    ]
    assert "pro" in told.asked[-1].model


async def test_a_specification_is_compared_with_a_drawing_side_by_side(service: Open) -> None:
    def answer(seen: Seen, turn: int) -> Mapping[str, Any]:
        drawn = next(ref for ref in _ids(seen, "400×300") if ref.startswith("A:"))
        listed = next(ref for ref in _ids(seen, "400×250") if ref.startswith("B:"))
        return {
            "citations": [
                {"block_id": drawn, "quote": "КПУ-1 400×300"},
                {"block_id": listed, "quote": "400×250"},
                {"block_id": drawn.removeprefix("A:"), "quote": "400×300"},
            ],
            "answer_markdown": "Нет: на плане КПУ-1 400×300 [1], в спецификации 400×250 [2].",
            "diff": [
                {
                    "item": "Клапан КПУ-1 системы П2",
                    "before": "400×300",
                    "after": "400×250",
                    "evidence_a": [{"block_id": drawn, "quote": "КПУ-1 400×300"}, {"block_id": listed}],
                    "evidence_b": [{"block_id": listed, "quote": "400×250"}],
                }
            ],
        }

    model = Model(answer, collected="КПУ-1", intent_type="comparison")

    told = await service(model).ask(
        "Совпадает ли размер клапана КПУ-1 системы П2 на плане и в спецификации?", PLAN, against=SPECIFICATION
    )

    assert [PLAN in told.cited(1)["document_name"], SPECIFICATION in told.cited(2)["document_name"]] == [True, True]
    assert [citation["number"] for citation in told.answer["citations"]] == [1, 2]
    codes = [payload["code"] for payload in told.payloads(EventType.WARNING)]
    assert {"citation_wrong_side", "citation_dropped"} <= {*codes}
    [item] = told.answer["diff"]
    assert [
        name for citation in item["evidence"] for name in (PLAN, SPECIFICATION) if name in citation["document_name"]
    ]
    assert len(item["evidence"]) == 2
    assert "[DOC_A: " in told.asked[-1].prompt


async def test_an_unreadable_preview_forces_a_region_and_nothing_is_guessed(service: Open) -> None:
    def answer(seen: Seen, turn: int) -> Mapping[str, Any]:
        if turn == 0:
            return {
                "citations": [{"block_id": _picture(seen, "overview"), "quote": "60,9", "sector": "B2"}],
                "answer_markdown": "Площадь — 60,9 м² [1].",
            }
        return {
            "needs_more_evidence": True,
            "citations": [{"block_id": _picture(seen, "(?:roi|quadrant)"), "kind": "roi"}],
            "answer_markdown": "Площадь конференц-зала на показанных местах прочитать не удалось [1].",
        }

    model = Model(answer, requires_visual_detail=True)

    told = await service(model).ask("Какова площадь конференц-зала?", PLAN, is_scan=True)

    [tool] = told.payloads(EventType.TOOL_CALLED)
    assert tool["reason"] == "quality_gate"
    assert "60,9" not in told.answer["text"]
    assert told.answer["needs_more_evidence"]
    assert len(told.asked) == 2


async def test_without_a_model_each_scenario_ends_in_an_honest_answer(service: Open) -> None:
    offline = service()

    general = await offline.ask("Какой предел огнестойкости у воздуховодов в шахтах ВШ-2 и ВШ-3?", NOTES)
    details = await offline.ask("Укажи диаметры и отметки на плане", PLAN)
    mixed = await offline.ask("Как называется помещение 207 и какова его площадь?", PLAN)
    compared = await offline.ask("Какой размер клапана КПУ-1 системы П2?", PLAN, against=SPECIFICATION)
    unread = await offline.ask("Какова площадь конференц-зала?", PLAN, is_scan=True)

    told = (general, details, mixed, compared, unread)
    assert "EI 45" in general.answer["text"]
    assert "60,9" in mixed.answer["text"]
    assert "DOC_B" in compared.answer["text"]
    assert "60,9" not in unread.answer["text"]
    assert all(one.answer["offline"] for one in (general, details, mixed, compared))
    assert all(one.payloads(EventType.TOOL_CALLED) == [] for one in told)


async def test_the_changed_cell_of_a_new_revision_is_named_without_a_model(service: Open) -> None:
    told = await service().ask("Что изменилось?", SPECIFICATION, against=REVISED)

    [item] = told.answer["diff"]
    assert ("400×250" in item["before"], "400×300" in item["after"]) == (True, True)
    assert [citation["page_no"] for citation in item["evidence"]] == [2, 2]
    assert all(citation["boxes"] for citation in item["evidence"])
