"""Pages cut to tiles, and put together of what a model tells about each."""

from itertools import pairwise

import pytest

from domain.documents import BlockKind, Box, Page
from domain.families.recognition.rules_recognised import SeenBlock, SeenReply, make_page
from domain.recognition import OVERLAP, seen_size, tiles_of, to_unrotated, within
from workers.rendering.geometry import Frame

PAGE = Page(page_no=1, width_pt=595, height_pt=842)
UPPER, LOWER = (0.0, 0.0, 1.0, 0.6), (0.0, 0.5, 1.0, 1.0)


def said(markdown: str, box: tuple[float, ...] = (0.1, 0.1, 0.9, 0.2), kind: str = "text") -> SeenReply:
    return SeenReply(blocks=(SeenBlock(kind=kind, box=box, markdown=markdown),))


def test_tiles_cover_the_page_overlap_and_are_small_enough():
    a1 = (2384.0, 1684.0)

    tiles = tiles_of(a1, 300, 2500)

    columns = sorted({(x0, x1) for x0, _, x1, _ in tiles})
    assert columns[0][0] == 0
    assert columns[-1][1] == pytest.approx(1)
    assert all((x1 - x0) * a1[0] * 300 / 72 <= 2500.001 for x0, x1 in columns)
    for (_, end), (start, after) in pairwise(columns):
        assert end - start >= OVERLAP * (after - start) - 1e-9


def test_a_small_page_is_one_tile():
    assert tiles_of((595, 842), 300, 3600) == [(0.0, 0.0, 1.0, 1.0)]


def test_a_huge_page_is_seen_in_a_bounded_number_of_tiles():
    assert len(tiles_of((14_400, 14_400), 300, 2500)) <= 64


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_go_back_to_the_unrotated_page_as_the_renderer_turns_them(rotation: int):
    frame = Frame(width_pt=600, height_pt=800, rotation=rotation, reading_rotation=rotation)
    width, height = seen_size(600, 800, rotation)
    box = (0.1, 0.2, 0.3, 0.25)

    [expected] = frame.unrotated_all([(box[0] * width, box[1] * height, box[2] * width, box[3] * height)])

    assert to_unrotated(box, rotation) == pytest.approx(expected)


def test_boxes_of_a_tile_become_boxes_of_the_page():
    tile: Box = (0.5, 0.0, 1.0, 0.5)

    assert within((0.0, 0.5, 1.0, 1.0), tile) == (0.5, 0.25, 1.0, 0.5)


def test_a_block_seen_on_two_tiles_is_kept_once_in_its_longer_reading():
    upper = said("Насос К 80-50", box=(0.1, 0.9, 0.9, 0.98))
    lower = said("Насос К 80-50-200", box=(0.1, 0.08, 0.9, 0.18))

    page = make_page(PAGE, [(UPPER, upper), (LOWER, lower)], "model:m")

    assert [block.content for block in page.blocks] == ["Насос К 80-50-200"]


def test_of_a_block_that_goes_on_in_the_next_tile_only_what_is_new_is_added():
    first, shared = "1. Размеры для справок.", "2. Неуказанные допуски по ГОСТ 30893.1."
    upper = said(f"{first}\n{shared}", box=(0.1, 0.8, 0.9, 1.0))
    lower = said(f"{shared}\n3. Покрытие Ц6.хр по ГОСТ 9.306-85, кроме поверхностей Б.", box=(0.1, 0.0, 0.9, 0.2))

    page = make_page(PAGE, [(UPPER, upper), (LOWER, lower)], "model:m")

    assert [block.content.count(shared) for block in page.blocks] == [1, 0]
    assert page.blocks[1].content.startswith("3. Покрытие")


def test_equal_texts_on_different_places_stay_apart():
    page = make_page(PAGE, [(UPPER, said("Ду50")), (LOWER, said("Ду50", box=(0.1, 0.7, 0.9, 0.8)))], "model:m")

    assert len(page.blocks) == 2
    assert len({block.id for block in page.blocks}) == 2


@pytest.mark.parametrize("box", [(), (0.9, 0.1, 0.2, 0.2), (5.0, 5.0, 6.0, 6.0)], ids=["none", "mirrored", "outside"])
def test_a_block_without_a_sensible_box_stands_for_the_whole_tile(box: tuple[float, ...]):
    page = make_page(PAGE, [(LOWER, said("Насос", box=box))], "model:m")

    assert page.blocks[0].box == LOWER


def test_a_page_on_which_nothing_is_seen_says_so():
    page = make_page(PAGE, [((0, 0, 1, 1), SeenReply(blocks=()))], "model:m")

    assert page.page.facts.warnings == ("nothing_recognised",)
    assert not page.page.facts.needs_ocr


def test_kinds_are_kept():
    page = make_page(PAGE, [((0, 0, 1, 1), said("| a |\n|---|\n| 1 |", kind="table"))], "model:m")

    assert page.blocks[0].kind is BlockKind.TABLE
