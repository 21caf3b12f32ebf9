"""What gets an entry, and what an entry keeps of what was told."""

import pytest

from domain.documents import Box
from domain.drawings import SystemCode
from domain.families.indexing.rules_entries import CODES_LIMIT, codes_in, entries_of
from domain.families.indexing.rules_units import units_of
from domain.families.indexing.types import ReplyDrawing, Unit
from domain.rules_disciplines import discipline_by_words, discipline_of
from tests.fakes.drawing_pages import A1_PT, drawn_page
from tests.fakes.pages import page_of

WHOLE: Box = (0.1, 0.1, 0.9, 0.9)
LEFT: Box = (0.0, 0.0, 0.45, 0.5)
RIGHT: Box = (0.5, 0.0, 1.0, 0.9)
LOGO: Box = (0.9, 0.9, 0.99, 0.99)


def _units(page: object) -> list[tuple[int, bool]]:
    """By the block's number on the page, and whether it stands for the sheet."""
    numbers = {block.id: block.block_no for block in page.blocks}  # pyright: ignore
    return [(numbers[unit.block_id], unit.is_sheet) for unit in units_of([page.page], page.blocks)]  # pyright: ignore


def test_a_figure_of_a_text_page_is_a_drawing_and_a_logo_is_none() -> None:
    assert _units(drawn_page(1, (WHOLE, "План"), (LOGO, ""))) == [(0, False)]


def test_a_sheet_with_one_drawing_is_one_unit() -> None:
    assert _units(drawn_page(1, (LOGO, ""), (WHOLE, "План"), size_pt=A1_PT)) == [(1, True)]


def test_a_sheet_with_several_drawings_is_a_unit_itself_known_by_the_largest() -> None:
    page = drawn_page(1, (LEFT, "Разрез 1-1"), (RIGHT, "План"), size_pt=A1_PT)

    assert _units(page) == [(1, True), (0, False), (1, False)]


def test_a_page_with_a_title_block_is_a_sheet_also_without_drawings() -> None:
    page = page_of(1, "Спецификация")
    stamped = drawn_page(1, stamp={"code": "24-118-ОВ.С"}).page

    assert [unit.is_sheet for unit in units_of([stamped], page.blocks)] == [True]


def test_a_drawing_of_a_prepared_document_needs_no_box() -> None:
    assert _units(drawn_page(1, (None, "Тип: План этажа"))) == [(0, False)]


def test_a_text_page_and_an_empty_one_have_no_units() -> None:
    pages = [page_of(1, "Пояснительная записка"), drawn_page(2, size_pt=A1_PT)]

    assert units_of([page.page for page in pages], [b for page in pages for b in page.blocks]) == []


@pytest.mark.parametrize(
    ("code", "text", "kept"),
    [
        pytest.param("В2", "системы В2 и В3", "В2", id="as it stands"),
        pytest.param("В2", "система В21", None, id="part of another"),
        pytest.param("В2", "В2-1 и 1.В2", None, id="inside a compound"),
        pytest.param("B2", "система В2", "В2", id="typed in Latin letters"),
        pytest.param("В2", "системы П1/В2", "В2", id="one of a pair"),
        pytest.param("П2", "системы П1-П3", None, id="inside a range"),
        pytest.param("п1", "система П1", None, id="small letters"),
        pytest.param("ПЕ 1", "система ПЕ\n1", "ПЕ\n1", id="two words"),
        pytest.param("207", "помещение 207", None, id="no letter"),
        pytest.param("КПУ-1", "клапан КПУ–1", "КПУ-1", id="another dash"),
    ],
)
def test_a_code_is_kept_only_as_it_stands_in_the_text(code: str, text: str, kept: str | None) -> None:
    found = codes_in([code], text, is_read=True)

    assert [one.code for one in found] == ([kept] if kept else [])


def test_codes_are_kept_once_and_not_without_end() -> None:
    codes = [f"П{number}" for number in range(200)]

    found = codes_in([*codes, "П1"], " ".join(codes), is_read=True)

    assert len(found) == CODES_LIMIT == len(set(found))


def test_without_text_codes_are_kept_as_seen() -> None:
    assert codes_in(["П1", "П1"], "", is_read=False) == (SystemCode(code="П1", seen_only=True),)


def test_replies_under_ids_that_were_not_shown_are_dropped() -> None:
    reply = ReplyDrawing(id="D9", title="Чужой", discipline="other", what_is_drawn="")
    unit = Unit(block_id="AAAA", page_no=1)

    [entry] = entries_of({"D1": unit}, [reply], {"D1": ""}, frozenset())

    assert (entry.block_id, entry.error) == ("AAAA", "not_told")


def test_what_is_too_long_or_unknown_is_cut_to_what_an_entry_holds() -> None:
    reply = ReplyDrawing(
        id="D1", title="т" * 900, discipline="плотник", what_is_drawn="a\x00b\n c", keywords=("x", "x")
    )

    [entry] = entries_of({"D1": Unit(block_id="AAAA", page_no=1)}, [reply], {"D1": ""}, frozenset())

    assert (len(entry.title), entry.discipline, entry.drawn, entry.keywords) == (200, "other", "ab c", ("x",))


@pytest.mark.parametrize(
    ("code", "sheet", "title", "name"),
    [
        pytest.param("24-118-ОВ.С", "2", "", "ventilation", id="ОВ"),
        pytest.param("133/23-ГК-АР4", "3", "", "architecture", id="АР with a number"),
        pytest.param("12-КЖ1.1", "", "", "structure", id="КЖ"),
        pytest.param("МГТУ.436421.001Э3", "", "", "electronics", id="Э3"),
        pytest.param("12-OB", "", "", "ventilation", id="typed in Latin"),
        pytest.param("", "A-102", "", "architecture", id="A-102"),
        pytest.param("", "FP1.0", "", "fire", id="FP1.0"),
        pytest.param("", "M2.01", "", "ventilation", id="M2.01"),
        pytest.param("", "2", "План систем вентиляции", "ventilation", id="by its title"),
        pytest.param("", "2", "Foundation plan", "structure", id="by its English title"),
        pytest.param("24-118", "7", "Лист", "other", id="nothing tells"),
    ],
)
def test_a_discipline_is_known_by_code_sheet_or_title(code: str, sheet: str, title: str, name: str) -> None:
    assert discipline_of(code=code, sheet=sheet, title=title) == name


def test_the_first_word_of_a_title_decides() -> None:
    assert discipline_by_words("Электроосвещение помещений вентиляции") == "electrical"
