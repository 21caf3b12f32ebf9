"""The legibility contract."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import Page, PageFacts
from domain.rules_legibility import MAX_DPI, MAX_TILES, READABLE_PX, plan_shots, seen_glyph_px, with_margin

A1 = (2384.0, 1684.0)
A4 = (595.0, 842.0)
SIDE = 1568


def page(size: tuple[float, float], *, glyph_pt: float | None = 10.0, rotation: int = 0) -> Page:
    facts = PageFacts(smallest_glyph_pt=glyph_pt)
    return Page(page_no=1, width_pt=size[0], height_pt=size[1], rotation=rotation, facts=facts)


def test_a_box_grows_by_a_fifth_and_at_least_by_a_centimetre() -> None:
    large = with_margin(page(A1), (0.2, 0.2, 0.8, 0.8))
    small = with_margin(page(A1), (0.5, 0.5, 0.501, 0.501))

    assert large == pytest.approx((0.14, 0.14, 0.86, 0.86))
    assert (small[2] - small[0]) * A1[0] / 72 * 25.4 == pytest.approx(20, abs=1.0)


def test_a_small_place_is_one_picture_that_can_be_read() -> None:
    [shot] = plan_shots(page(A1, glyph_pt=7.1), (0.4, 0.4, 0.45, 0.45), SIDE)

    assert 14 <= shot.glyph_px <= 40
    assert shot.dpi <= MAX_DPI


def test_a_place_too_large_for_one_picture_is_cut_into_tiles() -> None:
    shots = plan_shots(page(A1), (0.1, 0.1, 0.5, 0.5), SIDE)

    assert 1 < len(shots) <= MAX_TILES
    assert all(shot.glyph_px >= 14 for shot in shots)


def test_a_whole_a1_sheet_is_one_picture_that_says_it_cannot_be_read() -> None:
    [shot] = plan_shots(page(A1, glyph_pt=5.0), None, SIDE)

    assert shot.glyph_px < READABLE_PX


def test_letters_that_nobody_can_read_do_not_decide() -> None:
    [shot] = plan_shots(page(A4, glyph_pt=0.5), (0.4, 0.4, 0.42, 0.42), SIDE)

    assert shot.dpi == MAX_DPI
    assert shot.glyph_px >= READABLE_PX


def test_the_downscale_of_the_provider_counts() -> None:
    assert seen_glyph_px(page(A4), 300, 3136, SIDE) == pytest.approx(seen_glyph_px(page(A4), 150, 1568, SIDE))


@given(
    size=st.sampled_from([A4, (842.0, 1191.0), (1191.0, 1684.0), A1, (3370.0, 2384.0)]),
    rotation=st.sampled_from([0, 90, 180, 270]),
    glyph_pt=st.one_of(st.none(), st.floats(0.1, 30)),
    left=st.floats(0, 0.9),
    top=st.floats(0, 0.9),
    width=st.floats(0.001, 1),
    height=st.floats(0.001, 1),
    side=st.sampled_from([768, 1088, 1568]),
)
def test_no_picture_is_larger_than_the_provider_keeps_or_leaves_the_page(
    size: tuple[float, float],
    rotation: int,
    glyph_pt: float | None,
    left: float,
    top: float,
    width: float,
    height: float,
    side: int,
) -> None:
    sheet = page(size, glyph_pt=glyph_pt, rotation=rotation)

    shots = plan_shots(sheet, (left, top, min(left + width, 1.0), min(top + height, 1.0)), side)

    for shot in shots:
        x0, y0, x1, y1 = shot.box
        assert 0 <= x0 < x1 <= 1.0001
        assert 0 <= y0 < y1 <= 1.0001
        longest_px = max((x1 - x0) * size[0], (y1 - y0) * size[1]) / 72 * shot.dpi
        assert longest_px <= side + 1 or shot.dpi == 36
    assert len(shots) == 1 or all(shot.glyph_px >= READABLE_PX for shot in shots)
