"""A symbol is found again by its strokes: turned, mirrored, split, crossed by walls; look-alikes are not it."""

import math
from collections.abc import Iterable

import pytest

from domain.counting.types import SAME_SIZE, Part, Shape, ShapesFound
from workers.rendering.shape_pages import rehearse_shapes
from workers.rendering.shape_parts import Strokes, box_of
from workers.rendering.shape_search import find_shapes

LAMP = [(0, -6, 0, 6), (-6, 0, 6, 0)]
PAGE = (600.0, 400.0)


def ring(radius: float = 6.0, pieces: int = 24, first: float = 0.0) -> list[Part]:
    points = [
        (radius * math.cos(first + 2 * math.pi * n / pieces), radius * math.sin(first + 2 * math.pi * n / pieces))
        for n in range(pieces + 1)
    ]
    return [(*points[n], *points[n + 1]) for n in range(pieces)]


VALVE: list[Part] = [(-7, -4, 7, 4), (7, 4, 7, -4), (7, -4, -7, 4), (-7, 4, -7, -4)]
CROSSED: list[Part] = [*ring(), *LAMP]
HALF: list[Part] = [*ring(), LAMP[0]]
FLAG: list[Part] = [(0, 0, 0, 20), (0, 20, 9, 16), (9, 16, 0, 12)]


def at(parts: Iterable[Part], x: float, y: float, *, degrees: float = 0.0, mirrored: bool = False) -> list[Part]:
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    placed: list[Part] = []
    for part in parts:
        numbers: list[float] = []
        for px, py in zip(part[0::2], part[1::2], strict=True):
            sx = -px if mirrored else px
            numbers += [x + cosine * sx - sine * py, y + sine * sx + cosine * py]
        placed.append(tuple(numbers))
    return placed


def find(sample: list[Part], *others: list[Part], context: tuple[Part, ...] = ()) -> ShapesFound:
    """The sample stands at (50, 50) too."""
    own = at(sample, 50, 50)
    page = [part for parts in (own, *others) for part in parts]
    return find_shapes(Shape(tuple(own), box_of(own), context), Strokes(page), PAGE, SAME_SIZE)


@pytest.mark.parametrize("degrees", [0, 30, 90, 137, 180, 270])
def test_a_turned_symbol_is_found_with_its_turn(degrees: int) -> None:
    found = find(FLAG, at(FLAG, 200, 100, degrees=degrees))

    assert len(found.matches) == 2
    assert degrees in [round(match.angle) % 360 for match in found.matches]


def test_mirrored_symbols_count_and_are_told_apart() -> None:
    found = find(FLAG, at(FLAG, 200, 100, mirrored=True), at(FLAG, 300, 100))

    assert [match.is_mirrored for match in sorted(found.matches, key=lambda match: match.box[0])] == [
        False,
        True,
        False,
    ]


def test_a_symmetric_symbol_is_told_once_and_not_as_mirrored() -> None:
    found = find(CROSSED, at(CROSSED, 200, 100, degrees=45))

    assert [match.is_mirrored for match in found.matches] == [False, False]


def test_split_lines_and_otherwise_drawn_arcs_are_the_same_symbol() -> None:
    split = [(0.0, -6.0, 0.0, -1.0), (0.0, -1.0, 0.0, 6.0), (-6.0, 0.0, 2.0, 0.0), (2.0, 0.0, 6.0, 0.0)]

    assert len(find(CROSSED, at([*ring(pieces=40, first=0.3), *split], 200, 100)).matches) == 2


def test_a_symbol_of_curves_is_found() -> None:
    k = 6 * 0.5523
    quarters: list[Part] = [
        (6, 0, 6, k, k, 6, 0, 6),
        (0, 6, -k, 6, -6, k, -6, 0),
        (-6, 0, -6, -k, -k, -6, 0, -6),
        (0, -6, k, -6, 6, -k, 6, 0),
    ]

    assert len(find([*quarters, LAMP[0]], at([*quarters, LAMP[0]], 200, 100, degrees=77)).matches) == 2


def test_walls_through_a_symbol_and_wires_on_it_do_not_hide_it() -> None:
    wall: list[Part] = [(10, 103, 590, 103), (194, 10, 194, 390)]
    wire: list[Part] = [(206, 100, 230, 100)]

    assert len(find(CROSSED, at(CROSSED, 200, 100), wall, wire).matches) == 2


def test_a_symbol_with_a_stroke_more_is_another_one() -> None:
    found = find(HALF, at(CROSSED, 200, 100))

    assert len(found.matches) == 1
    assert len(found.similar) == 1


def test_a_symbol_with_a_stroke_less_is_another_one() -> None:
    assert len(find(CROSSED, at(HALF, 200, 100)).matches) == 1


def test_a_wall_over_a_symbol_is_no_stroke_of_it() -> None:
    wall: list[Part] = [(10, 100, 590, 100)]

    assert len(find(CROSSED, at(HALF, 200, 100), wall).matches) == 1


def test_the_same_thing_attached_to_several_places_makes_them_another_symbol() -> None:
    driven: list[Part] = [*VALVE, (0, 0, 0, -7), (-3, -12, 3, -12), (3, -12, 3, -7), (3, -7, -3, -7), (-3, -7, -3, -12)]

    found = find(VALVE, at(VALVE, 120, 50), at(driven, 200, 100), at(driven, 300, 100, degrees=90))

    assert (len(found.matches), len(found.similar)) == (2, 2)


def test_another_size_is_another_symbol() -> None:
    larger = [tuple(number * 1.25 for number in part) for part in VALVE]

    assert len(find(VALVE, at(larger, 200, 100)).matches) == 1


@pytest.mark.parametrize(
    "parts",
    [[], [(0, 0, 30, 0)], [(0, 0, 9, 9), (9, 9, 18, 0)], [(0, 0, 0.4, 0), (0.4, 0, 0.4, 0.4), (0.4, 0.4, 0, 0)]],
    ids=["nothing", "a line", "an angle", "a dot"],
)
def test_what_is_found_everywhere_is_not_searched(parts: list[Part]) -> None:
    assert find_shapes(Shape(tuple(parts), box_of(parts)), Strokes(at(FLAG, 9, 9)), PAGE, SAME_SIZE).is_plain


def test_a_page_without_strokes_has_no_symbols() -> None:
    assert find_shapes(Shape(tuple(FLAG), box_of(FLAG)), Strokes([]), PAGE, SAME_SIZE) == ShapesFound()


def test_the_rehearsal_finds_nothing_to_complain_of() -> None:
    rehearse_shapes()
