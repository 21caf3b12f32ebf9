"""Symbols of the same strokes are told apart by what is filled of them; leaders and rotated arcs do not hide them."""

import pymupdf
import pytest

from domain.counting.types import SAME_SIZE
from workers.rendering import shape_fills
from workers.rendering.shape_pages import find_on_page, read_shape

VALVE = ((-6, -4), (6, 4), (6, -4), (-6, 4), (-6, -4))


@pytest.fixture
def page() -> pymupdf.Page:
    return pymupdf.open().new_page(width=600, height=400)


def valve(page: pymupdf.Page, x: float, y: float, *, is_filled: bool = False) -> None:
    shape = page.new_shape()
    shape.draw_polyline([pymupdf.Point(x + dx, y + dy) for dx, dy in VALVE])
    shape.finish(width=0.5, closePath=False)
    if is_filled:
        shape.draw_polyline([pymupdf.Point(x + dx, y + dy) for dx, dy in ((-6, -4), (0, 0), (-6, 4), (-6, -4))])
        shape.finish(width=0, color=None, fill=(0, 0, 0))
    shape.commit()


@pytest.mark.parametrize(("sample", "count"), [(0, 3), (3, 2)], ids=["hollow", "half filled"])
def test_a_filled_symbol_is_another_than_a_hollow_one(page: pymupdf.Page, sample: int, count: int) -> None:
    for number in range(5):
        valve(page, 100 + 60 * number, 100, is_filled=number > 2)
    x = 100 + 60 * sample

    found = find_on_page(page, read_shape(page, (x - 7, 95, x + 7, 105)), SAME_SIZE)

    assert (len(found.matches), len(found.similar)) == (count, 5 - count)


def test_where_too_much_is_filled_symbols_are_found_by_their_strokes_and_it_is_said(
    page: pymupdf.Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_fills, "FILLS_LIMIT", 1)
    for number in range(4):
        valve(page, 100 + 60 * number, 100, is_filled=True)

    found = find_on_page(page, read_shape(page, (93, 95, 107, 105)), SAME_SIZE)

    assert (len(found.matches), found.is_complete) == (4, False)


def test_a_leader_over_a_symbol_does_not_make_it_another(page: pymupdf.Page) -> None:
    for number in range(3):
        valve(page, 100 + 60 * number, 100)
    page.draw_line((155, 103), (172, 84), width=0.2)

    found = find_on_page(page, read_shape(page, (93, 95, 107, 105)), SAME_SIZE)

    assert len(found.matches) == 3


def test_an_arc_whose_control_points_leave_the_box_is_in_the_sample(page: pymupdf.Page) -> None:
    page.draw_bezier((100, 100), (130, 60), (170, 60), (200, 100), width=0.5)

    shape = read_shape(page, (100, 70, 200, 100))

    assert [len(part) for part in shape.parts] == [8]
