"""The scale of a place on a sheet, and whether the dimensions agree with it."""

import pytest

from domain.counting.rules_dimensions import (
    Dimension,
    agreement_of,
    calibrated,
    dimensions_on,
    figures_in,
    stated_length,
)
from domain.counting.rules_scale import MAX_SCALES, Refusal, Scale, choose_scale, is_format, scales_on, stamp_scale
from domain.documents import Box, Page, Word
from domain.families.analysis.measuring import measured_by
from domain.families.analysis.rules_measure_wanted import Measure
from domain.revisions.types import Stroke

PLACE: Box = (0.1, 0.1, 0.3, 0.2)
PAGE = Page(page_no=1, width_pt=1190.55, height_pt=841.89)


def words(*lines: str) -> list[Word]:
    return [
        Word(text, (0.1, 0.2 * number, 0.2, 0.2 * number + 0.02), number, 0)
        for number, line in enumerate(lines)
        for text in line.split()
    ]


@pytest.mark.parametrize(
    ("line", "ratio"),
    [
        ("План 1 этажа М 1:100", 100.0),
        ("М1:50", 50.0),
        ("Масштаб 1:2,5", 2.5),
        ("Вид А (2:1)", 0.5),
        ("1:200", 200.0),
        ('SCALE: 1/4" = 1\'-0"', 48.0),
        ('1 1/2" = 1\'-0"', 8.0),
        ("1\" = 20'", 240.0),
    ],
    ids=["ru", "ru tight", "ru word", "enlarged", "alone", "feet", "one and a half", "site"],
)
def test_scales_are_read_as_people_write_them(line: str, ratio: float) -> None:
    [scale], _ = scales_on(words(line))

    assert scale.ratio == pytest.approx(ratio)


@pytest.mark.parametrize("line", ["уклон 1:10", "раствор 1:3", "в 08:30", "листы 1:5 2:1"], ids=str)
def test_other_ratios_are_no_scales(line: str) -> None:
    assert scales_on(words(line))[0] == []


@pytest.mark.parametrize("line", ["NTS", "N.T.S.", "без масштаба", "Not to scale"], ids=str)
def test_a_sheet_that_is_not_to_scale_is_not_measured(line: str) -> None:
    found, is_unscaled = scales_on(words(line))

    assert choose_scale(None, found, PLACE, is_unscaled=is_unscaled).refusal is Refusal.NOT_TO_SCALE


def test_without_any_scale_nothing_is_measured() -> None:
    assert choose_scale(None, [], PLACE, is_unscaled=False).refusal is Refusal.NO_SCALE


def test_the_title_block_serves_where_nothing_else_is_stated() -> None:
    scale = stamp_scale({"scale": "1:100"})

    assert choose_scale(scale, [], PLACE, is_unscaled=False).scale == scale


def test_a_view_that_contradicts_the_title_block_is_not_measured() -> None:
    view = Scale(ratio=50, text="М 1:50", box=(0.1, 0.05, 0.2, 0.08))

    assert choose_scale(stamp_scale({"scale": "1:100"}), [view], PLACE, is_unscaled=False).refusal is Refusal.CONFLICT


def test_of_several_views_the_nearest_title_counts_unless_two_are_as_near() -> None:
    near = Scale(ratio=50, text="М 1:50", box=(0.1, 0.22, 0.2, 0.24))
    far = Scale(ratio=20, text="М 1:20", box=(0.8, 0.8, 0.9, 0.82))
    beside = Scale(ratio=20, text="М 1:20", box=(0.1, 0.06, 0.2, 0.08))

    assert choose_scale(None, [far, near], PLACE, is_unscaled=False).scale == near
    assert choose_scale(None, [beside, near], PLACE, is_unscaled=False).refusal is Refusal.CONFLICT


def test_lengths_and_areas_come_with_what_pointing_may_be_off() -> None:
    box = (100.0, 100.0, 100 + 72 / 25.4 * 60, 100 + 72 / 25.4 * 40)

    length = measured_by(Measure.LENGTH, [box], 100)
    area = measured_by(Measure.AREA, [box], 100)

    assert (length.value, length.error) == pytest.approx((6000, 100))
    assert (area.value, area.error) == pytest.approx((24_000_000, 1_000_000))


def test_a_distance_is_between_middles() -> None:
    boxes = [(0.0, 0.0, 10.0, 10.0), (72 / 25.4 * 30, 0.0, 72 / 25.4 * 30 + 10, 10.0)]

    assert measured_by(Measure.DISTANCE, boxes, 50).value == pytest.approx(1500)


def dimension(number: int, text: str, length_mm: float) -> tuple[list[Word], list[Stroke]]:
    """A number over a level line between two ticks."""
    y, x0 = 100.0 + 50 * number, 100.0
    x1 = x0 + length_mm * 72 / 25.4
    middle = (x0 + x1) / 2
    box = ((middle - 8) / 1190.55, (y - 9) / 841.89, (middle + 8) / 1190.55, (y - 2) / 841.89)
    ticks = [Stroke(x, y - 5, x, y + 5) for x in (x0, x1)]
    return [Word(text, box, number, 0)], [Stroke(x0 - 4, y, x1 + 4, y), *ticks]


def test_dimensions_confirm_a_scale_or_contradict_it() -> None:
    drawn = [dimension(number, text, float(text) / 100) for number, text in enumerate(("6000", "4500", "3000"))]
    texts = [word for own, _ in drawn for word in own]
    strokes = [stroke for _, own in drawn for stroke in own]

    right, wrong = (agreement_of(dimensions_on(PAGE, texts, strokes), ratio) for ratio in (100, 50))

    assert (right.agreeing, right.tried) == (3, 3)
    assert (wrong.agreeing, wrong.tried) == (0, 3)


def test_paper_sizes_are_known_with_their_multiples() -> None:
    assert is_format(PAGE)
    assert is_format(Page(page_no=1, width_pt=630 / 25.4 * 72, height_pt=297 / 25.4 * 72))
    assert not is_format(Page(page_no=1, width_pt=1000, height_pt=700))


def spanned(mm: float, text: str, *lengths: float) -> Dimension:
    return Dimension(mm=mm, text=text, box=PLACE, is_level=True, spans=tuple((0.0, length) for length in lengths))


@pytest.mark.parametrize("line", ["00", "EL. 0'-0\""], ids=["number", "level"])
def test_nothing_is_no_dimension(line: str) -> None:
    assert figures_in(words(line)) == []


def test_the_scale_that_most_dimensions_agree_on_is_found_among_many_lines() -> None:
    pt_per_mm = 72 / 25.4 / 100
    others = [9.0 + 1.7 * number for number in range(100)]
    many = [spanned(3000.0 + 170 * n, str(n), (3000.0 + 170 * n) * pt_per_mm, *others) for n in range(100)]

    assert calibrated(many) == 100


def test_a_stated_length_is_told_as_it_stands() -> None:
    stated = stated_length([spanned(3810.0, "12'-6\"", 108.0)], (0.0, 50.0), (108.0, 50.0))

    assert stated is not None
    assert stated.text == "12'-6\""


def test_a_line_of_any_length_is_looked_through_at_once() -> None:
    line = [Word(text, (0.1, 0.2, 0.2, 0.22), 0, 0) for text in ["M", "1:100", "1'"] * 15_000]

    assert len(scales_on(line)[0]) == MAX_SCALES
    assert len(figures_in(line)) == 15_000
