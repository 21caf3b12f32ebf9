"""Single requirements against single places, as they stand in norms, assignments and drawings."""

import pytest

from domain.documents import Block, BlockKind
from domain.families.matrix.rules_judging import Judgement, candidates_of, judge
from domain.families.matrix.rules_requirements import drafts_of, requirement_of
from domain.families.matrix.types import Place, ReadDocument
from domain.ids import new_id

DRAWING = ReadDocument(id=new_id(), name="АР.pdf")
PLACE = Place(document_id=DRAWING.id, document_name="ТЗ.pdf", page_no=1, sheet="стр. 1", block_id="AAAA-AAAA-AAA")

CORRIDOR = "5.1 Ширина коридора должна быть не менее 1,2 м."
CORRIDOR_EN = "4.2 The corridor width shall be at least 1.2 m."


def _block(content: str, heading: str | None = None) -> Block:
    kind = BlockKind.TABLE if content.startswith("|") else BlockKind.TEXT
    return Block(id="BBBB-BBBB-BBB", page_no=1, block_no=0, kind=kind, content=content, heading=heading)


def judged(requirement: str, *drawing: str, heading: str | None = None) -> Judgement:
    (draft,), _ = drafts_of(_block(requirement), "")
    candidates = [c for content in drawing for c in candidates_of(DRAWING, _block(content, heading), "стр. 1")]
    return judge(requirement_of(draft, 1, PLACE, "ru"), candidates)


PASSES = [
    (CORRIDOR, "Ширина коридора 1200 мм"),
    (CORRIDOR, "Ширина коридора К1 — 1,35 м, высота 2,7 м"),
    (CORRIDOR, "Коридор 101: высота 2,7 м, ширина 1350 мм"),
    (CORRIDOR, "Ширину коридора принять не менее 1,4 м."),
    (CORRIDOR, "| Наименование | Ширина, мм |\n|---|---|\n| Коридор | 1400 |"),
    (CORRIDOR, "| Показатель | Ед. изм. | Значение |\n|---|---|---|\n| Ширина коридора | м | 1,4 |"),
    (CORRIDOR, "| Показатель | К1 | К2 |\n|---|---|---|\n| Ширина коридора, м | 1,4 | 1,3 |"),
    ("Температура воздуха в помещении должна быть 18–24 °С.", "Температура воздуха в помещении 20±2 °С"),
    ("Температура наружного воздуха не должна быть ниже минус 30 °С.", "Температура наружного воздуха минус 25 °С"),
    ("Степень защиты щита не ниже IP54.", "| Наименование | Степень защиты |\n|---|---|\n| Щит ЩР-1 | IP65 |"),
    ("Класс бетона фундамента должен быть не ниже B25.", "Бетон фундамента класса В30"),
    ("Не допускается уровень шума в помещениях более 45 дБА.", "Уровень шума в помещениях 40 дБА"),
    ("Требуется обеспечить расход приточного воздуха не менее 1 200 м³/ч.", "Расход приточного воздуха 1 250 м³/ч"),
    (CORRIDOR_EN, "Width of corridor: 1,350 mm"),
    ("Doors shall not be less than 2.1 m high.", "Door: 2.2 m high"),
    ("The minimum clear width of corridors is 1.2 m.", "Corridor clear width 1.3 m"),
]
FAILS = [
    (CORRIDOR, "Ширина коридора 1190 мм"),
    (CORRIDOR, "| Наименование | Ширина, мм |\n|---|---|\n| Коридор 1 | 1400 |\n| Коридор 2 | 1100 |"),
    (CORRIDOR, "| Параметр | Норма, м | Факт, м |\n|---|---|---|\n| Ширина коридора | 1,2 | 1,1 |"),
    (CORRIDOR, "| Показатель | К1 | К2 |\n|---|---|---|\n| Ширина коридора, м | 1,4 | 1,1 |"),
    ("Ширина полосы должна быть более 3,5 м.", "Ширина полосы 3,5 м"),
    ("Напряжение сети должно быть 380 В.", "Напряжение сети 220 В"),
    ("Температура наружного воздуха не должна быть ниже минус 30 °С.", "Температура наружного воздуха минус 35 °С"),
    ("Класс бетона фундамента должен быть не ниже B25.", "Бетон фундамента класса В20"),
    ("Степень защиты щита не ниже IP54.", "Степень защиты щита IP45"),
    ("Температура воздуха в помещении должна быть от 18 до 24 °С.", "Температура воздуха в помещении 16 °С"),
    ("Запрещается ширина прохода менее 1 м.", "Ширина прохода 0,9 м"),
    (CORRIDOR_EN, "Corridor width 1,150 mm"),
    ("Sound level in offices shall not exceed 45 dBA.", "Sound level in offices: 50 dBA"),
]
UNKNOWN = [
    (CORRIDOR, "Ширина двери коридора 900 мм"),
    (CORRIDOR, "Дверь в коридор шириной 900 мм"),
    (CORRIDOR, "Ширина коридора и лестничного марша 1,1 м"),
    (CORRIDOR, "Ширина существующего коридора 1,1 м"),
    (CORRIDOR, "Вариант 1: ширина коридора 1,1 м"),
    (CORRIDOR, "Ширина коридора 1,1 м не допускается."),
    (CORRIDOR, "Согласно СП 1.13130 ширина коридора 1,2 м"),
    (CORRIDOR, "Требуемая ширина коридора 1,2 м"),
    (CORRIDOR, "Ширина коридора увеличена с 1,1 м до 1,4 м"),
    (CORRIDOR, "Ширина коридора около 1,5 м"),
    (CORRIDOR, "Ширина коридора не менее 1,0 м"),
    (CORRIDOR, "Ширина коридора 1,5 м при открытых дверях"),
    (CORRIDOR, "Площадь коридора 15 м²"),
    (CORRIDOR, "Ширина 1,1 м"),
    (CORRIDOR, "Ведомость дверей\n| Помещение | Ширина, мм |\n|---|---|\n| Коридор | 900 |"),
    (CORRIDOR, "| Помещение | Ширина двери, мм |\n|---|---|\n| Коридор | 900 |"),
    (CORRIDOR, "| Помещение | Ширина до реконструкции, мм |\n|---|---|\n| Коридор | 900 |"),
    ("5.2 Ширина двери Д-1 должна быть не менее 0,9 м.", "Ширина двери Д-2 800 мм"),
    ("5.2 Ширина двери Д-1 должна быть не менее 0,9 м.", "Ширина двери Д-11 800 мм"),
    ("Ширина прохода между стеллажами должна быть не менее 1 м.", "Ширина прохода между стеллажами и стеной 0,8 м"),
    ("Температура в жилой комнате должна быть не ниже 20 °С.", "Температура в нежилой комнате 16 °С"),
    ("Температура теплоносителя должна быть не выше 95 °С.", "Температура теплоснабжения 105 °С"),
    ("Ширина двери коридора должна быть не менее 0,9 м.", "Ширина коридора двери 0,8 м"),
    ("Предел огнестойкости дверей — не ниже EI 60.", "Перегородка EI 45"),
    ("Уклон пандуса должен быть не более 1:12.", "Уклон пандуса 8 %"),
    ("Из помещения должно быть не менее 2 выходов.", "Из помещения 1 выход"),
    ("При числе людей более 50 ширина прохода должна быть не менее 1,2 м.", "Ширина прохода 1 м"),
    ("- гардеробных площадью 200 м² и более;", "| Помещение | Площадь, м² |\n|---|---|\n| Гардеробная | 3,7 |"),
    ("В помещениях площадью более 50 м2 следует устанавливать пожарный кран.", "Площадь помещения 20 м2"),
    ("Have a minimum width of 15 cm.", "The conductor is 4 inches wide."),
    (CORRIDOR_EN, "Corridor door width 0.9 m"),
    (CORRIDOR_EN, "Corridor width at stair 1.0 m"),
    (CORRIDOR_EN, "Existing corridor width 1.0 m"),
    (CORRIDOR_EN, "Room width 1.0 m"),
    ("The roof slope shall be at least 2 %.", "The room slope is 1 %."),
]


def _ids(cases: list[tuple[str, str]]) -> list[str]:
    return [f"{number}: {case[1].splitlines()[-1][:40]}" for number, case in enumerate(cases, start=1)]


@pytest.mark.parametrize(("requirement", "drawing"), PASSES, ids=_ids(PASSES))
def test_a_place_that_meets_the_requirement_passes(requirement: str, drawing: str) -> None:
    assert judged(requirement, drawing).verdict == "pass"


@pytest.mark.parametrize(("requirement", "drawing"), FAILS, ids=_ids(FAILS))
def test_a_place_that_breaks_the_requirement_fails(requirement: str, drawing: str) -> None:
    assert judged(requirement, drawing).verdict == "fail"


@pytest.mark.parametrize(("requirement", "drawing"), UNKNOWN, ids=_ids(UNKNOWN))
def test_a_place_that_speaks_of_something_else_decides_nothing(requirement: str, drawing: str) -> None:
    assert judged(requirement, drawing).verdict == "unknown"


def test_a_value_counts_for_the_heading_that_it_stands_under() -> None:
    assert judged("Высота этажа должна быть не менее 2,8 м.", "Высота 2,5 м", heading="Этаж 2").verdict == "fail"


def test_a_value_weighs_more_than_a_limit_that_a_note_repeats() -> None:
    judgement = judged(CORRIDOR, "Ширина коридора должна быть не менее 1,2 м.", "Ширина коридора 1,1 м")

    assert judgement.verdict == "fail"


def test_instances_by_name_are_no_contradiction() -> None:
    judgement = judged(CORRIDOR, "Ширина коридора К1 1,4 м", "Ширина коридора К2 1,1 м")

    assert (judgement.verdict, judgement.reason) == ("fail", "computed_fail")
