"""How a place is shown again: readable, within the provider's size, and never the same picture as before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import Page, PageFacts
from domain.rules_legibility import MAX_DPI, READABLE_PX, plan_shots
from domain.rules_rereading import MANNERS, MAX_TILES, shots_again

A1 = (2384.0, 1684.0)
A4 = (595.0, 842.0)


def page(size: tuple[float, float], glyph_pt: float | None = 10.0, rotation: int = 0) -> Page:
    facts = PageFacts(smallest_glyph_pt=glyph_pt)
    return Page(page_no=1, width_pt=size[0], height_pt=size[1], rotation=rotation, facts=facts)


def test_a_small_place_is_shown_larger_and_cut_otherwise_each_time() -> None:
    box = (0.4, 0.4, 0.45, 0.43)

    first = plan_shots(page(A1), box, 1584)
    second, third = (shots_again(page(A1), box, 1584, manner) for manner in MANNERS)

    assert len({shot.box for shot in (*first, *second, *third)}) == 3
    assert first[0].glyph_px < second[0].glyph_px


def test_a_whole_page_is_cut_though_it_would_fit() -> None:
    assert len(shots_again(page(A4), None, 1584, MANNERS[0])) > 1


def test_a_whole_sheet_of_tiny_letters_cannot_be_read_again() -> None:
    assert shots_again(page(A1, glyph_pt=5.0), None, 1104, MANNERS[0]) == []


@given(
    size=st.sampled_from([A4, (842.0, 1191.0), A1, (3370.0, 2384.0)]),
    rotation=st.sampled_from([0, 90, 180, 270]),
    glyph_pt=st.one_of(st.none(), st.floats(0.1, 30)),
    left=st.floats(0, 0.9),
    top=st.floats(0, 0.9),
    width=st.floats(0.001, 1),
    height=st.floats(0.001, 1),
    side=st.sampled_from([768, 1104, 1584]),
)
@pytest.mark.parametrize("manner", MANNERS, ids=["second", "third"])
def test_what_is_shown_again_can_be_read(
    manner: object,
    size: tuple[float, float],
    rotation: int,
    glyph_pt: float | None,
    left: float,
    top: float,
    width: float,
    height: float,
    side: int,
) -> None:
    sheet = page(size, glyph_pt, rotation)

    shots = shots_again(sheet, (left, top, min(left + width, 1.0), min(top + height, 1.0)), side, manner)

    assert len(shots) <= MAX_TILES
    assert all(shot.glyph_px >= READABLE_PX and shot.dpi <= MAX_DPI for shot in shots)
    assert all(0 <= shot.box[0] < shot.box[2] <= 1 and 0 <= shot.box[1] < shot.box[3] <= 1 for shot in shots)
