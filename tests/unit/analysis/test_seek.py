"""The stage `seek`: a place that nobody knows is searched part by part, best first, and never in silence."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from domain.answers import AnswerReply, Intent, RegionRequest, ReplyCitation
from domain.documents import Block, BlockKind, Page, PageFacts, Word
from domain.errors import ProviderFailed
from domain.events import EventType
from domain.evidence import PictureKind
from domain.families.analysis.answer import answer
from domain.families.analysis.rules_tiles import best_of, sectors_of, split
from domain.families.analysis.search import search
from domain.families.analysis.seek import CELLS_A_LOOK, MAX_LOOKS, PictureScore, SeekReply, seek
from domain.families.analysis.types import AnalysisState, Cell
from domain.ids import new_id
from domain.llm import Capabilities
from domain.stage import Next
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

A1 = (2384.0, 1684.0)
A3 = (1191.0, 842.0)
OVERVIEW = PictureKind.OVERVIEW
LOST = AnswerReply(needs_more_evidence=True, answer_markdown="На листе этого не видно.")
QUESTION = "Какая отметка низа балки Б7?"


async def searched(uow: FakeUnitOfWork, user_id: UUID, ask: Ask, size: tuple[float, float] = A1) -> AnalysisState:
    """A state after `search` over one scanned sheet with a drawing all over it."""
    drawing = Block(
        id="DRAW-DRAW-DRA", page_no=1, block_no=0, kind=BlockKind.IMAGE, content="План", box=(0.0, 0.0, 1.0, 1.0)
    )
    page = page_of(1, read_by="nothing")
    sheet = msgspec.structs.replace(page.page, width_pt=size[0], height_pt=size[1])
    await add_document(uow, user_id, "plan.pdf", msgspec.structs.replace(page, page=sheet, blocks=(drawing,)))
    state = msgspec.structs.replace(ask(QUESTION), text=QUESTION, intent=Intent(requires_visual_detail=True))
    outcome = await search(FakeStageContext(uow, user_id), state)
    assert isinstance(outcome, Next)
    return msgspec.structs.replace(outcome.state, is_gated=True)


def seeing(uow: FakeUnitOfWork, user_id: UUID, *replies: msgspec.Struct | Exception) -> FakeStageContext:
    ctx = FakeStageContext(uow, user_id, *replies)
    ctx.can = Capabilities(images=True)
    return ctx


async def run(ctx: FakeStageContext, state: AnalysisState) -> Next:
    """`answer`, then looks until the search ends."""
    outcome = await answer(ctx, state)
    while isinstance(outcome, Next) and outcome.goto == "seek":
        outcome = await seek(ctx, outcome.state)
    assert isinstance(outcome, Next)
    return outcome


def scores(*found: str, **sectors: Sequence[str]) -> SeekReply:
    told = tuple(PictureScore(picture=ref, here=0.9, sectors=tuple(names)) for ref, names in sectors.items())
    return SeekReply(found=found, scores=told)


async def test_the_place_is_found_in_the_sector_that_the_model_picked(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = seeing(uow, user_id, LOST, scores(P1=["C2"]), scores(P2=["A3"]), scores("P5"))

    outcome = await run(ctx, await searched(uow, user_id, ask))

    sheet, sector, found = (outcome.state.pictures[number - 1] for number in (1, 2, 5))
    assert [picture.kind for picture in (sheet, sector, found)] == [OVERVIEW, OVERVIEW, PictureKind.QUADRANT]
    assert found.box == pytest.approx((0.633, 0.489, 0.826, 0.7), abs=0.01)
    assert (outcome.goto, outcome.state.tiles.is_found, outcome.state.tiles.looks) == ("answer", True, 3)


async def test_a_sheet_that_can_be_read_sector_by_sector_needs_two_looks(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = seeing(uow, user_id, LOST, scores(P1=["C2"]), scores("P2"))

    outcome = await run(ctx, await searched(uow, user_id, ask, size=A3))

    assert (outcome.state.tiles.is_found, outcome.state.tiles.looks, len(outcome.state.pictures)) == (True, 2, 4)


async def test_a_picture_that_cannot_be_read_never_ends_the_search(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = seeing(uow, user_id, LOST, scores("P1"), *[scores() for _ in range(MAX_LOOKS)])

    outcome = await run(ctx, await searched(uow, user_id, ask))

    assert not outcome.state.tiles.is_found


async def test_each_look_says_why_and_where(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, LOST, scores(P1=["B1"]), scores("P2"))

    await run(ctx, await searched(uow, user_id, ask, size=A3))

    told = ctx.payloads(EventType.TOOL_CALLED)
    assert [payload["reason"] for payload in told] == ["tile_search", "tile_search"]
    assert told[1]["parameters"]["places"][0] == "стр. 1 B1"
    pictures = ctx.payloads(EventType.EVIDENCE_PICTURE)
    assert {payload["why"] for payload in pictures} == {"tile_search"}
    assert all(payload["reason_en"] for payload in pictures)


async def test_a_search_in_vain_is_bounded_and_says_where_it_looked(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = seeing(uow, user_id, LOST, *[scores() for _ in range(MAX_LOOKS)])

    outcome = await run(ctx, await searched(uow, user_id, ask))

    assert outcome.goto == "reread"
    assert LOST.answer_markdown in outcome.state.answer.text
    assert "искомое там не найдено" in outcome.state.answer.text
    assert "A1" in outcome.state.answer.text
    assert len(ctx.asks) <= 1 + MAX_LOOKS
    assert len(ctx.renderer.specs) <= 1 + CELLS_A_LOOK * (MAX_LOOKS - 1)


async def test_no_picture_is_asked_for_twice(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    everywhere = {f"P{number}": ["A1", "B2", "C3"] for number in range(1, 30)}
    ctx = seeing(uow, user_id, LOST, *[scores(**everywhere) for _ in range(MAX_LOOKS)])

    await run(ctx, await searched(uow, user_id, ask))

    regions = [spec.region for spec in ctx.renderer.specs]
    assert len(regions) == len(set(regions)) > CELLS_A_LOOK


async def test_a_model_that_fails_ends_the_search_with_the_best_answer(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = seeing(uow, user_id, LOST, ProviderFailed("down"))

    outcome = await run(ctx, await searched(uow, user_id, ask))

    assert LOST.answer_markdown in outcome.state.answer.text
    assert "tile_search_failed" in [warning["code"] for warning in ctx.payloads(EventType.WARNING)]


async def test_a_document_that_is_deleted_meanwhile_ends_the_search_well(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await searched(uow, user_id, ask)
    ctx = seeing(uow, user_id, LOST, scores(P1=("B2",)), scores(P1=("B2",)))
    first = await answer(ctx, state)
    assert first.goto == "seek"
    looked = await seek(ctx, first.state)
    tiles = looked.state.tiles
    assert tiles is not None
    again = msgspec.structs.replace(tiles, queue=tiles.looked, looked=())
    uow.documents.contents.clear()

    outcome = await seek(ctx, msgspec.structs.replace(looked.state, tiles=again))

    assert outcome.state.tiles.queue == ()


async def test_after_one_search_there_is_no_second(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx = seeing(uow, user_id, LOST, scores(P1=["A1"]), scores("P2"), LOST)

    found = await run(ctx, await searched(uow, user_id, ask, size=A3))
    outcome = await answer(ctx, found.state)

    assert (outcome.goto, len(ctx.asks)) == ("reread", 4)


async def test_a_model_that_names_a_place_gets_that_place_instead(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    wanting = msgspec.structs.replace(LOST, followup_rois=(RegionRequest(block_id="DRAW-DRAW-DRA", sector="A1"),))

    outcome = await answer(seeing(uow, user_id, wanting), await searched(uow, user_id, ask))

    assert (outcome.goto, outcome.state.tiles) == ("follow_up", None)


async def test_a_question_about_text_starts_no_search(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await searched(uow, user_id, ask)
    state = msgspec.structs.replace(state, intent=Intent(requires_visual_detail=False))

    outcome = await answer(seeing(uow, user_id, LOST), state)

    assert outcome.state.tiles is None


async def test_the_answer_that_follows_may_cite_the_tile(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    told = AnswerReply(
        citations=(ReplyCitation(block_id="P2", quote="-0,450"),), answer_markdown="Отметка низа Б7 — -0,450 [1]."
    )
    ctx = seeing(uow, user_id, LOST, scores(P1=["A1"]), scores("P2"), told)

    found = await run(ctx, await searched(uow, user_id, ask, size=A3))
    outcome = await answer(ctx, found.state)

    assert outcome.state.answer.citations[0].picture == 2
    assert "не найдено" not in outcome.state.answer.text


def whole(size: tuple[float, float] = A1) -> tuple[Cell, Page]:
    cell = Cell(
        document_id=new_id(),
        document_name="a.pdf",
        page_no=1,
        sheet="",
        name="",
        box=(0.0, 0.0, 1.0, 1.0),
        depth=0,
        score=1.0,
    )
    return cell, Page(page_no=1, width_pt=size[0], height_pt=size[1], facts=PageFacts())


def test_the_sector_with_the_words_of_the_question_comes_first() -> None:
    cell, page = whole()
    words = [Word("Балка", (0.9, 0.9, 0.95, 0.92), 0, 0), Word("Общие", (0.1, 0.1, 0.15, 0.12), 1, 0)]

    cells = sectors_of(cell, page, words, "Какая отметка у балки?")

    assert best_of(cells, (), 1)[0].name == "C3"


def test_the_sectors_of_a_sheet_cover_all_of_it() -> None:
    cell, page = whole()

    boxes = [sector.box for sector in sectors_of(cell, page, (), "")]

    assert len(boxes) == 9
    assert (min(box[0] for box in boxes), max(box[3] for box in boxes)) == (0.0, 1.0)


def test_a_strip_is_cut_along_its_longer_side() -> None:
    cell, page = whole((4000.0, 500.0))

    parts = split(cell, page, (), "", ["A1"], 1568)

    assert [part.box[1:4:2] for part in parts] == [(0.0, 1.0)] * 4
    assert max(parts, key=lambda part: part.score) is parts[0]
