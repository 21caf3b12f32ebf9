"""The stages `crop`, `extract` and `follow_up`."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from domain.answers import Intent
from domain.documents import Block, BlockKind, PageContent
from domain.errors import BudgetExceeded, ProviderRefused, Unavailable
from domain.events import EventType
from domain.evidence import PictureKind, Region, RenderKind
from domain.families.analysis.crop import crop
from domain.families.analysis.extract import extract
from domain.families.analysis.follow_up import follow_up
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState, Fact, Facts, FactTable, Wish
from domain.llm import Capabilities
from domain.stage import Next
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

FLOW = "Расход воздуха установки П1 составляет 4200 м³/ч."
DRAWING = Block(id="DRAW-DRAW-DRA", page_no=1, block_no=1, kind=BlockKind.IMAGE, content="", box=(0.1, 0.5, 0.6, 0.8))


def with_drawing(page: PageContent) -> PageContent:
    return msgspec.structs.replace(page, blocks=(*page.blocks, DRAWING))


async def searched(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, page: PageContent, *, is_visual: bool = False
) -> AnalysisState:
    """A state after `search` over one document of one page."""
    await add_document(uow, user_id, "a.pdf", page)
    state = msgspec.structs.replace(
        ask("Расход?"), text="Какой расход у П1?", intent=Intent(requires_visual_detail=is_visual)
    )
    outcome = await search(FakeStageContext(uow, user_id), state)
    assert isinstance(outcome, Next)
    return outcome.state


def seeing(uow: FakeUnitOfWork, user_id: UUID, *replies: msgspec.Struct | Exception) -> FakeStageContext:
    ctx = FakeStageContext(uow, user_id, *replies)
    ctx.can = Capabilities(images=True)
    return ctx


def shown(state: AnalysisState) -> Sequence[tuple[PictureKind, str | None]]:
    return [(picture.kind, picture.block_id) for picture in state.pictures]


async def test_a_question_about_text_draws_nothing(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await searched(uow, user_id, ask, with_drawing(page_of(1, FLOW)))
    ctx = seeing(uow, user_id)

    outcome = await crop(ctx, state)

    assert (outcome.state, ctx.renderer.specs, ctx.events) == (state, [], [])


async def test_a_question_that_needs_to_see_gets_an_overview_and_the_drawing(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await searched(uow, user_id, ask, with_drawing(page_of(1, FLOW)), is_visual=True)
    ctx = seeing(uow, user_id)

    outcome = await crop(ctx, state)

    assert shown(outcome.state) == [(PictureKind.OVERVIEW, None), (PictureKind.ROI, "DRAW-DRAW-DRA")]
    overview, close = ctx.renderer.specs
    assert (overview.kind, overview.grid, overview.region, overview.longest_px) == (
        RenderKind.OVERVIEW,
        True,
        None,
        1568,
    )
    assert close.region is not None
    assert close.region[0] < 0.1 < 0.6 < close.region[2]
    assert [payload["block_id"] for payload in ctx.payloads(EventType.EVIDENCE_PICTURE)] == [None, "DRAW-DRAW-DRA"]
    assert ctx.payloads(EventType.EVIDENCE_PICTURE)[1].keys() >= {"kind", "width", "height", "reason", "glyph_px"}


async def test_a_page_without_any_text_is_shown_to_a_model_that_sees(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    blank = msgspec.structs.replace(page_of(1), blocks=(DRAWING,))
    state = await searched(uow, user_id, ask, blank)

    outcome = await crop(seeing(uow, user_id), state)

    assert shown(outcome.state) == [(PictureKind.OVERVIEW, None), (PictureKind.ROI, "DRAW-DRAW-DRA")]


async def test_a_model_that_cannot_see_gets_only_what_the_user_points_at(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await searched(uow, user_id, ask, with_drawing(page_of(1, FLOW)), is_visual=True)
    region = Region(document_id=state.documents[0].id, page_no=1, box=(0.0, 0.0, 0.3, 0.1))
    question = msgspec.structs.replace(state.question, regions=(region, region))
    ctx = FakeStageContext(uow, user_id)

    outcome = await crop(ctx, msgspec.structs.replace(state, question=question))

    assert shown(outcome.state) == [(PictureKind.ROI, None)]


async def test_a_document_that_came_without_its_file_has_nothing_to_draw(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    await add_document(uow, user_id, "a.pdf", with_drawing(page_of(1, FLOW)))
    uow.documents.stored = {
        key: msgspec.structs.replace(document, sha256=None) for key, document in uow.documents.stored.items()
    }
    state = msgspec.structs.replace(ask("?"), text="Какой расход у П1?", intent=Intent(requires_visual_detail=True))
    found = await search(FakeStageContext(uow, user_id), state)
    assert isinstance(found, Next)
    ctx = seeing(uow, user_id)

    outcome = await crop(ctx, found.state)

    assert (outcome.state, ctx.renderer.specs, ctx.events) == (found.state, [], [])


async def test_the_users_media_resolution_decides_how_large_pictures_are(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await searched(uow, user_id, ask, with_drawing(page_of(1, FLOW)), is_visual=True)
    settings = msgspec.structs.replace(state.settings, media_resolution="low")
    ctx = seeing(uow, user_id)

    await crop(ctx, msgspec.structs.replace(state, settings=settings))

    assert ctx.renderer.specs[0].longest_px == 768


async def test_a_picture_that_cannot_be_drawn_is_told_and_left_out(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await searched(uow, user_id, ask, with_drawing(page_of(1, FLOW)), is_visual=True)
    ctx = seeing(uow, user_id)
    ctx.renderer.failure = Unavailable("busy")

    outcome = await crop(ctx, state)

    assert outcome.state.pictures == ()
    assert len(outcome.state.places) == 2
    assert [payload["code"] for payload in ctx.payloads(EventType.WARNING)] == ["picture_missing"]


async def test_facts_keep_only_places_that_were_shown(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await searched(uow, user_id, ask, with_drawing(page_of(1, FLOW)), is_visual=True)
    state = (await crop(seeing(uow, user_id), state)).state
    read = Facts(
        facts=(
            Fact(text="П1: 4200", source_block_ids=("P2", "ZZZZ-ZZZZ-ZZZ")),
            Fact(text="выдумка", source_block_ids=("ZZZZ-ZZZZ-ZZZ",)),
        ),
        tables=(FactTable(rows=(("x" * 1000,),), source_block_id="P9"),),
    )
    ctx = seeing(uow, user_id, read)

    outcome = await extract(ctx, state)

    assert outcome.state.facts == Facts(facts=(Fact(text="П1: 4200", source_block_ids=("P2",)),))
    assert [part.label for part in ctx.asks[0].parts] == ["P2"]


@pytest.mark.parametrize("failure", [ProviderRefused("no"), BudgetExceeded("calls")], ids=["refused", "budget"])
async def test_an_answer_is_written_without_facts_when_they_cannot_be_read(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, failure: Exception
) -> None:
    state = await searched(uow, user_id, ask, with_drawing(page_of(1, FLOW)), is_visual=True)
    state = (await crop(seeing(uow, user_id), state)).state
    ctx = seeing(uow, user_id, failure)

    outcome = await extract(ctx, state)

    assert outcome.state == state
    assert [payload["code"] for payload in ctx.payloads(EventType.WARNING)] == ["extraction_failed"]


async def test_a_closer_look_is_announced_once_and_goes_back_to_the_answer(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await searched(uow, user_id, ask, page_of(1, FLOW))
    wish = Wish(
        document_id=state.documents[0].id,
        document_name="a.pdf",
        page_no=1,
        box=(0.1, 0.1, 0.2, 0.2),
        block_id="DRAW-DRAW-DRA",
        reason="диаметр",
        by="model",
    )
    ctx = seeing(uow, user_id)

    outcome = await follow_up(ctx, msgspec.structs.replace(state, wishes=(wish,)))

    assert (outcome.goto, outcome.state.turn, outcome.state.wishes) == ("answer", 1, ())
    assert ctx.payloads(EventType.TOOL_CALLED) == [
        {
            "tool": "zoom",
            "parameters": {"count": 1, "image_ids": ["DRAW-DRAW-DRA"]},
            "reason": "диаметр",
            "reason_ru": "Модель попросила рассмотреть место ближе.",
            "reason_en": "The model asked for a closer look at the place.",
        }
    ]
    assert outcome.state.pictures[0].glyph_px is not None
