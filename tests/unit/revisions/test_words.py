"""The changes of a page's text."""

import pytest

from domain.revisions.rules_transform import register
from domain.revisions.rules_words import compare_words
from domain.revisions.types import Change, ChangeClass, ChangeKind, PageText, Severity
from tests.unit.revisions.pages import line, page_of

NOTES = (
    line("Монтаж воздуховодов вести по серии 5.904-1", 50, 100, block=1, row=0),
    line("Изоляция толщиной 30 мм по всей длине", 50, 114, block=1, row=1),
)


def differences(a: PageText, b: PageText) -> list[Change]:
    return compare_words(a, b, register(a, b))


def grave(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change.change_class is not ChangeClass.COSMETIC]


def test_equal_pages_have_no_changes() -> None:
    assert differences(page_of(*NOTES), page_of(*NOTES)) == []


def test_a_dimension_with_another_digit_is_one_high_change_at_its_place() -> None:
    a, b = page_of(*NOTES, line("1200", 300, 400, block=2)), page_of(*NOTES, line("1250", 300, 400, block=2))

    (change,) = differences(a, b)

    assert (change.kind, change.change_class, change.severity) == (
        ChangeKind.CHANGED,
        ChangeClass.DIMENSION,
        Severity.HIGH,
    )
    assert (change.before, change.after) == ("1200", "1250")
    assert change.boxes_a == (a.words[-1].box,)
    assert change.boxes_b == (b.words[-1].box,)


def test_a_designation_that_appears_is_added_and_one_that_goes_is_removed() -> None:
    a, b = page_of(*NOTES, line("В2", 300, 400, block=2)), page_of(*NOTES, line("П1.4", 500, 700, block=2))

    found = {(change.kind, change.change_class, change.before or change.after) for change in differences(a, b)}

    assert found == {
        (ChangeKind.REMOVED, ChangeClass.DESIGNATION, "В2"),
        (ChangeKind.ADDED, ChangeClass.DESIGNATION, "П1.4"),
    }


def test_a_label_put_elsewhere_has_moved() -> None:
    a, b = page_of(*NOTES, line("К-12", 300, 400, block=2)), page_of(*NOTES, line("К-12", 120, 600, block=2))

    (change,) = differences(a, b)

    assert change.kind is ChangeKind.MOVED
    assert change.change_class is ChangeClass.DESIGNATION


def test_a_longer_word_that_pushes_the_line_on_is_one_change() -> None:
    before = line("Материал труб сталь оцинкованная по ГОСТ", 50, 300, block=3)
    after = line("Материал труб полипропилен оцинкованная по ГОСТ", 50, 300, block=3)

    changes = [
        c for c in differences(page_of(*NOTES, before), page_of(*NOTES, after)) if c.severity is not Severity.LOW
    ]

    assert [(change.before, change.after) for change in changes] == [("сталь", "полипропилен")]


def test_a_line_put_in_between_is_added_and_what_slid_down_is_cosmetic() -> None:
    inserted = line("Проверить давление перед пуском системы", 50, 114, block=1, row=1)
    slid = line("Изоляция толщиной 30 мм по всей длине", 50, 128, block=1, row=2)

    changes = differences(page_of(*NOTES), page_of(NOTES[0], inserted, slid))

    assert [(c.kind, c.after) for c in grave(changes)] == [
        (ChangeKind.ADDED, "Проверить давление перед пуском системы")
    ]


def test_look_alike_letters_and_dashes_are_no_change() -> None:
    a, b = page_of(*NOTES, line("B2 – 10", 300, 400, block=2)), page_of(*NOTES, line("В2 - 10", 300, 400, block=2))

    assert differences(a, b) == []


def test_a_sheet_shifted_as_a_whole_has_no_changes() -> None:
    moved = tuple(
        line(" ".join(w.text for w in words), 80, 130 + 14 * i, block=1, row=i) for i, words in enumerate(NOTES)
    )

    assert differences(page_of(*NOTES), page_of(*moved)) == []


def test_a_changed_cell_names_its_row_and_column() -> None:
    def table(count: str) -> PageText:
        rows = [
            line("Марка", 50, 300, block=4, row=0) + line("Наименование", 150, 300, block=4, row=0),
            line("Клапан", 150, 320, block=4, row=1) + line("КПУ-1", 50, 320, block=4, row=1),
        ]
        rows[0] += line("Количество", 400, 300, block=4, row=0)
        rows[1] += line(count, 410, 320, block=4, row=1)
        return page_of(*NOTES, *rows, tables=(4,))

    (change,) = differences(table("12"), table("14"))

    assert (change.change_class, change.before, change.after) == (ChangeClass.TABLE_CELL, "12", "14")
    assert change.place == "КПУ-1 · Количество"
    assert change.severity is Severity.HIGH


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_those_of_the_unrotated_page(rotation: int) -> None:
    a = page_of(*NOTES, line("1200", 300, 400, block=2), rotation=rotation)
    b = page_of(*NOTES, line("1300", 300, 400, block=2), rotation=rotation)

    (change,) = differences(a, b)

    assert change.boxes_a == (a.words[-1].box,)


def test_a_negation_put_into_a_note_is_grave() -> None:
    before = line("Кабель прокладывать открыто по стенам здания", 50, 300, block=3)
    after = line("Кабель не прокладывать открыто по стенам здания", 50, 300, block=3)

    changes = [
        c for c in differences(page_of(*NOTES, before), page_of(*NOTES, after)) if c.kind is not ChangeKind.MOVED
    ]

    assert [(c.after, c.severity) for c in changes] == [("не", Severity.HIGH)]


def test_two_values_that_follow_each_other_in_two_places_change_and_do_not_move() -> None:
    a = page_of(*NOTES, line("2011", 50, 300, block=2), line("2012", 400, 700, block=3))
    b = page_of(*NOTES, line("2012", 50, 300, block=2), line("2019", 400, 700, block=3))

    assert [(c.kind, c.before, c.after) for c in differences(a, b)] == [
        (ChangeKind.CHANGED, "2011", "2012"),
        (ChangeKind.CHANGED, "2012", "2019"),
    ]


def test_a_value_and_the_word_beside_it_are_changes_of_their_own_class() -> None:
    a, b = page_of(*NOTES, line("Формат А1", 300, 700, block=2)), page_of(*NOTES, line("замене А2", 300, 700, block=2))

    assert [(c.change_class, c.before, c.after) for c in differences(a, b)] == [
        (ChangeClass.NOTE, "Формат", "замене"),
        (ChangeClass.DESIGNATION, "А1", "А2"),
    ]


def test_words_drawn_last_into_two_lines_are_changes_of_those_lines() -> None:
    first, second = (
        line("Насос подачи воды в бак", 50, 300, block=2),
        line("Труба стальная ГОСТ 3262", 50, 314, block=2),
    )
    late = [line("откачки", 80, 300, block=2)[0], line("медная", 80, 314, block=2)[0]]
    second = [w.__class__(w.text, w.box, w.block_no, 1) for w in second]
    late = [w.__class__(w.text, w.box, w.block_no, 2 + place) for place, w in enumerate(late)]

    changes = grave(
        differences(
            page_of(*NOTES, first, second), page_of(*NOTES, [*first[:1], *first[2:], second[0], *second[2:], *late])
        )
    )

    assert [(c.before, c.after) for c in changes] == [("подачи", "откачки"), ("стальная", "медная")]


def test_little_words_in_capitals_are_no_designations() -> None:
    a, b = page_of(*NOTES, line("OF", 300, 700, block=2)), page_of(*NOTES, line("TO", 300, 700, block=2))

    assert [(c.change_class, c.severity) for c in differences(a, b)] == [(ChangeClass.NOTE, Severity.MEDIUM)]
