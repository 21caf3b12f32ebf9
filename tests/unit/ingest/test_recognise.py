"""The stage that recognises pages without text, over fakes."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.documents import Document, DocumentStatus, PageContent
from domain.errors import (
    BudgetExceeded,
    DomainError,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
    RecognitionFailed,
)
from domain.events import EventType
from domain.families.ingest.recognise import recognise
from domain.families.ingest.rules_recognised import SeenBlock, SeenReply
from domain.families.ingest.seeing import PROMPT
from domain.families.ingest.types import Reader, ReadingState, Source
from domain.ids import new_id
from domain.llm import Capabilities
from domain.prompts import render_parts
from storage.prompts import FilePrompts
from tests.fakes.pages import page_of
from tests.fakes.recogniser import FakeRecogniser
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork

SEEING = Capabilities(images=True, picture_sides_px=(768, 1088, 3000))
REPLY = SeenReply(
    blocks=(
        SeenBlock(kind="text", box=(0.1, 0.1, 0.9, 0.2), markdown="# Общие указания"),
        SeenBlock(kind="table", box=(0.1, 0.3, 0.9, 0.5), markdown="| Поз. | Кол. |\n|---|---|\n| 1 | 4 |"),
    ),
    sheet="3",
)


class Setting:
    """A stored document of three pages, of which the first and the last have no text."""

    def __init__(self, recogniser: FakeRecogniser, *replies: msgspec.Struct | Exception) -> None:
        self.uow = FakeUnitOfWork()
        self.ctx = FakeStageContext(self.uow, new_id(), *replies)
        self.ctx.recogniser = recogniser
        self.document_id = new_id()
        self.checkpoints: list[ReadingState] = []

    async def run(self, *, stop_after: int | None = None) -> ReadingState:
        """States go through JSON, as in the engine."""
        await self.uow.documents.add(
            Document(id=self.document_id, owner_id=self.ctx.job.user_id, name="d", status=DocumentStatus.READING)
        )
        pages = [page_of(1, needs_ocr=True), page_of(2, "Sound text"), page_of(3, "r2@!", needs_ocr=True)]
        await self.uow.documents.save_pages(self.document_id, pages)
        source, reader = Source(document_id=self.document_id), Reader(kind="pages", digest="f" * 64)
        state = ReadingState(source=source, reader=reader, page_count=3, next_page=4, pages_for_ocr=2)
        return await self.resume(state, stop_after=stop_after)

    async def resume(self, state: ReadingState, *, stop_after: int | None = None) -> ReadingState:
        goto: str | None = "recognise"
        while goto and len(self.checkpoints) != stop_after:
            outcome = await recognise(self.ctx, state)
            if outcome.write:
                await outcome.write(self.uow)
            state = msgspec.json.decode(msgspec.json.encode(outcome.state), type=ReadingState)
            self.checkpoints.append(state)
            goto = outcome.goto
        return state

    def page(self, page_no: int) -> PageContent:
        return self.uow.documents.contents[self.document_id][page_no]


async def test_pages_without_text_are_recognised_and_say_how():
    setting = Setting(FakeRecogniser("tesseract"))

    state = await setting.run()

    assert [setting.page(no).page.facts.read_by for no in (1, 2, 3)] == ["tesseract", "text", "tesseract"]
    assert setting.page(3).blocks[0].content == "Recognised text of page 3"
    assert (state.pages_for_ocr, state.recognised_pages) == (0, 2)


async def test_each_page_is_a_checkpoint_and_none_is_read_twice():
    setting = Setting(FakeRecogniser("tesseract"))

    state = await setting.run(stop_after=2)
    await setting.resume(state)

    assert setting.ctx.recogniser.asked == [1, 3]


async def test_progress_is_told_page_by_page():
    setting = Setting(FakeRecogniser("tesseract"))

    await setting.run()

    assert [told["progress"] for told in setting.ctx.payloads(EventType.STAGE_PROGRESS)] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("recogniser", "warning"),
    [
        pytest.param(FakeRecogniser("auto", installed=False), "recogniser_missing", id="nothing installed"),
        pytest.param(FakeRecogniser("off"), "recognition_off", id="switched off"),
    ],
)
async def test_a_page_that_nothing_may_read_stays_marked_with_the_reason(recogniser: FakeRecogniser, warning: str):
    setting = Setting(recogniser)

    state = await setting.run()

    facts = setting.page(1).page.facts
    assert facts.needs_ocr
    assert warning in facts.warnings
    assert state.pages_for_ocr == 2
    assert setting.page(3).blocks[0].content == "r2@!"


async def test_pages_beyond_the_limit_are_told_so():
    setting = Setting(FakeRecogniser("tesseract", pages_limit=1))

    await setting.run()

    assert setting.page(1).page.facts.read_by == "tesseract"
    assert "beyond_recognition_limit" in setting.page(3).page.facts.warnings


async def test_a_page_that_fails_costs_no_other():
    recogniser = FakeRecogniser("tesseract")
    recogniser.fails[1] = RecognitionFailed("timeout")
    setting = Setting(recogniser)

    await setting.run()

    assert "recognition_failed" in setting.page(1).page.facts.warnings
    assert setting.page(3).page.facts.read_by == "tesseract"


async def test_a_model_that_sees_goes_first_and_gives_blocks_with_boxes():
    setting = Setting(FakeRecogniser("auto"), REPLY, REPLY)
    setting.ctx.can = SEEING

    await setting.run()

    page = setting.page(1)
    assert page.page.facts.read_by == "model:fake:model"
    assert page.page.facts.sheet == "3"
    assert [block.box for block in page.blocks] == [(0.1, 0.1, 0.9, 0.2), (0.1, 0.3, 0.9, 0.5)]
    assert page.blocks[1].heading == "Общие указания"
    assert setting.ctx.recogniser.asked == []


async def test_the_model_is_shown_the_page_in_legible_parts():
    setting = Setting(FakeRecogniser("model"), *[REPLY] * 8)
    setting.ctx.can = msgspec.structs.replace(SEEING, picture_sides_px=(768, 1088, 1568))

    await setting.run()

    assert len(setting.ctx.asks) == 4
    assert all(spec.dpi >= 150 and spec.region for spec in setting.ctx.renderer.specs)
    assert {asked.role for asked in setting.ctx.asks} == {"ocr"}


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        pytest.param(ProviderFailed("down"), 2, id="passing"),
        pytest.param(ProviderRefused("no"), 1, id="refused"),
        pytest.param(BudgetExceeded("calls"), 1, id="budget"),
    ],
)
async def test_tesseract_reads_what_the_model_could_not(error: DomainError, asked: int):
    setting = Setting(FakeRecogniser("auto"), error, error)
    setting.ctx.can = SEEING

    await setting.run()

    assert setting.page(1).page.facts.read_by == "tesseract"
    assert len(setting.ctx.asks) == asked


async def test_a_failed_model_without_tesseract_leaves_the_page_with_the_reason():
    error = ProviderRefused("blocked")
    setting = Setting(FakeRecogniser("auto", installed=False), error)
    setting.ctx.can = SEEING

    await setting.run()

    assert "provider_refused" in setting.page(1).page.facts.warnings
    assert "recogniser_missing" in setting.page(3).page.facts.warnings


async def test_a_passing_fault_of_the_only_way_is_tried_again_while_attempts_are_left():
    setting = Setting(FakeRecogniser("auto", installed=False), ProviderFailed("down"), ProviderFailed("down"), REPLY)
    setting.ctx.can = SEEING

    with pytest.raises(ProviderFailed):
        await setting.run()

    setting.ctx.job = msgspec.structs.replace(setting.ctx.job, attempt=5)
    await setting.resume(setting.checkpoints[-1])

    assert "provider_failed" in setting.page(1).page.facts.warnings
    assert setting.page(3).page.facts.read_by == "model:fake:model"


async def test_the_prompt_takes_what_the_stage_gives_it():
    prompts = FilePrompts(Path(__file__).parents[3] / "prompts")

    system, user = render_parts(await prompts.get(PROMPT), {"place": "part 1 of 2 of page 3"})

    assert "follow them" in system
    assert "part 1 of 2 of page 3" in user


async def test_a_limit_of_the_provider_is_waited_for():
    setting = Setting(FakeRecogniser("auto"), ProviderLimited(retry_after_s=30))
    setting.ctx.can = SEEING

    with pytest.raises(ProviderLimited):
        await setting.run()


async def test_prepared_documents_are_left_alone():
    ctx: Any = FakeStageContext(FakeUnitOfWork(), new_id())
    state = ReadingState(source=Source(document_id=new_id()), reader=Reader(kind="prepared"), pages_for_ocr=1)

    outcome = await recognise(ctx, state)

    assert outcome.state == state
    assert outcome.goto is None
