"""The stages of recognition over fakes, run as the engine runs them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.documents import Document, DocumentStatus, PageContent, Recognition, RecognitionState
from domain.errors import (
    BudgetExceeded,
    DomainError,
    NotFound,
    ProviderFailed,
    ProviderLimited,
    ProviderRefused,
    RecogniserMissing,
    RecognitionFailed,
)
from domain.events import EventType
from domain.families.recognition.family import FAMILY
from domain.families.recognition.rules_recognised import SeenBlock, SeenReply
from domain.families.recognition.seeing import PROMPT
from domain.families.recognition.types import RecognitionJob
from domain.ids import new_id
from domain.jobs import JobError
from domain.llm import Capabilities
from domain.prompts import render_parts
from domain.stage import Finished, Next
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
    code="АР-4",
)


class Setting:
    """A document of three pages that was read; the first and the last have no text. Its job is run stage by stage."""

    def __init__(self, recogniser: FakeRecogniser, *replies: msgspec.Struct | Exception) -> None:
        self.uow = FakeUnitOfWork()
        self.ctx = FakeStageContext(self.uow, new_id(), *replies)
        self.ctx.recogniser = recogniser
        self.document_id = new_id()
        self.ctx.job = msgspec.structs.replace(self.ctx.job, payload={"document_id": str(self.document_id)})
        self.checkpoints: list[tuple[str, bytes]] = []

    @property
    def recognition(self) -> Recognition:
        return self.uow.documents.stored[self.document_id].recognition

    async def add(self, **fields: Any) -> None:
        recognition = Recognition(state=RecognitionState.PENDING, job_id=self.ctx.job.id, pages=2, pages_left=2)
        document = Document(
            id=self.document_id,
            owner_id=self.ctx.job.user_id,
            name="d",
            status=DocumentStatus.READY,
            sha256="f" * 64,
            recognition=recognition,
            **fields,
        )
        await self.uow.documents.add(document)
        pages = [page_of(1, needs_ocr=True), page_of(2, "Sound text"), page_of(3, "r2@!", needs_ocr=True)]
        await self.uow.documents.save_pages(self.document_id, pages)

    async def run(self, *, stop_after: int | None = None) -> Finished | None:
        """To the end, or until so many checkpoints are written. States go through JSON, as in the engine."""
        await self.add()
        return await self.resume("plan", FAMILY.start(self.ctx.job.payload), stop_after=stop_after)

    async def resume(self, name: str, state: Any, *, stop_after: int | None = None) -> Finished | None:
        while len(self.checkpoints) != stop_after:
            outcome = await FAMILY.stage(name).run(self.ctx, state)
            assert isinstance(outcome, (Next, Finished))
            if outcome.write:
                await outcome.write(self.uow)
            if isinstance(outcome, Finished):
                return outcome
            following = FAMILY.after(name)
            name = outcome.goto or (following.name if following else "")
            self.checkpoints.append((name, msgspec.json.encode(outcome.state)))
            state = msgspec.json.decode(self.checkpoints[-1][1], type=RecognitionJob)
        return None

    async def resume_last(self) -> Finished | None:
        """As another worker would."""
        if not self.checkpoints:
            return await self.resume("plan", FAMILY.start(self.ctx.job.payload))
        name, state = self.checkpoints[-1]
        return await self.resume(name, msgspec.json.decode(state, type=RecognitionJob))

    async def end(self, error: DomainError | None) -> None:
        """What the engine does when the job fails, or is cancelled (null)."""
        told = error and JobError(code=error.code, message_ru=error.public_ru, message_en=error.public_en)
        assert FAMILY.on_end
        await FAMILY.on_end(self.uow, self.ctx.job, told)  # pyright: ignore[reportArgumentType]

    def page(self, page_no: int) -> PageContent:
        return self.uow.documents.contents[self.document_id][page_no]


async def test_pages_without_text_are_recognised_and_say_how():
    setting = Setting(FakeRecogniser("tesseract"))

    finished = await setting.run()

    assert [setting.page(no).page.facts.read_by for no in (1, 2, 3)] == ["tesseract", "text", "tesseract"]
    assert setting.page(3).blocks[0].content == "Recognised text of page 3"
    assert finished is not None
    assert (finished.result["recognised_pages"], finished.result["pages_for_ocr"]) == (2, 0)


async def test_the_document_tells_how_far_it_is():
    setting = Setting(FakeRecogniser("tesseract"))

    await setting.run(stop_after=2)
    midway = setting.recognition
    await setting.resume_last()

    assert (midway.state, midway.pages, midway.pages_done, midway.pages_left) == (RecognitionState.PENDING, 2, 1, 1)
    end = setting.recognition
    assert (end.state, end.pages, end.pages_done, end.pages_left) == (RecognitionState.DONE, 2, 2, 0)
    assert midway.job_id == end.job_id == setting.ctx.job.id


async def test_each_page_is_a_checkpoint_and_none_is_read_twice():
    setting = Setting(FakeRecogniser("tesseract"))

    await setting.run(stop_after=2)
    await setting.resume_last()

    assert setting.ctx.recogniser.asked == [1, 3]


async def test_progress_is_told_page_by_page():
    setting = Setting(FakeRecogniser("tesseract"))

    await setting.run()

    assert [told["progress"] for told in setting.ctx.payloads(EventType.STAGE_PROGRESS)] == [0.5, 1.0]


async def test_where_nothing_can_recognise_the_job_fails_and_pages_say_so():
    setting = Setting(FakeRecogniser("auto", installed=False))

    with pytest.raises(RecogniserMissing) as failure:
        await setting.run()
    await setting.end(failure.value)

    assert (setting.recognition.state, setting.recognition.error_code) == ("failed", "recogniser_missing")
    assert [setting.page(no).page.facts.warnings for no in (1, 2, 3)] == [
        ("recogniser_missing",),
        (),
        ("recogniser_missing",),
    ]
    assert setting.page(3).blocks[0].content == "r2@!"


async def test_a_requeued_job_is_waited_for_and_leaves_no_old_reasons_on_its_pages():
    setting = Setting(FakeRecogniser("auto", installed=False))
    with pytest.raises(RecogniserMissing) as failure:
        await setting.run()
    await setting.end(failure.value)
    setting.ctx.recogniser.installed = True
    setting.ctx.recogniser.fails[1] = RecognitionFailed("timeout")
    assert FAMILY.on_requeue

    await FAMILY.on_requeue(setting.uow, setting.ctx.job)  # pyright: ignore[reportArgumentType]
    waited_for = setting.recognition
    await setting.resume_last()

    assert (waited_for.state, waited_for.error_code) == ("pending", None)
    assert (setting.recognition.state, setting.recognition.pages_left) == ("done", 1)
    assert setting.page(1).page.facts.warnings == ("recognition_failed",)


async def test_a_cancelled_job_keeps_what_was_recognised():
    setting = Setting(FakeRecogniser("tesseract"))
    await setting.run(stop_after=2)

    await setting.end(None)

    told = setting.recognition
    assert (told.state, told.error_code, told.pages_done, told.pages_left) == ("cancelled", "cancelled", 1, 1)
    assert setting.page(1).page.facts.read_by == "tesseract"


async def test_the_end_of_another_job_changes_nothing():
    setting = Setting(FakeRecogniser("tesseract"))
    await setting.add()
    setting.ctx.job = msgspec.structs.replace(setting.ctx.job, id=new_id())

    await setting.end(None)

    assert setting.recognition.state is RecognitionState.PENDING


async def test_a_job_that_recognised_no_page_fails():
    recogniser = FakeRecogniser("tesseract")
    recogniser.fails = {1: RecognitionFailed("timeout"), 3: RecognitionFailed("timeout")}
    setting = Setting(recogniser)

    with pytest.raises(RecognitionFailed, match="none of 2 pages"):
        await setting.run()

    assert "recognition_failed" in setting.page(3).page.facts.warnings


async def test_the_stamp_of_a_scan_becomes_the_documents_if_it_has_none():
    setting = Setting(FakeRecogniser("model"), REPLY, REPLY)
    setting.ctx.can = SEEING

    await setting.run()

    assert setting.uow.documents.stored[setting.document_id].stamp == {"code": "АР-4"}


async def test_a_document_that_is_gone_ends_its_recognition():
    setting = Setting(FakeRecogniser("tesseract"))

    with pytest.raises(NotFound):
        await setting.resume("plan", FAMILY.start(setting.ctx.job.payload))
    await setting.end(NotFound("gone"))


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

    with pytest.raises(RecognitionFailed):
        await setting.run()

    assert "provider_refused" in setting.page(1).page.facts.warnings
    assert "recogniser_missing" in setting.page(3).page.facts.warnings


async def test_a_passing_fault_of_the_only_way_is_tried_again_while_attempts_are_left():
    setting = Setting(FakeRecogniser("auto", installed=False), ProviderFailed("down"), ProviderFailed("down"), REPLY)
    setting.ctx.can = SEEING

    with pytest.raises(ProviderFailed):
        await setting.run()

    setting.ctx.job = msgspec.structs.replace(setting.ctx.job, attempt=5)
    await setting.resume_last()

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
