"""What a request wants to see of a page."""

from typing import Any

import pytest

from api.wishes import QUADRANTS, PictureWish, spec_of
from domain.documents import Page
from domain.errors import InvalidInput
from domain.evidence import RenderKind, RenderSpec

PAGE = Page(page_no=1, width_pt=842, height_pt=595)
TURNED = Page(page_no=1, width_pt=595, height_pt=842, rotation=90)


def _spec(page: Page | None = PAGE, **wish: Any) -> RenderSpec:
    return spec_of(PictureWish(**wish), "a" * 64, 1, page)


def test_nothing_asked_for_is_the_page_and_a_region_alone_is_that_region() -> None:
    assert _spec() == RenderSpec(sha256="a" * 64, page_no=1, kind=RenderKind.PAGE)
    assert _spec(region="0.1,0.2,0.3,0.4").region == (0.1, 0.2, 0.3, 0.4)
    assert _spec(region="0.1,0.2,0.3,0.4").kind is RenderKind.REGION


@pytest.mark.parametrize("kind", ["page", "overview", "thumbnail"])
def test_kinds_of_the_whole_page_take_no_region(kind: str) -> None:
    assert _spec(kind=kind).kind is RenderKind(kind)
    assert _faults(kind=kind, region="0,0,1,1") == ["query:region"]
    assert _faults(kind=kind, part="tl") == ["query:part"]


def test_a_region_that_is_not_told_is_missed() -> None:
    assert _faults(kind="region") == ["query:region"]
    assert _faults(kind="quadrant") == ["query:part"]
    assert _faults(kind="quadrant", region="0,0,1,1") == ["query:region"]
    assert _faults(part="B2", region="0,0,1,1") == ["query:part"]


@pytest.mark.parametrize("name", QUADRANTS)
def test_quadrants_are_parts_of_the_page_as_read(name: str) -> None:
    assert _spec(kind="quadrant", part=name).region == QUADRANTS[name]


def test_on_a_turned_page_the_upper_left_is_where_the_reader_sees_it() -> None:
    assert _spec(TURNED, part="tl").region == pytest.approx((0.0, 0.45, 0.55, 1.0))
    assert _spec(TURNED, part="A1").region == pytest.approx((0.0, 2 / 3, 1 / 3, 1.0))


@pytest.mark.parametrize(("kind", "part"), [("quadrant", "A1"), (None, "D1"), (None, "top"), (None, "")])
def test_a_part_that_is_none_is_refused(kind: str | None, part: str) -> None:
    assert _faults(kind=kind, part=part) == ["query:part"]


def test_a_part_of_a_page_that_was_not_read_is_refused() -> None:
    assert _faults(None, part="tl") == ["query:part"]


def test_who_names_a_sharpness_gets_it_and_who_does_not_gets_a_picture_to_read() -> None:
    assert (_spec(region="0,0,1,1", dpi=72).dpi, _spec(region="0,0,1,1", dpi=72).least_px) == (72, 0)
    assert (_spec(region="0,0,1,1").dpi, _spec(region="0,0,1,1").least_px) == (150, 512)
    assert (_spec(longest=2000).dpi, _spec(longest=2000).longest_px) == (400, 2000)


def test_there_may_be_a_hundred_marks_and_no_more() -> None:
    assert len(_spec(marks=";".join(["0,0,1,1"] * 100)).marks) == 100
    assert _faults(marks=";".join(["0,0,1,1"] * 101)) == ["query:marks"]


def _faults(page: Page | None = PAGE, **wish: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        _spec(page, **wish)
    return [fault.path for fault in refused.value.faults]
