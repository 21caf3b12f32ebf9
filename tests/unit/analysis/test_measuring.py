"""What is measured by its name or where the user points, by the sheet's scale; what the sheet states goes first."""

from uuid import UUID

import pytest

from domain.answers import AnswerReply, Intent
from domain.chats import Scope
from domain.counting.traces import Trace, Traced
from domain.counting.types import ShapesFound
from domain.documents import Word
from domain.families.analysis.rules_measure_wanted import Measure, labelled_in
from domain.families.analysis.rules_stated import stated_beside
from domain.families.analysis.rules_traces import Label, TraceRefusal, choose_contour
from tests.fakes.pages import add_document
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask
from tests.unit.analysis.test_count_drawn import FakeDrawings, sheet
from tests.unit.analysis.test_family import run

PT_PER_M = 72 / 25.4 * 10
"""At 1:100."""

SCALE = {"scale": "1:100"}
PLACE = (110.0, 110.0, 120.0, 118.0)


def square(left: float, side_m: float, *, thin_share: float = 0.0) -> Trace:
    side = side_m * PT_PER_M
    points = ((left, 100.0), (left + side, 100.0), (left + side, 100.0 + side), (left, 100.0 + side))
    return Trace(
        points=points,
        box=(left, 100.0, left + side, 100.0 + side),
        length_pt=4 * side,
        area_pt2=side * side,
        is_closed=True,
        thin_share=thin_share,
    )


def word(text: str, x: float, y: float, block_no: int = 1) -> Word:
    return Word(text, (x / 1190.55, y / 841.89, (x + 10) / 1190.55, (y + 8) / 841.89), block_no, 0)


async def told(
    uow: FakeUnitOfWork,
    user_id: UUID,
    ask: Ask,
    question: str,
    words: list[Word],
    traced: Traced,
    stamp: dict[str, str],
) -> str:
    document = await add_document(uow, user_id, "АР.pdf", sheet(*words, stamp=stamp))
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown="См. ниже."))
    ctx.reader = FakeDrawings(ShapesFound(), traced)

    finished = await run(ctx, ask(question, scope=Scope(document_ids=(document.id,))))

    return finished.result["answer"]["text"]


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("Какова площадь помещения 101?", "101"),
        ("Какая площадь кухни?", "кухни"),
        ("Какова длина трубы К1 на плане?", "К1"),
        ("What is the perimeter of room 204?", "204"),
        ("Чему равна площадь комнаты «Спальня 2»?", "Спальня 2"),
        ("Какова площадь сечения кабеля?", None),
        ("Какова площадь здания?", None),
        ("Какова длина трассы?", None),
    ],
    ids=["room", "words", "pipe", "perimeter", "quoted", "section", "building", "nothing named"],
)
def test_a_thing_is_measured_by_its_name_alone_where_it_has_one(question: str, label: str | None) -> None:
    found = labelled_in(question)

    assert (found.label if found else None) == label


async def test_a_room_is_measured_around_its_label(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    traced = Traced(traces=(square(100, 5),))

    text = await told(uow, user_id, ask, "Какова площадь помещения 101?", [word("101", 110, 110)], traced, SCALE)

    assert "Площадь контура вокруг подписи «101»: 25,00 м²" in text
    assert "По масштабу 1:100 (основная надпись)." in text


async def test_a_stated_area_goes_first_and_a_contradiction_is_told(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    words = [word("101", 110, 110), word("20,4", 150, 150, 2), word("м²", 162, 150, 2)]
    traced = Traced(traces=(square(100, 5),))

    text = await told(uow, user_id, ask, "Какова площадь помещения 101?", words, traced, SCALE)

    assert "Площадь «101» указана на листе: 20,40 м²" in text
    assert "верить следует указанному" in text


async def test_without_a_scale_a_named_room_is_not_measured(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    traced = Traced(traces=(square(100, 5),))

    text = await told(uow, user_id, ask, "Какова площадь помещения 101?", [word("101", 110, 110)], traced, {})

    assert "Не измерено: на листе не указан масштаб." in text


async def test_a_contour_that_does_not_close_is_refused(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    text = await told(uow, user_id, ask, "Какова площадь помещения 101?", [word("101", 110, 110)], Traced(), SCALE)

    assert "Не измерено: замкнутого контура вокруг подписи «101» нет." in text


async def test_a_scan_has_no_lines_to_measure_along(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    traced = Traced(is_drawn=False)

    text = await told(uow, user_id, ask, "Какова площадь помещения 101?", [word("101", 110, 110)], traced, SCALE)

    assert "нет векторных линий" in text


def test_a_contour_that_holds_another_room_is_open_somewhere() -> None:
    labels = [Label(text="101", at=(115, 114)), Label(text="102", at=(180, 180))]

    chosen = choose_contour([square(100, 5)], PLACE, "101", labels, None, is_pointed=False)

    assert (chosen.refusal, chosen.names) == (TraceRefusal.OPEN, ("102",))


def test_contours_that_differ_without_a_reason_are_all_told() -> None:
    chosen = choose_contour([square(100, 3), square(100, 6)], PLACE, "101", [], None, is_pointed=False)

    assert chosen.refusal is TraceRefusal.SEVERAL
    assert len(chosen.traces) == 2


def test_the_stated_area_tells_which_contour_is_the_rooms() -> None:
    stated_pt2 = (6 * PT_PER_M) ** 2

    chosen = choose_contour([square(100, 3), square(100, 6)], PLACE, "101", [], stated_pt2, is_pointed=False)

    assert chosen.trace == square(100, 6)


def test_furniture_along_the_walls_takes_nothing_from_a_room() -> None:
    chosen = choose_contour([square(100, 5.7), square(100, 6)], PLACE, "101", [], None, is_pointed=False)

    assert chosen.trace == square(100, 6)


def test_a_contour_along_thin_lines_is_not_told_as_sure() -> None:
    chosen = choose_contour([square(100, 5, thin_share=0.5)], PLACE, "101", [], None, is_pointed=False)

    assert chosen.refusal is TraceRefusal.THIN


def test_areas_are_read_as_people_write_them() -> None:
    metric = stated_beside([word("S=12,5", 1, 1), word("м²", 12, 1)], Measure.AREA)
    imperial = stated_beside([word("150", 1, 1), word("SF", 12, 1)], Measure.AREA)

    assert metric is not None
    assert metric.value == pytest.approx(12.5e6)
    assert imperial is not None
    assert imperial.value == pytest.approx(150 * 304.8**2)
