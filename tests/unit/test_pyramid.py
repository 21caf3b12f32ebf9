"""The levels and tiles of a page's deep-zoom pyramid."""

from itertools import pairwise

import pytest

from domain.documents import Page
from domain.rules_pyramid import SIDE_LIMIT_PX, TILE_PX, levels_of, tile_of

A1 = Page(page_no=1, width_pt=1684, height_pt=2384, rotation=90)


def test_the_last_level_is_the_page_as_read_at_400_dpi_and_the_first_one_is_a_single_tile() -> None:
    levels = levels_of(A1)

    assert (levels[-1].width_px, levels[-1].height_px) == (13244, 9356)
    assert (levels[0].columns, levels[0].rows) == (1, 1)
    assert [level.z for level in levels] == list(range(len(levels)))


def test_each_level_is_twice_the_one_before() -> None:
    levels = levels_of(A1)

    for small, large in pairwise(levels):
        assert (small.width_px, small.height_px) == (-(-large.width_px // 2), -(-large.height_px // 2))


@pytest.mark.parametrize("z", range(len(levels_of(A1))))
def test_the_tiles_of_a_level_cover_it_without_overlap(z: int) -> None:
    level = levels_of(A1)[z]

    tiles = [tile_of(A1, z, x, y) for y in range(level.rows) for x in range(level.columns)]

    covered = sum(tile.width * tile.height for tile in tiles if tile)
    assert covered == level.width_px * level.height_px
    last = tiles[-1]
    assert last is not None
    assert (last.left + last.width, last.top + last.height) == (level.width_px, level.height_px)


@pytest.mark.parametrize(("z", "x", "y"), [(-1, 0, 0), (99, 0, 0), (0, 1, 0), (0, 0, 1), (0, -1, 0), (0, 0, 10**30)])
def test_there_are_no_tiles_beside_the_page(z: int, x: int, y: int) -> None:
    assert tile_of(A1, z, x, y) is None


@pytest.mark.parametrize("size", [(1e9, 1e9), (1e9, 1), (3, 3), (0.01, 5000)])
def test_pages_of_any_size_have_a_bounded_pyramid(size: tuple[float, float]) -> None:
    levels = levels_of(Page(page_no=1, width_pt=size[0], height_pt=size[1]))

    assert 1 <= len(levels) <= 8
    assert max(levels[-1].width_px, levels[-1].height_px) <= SIDE_LIMIT_PX
    assert max(levels[0].width_px, levels[0].height_px) <= TILE_PX
    assert min(levels[0].width_px, levels[0].height_px) >= 1
