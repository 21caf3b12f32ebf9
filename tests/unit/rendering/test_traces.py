"""Contours around a place and lines through it, followed along the strokes of a page."""

from itertools import pairwise

import pymupdf
import pytest

from domain.counting.traces import Trace, TraceAsk, TraceKind
from workers.rendering import trace_lines, trace_pages
from workers.rendering.trace_pages import trace_on_page

MM = 72 / 25.4 / 100
"""Points of one real millimetre at 1:100."""

Points = list[tuple[float, float]]
ROOM: Points = [(100.0, 100.0), (300.0, 100.0), (300.0, 220.0), (100.0, 220.0)]
LABEL = (190.0, 150.0, 206.0, 158.0)


@pytest.fixture
def page() -> pymupdf.Page:
    return pymupdf.open().new_page(width=600, height=400)


def draw(page: pymupdf.Page, points: Points, *, width: float = 1.0, is_split: bool = False, dashes: str = "") -> None:
    pieces = [[a, b] for a, b in pairwise(points)] if is_split else [points]
    for piece in pieces:
        shape = page.new_shape()
        shape.draw_polyline([pymupdf.Point(point) for point in piece])
        shape.finish(width=width, closePath=False, dashes=dashes or None)
        shape.commit()


def around(page: pymupdf.Page) -> list[Trace]:
    return list(trace_on_page(page, TraceAsk(kind=TraceKind.CONTOUR, place=LABEL, pt_per_mm=MM)).traces)


def through(page: pymupdf.Page, place: tuple[float, float, float, float], *, is_pointed: bool) -> list[Trace]:
    ask = TraceAsk(kind=TraceKind.LINE, place=place, is_pointed=is_pointed, pt_per_mm=MM)
    return list(trace_on_page(page, ask).traces)


@pytest.mark.parametrize("is_split", [False, True], ids=["one path", "single strokes"])
def test_a_room_is_measured_however_its_walls_were_drawn(page: pymupdf.Page, is_split: bool) -> None:
    draw(page, [*ROOM, ROOM[0]], is_split=is_split)

    [room] = around(page)

    assert room.area_pt2 == pytest.approx(24_000, rel=1e-3)
    assert room.length_pt == pytest.approx(640, rel=1e-3)


def test_walls_that_cross_and_pass_one_another_close_a_room(page: pymupdf.Page) -> None:
    for y in (100, 220):
        draw(page, [(80, y), (330, y)])
    for x in (100, 300):
        draw(page, [(x, 60), (x, 260)])

    [room] = around(page)

    assert room.area_pt2 == pytest.approx(24_000, rel=1e-3)


def test_an_open_contour_is_none(page: pymupdf.Page) -> None:
    draw(page, [*ROOM, (100.0, 130.0)])

    assert around(page) == []


def test_a_door_is_closed_along_the_wall_not_along_its_swing(page: pymupdf.Page) -> None:
    door = 900 * MM
    draw(page, [(150, 220), (100, 220), (100, 100), (300, 100), (300, 220), (150 + door, 220)])
    draw(page, [(150, 220), (150, 220 - door)], width=0.3)
    shape = page.new_shape()
    shape.draw_sector(pymupdf.Point(150, 220), pymupdf.Point(150 + door, 220), 90, fullSector=False)
    shape.finish(width=0.3, closePath=False)
    shape.commit()

    [room] = around(page)

    assert room.area_pt2 == pytest.approx(24_000, rel=1e-3)
    assert room.doors > 0


def test_furniture_along_a_wall_is_told_apart_from_the_room(page: pymupdf.Page) -> None:
    draw(page, [*ROOM, ROOM[0]])
    draw(page, [(270.0, 100.0), (270.0, 140.0), (300.0, 140.0)], width=0.2)

    cut, room = around(page)

    assert cut.area_pt2 == pytest.approx(24_000 - 1_200, rel=1e-3)
    assert room.area_pt2 == pytest.approx(24_000, rel=1e-3)


def test_an_island_is_no_wall(page: pymupdf.Page) -> None:
    draw(page, [*ROOM, ROOM[0]])
    draw(page, [(230.0, 140.0), (250.0, 140.0), (250.0, 170.0), (230.0, 170.0), (230.0, 140.0)])

    assert around(page)[0].area_pt2 == pytest.approx(24_000, rel=1e-3)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270], ids=str)
def test_a_route_is_followed_through_its_bends(page: pymupdf.Page, rotation: int) -> None:
    draw(page, [(100, 100), (250, 100), (250, 180), (400, 180)], is_split=True)
    page.set_rotation(rotation)
    place = pymupdf.Rect(100, 98, 400, 182) * page.rotation_matrix

    [route] = through(page, tuple(place), is_pointed=True)

    assert route.length_pt == pytest.approx(380, rel=1e-3)


@pytest.mark.parametrize("dashes", ["[6 3] 0", ""], ids=["style", "single dashes"])
def test_gaps_between_dashes_belong_to_the_line(page: pymupdf.Page, dashes: str) -> None:
    if dashes:
        draw(page, [(100, 100), (286, 100)], dashes=dashes)
    for number in range(21) if not dashes else ():
        draw(page, [(100 + 9 * number, 100), (106 + 9 * number, 100)])

    [line] = through(page, (130, 88, 142, 97), is_pointed=False)

    assert line.length_pt == pytest.approx(186, rel=1e-3)


def test_a_line_of_very_many_dashes_has_a_length(page: pymupdf.Page) -> None:
    for number in range(450):
        draw(page, [(10 + 1.3 * number, 100), (10.8 + 1.3 * number, 100)], width=0.1)

    [line] = through(page, (130, 96, 138, 104), is_pointed=True)

    assert line.length_pt == pytest.approx(449 * 1.3 + 0.8, rel=1e-3)


def test_dots_beside_a_line_are_no_lines(page: pymupdf.Page) -> None:
    draw(page, [(100, 100), (300, 100)])
    draw(page, [(150, 98), (150.2, 98.1)])

    [line] = through(page, (140, 96, 160, 104), is_pointed=True)

    assert line.length_pt == pytest.approx(200, rel=1e-3)


def test_lines_that_no_time_is_left_for_are_said_to_be_missing(
    page: pymupdf.Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_pages, "FOLLOWING_CPU_S", 0.0)
    draw(page, [(100, 100), (300, 100)])

    found = trace_on_page(page, TraceAsk(kind=TraceKind.LINE, place=(110, 96, 116, 104), is_pointed=True))

    assert (found.traces, found.is_complete) == ((), False)


@pytest.mark.parametrize(("limit", "most"), [("MAX_MEMBERS", 2), ("MAX_PIECES", 20)])
def test_a_line_too_long_to_be_followed_is_said_to_be_missing(
    page: pymupdf.Page, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(trace_lines, limit, most)
    for number in range(21):
        draw(page, [(100 + 9 * number, 100), (106 + 9 * number, 100)])

    found = trace_on_page(page, TraceAsk(kind=TraceKind.LINE, place=(130, 96, 142, 104), is_pointed=True))

    assert (found.traces, found.is_complete) == ((), False)


def test_lines_that_only_cross_are_two(page: pymupdf.Page) -> None:
    draw(page, [(100, 100), (300, 100)])
    draw(page, [(200, 50), (200, 180)])

    [line] = through(page, (110, 96, 116, 104), is_pointed=True)

    assert line.length_pt == pytest.approx(200, rel=1e-3)


def test_a_page_without_strokes_says_so(page: pymupdf.Page) -> None:
    assert not trace_on_page(page, TraceAsk(kind=TraceKind.CONTOUR, place=LABEL)).is_drawn
