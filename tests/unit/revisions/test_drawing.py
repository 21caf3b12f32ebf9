"""The changes of a page's vector drawing."""

from collections.abc import Sequence

from domain.documents import Page
from domain.revisions.rules_drawing import compare_strokes
from domain.revisions.rules_transform import Transform
from domain.revisions.types import Change, ChangeClass, ChangeKind, Stroke

PAGE = Page(page_no=1, width_pt=1000, height_pt=1000)
WALLS = (Stroke(100, 100, 900, 100), Stroke(900, 100, 900, 900), Stroke(100, 500, 900, 500.4))


def symbol(x: float, y: float) -> list[Stroke]:
    return [
        Stroke(x, y, x + 20, y),
        Stroke(x + 20, y, x + 20, y + 30),
        Stroke(x, y, x + 20, y + 30),
        Stroke(x, y, x, y + 9, 7),
    ]


def differences(a: Sequence[Stroke], b: Sequence[Stroke], transform: Transform | None = None) -> list[Change]:
    return compare_strokes(PAGE, a, PAGE, b, transform or Transform())


def test_equal_drawings_have_no_changes_in_whatever_order_and_direction() -> None:
    backwards = [Stroke(s.x1, s.y1, s.x0, s.y0) for s in reversed(WALLS)]

    assert differences(WALLS, backwards) == []


def test_a_line_cut_in_two_is_the_same_line() -> None:
    cut = [Stroke(100, 100, 480, 100), Stroke(480, 100, 900, 100), *WALLS[1:]]

    assert differences(WALLS, cut) == []


def test_a_gap_in_a_wall_is_told_as_the_gap_alone() -> None:
    with_door = [Stroke(100, 100, 400, 100), Stroke(490, 100, 900, 100), *WALLS[1:]]

    (change,) = differences(WALLS, with_door)

    assert change.kind is ChangeKind.REMOVED
    assert change.boxes_a[0][0] > 0.39
    assert change.boxes_a[0][2] < 0.5


def test_a_symbol_is_added_removed_or_moved() -> None:
    here, there = symbol(300, 300), symbol(600, 700)

    assert [c.kind for c in differences(WALLS, [*WALLS, *here])] == [ChangeKind.ADDED]
    assert [c.kind for c in differences([*WALLS, *here], WALLS)] == [ChangeKind.REMOVED]
    (moved,) = differences([*WALLS, *here], [*WALLS, *there])
    assert moved.kind is ChangeKind.MOVED
    assert moved.change_class is ChangeClass.GEOMETRY


def test_another_symbol_at_the_same_place_is_a_change() -> None:
    other = [Stroke(300, 300, 320, 330), Stroke(300, 330, 320, 312)]

    assert [c.kind for c in differences([*WALLS, *symbol(300, 300)], [*WALLS, *other])] == [ChangeKind.CHANGED]


def test_a_shifted_sheet_has_no_changes() -> None:
    shifted = [Stroke(s.x0 + 15, s.y0 - 7, s.x1 + 15, s.y1 - 7) for s in WALLS]

    assert differences(WALLS, shifted, Transform(1.0, 15, -7)) == []


def test_a_line_that_crosses_a_letter_where_it_went_has_still_moved() -> None:
    letter = Stroke(500, 300, 500, 302)
    here, there = Stroke(494, 250, 494, 350), Stroke(500, 250, 500, 350)

    (change,) = differences([*WALLS, letter, here], [*WALLS, letter, there])

    assert change.kind is ChangeKind.MOVED


def test_plain_lines_far_apart_are_not_one_that_moved() -> None:
    here, there = Stroke(200, 200, 300, 200), Stroke(600, 700, 700, 700)

    found = differences([*WALLS, here], [*WALLS, there])

    assert {c.kind for c in found} == {ChangeKind.REMOVED, ChangeKind.ADDED}
