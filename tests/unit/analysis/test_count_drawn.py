"""Counting by a model part by part, counting by shape and measuring, through the stages with a scripted model."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.answers import AnswerReply, Intent, ReplyCitation
from domain.chats import Scope
from domain.counting.rules_tiles import merged
from domain.counting.traces import TraceAsk, Traced
from domain.counting.types import Shape, ShapeMatch, ShapesFound
from domain.documents import Block, BlockKind, Page, PageContent, PageFacts, Word
from domain.errors import BudgetExceeded, DocumentTooHeavy
from domain.events import EventType
from domain.evidence import Region
from domain.families.analysis.counting_shapes import letters_in
from domain.families.analysis.counting_tiles import TileBox, TileReply, boxes_on_page
from domain.families.analysis.types import AnalysisState
from domain.llm import Capabilities
from domain.revisions.types import PageDrawing
from tests.fakes.pages import add_document
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask
from tests.unit.analysis.test_family import run

COUNTING = Intent(intent_type="element_count", count_of=("двери",))
ANSWER = AnswerReply(
    citations=(ReplyCitation(block_id="C1"),), answer_markdown="Дверей на листе 3 [1], по подсчёту частями."
)
SHAPE = Shape(((0.0, 0.0, 9.0, 9.0), (9.0, 9.0, 0.0, 9.0), (0.0, 9.0, 0.0, 0.0)), (0.0, 0.0, 9.0, 9.0))


def sheet(*words: Word, stamp: dict[str, str] | None = None) -> PageContent:
    """An A3 sheet with one drawing."""
    drawing = Block(
        id="DRAW-DRAW-DRA", page_no=1, block_no=0, kind=BlockKind.IMAGE, content="План", box=(0.1, 0.1, 0.9, 0.9)
    )
    facts = PageFacts(smallest_glyph_pt=7.0, stamp=stamp or {})
    page = Page(page_no=1, width_pt=1190.55, height_pt=841.89, facts=facts)
    return PageContent(page=page, blocks=(drawing,), words=words)


class FakeDrawings:
    """A reader whose shapes are given; asks no file."""

    def __init__(self, found: ShapesFound | Exception, traced: Traced | None = None) -> None:
        self.found = found
        self.traced = traced or Traced(is_drawn=False)

    async def read_shape(self, sha256: str, page_no: int, box: tuple[float, ...]) -> Shape:
        return SHAPE

    async def find_shapes(self, sha256: str, page_no: int, shape: Shape, scales: Any = None) -> ShapesFound:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def read_drawing(self, sha256: str, page_no: int) -> PageDrawing:
        return PageDrawing()

    async def trace(self, sha256: str, page_no: int, ask: TraceAsk) -> Traced:
        return self.traced


def pointing(state: AnalysisState, *regions: Region) -> AnalysisState:
    return msgspec.structs.replace(state, question=msgspec.structs.replace(state.question, regions=regions))


def seeing(ctx: FakeStageContext) -> FakeStageContext:
    ctx.can = Capabilities(images=True, picture_sides_px=(800, 800, 800))
    return ctx


async def test_every_part_of_a_sheet_is_asked_once_and_overlaps_count_once(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet())
    probe = seeing(FakeStageContext(uow, user_id, COUNTING, *[TileReply()] * 12, ANSWER))
    await run(probe, ask("Сколько дверей на плане?", scope=Scope(document_ids=(document.id,))))
    tiles = sum(asked.prompt == "analysis/count_tile" for asked in probe.asks)
    # The right edge of the first part and the left edge of the second show the same door.
    replies = [TileReply(boxes=(TileBox(x0=900, y0=100, x1=980, y1=200), TileBox(x0=10, y0=500, x1=90, y1=600)))]
    replies += [TileReply(boxes=(TileBox(x0=52, y0=100, x1=130, y1=200),))]
    replies += [TileReply()] * (tiles - 3) + [TileReply(boxes=(TileBox(x0=500, y0=500, x1=600, y1=600),))]
    ctx = seeing(FakeStageContext(uow, user_id, COUNTING, *replies, ANSWER))

    finished = await run(ctx, ask("Сколько дверей на плане?", scope=Scope(document_ids=(document.id,))))

    [told] = [p for p in ctx.payloads(EventType.TOOL_CALLED) if p["tool"] == "count"]
    assert told["parameters"]["total"] == 3
    [citation] = finished.result["answer"]["citations"]
    assert len(citation["boxes"]) == 3
    assert f"по {tiles} изображениям" in citation["note"] or tiles > 3
    assert {claim["verdict"] for claim in finished.result["answer"]["claims"]} == {"counted"}


async def test_where_the_budget_ends_there_is_no_total(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet())
    answer = AnswerReply(answer_markdown="Посчитать не удалось.")
    ctx = seeing(FakeStageContext(uow, user_id, COUNTING, TileReply(), BudgetExceeded("calls"), *[TileReply()] * 2))
    ctx._replies.append(answer)  # pyright: ignore[reportPrivateUsage]

    finished = await run(ctx, ask("Сколько дверей на плане?", scope=Scope(document_ids=(document.id,))))

    assert "итога нет. Просмотрено 1 из" in finished.result["answer"]["text"]


def test_two_boxes_of_one_part_are_two_things() -> None:
    assert len(merged([(0, (0.1, 0.1, 0.2, 0.2)), (0, (0.11, 0.1, 0.21, 0.2))])) == 2


def test_a_thing_cut_by_an_edge_is_the_whole_one_of_the_neighbour() -> None:
    assert merged([(0, (0.1, 0.1, 0.12, 0.2)), (1, (0.1, 0.1, 0.2, 0.2))]) == [(0.1, 0.1, 0.2, 0.2)]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_of_a_picture_are_placed_on_rotated_pages(rotation: int) -> None:
    page = Page(page_no=1, width_pt=600, height_pt=400, rotation=rotation)
    corner = {0: (0.0, 0.0), 90: (0.0, 0.9), 180: (0.9, 0.9), 270: (0.9, 0.0)}[rotation]

    [box] = boxes_on_page([TileBox(x0=0, y0=0, x1=100, y1=100)], (0.0, 0.0, 1.0, 1.0), page)

    assert box[:2] == pytest.approx(corner)


def test_boxes_that_make_no_sense_are_left_out() -> None:
    page = Page(page_no=1, width_pt=600, height_pt=400)

    assert boxes_on_page([TileBox(x0=500, y0=0, x1=100, y1=100)], (0.0, 0.0, 1.0, 1.0), page) == []


async def test_symbols_with_other_letters_inside_are_told_apart(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    boxes = [(100.0, 100.0, 130.0, 130.0), (300.0, 100.0, 330.0, 130.0), (500.0, 100.0, 530.0, 130.0)]
    letters = [
        Word(text, in_share(box), n, 0) for n, (text, box) in enumerate(zip(("М1", "М2", "Т1"), boxes, strict=True))
    ]
    document = await add_document(uow, user_id, "ЭМ.pdf", sheet(*letters))
    matches = tuple(ShapeMatch(box=box, angle=0, scale=1, is_mirrored=n == 1, score=1) for n, box in enumerate(boxes))
    answer = AnswerReply(citations=(ReplyCitation(block_id="C1"),), answer_markdown="Таких знаков 2 [1].")
    ctx = FakeStageContext(uow, user_id, Intent(), answer)
    ctx.reader = FakeDrawings(ShapesFound(matches=matches))
    region = Region(document_id=document.id, page_no=1, box=in_share(boxes[0]))

    finished = await run(ctx, pointing(ask("Сколько таких знаков?", scope=Scope(document_ids=(document.id,))), region))

    [citation] = finished.result["answer"]["citations"]
    statement = next(block["content"] for block in ctx.asks[-1].variables["materials"] if block["kind"] == "count")
    assert len(citation["boxes"]) == 2
    assert "С буквами «m» внутри: 2; с другими или без букв: 1." in statement
    assert "из них зеркальных 1" in statement


def in_share(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    return (box[0] / 1190.55, box[1] / 841.89, box[2] / 1190.55, box[3] / 841.89)


def test_numbers_inside_a_symbol_tell_one_from_another_not_the_kind() -> None:
    assert letters_in((0, 0, 1, 1), [Word("М-12", (0.1, 0.1, 0.2, 0.2), 0, 0)]) == "m"


async def test_a_drawing_that_cannot_be_searched_is_said_to_be_left_out(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "ЭМ.pdf", sheet())
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown="Неизвестно."))
    ctx.reader = FakeDrawings(DocumentTooHeavy("strokes"))
    region = Region(document_id=document.id, page_no=1, box=(0.1, 0.1, 0.2, 0.2))

    finished = await run(ctx, pointing(ask("Сколько таких знаков?", scope=Scope(document_ids=(document.id,))), region))

    assert "Не просмотрено до конца страниц: 1" in finished.result["answer"]["text"]


async def test_a_length_is_told_with_its_scale_and_what_it_may_be_off(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet(stamp={"scale": "1:100"}))
    answer = AnswerReply(citations=(ReplyCitation(block_id="C1"),), answer_markdown="Длина — 6,00 м [1].")
    ctx = FakeStageContext(uow, user_id, Intent(), answer)
    ctx.reader = FakeDrawings(ShapesFound())
    box = in_share((100.0, 100.0, 100 + 60 / 25.4 * 72, 120.0))

    finished = await run(
        ctx,
        pointing(
            ask("Какова длина стены?", scope=Scope(document_ids=(document.id,))),
            Region(document_id=document.id, page_no=1, box=box),
        ),
    )

    statement = next(block["content"] for block in ctx.asks[-1].variables["materials"] if block["kind"] == "count")
    assert "6,00 м ± 100 мм" in statement
    assert "По масштабу 1:100 (основная надпись)." in statement
    assert [claim["verdict"] for claim in finished.result["answer"]["claims"]] == ["computed"]


async def test_a_sheet_that_says_not_to_scale_somewhere_is_measured_with_a_warning(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet(Word("NTS", (0.5, 0.5, 0.6, 0.6), 1, 0), stamp=STAMP))
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown="См. ниже."))
    ctx.reader = FakeDrawings(ShapesFound())
    region = Region(document_id=document.id, page_no=1, box=(0.1, 0.1, 0.2, 0.2))

    finished = await run(ctx, pointing(ask("Какова площадь?", scope=Scope(document_ids=(document.id,))), region))

    assert "есть и надпись «без масштаба»" in finished.result["answer"]["text"]


STAMP = {"scale": "1:100"}


async def test_without_a_scale_nothing_is_measured(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(uow, user_id, "АР.pdf", sheet())
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown="Масштаб не указан."))
    ctx.reader = FakeDrawings(ShapesFound())
    region = Region(document_id=document.id, page_no=1, box=(0.1, 0.1, 0.2, 0.2))

    finished = await run(ctx, pointing(ask("Какова площадь?", scope=Scope(document_ids=(document.id,))), region))

    assert "Не измерено: на листе не указан масштаб." in finished.result["answer"]["text"]


async def test_a_thing_that_a_legend_names_is_counted_by_its_symbol_there(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    words = [
        Word("Условные", (0.8, 0.1, 0.85, 0.12), 1, 0),
        Word("обозначения", (0.86, 0.1, 0.92, 0.12), 1, 0),
        Word("Розетка", (0.85, 0.15, 0.9, 0.165), 2, 0),
        Word("Светильник", (0.85, 0.19, 0.9, 0.205), 3, 0),
    ]
    document = await add_document(uow, user_id, "ЭО.pdf", sheet(*words))
    own = (0.83 * 1190.55, 0.15 * 841.89, 0.84 * 1190.55, 0.165 * 841.89)
    boxes = [own, (100.0, 100.0, 112.0, 112.0), (300.0, 100.0, 312.0, 112.0)]
    matches = tuple(ShapeMatch(box=box, angle=0, scale=1, is_mirrored=False, score=1) for box in boxes)
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown="Розеток 2."))
    ctx.reader = FakeDrawings(ShapesFound(matches=matches))

    finished = await run(ctx, ask("Сколько розеток на плане?", scope=Scope(document_ids=(document.id,))))

    assert "розеток: знаков, как показанный, — 2 (стр. 1 — 2)" in finished.result["answer"]["text"]
    [citation] = finished.result["answer"]["citations"]
    assert len(citation["boxes"]) == 2
