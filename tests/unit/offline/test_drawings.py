"""The offline reader of drawings: title blocks, captions, scales, floors, designations, keywords."""

from typing import Any

import pytest

from domain.families.indexing.types import ReplyDrawing
from workers.offline.drawings import read_drawings


def told(text: str = "", **fields: Any) -> ReplyDrawing:
    [reply] = read_drawings({"drawings": [shown("D1", text, **fields)]}).drawings
    return reply


def shown(name: str, text: str, **fields: Any) -> dict[str, Any]:
    default = {"document": "A.pdf", "place": "стр. 1", "is_sheet": False, "stamp": {}, "heading": "", "near": ""}
    return {"id": name, "text": text, "pictures": [], **default, **fields}


def test_a_sheet_is_called_as_its_title_block_says_and_placed_by_its_caption() -> None:
    stamp = {"title": "План систем вентиляции на отм.", "code": "24-118-ОВ", "sheet": "2"}
    reply = told("План систем вентиляции на отм. +4,200 (1:100)\nКабинет", is_sheet=True, stamp=stamp)

    assert reply.title.startswith("План систем вентиляции на отм. План систем")
    assert (reply.discipline, reply.floor_or_section, reply.scale) == ("ventilation", "на отм. +4,200", "1:100")


def test_a_drawing_is_called_as_its_caption() -> None:
    reply = told("Разрез 1-1\nбалка", stamp={"title": "Каркас"})

    assert (reply.title, reply.floor_or_section) == ("Разрез 1-1", "Разрез 1-1")


def test_without_any_title_the_file_gives_its_name() -> None:
    assert told("2300\n450", document="План 2 этажа.pdf").title == "План 2 этажа"


def test_a_prepared_drawing_is_told_as_it_was_described() -> None:
    text = (
        "**[ИЗОБРАЖЕНИЕ]** | Тип: План этажа | Оси: 1-7/А-Ж\n\n**Краткое описание:** План 2-го этажа в масштабе 1:100."
    )
    reply = told(text)

    assert reply.title == "План этажа: План 2-го этажа в масштабе 1:100."
    assert reply.what_is_drawn == "План 2-го этажа в масштабе 1:100."
    assert reply.scale == "1:100"


@pytest.mark.parametrize(
    ("title", "floor"),
    [
        pytest.param("Кладочный план 2-го этажа на отм. +4,950", "2-го этажа; на отм. +4,950", id="floor and level"),
        pytest.param("План типового этажа", "типового этажа", id="a floor by its name"),
        pytest.param("План кровли", "кровли", id="roof"),
        pytest.param("Second Floor Plan", "Second Floor", id="English"),
        pytest.param("План в осях 1-8/А-Ж", "в осях 1-8/А-Ж", id="axes"),
        pytest.param("Спецификация оборудования", "", id="none"),
    ],
)
def test_floors_and_sections_are_taken_from_the_title(title: str, floor: str) -> None:
    assert told(f"{title}\nкомната").floor_or_section == floor


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        pytest.param("М 1:50", "1:50", id="metric"),
        pytest.param("1 : 100", "1:100", id="with spaces"),
        pytest.param('SCALE: 1/4" = 1\'-0"', '1/4" = 1\'-0"', id="imperial"),
        pytest.param("время 11:10:25", "", id="a time"),
    ],
)
def test_a_scale_is_found_in_any_writing(text: str, scale: str) -> None:
    assert told(text).scale == scale


def test_codes_are_designations_and_no_formats_standards_or_steels() -> None:
    reply = told("П1 В2 П1 КПУ-1 А1 ГОСТ 21 С245 М1:100 В2-1 AHU-1 207")

    assert reply.system_codes == ("П1", "В2", "КПУ-1", "AHU-1")


def test_keywords_are_what_this_drawing_says_and_the_others_do_not() -> None:
    drawings = [shown("D1", "воздуховод воздуховод лист подп"), shown("D2", "колонна лист подп")]

    first, second = read_drawings({"drawings": drawings}).drawings

    assert first.keywords[0] == "воздуховод"
    assert second.keywords == ("колонна",)


def test_a_drawing_without_anything_is_told_of_without_a_fault() -> None:
    reply = told("", stamp={}, document="")

    assert (reply.title, reply.discipline, reply.keywords) == ("", "other", ())
