"""Boxes of prepared blocks, found on the page of the source PDF."""

import pytest
from msgspec import structs

from domain.documents import Block, BlockKind, Box, PageContent
from domain.families.ingest.rules_placing import place_blocks
from tests.fakes.pages import page_of

PAGE = page_of(
    1,
    "Отдел отопления и вентиляции",
    "Расход воздуха системы П1 равен 5200 м³/ч",
    "Расход воздуха системы П2 равен 4100 м³/ч",
    "| Поз. | Имя |\n| 1 | Клапан КПУ-1 |\n| 2 | Насос ЦНС |",
)


def prepared(*contents: str, kind: BlockKind = BlockKind.TEXT, box: Box | None = None) -> PageContent:
    blocks = tuple(
        Block(id=f"AAAA-BBBB-CC{number}", page_no=1, block_no=number, kind=kind, content=content, box=box)
        for number, content in enumerate(contents)
    )
    return structs.replace(PAGE, blocks=blocks, words=())


@pytest.mark.parametrize("number", range(4))
def test_a_block_is_found_where_its_words_stand(number: int):
    (block,) = place_blocks(prepared(PAGE.blocks[number].content), PAGE).blocks

    assert block.box == PAGE.blocks[number].box


def test_similar_blocks_are_told_apart_by_what_differs():
    placed = place_blocks(prepared(PAGE.blocks[2].content, PAGE.blocks[1].content), PAGE)

    assert [block.box for block in placed.blocks] == [PAGE.blocks[2].box, PAGE.blocks[1].box]


def test_equal_blocks_get_places_of_their_own():
    page = page_of(1, "Диффузор ДП-450", "Диффузор ДП-450")

    placed = place_blocks(structs.replace(prepared(*["Диффузор ДП-450"] * 2), page=page.page), page)

    assert len({block.box for block in placed.blocks}) == 2


def test_other_spelling_of_the_same_letters_does_not_matter():
    (block,) = place_blocks(prepared("**Расход** воздуха системы П1 равен 5200 м³/ч".replace("о", "o")), PAGE).blocks

    assert block.box == PAGE.blocks[1].box


def test_a_block_that_is_not_on_the_page_has_no_box():
    (block,) = place_blocks(prepared("Совсем другой текст о системе кондиционирования"), PAGE).blocks

    assert block.box is None


def test_of_a_picture_only_what_is_written_on_it_is_looked_for():
    described = "**Краткое описание:** План этажа\n**Текст на чертеже:** Клапан КПУ-1, Насос ЦНС\n**Сущности:** П9"

    (block,) = place_blocks(prepared(described, kind=BlockKind.IMAGE), PAGE).blocks

    assert block.box is not None
    assert block.box[1] >= (PAGE.blocks[3].box or block.box)[1]


@pytest.mark.parametrize(
    ("rotation", "box"),
    [
        (0, (0.1, 0.2, 0.3, 0.4)),
        (90, (0.2, 0.7, 0.4, 0.9)),
        (180, (0.7, 0.6, 0.9, 0.8)),
        (270, (0.6, 0.1, 0.8, 0.3)),
    ],
)
def test_a_box_that_came_with_a_block_is_turned_with_the_page(rotation: int, box: Box):
    page = structs.replace(PAGE, page=structs.replace(PAGE.page, rotation=rotation))

    (block,) = place_blocks(prepared("нет", box=(0.1, 0.2, 0.3, 0.4)), page).blocks

    assert block.box == pytest.approx(box)


def test_the_page_takes_its_size_from_the_pdf_and_its_words_know_their_blocks():
    placed = place_blocks(prepared(PAGE.blocks[1].content), PAGE)

    assert (placed.page.width_pt, placed.page.height_pt) == (595, 842)
    assert {word.block_no for word in placed.words} == {0}
    assert [word.text for word in placed.words] == PAGE.blocks[1].content.split()
