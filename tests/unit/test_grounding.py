"""Quoted words become the boxes of the very letters, on generated sheets read by the real reader."""

from statistics import mean

import pytest

from benchmarks.grounding import WANTED, measure
from benchmarks.grounding_sheets import ROTATIONS, SIZES_MM, sheets


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_boxes_of_quotes_are_exact_however_the_sheet_is_turned(rotation: int) -> None:
    measured = list(measure(sheets(7, ["A4"], [rotation])))

    assert {one.language for one in measured} == {"ru", "en"}
    assert mean(one.f1 for one in measured) >= WANTED


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES_MM)
def test_boxes_of_quotes_are_exact_on_sheets_of_every_size(size: str) -> None:
    assert mean(one.f1 for one in measure(sheets(8, [size]))) >= WANTED
