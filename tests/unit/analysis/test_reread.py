"""The stage `reread`: values that only a picture holds are read a second time, by a reader who is told nothing."""

from uuid import UUID

import msgspec
import pytest

from domain.answers import Answer, Claim, Intent, Verdict
from domain.documents import Block, BlockKind
from domain.errors import BudgetExceeded
from domain.events import EventType
from domain.evidence import Citation, EvidencePicture, PictureKind
from domain.families.analysis.reread import ReplyReading, RereadReply, reread
from domain.families.analysis.types import AnalysisState, Material
from domain.families.analysis.verify import verify
from domain.llm import Capabilities
from domain.stage import Finished, Next
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

TEXT = "Расход воздуха установки П1 — 4200 м³/ч [1]."
QUESTION = "Какой расход воздуха у установки П1?"
BOX = (0.1, 0.5, 0.4, 0.6)


async def answered(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, *, text: str = TEXT, scanned: str = "", read_by: str = "nothing"
) -> AnalysisState:
    """A state whose answer was read off P1, a crop of a scan; `scanned` is what a recogniser saw on it."""
    page = page_of(1, *([scanned] if scanned else ()), read_by=read_by)
    drawing = Block(id="DRAW-DRAW-DRA", page_no=1, block_no=9, kind=BlockKind.IMAGE, content="", box=BOX)
    document = await add_document(uow, user_id, "scan.pdf", msgspec.structs.replace(page, blocks=(drawing,)))
    picture = EvidencePicture(
        number=1,
        kind=PictureKind.ROI,
        document_id=document.id,
        document_name="scan.pdf",
        page_no=1,
        sheet="стр. 1",
        digest="a" * 64,
        mime_type="image/png",
        width_px=900,
        height_px=700,
        dpi=200,
        block_id=drawing.id,
        box=BOX,
    )
    material = Material(
        ref=drawing.id,
        document_id=document.id,
        document_name="scan.pdf",
        page_no=1,
        sheet="стр. 1",
        block_id=drawing.id,
        kind=BlockKind.IMAGE,
    )
    citation = Citation(
        number=1,
        document_id=document.id,
        document_name="scan.pdf",
        page_no=1,
        sheet="стр. 1",
        block_id=drawing.id,
        boxes=(BOX,),
        picture=1,
    )
    return msgspec.structs.replace(
        ask(QUESTION),
        text=QUESTION,
        materials=(material,),
        pictures=(picture,),
        answer=Answer(text=text, citations=(citation,), pictures=(picture,), model="fake:model"),
        checked_chars=len(text),
    )


def reading(*texts: str | None) -> RereadReply:
    return RereadReply(readings=tuple(ReplyReading(blank=n, text=text) for n, text in enumerate(texts, start=1)))


def seeing(uow: FakeUnitOfWork, user_id: UUID, *replies: msgspec.Struct | Exception) -> FakeStageContext:
    ctx = FakeStageContext(uow, user_id, *replies)
    ctx.can = Capabilities(images=True)
    return ctx


async def claims_of(ctx: FakeStageContext, state: AnalysisState) -> list[Claim]:
    """The claims of the stored answer, after `reread` and `verify`."""
    outcome = await reread(ctx, state)
    assert isinstance(outcome, Next)
    finished = await verify(ctx, outcome.state)
    assert isinstance(finished, Finished)
    return list(msgspec.convert(finished.result["answer"]["claims"], tuple[Claim, ...]))


def value_of(claims: list[Claim]) -> Claim:
    return next(claim for claim in claims if claim.kind == "value")


async def test_a_second_reading_that_agrees_confirms_the_value(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, reading("4200 м³/ч"))

    claim = value_of(await claims_of(ctx, await answered(uow, user_id, ask)))

    assert claim.verdict is Verdict.FOUND
    assert [(one.text, one.agrees) for one in claim.readings] == [("4200 м³/ч", True), ("4200 м³/ч", True)]
    assert (claim.citation_number, claim.boxes) == (1, (BOX,))


async def test_the_second_reader_is_not_told_the_first_reading(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, reading("4200 м³/ч"))

    await reread(ctx, await answered(uow, user_id, ask))

    [asked] = ctx.asks
    assert "4200" not in str(asked.variables)
    assert asked.variables["sentences"] == [{"blank": 1, "sentence": "Расход воздуха установки П1 — ▢1 ."}]


async def test_the_second_crop_is_another_one_and_says_why(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, reading("4200 м³/ч"))

    outcome = await reread(ctx, await answered(uow, user_id, ask))

    assert isinstance(outcome, Next)
    [first, second] = outcome.state.answer.pictures
    assert (second.number, second.why, second.glyph_by) == (2, "second_reading", "assumed")
    assert "перечитывают" in second.reason_ru
    assert "read again" in second.reason_en
    assert second.box != first.box
    [told] = ctx.payloads(EventType.TOOL_CALLED)
    assert (told["tool"], told["reason"]) == ("zoom", "second_reading")


async def test_a_wrong_first_reading_is_never_asserted(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, reading("4700 м³/ч"), reading("4700 м³/ч"))

    claim = value_of(await claims_of(ctx, await answered(uow, user_id, ask)))

    assert claim.verdict is Verdict.CONFLICTING
    assert [one.text for one in claim.readings] == ["4200 м³/ч", "4700 м³/ч", "4700 м³/ч"]


async def test_readings_that_all_differ_leave_the_value_ambiguous_and_say_so(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = seeing(uow, user_id, reading("4700 м³/ч"), reading(None))

    state = await answered(uow, user_id, ask)
    claim = value_of(await claims_of(ctx, state))

    assert claim.verdict is Verdict.AMBIGUOUS
    below = ctx.snapshot().answer[len(TEXT) :]
    assert "«4200 м³/ч»; «4700 м³/ч»; не читается" in below


async def test_the_third_look_takes_another_crop_than_the_second(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, reading("4700 м³/ч"), reading("4200 м³/ч"))

    claim = value_of(await claims_of(ctx, await answered(uow, user_id, ask)))

    second, third = ctx.renderer.specs
    assert (second.region, second.dpi) != (third.region, third.dpi)
    assert (claim.verdict, len(claim.readings)) == (Verdict.FOUND, 3)


async def test_what_a_text_layer_proves_is_not_read_again(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await answered(uow, user_id, ask)
    content = page_of(1, "Расход воздуха установки П1 — 4200 м³/ч")
    document_id = state.answer.citations[0].document_id if state.answer else None
    drawing = msgspec.structs.replace(content.blocks[0], id="DRAW-DRAW-DRA", kind=BlockKind.IMAGE)
    uow.documents.contents[document_id][1] = msgspec.structs.replace(content, blocks=(drawing,))
    ctx = seeing(uow, user_id)

    claim = value_of(await claims_of(ctx, state))

    assert (claim.verdict, claim.readings, ctx.asks) == (Verdict.FOUND, (), [])


async def test_a_recognisers_value_is_read_again_by_a_model(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await answered(uow, user_id, ask)
    content = page_of(1, "Расход воздуха установки П1 — 4200 м³/ч", read_by="tesseract")
    document_id = state.answer.citations[0].document_id if state.answer else None
    drawing = msgspec.structs.replace(content.blocks[0], id="DRAW-DRAW-DRA", kind=BlockKind.IMAGE)
    uow.documents.contents[document_id][1] = msgspec.structs.replace(content, blocks=(drawing,))
    ctx = seeing(uow, user_id, reading("4700 м³/ч"), reading("4700 м³/ч"))

    claim = value_of(await claims_of(ctx, state))

    assert claim.verdict is Verdict.CONFLICTING
    assert [one.by for one in claim.readings] == ["recogniser", "model", "model"]


async def test_without_a_reply_the_value_stays_unverified(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, BudgetExceeded("calls"))

    claim = value_of(await claims_of(ctx, await answered(uow, user_id, ask)))

    assert (claim.verdict, claim.readings) == (Verdict.NOT_FOUND, ())
    assert [warning["code"] for warning in ctx.payloads(EventType.WARNING)] == ["second_reading_failed"]


@pytest.mark.parametrize("offline", [True, False], ids=["offline", "blind"])
async def test_nothing_is_read_again_without_a_model_that_sees(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, offline: bool
) -> None:
    ctx = FakeStageContext(uow, user_id)
    ctx.can = Capabilities(images=offline, offline=offline)
    state = await answered(uow, user_id, ask)
    state = msgspec.structs.replace(state, answer=msgspec.structs.replace(state.answer, offline=offline))

    outcome = await reread(ctx, state)

    assert (outcome.state, ctx.asks, ctx.events) == (state, [], [])


async def test_a_count_is_not_proved_by_a_second_look(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await answered(uow, user_id, ask, text="Клапанов на плане 12 шт. [1].")
    state = msgspec.structs.replace(state, intent=Intent(intent_type="element_count"))
    ctx = seeing(uow, user_id)

    await reread(ctx, state)

    assert ctx.asks == []


async def test_an_elevation_is_critical_without_a_unit(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, reading("+3,300"))

    claim = value_of(await claims_of(ctx, await answered(uow, user_id, ask, text="Отметка низа балки +3,300 [1].")))

    assert claim.verdict is Verdict.FOUND


async def test_designations_and_numbers_are_asked_for_apart(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    text = "Насос К5 подаёт 12 м³/ч [1]."
    numbers = RereadReply(readings=(ReplyReading(blank=2, text="12 м³/ч"),))
    names = RereadReply(readings=(ReplyReading(blank=1, text="К5"),))
    ctx = seeing(uow, user_id, numbers, names)

    state = await answered(uow, user_id, ask, text=text)
    await reread(ctx, state)

    sentences = [asked.variables["sentences"][0]["sentence"] for asked in ctx.asks]
    assert len(sentences) == 2
    assert not any("К5" in sentence and "12" in sentence for sentence in sentences)
