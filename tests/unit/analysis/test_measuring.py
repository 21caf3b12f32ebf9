"""What is measured by its name or where the user points, by the sheet's scale; what the sheet states goes first."""

from uuid import UUID

import pytest

from domain.answers import AnswerReply, Intent
from domain.chats import Question, Scope
from domain.counting.traces import Trace, TraceAsk, Traced
from domain.counting.types import ShapesFound
from domain.documents import Block, BlockKind, Word
from domain.families.analysis.measuring import measure
from domain.families.analysis.measuring_places import labelled_places
from domain.families.analysis.rules_measure_wanted import Labelled, Measure, labelled_in
from domain.families.analysis.rules_measure_wording import Measured, measured_line, trace_refusal_line
from domain.families.analysis.rules_stated import stated_beside, stated_in_tables
from domain.families.analysis.rules_traces import ChosenTrace, Label, TraceRefusal, choose_contour
from domain.families.analysis.rules_wanted import Wanted
from domain.families.analysis.types import AnalysisState, AskedDocument
from domain.ids import new_id
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


def test_a_comma_parts_thousands_beside_english_units_only() -> None:
    english = stated_beside([word("1,250", 1, 1), word("SF", 12, 1)], Measure.AREA)
    russian = stated_beside([word("1,250", 1, 1), word("м²", 12, 1)], Measure.AREA)

    assert english is not None
    assert english.value == pytest.approx(1250 * 304.8**2)
    assert russian is not None
    assert russian.value == pytest.approx(1.25e6)


def test_a_length_without_a_unit_is_not_told() -> None:
    assert stated_beside([word("L=3500", 1, 1)], Measure.LENGTH) is None


def test_many_groups_of_digits_are_looked_through_at_once() -> None:
    assert stated_beside([word("111 " * 25_000, 1, 1)], Measure.AREA) is None


@pytest.mark.parametrize(
    ("header", "cell", "measure", "value"),
    [
        ("Площадь", "15,4", Measure.AREA, 15.4e6),
        ("Площадь, м²", "15,4", Measure.AREA, 15.4e6),
        ("Area, sq ft", "1,250", Measure.AREA, 1250 * 304.8**2),
        ("Area", "250", Measure.AREA, None),
        ("Длина, мм", "3500", Measure.LENGTH, 3500.0),
        ("Длина", "3500", Measure.LENGTH, None),
        ("Площадь, м²", "15,4", Measure.PERIMETER, None),
    ],
    ids=["area_plain", "area", "area_feet", "area_without_unit", "length", "length_without_unit", "perimeter"],
)
def test_a_table_states_what_its_column_has_a_unit_for(
    header: str, cell: str, measure: Measure, value: float | None
) -> None:
    content = f"| № | {header} |\n|---|---|\n| 101 | {cell} |"
    block = Block(id="b", page_no=1, block_no=0, kind=BlockKind.TABLE, content=content)

    stated, _ = stated_in_tables("101", [block], measure, is_plain=False)

    assert stated is None if value is None else stated is not None and stated.value == pytest.approx(value)


def test_small_areas_are_told_in_square_millimetres() -> None:
    measured = Measured(wanted=Measure.AREA, value=2500.0, error=20.0, sides=(50.0, 50.0))

    assert "2500 мм² ± 20 мм²" in measured_line(measured, "ru")
    assert "2500 mm² ± 20 mm²" in measured_line(measured, "en")


def test_the_error_of_an_area_is_never_told_as_nothing() -> None:
    measured = Measured(wanted=Measure.AREA, value=500_000.0, error=1000.0, sides=(700.0, 700.0))

    assert "0,50 м² ± 0,01 м²" in measured_line(measured, "ru")


def test_a_refused_line_is_told_as_a_line() -> None:
    chosen = ChosenTrace(refusal=TraceRefusal.NO_LINE)

    assert trace_refusal_line(chosen, Measure.LENGTH, 100, "В1", "ru") == "Не измерено: линии у обозначения «В1» нет."
    assert trace_refusal_line(chosen, Measure.LENGTH, 100, "В1", "en") == "Not measured: there is no line at “В1”."


async def test_a_document_that_is_deleted_meanwhile_is_passed_over(uow: FakeUnitOfWork, user_id: UUID) -> None:
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown=""))
    gone = AskedDocument(id=new_id(), name="АР.pdf", page_count=1, has_file=True)
    question = Question(message_id=new_id(), chat_id=new_id())
    state = AnalysisState(question=question, text="", language="ru", documents=(gone,))

    places = await labelled_places(ctx, state, Labelled(measure=Measure.AREA, label="101", is_plain=False))

    assert places == []


async def test_the_words_nearest_to_a_label_go_with_the_request(uow: FakeUnitOfWork, user_id: UUID) -> None:
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown=""))
    asks: list[TraceAsk] = []

    class Drawings(FakeDrawings):
        async def trace(self, sha256: str, page_no: int, ask: TraceAsk) -> Traced:
            asks.append(ask)
            return Traced()

    ctx.reader = Drawings(ShapesFound(), Traced())
    far = [word("слово", 900, 700, number) for number in range(500)]
    document = await add_document(uow, user_id, "АР.pdf", sheet(*far, word("101", 110, 110, 600), stamp=SCALE))
    asked = AskedDocument(id=document.id, name="АР.pdf", page_count=1, has_file=True)
    question = Question(message_id=new_id(), chat_id=new_id())
    state = AnalysisState(question=question, text="Площадь помещения 101?", language="ru", documents=(asked,))

    await measure(ctx, state, Wanted(measure=Measure.AREA))

    assert asks[0].texts[0] == pytest.approx(PLACE, abs=0.1)


@pytest.mark.parametrize(("number", "is_told"), [("24,9", True), ("2,70", False)], ids=["area", "height"])
async def test_a_bare_number_far_from_the_measured_area_is_not_the_area(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, number: str, is_told: bool
) -> None:
    words = [word("101", 110, 110), word(number, 150, 150, 2)]
    traced = Traced(traces=(square(100, 5),))

    text = await told(uow, user_id, ask, "Какова площадь помещения 101?", words, traced, SCALE)

    assert ("указана на листе" in text) is is_told
    assert "25,00 м²" in text
