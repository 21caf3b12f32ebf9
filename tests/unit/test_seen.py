"""Places on a page as it is seen."""

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import Box
from domain.rules_seen import WHOLE, area_of, clipped, from_seen, overlap, part_of, sector_of, tiles_of, to_seen

EDGE = st.floats(0.0, 1.0)
ROTATIONS = st.sampled_from([0, 90, 180, 270])
BOXES = st.tuples(EDGE, EDGE, EDGE, EDGE).map(
    lambda e: (min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]) + 0.01, max(e[1], e[3]) + 0.01)
)


@given(box=BOXES, rotation=ROTATIONS)
def test_what_is_turned_there_comes_back(box: Box, rotation: int) -> None:
    assert from_seen(to_seen(box, rotation), rotation) == pytest.approx(box)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_box_is_turned_as_pymupdf_turns_the_page(rotation: int) -> None:
    box = (0.1, 0.2, 0.3, 0.7)
    with pymupdf.open() as document:
        page = document.new_page(width=500, height=800)
        page.set_rotation(rotation)
        seen = pymupdf.Rect(box[0] * 500, box[1] * 800, box[2] * 500, box[3] * 800) * page.rotation_matrix
        width, height = page.rect.width, page.rect.height

    assert to_seen(box, rotation) == pytest.approx(
        (seen.x0 / width, seen.y0 / height, seen.x1 / width, seen.y1 / height)
    )


def test_sectors_are_letters_from_the_left_and_digits_from_the_top() -> None:
    assert sector_of("A1") == pytest.approx((0, 0, 1 / 3, 1 / 3))
    assert sector_of(" c2 ") == pytest.approx((2 / 3, 1 / 3, 1, 2 / 3))
    assert [sector_of(name) for name in ("D1", "A4", "", "A11")] == [None] * 4


def test_the_top_left_of_a_page_seen_turned_is_found_in_the_unturned_one() -> None:
    assert part_of(WHOLE, (0.0, 0.0, 0.5, 0.5), 90) == pytest.approx((0.0, 0.5, 0.5, 1.0))


@pytest.mark.parametrize(
    ("numbers", "box"),
    [
        ((-1.0, 0.5, 2.0, 0.75), (0.0, 0.5, 1.0, 0.75)),
        ((0.5, 0.5, 0.4, 0.9), None),
        ((1.2, 0.1, 1.5, 0.2), None),
        ((0.1, 0.2, 0.3), None),
        ((float("nan"), 0.0, 1.0, 1.0), None),
    ],
    ids=["cut", "reversed", "outside", "three", "not_a_number"],
)
def test_numbers_are_a_box_or_nothing(numbers: tuple[float, ...], box: Box | None) -> None:
    assert clipped(numbers) == box


@given(columns=st.integers(1, 6), rows=st.integers(1, 6))
def test_tiles_cover_all_and_share_a_tenth(columns: int, rows: int) -> None:
    tiles = tiles_of(columns, rows, 0.1)

    assert len(tiles) == columns * rows
    assert (min(t[0] for t in tiles), max(t[2] for t in tiles)) == (0.0, pytest.approx(1.0))
    if columns > 1:
        first, second = tiles[0], tiles[1]
        assert first[2] - second[0] == pytest.approx(0.1 * (first[2] - first[0]))


def test_overlap_is_of_both_together() -> None:
    assert overlap((0, 0, 1, 1), (0.5, 0, 1.5, 1)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 0.1, 0.1), (0.2, 0, 0.3, 1)) == 0.0
    assert area_of((0.1, 0.1, 0.3, 0.6)) == pytest.approx(0.1)
