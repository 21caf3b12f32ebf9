"""Markdown tables as documents have them."""

import pytest

from domain.rules_tables import Row, table_rows


def rows(*lines: str) -> list[Row]:
    return table_rows(lines)


def test_every_cell_knows_its_header() -> None:
    [_, row] = rows("| Система | Расход, м³/ч |", "|---|---|", "| П1 | 4200 |")

    assert (row.cells, row.headers) == (("П1", "4200"), ("Система", "Расход, м³/ч"))
    assert row.text == "П1 | 4200"


def test_a_title_over_the_table_is_not_its_header() -> None:
    *_, row = rows(
        "| Экспликация | | |", "|---|---|---|", "| № | Наименование | Площадь |", "| 101 | Вестибюль | 159,8 |"
    )

    assert row.title == "Экспликация"
    assert row.headers == ("№", "Наименование", "Площадь")


def test_two_rows_of_headers_are_joined() -> None:
    *_, row = rows(
        "| Поз. | Размер, мм | | Кол. |", "|---|---|---|---|", "| | Ширина | Высота | |", "| Ол-1 | 300 | 1800 | 2 |"
    )

    assert row.headers == ("Поз.", "Размер, мм Ширина", "Размер, мм Высота", "Кол.")


def test_a_row_of_one_cell_is_the_section_of_those_below() -> None:
    *_, row = rows(
        "| № | Имя | Площадь |", "|---|---|---|", "| Технические помещения | | |", "| 112 | Насосная | 8,1 |"
    )

    assert row.section == "Технические помещения"


def test_numbers_of_columns_are_no_row() -> None:
    found = rows("| А | Б | В |", "|---|---|---|", "| 1 | 2 | 3 |", "| x | y | z |")

    assert [row.cells for row in found] == [("А", "Б", "В"), ("x", "y", "z")]


def test_a_table_that_goes_on_from_the_page_before_has_no_header() -> None:
    first, second = rows("| 37 | T_MAX | Максимальная температура |", "|---|---|---|", "| 40 | U_EQ | Напряжение |")

    assert (first.cells[0], first.headers) == ("37", ("", "", ""))
    assert second.headers == ("", "", "")


def test_years_are_headers() -> None:
    *_, row = rows("| | 2022 | 2021 |", "|---|---|---|", "| Revenue | 17,606 | 15,785 |")

    assert row.headers == ("", "2022", "2021")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(r"a \| b", "a | b"), ("**4200**", "4200"), ("П1<br>П2", "П1 П2")],
    ids=["pipe", "bold", "break"],
)
def test_marks_inside_a_cell_are_cleaned(cell: str, shown: str) -> None:
    *_, row = rows("| А | Б |", "|---|---|", f"| {cell} | x |")

    assert row.cells == (shown, "x")


def test_rows_of_unequal_width_do_not_fail() -> None:
    *_, short, long = rows("| А | Б |", "|---|---|", "| x |", "| x | y | z |")

    assert (short.headers, long.headers) == (("А",), ("А", "Б", ""))


def test_names_with_their_values_have_no_headers() -> None:
    first, second = rows("| Номинальное напряжение | 220 В |", "|---|---|", "| Масса, кг | 12 |")

    assert (first.cells, first.headers) == (("Номинальное напряжение", "220 В"), ("", ""))
    assert second.cells == ("Масса, кг", "12")


def test_a_measured_condition_stays_the_header_of_its_column() -> None:
    _, row = rows("| Типоразмер | 125 Гц |", "|---|---|", "| ВР-4 | 71 |", "| ВР-5 | 75 |")[:2]

    assert row.headers == ("Типоразмер", "125 Гц")


def test_headers_that_begin_above_shorter_ones_are_joined_with_them() -> None:
    *_, row = rows(
        "| | | Power | | Color |",
        "|---|---|---|---|---|",
        "| Catalog | Lumens | (Watts) | Rating | Index |",
        "| WKP3 | 3,270 | 27W | B1 | 73 |",
    )

    assert row.headers == ("Catalog", "Lumens", "Power (Watts)", "Rating", "Color Index")


def test_a_list_whose_headers_stand_elsewhere_has_none() -> None:
    first, *_ = rows(
        "| CPT-1 | CARPET | PAY DAY |", "|---|---|---|", "| CPT-2 | TILE | BLOCKS |", "| VCT-1 | VINYL | STANDARD |"
    )

    assert (first.cells[0], first.headers) == ("CPT-1", ("", "", ""))


def test_names_with_values_that_begin_with_a_word_are_pairs() -> None:
    first, _ = rows("| Ошибка повторения | Макс. ±0,3% |", "|---|---|", "| Погрешность уставки | Макс. ±5% |")

    assert first.headers == ("", "")
